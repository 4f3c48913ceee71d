"""What is allowed in FAQ entries and yet unwise or forbidden: rules, each with a sentence in the phrases. Pure.

An `error` stops a publication, a `warning` is told. `today` is an argument. Rules that ask the matcher or compare every
phrasing with every other look at the first ASKED of them where there are more than MOST.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Literal

from rapidfuzz import fuzz, process

from bot.content.content import Content
from bot.content.yaml_source import Path_
from bot.domain import privacy
from faq.model import Entry
from faq.text import fold

MOST = 5_000
ASKED = 200
"""Phrasings that the matcher is asked, at most, where there are more than MOST."""
CLOSE = 60
NEAR = 90.0
"""From this similarity (0–100) two phrasings of different entries are as good as the same."""
LONG_ANSWER, SHORT_PHRASING = 600, 3
ALLOWED = ("chsi.com.cn", "chsi.cn", "edu.cn", "gov.cn")
"""Ends of the names of hosts that any answer may lead to; a notice allows its own."""

_ASKS = re.compile(
    r"(?:发给我|发给机器人|发到这里|发过来|发来|回复我|告诉我|告诉机器人|打给我|报给我)[^。！？\n]{0,12}"
    r"(?:身份证|密码|校验码|验证码|采集码|姓名|手机号|证件照)"
    r"|(?:身份证|密码|校验码|验证码|采集码|姓名|手机号|证件照)[^。！？，\n]{0,14}"
    r"(?:发给我|发给机器人|发到这里|发过来|发来|回复我|告诉我|告诉机器人|打给我|报给我)"
)
_NOT = re.compile(r"不要|别|不用|不必|从不|不会|永远不|不得|请勿|切勿")
_URL = re.compile(r"(?:https?://|www\.)([A-Za-z0-9.-]+)", re.ASCII)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,80}>|<[a-zA-Z]+(?:\s[^<>\n]*)?$|&(?:amp|lt|gt|nbsp|quot);", re.MULTILINE)
_DAY = re.compile(r"(20\d\d)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})日?")
_UNTIL, _BY = (
    re.compile(r"(?:截止|最迟|最晚|截至|到|至)[^，。]{0,3}$"),
    re.compile(r"[（(]?[^，。]{0,6}?(?:前|止|截止|为止|以内)"),
)
_UNFINISHED = re.compile(r"TODO|FIXME|XXX|待定|待补|请核对|？？", re.IGNORECASE)
_HALF = re.compile(r"[\u4e00-\u9fff][,;?!][\u4e00-\u9fff]")
_PHONE = re.compile(r"(?<!\d)(?:0\d{2,3}-\d{7,8}|400-?\d{3}-?\d{4})(?!\d)")

Level = Literal["error", "warning"]
Found = tuple[Path_, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the `loc` of an entry; `rule` and `about` make its sentence."""

    entry: str
    loc: Path_
    rule: str
    level: Level
    about: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _LintContext:
    """What the rules may look at besides the entry."""

    content: Content
    today: date
    entries: tuple[Entry, ...]

    @cached_property
    def hosts(self) -> Collection[str]:
        notices = self.content.notices.values()
        urls = [link.url for notice in notices for link in notice.links]
        urls += [path.url for notice in notices for path in notice.entry_paths]
        return {m[1].lower() for url in urls if (m := _URL.search(url))}

    @cached_property
    def phones(self) -> Collection[str]:
        notices = self.content.notices.values()
        contacts = [contact for notice in notices for contact in notice.contacts]
        return {*(phone for one in contacts for phone in one.phones), *(one.email for one in contacts if one.email)}

    @cached_property
    def sampled_phrasings(self) -> frozenset[tuple[str, int]]:
        """Phrasings that the costly rules look at, by entry and number."""
        every = ((entry.id, n) for entry in self.entries for n in range(len(entry.phrasings)))
        few = sum(len(entry.phrasings) for entry in self.entries) <= MOST
        return frozenset(islice(every, None if few else ASKED))

    @cached_property
    def folded_phrasings(self) -> Mapping[tuple[str, int], str]:
        """Phrasings without what makes no difference, by entry and number; of all entries where these are not many."""
        all_of_them = self.content.entries.values()
        few = sum(len(entry.phrasings) for entry in all_of_them) <= MOST
        chosen = all_of_them if few else self.entries[:ASKED]
        return {(e.id, n): fold(line).replace(" ", "") for e in chosen for n, line in enumerate(e.phrasings)}

    @cached_property
    def titles(self) -> dict[str, str]:
        """The first entry with each title."""
        found: dict[str, str] = {}
        for entry in self.content.entries.values():
            found.setdefault(entry.title, entry.id)
        return found


def lint(
    content: Content, today: date, only: Collection[str] | None = None, *, errors_only: bool = False
) -> list[Finding]:
    """What the rules find in the entries (`only`: in these), by entry, errors first; `errors_only` is much quicker."""
    entries = tuple(entry for entry in content.entries.values() if only is None or entry.id in only)
    room = _LintContext(content, today, entries)
    found = [
        Finding(entry.id, loc, rule, level, about)
        for entry in entries
        for rule, (level, look) in RULES.items()
        if level == "error" or not errors_only
        for loc, about in look(entry, room)
    ]
    return sorted(found, key=lambda finding: finding.level)


def _asks_secret(entry: Entry, _: _LintContext) -> Iterator[Found]:
    for sentence in re.split(r"[。！？\n]", entry.answer):
        if (m := _ASKS.search(sentence)) and not _NOT.search(sentence):
            yield ("answer",), {"text": m[0]}


def _secret_written(entry: Entry, room: _LintContext) -> Iterator[Found]:
    if not privacy.find("\n".join((entry.answer, *entry.phrasings)), room.phones):
        return  # one look at all of it is much quicker than one at each
    lines = [(("answer",), entry.answer), *((("phrasings", n), line) for n, line in enumerate(entry.phrasings))]
    for loc, text in lines:
        if privacy.find(text, room.phones):
            yield loc, {}


def _link(entry: Entry, room: _LintContext) -> Iterator[Found]:
    for m in _URL.finditer(entry.answer):
        host = m[1].lower().rstrip(".")
        if host not in room.hosts and not any(host == end or host.endswith(f".{end}") for end in ALLOWED):
            yield ("answer",), {"text": host}


def _html(entry: Entry, _: _LintContext) -> Iterator[Found]:
    if m := _TAG.search(entry.answer):
        yield ("answer",), {"text": m[0]}


def _find_unfinished(entry: Entry, _: _LintContext) -> Iterator[Found]:
    for key, text in (("title", entry.title), ("answer", entry.answer)):
        if m := _UNFINISHED.search(text):
            yield (key,), {"text": m[0]}


def _empty(entry: Entry, room: _LintContext) -> Iterator[Found]:
    for n, line in enumerate(entry.phrasings):
        if not room.folded_phrasings.get((entry.id, n), line):
            yield ("phrasings", n), {"text": line}


def _short(entry: Entry, room: _LintContext) -> Iterator[Found]:
    for n, line in enumerate(entry.phrasings):
        if 0 < len(room.folded_phrasings.get((entry.id, n), line)) < SHORT_PHRASING:
            yield ("phrasings", n), {"text": line, "least": SHORT_PHRASING}


def _near_other(entry: Entry, room: _LintContext) -> Iterator[Found]:
    for n, line in enumerate(entry.phrasings):
        if (entry.id, n) not in room.sampled_phrasings:
            return
        own = room.folded_phrasings[entry.id, n]
        if len(own) < SHORT_PHRASING:
            continue
        like = process.extract(own, room.folded_phrasings, scorer=fuzz.ratio, score_cutoff=NEAR, limit=CLOSE)
        if near := next((found for found in like if found[2][0] != entry.id), None):
            topic, at = near[2]
            other = room.content.entries[topic]
            yield ("phrasings", n), {"text": line, "other": other.title, "near": other.phrasings[at]}


def _same_twice(entry: Entry, room: _LintContext) -> Iterator[Found]:
    seen: dict[str, str] = {}
    for n, line in enumerate(entry.phrasings):
        folded = room.folded_phrasings.get((entry.id, n), line)
        if folded in seen:
            yield ("phrasings", n), {"text": line, "near": seen[folded]}
        seen.setdefault(folded, line)


def _weak(entry: Entry, room: _LintContext) -> Iterator[Found]:
    for n, line in enumerate(entry.phrasings):
        if (entry.id, n) not in room.sampled_phrasings:
            return
        match = room.content.matcher.ask(line)
        if match.verdict != "answer" or entry.id not in match.chosen:
            first = match.topics[0].id if match.topics else ""
            other = room.content.entries[first].title if first and first != entry.id else "—"
            yield ("phrasings", n), {"text": line, "other": other}


def _title_lost(entry: Entry, room: _LintContext) -> Iterator[Found]:
    if (entry.id, 0) in room.sampled_phrasings:
        topics = room.content.matcher.ask(entry.title).topics
        if topics and topics[0].id != entry.id:
            yield ("title",), {"text": entry.title, "other": room.content.entries[topics[0].id].title}


def _title_twice(entry: Entry, room: _LintContext) -> Iterator[Found]:
    if (other := room.titles[entry.title]) != entry.id:
        yield ("title",), {"text": entry.title, "other": other}


def _follow(entry: Entry, _: _LintContext) -> Iterator[Found]:
    for n, topic in enumerate(entry.follow):
        if topic == entry.id or topic in entry.follow[:n]:
            yield ("follow", n), {"text": topic}


def _find_past_dates(entry: Entry, room: _LintContext) -> Iterator[Found]:
    for m in _DAY.finditer(entry.answer):
        try:
            day = date(*map(int, m.groups()))
        except ValueError:
            yield ("answer",), {"text": m[0]}
            continue
        due = _UNTIL.search(entry.answer[: m.start()]) or _BY.match(entry.answer[m.end() :])
        if due and day < room.today:
            yield ("answer",), {"text": m[0]}


def _no_reference(entry: Entry, _: _LintContext) -> Iterator[Found]:
    if entry.source == "beyond" and not entry.references:
        yield ("source",), {}


def _old(entry: Entry, room: _LintContext) -> Iterator[Found]:
    if entry.source == "beyond" and entry.checked_on and (room.today - entry.checked_on).days > 365:
        yield ("checked_on",), {"text": entry.checked_on.isoformat()}


def _future(entry: Entry, room: _LintContext) -> Iterator[Found]:
    if entry.checked_on and entry.source == "beyond" and entry.checked_on > room.today:
        yield ("checked_on",), {"text": entry.checked_on.isoformat()}


def _long(entry: Entry, _: _LintContext) -> Iterator[Found]:
    if len(entry.answer) > LONG_ANSWER:
        yield ("answer",), {"size": len(entry.answer), "most": LONG_ANSWER}


def _phone(entry: Entry, _: _LintContext) -> Iterator[Found]:
    if m := _PHONE.search(entry.answer):
        yield ("answer",), {"text": m[0]}


def _half(entry: Entry, _: _LintContext) -> Iterator[Found]:
    if m := _HALF.search(entry.answer):
        yield ("answer",), {"text": m[0]}


RULES: dict[str, tuple[Level, Callable[[Entry, _LintContext], Iterator[Found]]]] = {
    "asks_secret": ("error", _asks_secret),
    "secret_written": ("error", _secret_written),
    "link_not_allowed": ("error", _link),
    "html": ("error", _html),
    "unfinished": ("error", _find_unfinished),
    "empty_phrasing": ("error", _empty),
    "short_phrasing": ("warning", _short),
    "near_other": ("warning", _near_other),
    "same_twice": ("warning", _same_twice),
    "weak": ("warning", _weak),
    "title_lost": ("warning", _title_lost),
    "title_twice": ("warning", _title_twice),
    "follow": ("warning", _follow),
    "passed_date": ("warning", _find_past_dates),
    "no_reference": ("warning", _no_reference),
    "old_check": ("warning", _old),
    "future_check": ("warning", _future),
    "long_answer": ("warning", _long),
    "phone_written": ("warning", _phone),
    "half_width": ("warning", _half),
}
"""By name: how bad it is, and what looks for it."""
