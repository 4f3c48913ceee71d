"""Lints FAQ entries: what is allowed and yet unwise or forbidden, by rules that have a sentence in the phrases. Pure.

An `error` refuses a publication, a `warning` does not. The rule that compares every phrasing with every other stops
after MOST_COMPARED pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from itertools import islice
from typing import Literal

from rapidfuzz import fuzz, process

from bot.content.content import Content
from bot.content.own import own_lines
from bot.content.places import Loc
from bot.domain import privacy
from bot.domain.privacy import Kind
from bot.domain.staff_texts import WRITABLE, find_risks
from bot.reading.acts import to_json
from faq.model import Entry
from faq.reading import hollow, read
from faq.text import fold
from flows.answers import plain

MAX_PHRASINGS, SAMPLE = 20_000, 200
"""Phrasings of a content up to which entries are compared with all others; where there are more, the entries that are
compared with each other. So many phrasings of an entry are asked at most.
"""
MOST_COMPARED = 25_000_000
"""Pairs of phrasings that are compared at most: some seconds of work."""
THIN = 5
"""Phrasings from which on an entry is found by most people's own words."""
MAX_CLOSE = 60
"""Phrasings nearest to one that are looked at."""
SIMILAR = 90.0
"""Similarity (0–100) from which two phrasings of different entries are as good as the same."""
LONG_ANSWER, SHORT_PHRASING = 600, 3
"""Characters."""
MAX_AGE_DAYS = 365
"""Days after which what was checked must be checked again."""

_ASKS_FOR_SECRET = re.compile(
    r"(?:发给我|发给机器人|发到这里|发过来|发来|回复我|告诉我|告诉机器人|打给我|报给我)[^。！？\n]{0,12}"
    r"(?:身份证|密码|校验码|验证码|采集码|姓名|手机号|证件照)"
    r"|(?:身份证|密码|校验码|验证码|采集码|姓名|手机号|证件照)[^。！？，\n]{0,14}"
    r"(?:发给我|发给机器人|发到这里|发过来|发来|回复我|告诉我|告诉机器人|打给我|报给我)"
)
_NEGATED = re.compile(r"不要|别|不用|不必|从不|不会|永远不|不得|请勿|切勿")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,80}>|<[a-zA-Z]+(?:\s[^<>\n]*)?$|&(?:amp|lt|gt|nbsp|quot);", re.MULTILINE)
_MARKDOWN = re.compile(
    r"\*\*[^*\n]{1,200}\*\*|__[^_\n]{1,200}__|\[[^\]\n]{1,200}\]\([^)\n]{1,500}\)|^#{1,6} [^\n]{0,40}|^```[^\n]{0,40}",
    re.MULTILINE,
)
_DAY = re.compile(r"(20\d\d)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})日?")
_UNTIL, _BY = (
    re.compile(r"(?:截止|最迟|最晚|截至|到|至)[^，。]{0,3}$"),
    re.compile(r"[（(]?[^，。]{0,6}?(?:前|止|截止|为止|以内)"),
)
_UNFINISHED = re.compile(r"TODO|FIXME|XXX|待定|待补|请核对|？？", re.IGNORECASE)
_HALF = re.compile(r"[\u4e00-\u9fff][,;?!][\u4e00-\u9fff]")
_PHONE = re.compile(r"(?<!\d)(?:0\d{2,3}-\d{7,8}|400-?\d{3}-?\d{4})(?!\d)")

Level = Literal["error", "warning"]
Hit = tuple[Loc, dict[str, object]]
"""The path of a finding in its entry, and the particulars of its sentence."""


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something about the `loc` of an entry; `rule` and `about` make its sentence."""

    entry: str
    loc: Loc
    rule: str
    level: Level
    about: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _LintContext:
    """The content that the rules may look at besides the entry, and the day."""

    content: Content
    today: date
    entries: tuple[Entry, ...]

    @cached_property
    def costly_phrasings(self) -> frozenset[tuple[str, int]]:
        """The phrasings that are compared with all others, by entry and number: so many that it takes seconds."""
        every = ((entry.id, n) for entry in self.entries for n in range(len(entry.phrasings)))
        known = (key for key in every if key in self.normal_phrasings)
        return frozenset(islice(known, MOST_COMPARED // max(len(self.normal_phrasings), 1)))

    @cached_property
    def own_topics(self) -> Mapping[str, str]:
        """The topics of the college's own phrasings that are answered by them for sure: looked up all at once."""
        return self.content.reader.lines.find_all(
            line
            for entry in self.entries
            for _, line in own_lines(entry)[:SAMPLE]
            if plain(line) not in self.content.phrases.words
        )

    @cached_property
    def normal_phrasings(self) -> Mapping[tuple[str, int], str]:
        """The phrasings in normal form, by entry and number; of all entries where there are few phrasings."""
        every = self.content.entries.values()
        few = sum(len(entry.phrasings) for entry in every) <= MAX_PHRASINGS
        chosen = every if few else self.entries[:SAMPLE]
        return {(e.id, n): _normal(line) for e in chosen for n, line in enumerate(e.phrasings)}

    @cached_property
    def titles(self) -> dict[str, str]:
        """The first entry with each title."""
        found: dict[str, str] = {}
        for entry in self.content.entries.values():
            found.setdefault(entry.title, entry.id)
        return found


@lru_cache(maxsize=2 * MAX_PHRASINGS)
def _normal(line: str) -> str:
    return fold(line).replace(" ", "")


def lint(
    content: Content,
    today: date,
    only: Collection[str] | None = None,
    *,
    errors_only: bool = False,
    without: Collection[str] = (),
) -> list[LintFinding]:
    """Return the findings in the entries (`only`: in these), errors first; `errors_only` is much quicker.

    `without` names rules that are left out.
    """
    entries = tuple(entry for entry in content.entries.values() if only is None or entry.id in only)
    context = _LintContext(content, today, entries)
    found = [
        LintFinding(entry.id, loc, rule, level, about)
        for entry in entries
        for rule, (level, find) in RULES.items()
        if (level == "error" or not errors_only) and rule not in without
        for loc, about in find(entry, context)
    ]
    return sorted(found, key=lambda finding: finding.level)


def _search_texts(pattern: re.Pattern[str], entry: Entry) -> Iterator[Hit]:
    """Yield the first place of each text of the answer where the pattern is found."""
    for loc, text in entry.texts:
        if m := pattern.search(text):
            yield loc, {"text": m[0]}


def _find_secret_request(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    for loc, text in entry.texts:
        for sentence in re.split(r"[。！？\n]", text):
            if (m := _ASKS_FOR_SECRET.search(sentence)) and not _NEGATED.search(sentence):
                yield loc, {"text": m[0]}


def _find_secret(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    yield from _find_kinds(entry, context, [kind for kind in Kind if kind not in WRITABLE])


def _find_contact(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    yield from _find_kinds(entry, context, WRITABLE)


def _find_kinds(entry: Entry, context: _LintContext, kinds: Collection[Kind]) -> Iterator[Hit]:
    public = context.content.public_contacts
    lines = [*entry.texts, *((("phrasings", n), line) for n, line in enumerate(entry.phrasings))]
    # Searching all of it at once is much quicker than line by line.
    if all(found.kind not in kinds for found in privacy.find("\n".join(text for _, text in lines), public)):
        return
    for loc, text in lines:
        if any(found.kind in kinds for found in privacy.find(text, public)):
            yield loc, {}


def _find_risks(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    content = context.content
    for loc, text in entry.texts:
        for risk in find_risks(text, content.allowed_hosts, content.public_contacts):
            yield loc, {"text": risk}


def _find_html(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    yield from _search_texts(_TAG, entry)


def _find_markdown(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    yield from _search_texts(_MARKDOWN, entry)


def _find_unfinished(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    if m := _UNFINISHED.search(entry.title):
        yield ("title",), {"text": m[0]}
    yield from _search_texts(_UNFINISHED, entry)


def _find_empty(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    for n, line in enumerate(entry.phrasings):
        if not context.normal_phrasings.get((entry.id, n), line):
            yield ("phrasings", n), {"text": line}


def _find_short(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    for n, line in enumerate(entry.phrasings):
        if 0 < len(context.normal_phrasings.get((entry.id, n), line)) < SHORT_PHRASING:
            yield ("phrasings", n), {"text": line, "least": SHORT_PHRASING}


def _find_near_other(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    for n, line in enumerate(entry.phrasings):
        if (entry.id, n) not in context.costly_phrasings:
            return
        own = context.normal_phrasings[entry.id, n]
        if len(own) < SHORT_PHRASING:
            continue
        like = process.extract(own, context.normal_phrasings, scorer=fuzz.ratio, score_cutoff=SIMILAR, limit=MAX_CLOSE)
        if near := next((hit for hit in like if hit[2][0] != entry.id), None):
            topic, at = near[2]
            other = context.content.entries[topic]
            yield ("phrasings", n), {"text": line, "other": other.title, "near": other.phrasings[at]}


def _find_unheard(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    """Find own phrasings that are not answered with their entry when somebody types them to the letter."""
    content = context.content
    for n, line in own_lines(entry)[:SAMPLE]:
        if context.own_topics.get(line) != entry.id and content.answers(line) != {entry.id}:
            match, acts = content.matcher.ask(line), content.hear(line)
            others = [content.entries[topic].title for topic in match.chosen if topic != entry.id]
            heard = (
                "，".join(content.describe_act(to_json(act)) for act in acts)
                or content.phrases.admin.act_kinds["unsure"]
            )
            taken = "“" + "”“".join(others) + "”" if others else heard
            yield ("phrasings", n), {"text": line, "taken": taken}


def _find_repeated(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for n, line in enumerate(entry.phrasings):
        folded = context.normal_phrasings.get((entry.id, n), line)
        if folded in seen:
            yield ("phrasings", n), {"text": line, "near": seen[folded]}
        seen.setdefault(folded, line)


def _find_weak(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    """Find phrasings that name no subject: an exact phrasing is always answered, so they catch other people's words."""
    for n, line in enumerate(entry.phrasings):
        if hollow(read(line)):
            yield ("phrasings", n), {"text": line}


def _find_thin(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    if (count := len(entry.phrasings)) < THIN:
        yield ("phrasings",), {"text": entry.title, "count": count, "more": THIN - count}


def _find_repeated_title(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    if (other := context.titles[entry.title]) != entry.id:
        yield ("title",), {"text": entry.title, "other": other}


def _find_pointless_follow(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    for n, topic in enumerate(entry.follow):
        if topic == entry.id or topic in entry.follow[:n]:
            yield ("follow", n), {"text": topic}


def _find_past_dates(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    for m in _DAY.finditer(entry.answer):
        try:
            day = date(*map(int, m.groups()))
        except ValueError:
            yield ("answer",), {"text": m[0]}
            continue
        due = _UNTIL.search(entry.answer[: m.start()]) or _BY.match(entry.answer[m.end() :])
        if due and day < context.today:
            yield ("answer",), {"text": m[0]}


def _find_missing_reference(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    if not entry.references and any(part.checked_on for part in entry.parts):
        yield ("source",), {}


def _find_old_check(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    if entry.source == "beyond" and entry.checked_on and (context.today - entry.checked_on).days > MAX_AGE_DAYS:
        yield ("checked_on",), {"text": entry.checked_on.isoformat()}


def _find_future_check(entry: Entry, context: _LintContext) -> Iterator[Hit]:
    if entry.checked_on and entry.source == "beyond" and entry.checked_on > context.today:
        yield ("checked_on",), {"text": entry.checked_on.isoformat()}


def _find_long(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    if len(entry.answer) > LONG_ANSWER:
        yield ("answer",), {"size": len(entry.answer), "most": LONG_ANSWER}


def _find_phone(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    yield from _search_texts(_PHONE, entry)


def _find_half_width(entry: Entry, _: _LintContext) -> Iterator[Hit]:
    yield from _search_texts(_HALF, entry)


RULES: dict[str, tuple[Level, Callable[[Entry, _LintContext], Iterator[Hit]]]] = {
    "asks_secret": ("error", _find_secret_request),
    "secret_written": ("error", _find_secret),
    "contact_written": ("warning", _find_contact),
    "link_not_allowed": ("warning", _find_risks),
    "html": ("error", _find_html),
    "markdown": ("error", _find_markdown),
    "unfinished": ("error", _find_unfinished),
    "empty_phrasing": ("error", _find_empty),
    "short_phrasing": ("warning", _find_short),
    "unheard": ("error", _find_unheard),
    "near_other": ("warning", _find_near_other),
    "same_twice": ("warning", _find_repeated),
    "weak": ("warning", _find_weak),
    "thin": ("warning", _find_thin),
    "title_twice": ("warning", _find_repeated_title),
    "follow": ("warning", _find_pointless_follow),
    "passed_date": ("warning", _find_past_dates),
    "no_reference": ("warning", _find_missing_reference),
    "old_check": ("warning", _find_old_check),
    "future_check": ("warning", _find_future_check),
    "long_answer": ("warning", _find_long),
    "phone_written": ("warning", _find_phone),
    "half_width": ("warning", _find_half_width),
}
"""By name: the level, and the function that yields the findings in an entry."""
