"""The use cases that write: a new entry, one value of an entry, a day or a phone of the notice.

Each change is an `Edit` for `publish.prepare`, which examines it, merges it with what others published meanwhile and
returns a `Publication`: published, or kept as a draft by `as_draft`. Chat and browser show the same things before it:
ways of asking from the questions that were missed, entries that are near, the texts that a fact changes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NoReturn, get_args

from pydantic import ValidationError
from rapidfuzz import fuzz, process

from bot.content import yaml_source
from bot.content.content import Content
from bot.content.edit_entry import Value, with_entry, with_value, without_entry
from bot.content.edit_notice import NoticeFact, with_fact
from bot.content.entry_sheet import name_new
from bot.content.files import Files, Refused, part_of
from bot.content.loading import MAX_TITLE
from bot.content.own import is_own
from bot.knowledge.publish import Edit
from faq.model import Entry, Source
from faq.text import fold
from flows.facts import fill
from flows.notice import Notice

LEAST, MOST = 3, 15
"""Phrasings that an entry needs, and that are suggested at most."""
MOST_LINES = 60
"""Phrasings that an entry may have."""
MAX_FACT = 290
"""Characters of a fact of a notice."""
MAX_LINE = 120
"""Characters of a phrasing."""
NEAR = 80.0
"""Similarity (0–100) from which a phrasing is named beside one of another entry."""
MAX_NEAR = 3
"""Entries that are named as near."""
FIELDS = ("title", "answer", "phrasings", "follow", "source", "checked_on")
"""The values of an entry that may be changed one by one; the lists a line each."""
_HEAD = re.compile(r"(?:(?:请问|你好|您好|老师|想问一下|我想问|想问|问一下|那个)[一下，,。！!\s]*)+")
_TAIL = re.compile(r"[啊呀呢哈嘛呗\s？?。！!，,~～]+$")
_CLAUSE = re.compile(r"[，,。；;！!？?\s]+")
_IS_ASKED = re.compile(r"[？?吗]|怎么|咋|如何|什么|啥|哪|几|何时|多少|多久|谁|没有|能不|可不|要不|是不|会不|还没")
_SAYS = (
    (re.compile(r"(在|到|去)[^，。；]{1,30}?(领|取|拿|交|办|查|借|还|盖章|打印|退|补)"), r"\1哪里\2"),
    (re.compile(r"(交给|还给|找|联系)[^，。；]+"), r"\1谁"),
    (re.compile(r"(?:要|需要)?(带|准备|交)(?!给)[^，。；]+"), r"要\1什么"),
    (re.compile(r"(?:20\d\d年)?\d{1,2}月\d{1,2}[日号]"), r"什么时候"),
    (re.compile(r"\d{1,2}(?:点|:\d\d)[^，。；]{0,20}?(?=开|关|到|$)"), r"几点"),
    (re.compile(r"[\d一二三四五六七八九十百]{1,8}[元块]钱?"), r"多少钱"),
    (re.compile(r"不?(能|可以|用|需要)([^，。；]+)"), r"\1\2吗"),
)
"""What an answer says, and how it is asked: of “学士服在一楼领” 学士服在哪里领."""
_DAY = re.compile(r"(?:(20\d\d)\s*[年./-]\s*)?(\d{1,2})\s*[月./-]\s*(\d{1,2})(?!\d)")
_PHONE = re.compile(r"0\d{2,3}-?\d{7,8}(?:-\d{1,5})?|1\d{10}|400-?\d{3}-?\d{4}")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry as somebody writes it in a form. The title is a way of asking too; without an `id` one is made of it."""

    title: str
    answer: str
    phrasings: tuple[str, ...] = ()
    source: Source = "beyond"
    checked_on: date | None = None
    step: str | None = None
    follow: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class NearEntry:
    """An entry that a new one is near to: the line of the new one, and the phrasing that is most like it."""

    entry: Entry
    line: str
    phrasing: str


@dataclass(frozen=True, slots=True)
class ChangedText:
    """A text that a change of a fact makes different: the title of its entry or step, and both texts."""

    title: str
    was: str
    becomes: str


def suggest_title(lines: Sequence[str]) -> str:
    """Return the most asked wording that is short enough for a button, else a part of one that asks; empty when none
    is.
    """
    parts = (part for line in lines for part in _CLAUSE.split(line) if _IS_ASKED.search(part))
    short = [_TAIL.sub("", _HEAD.sub("", line.strip())) for line in (*lines, *parts)]
    return next((line for line in short if LEAST <= len(line) <= MAX_TITLE), "")


def is_answer(words: str) -> bool:
    """Return whether words that were typed for a title are an answer: a whole sentence that asks nothing."""
    ends = words.endswith(("。", "！", "!", ".")) or (len(words) > MAX_TITLE and "，" in words)
    return ends and not _IS_ASKED.search(words)


def suggest_titles(answer: str) -> tuple[str, ...]:
    """Return how people may ask for what an answer says, the most likely first; none where it names no thing."""
    found = dict[str, None]()
    for clause in _CLAUSE.split(answer):
        for says, asks in _SAYS:
            match = says.search(clause)
            if match and match.start() >= 2:  # it begins with what it is about
                found.setdefault(clause[: match.start()] + match.expand(asks))
    return tuple(title for title in found if len(title) <= MAX_TITLE)[:LEAST]


def suggest_phrasings(content: Content, title: str, lines: Sequence[str]) -> tuple[str, ...]:
    """Return ways of asking: the title, the lines as people asked, then the same with other question words where they
    are fewer than LEAST. None is like another for the matcher.
    """
    asked = [line.strip()[:MAX_LINE] for line in (title, *lines) if line.strip()]
    spoken = _keep_distinct([*asked, *(swapped for line in asked for swapped in _swap_words(content, line))])
    return spoken[: max(LEAST, min(len(_keep_distinct(asked)), MOST))]


def list_swapped(content: Content, lines: Iterable[str]) -> tuple[str, ...]:
    """Return other ways of asking what lines ask."""
    return _keep_distinct(other for line in lines for other in _swap_words(content, line))


def _keep_distinct(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the lines that are not the same for the matcher, each as it comes first."""
    first: dict[str, str] = {}
    for line in lines:
        if key := fold(line):
            first.setdefault(key, line)
    return tuple(first.values())


def _swap_words(content: Content, line: str) -> Iterator[str]:
    """Yield a line with each of its question words replaced by another one that means the same, or with words around
    it where it has none.
    """
    for words in content.phrases.admin.asking_words:
        if word := max((word for word in words if word in line), key=len, default=""):
            yield from (line.replace(word, other) for other in words if other != word)
            return
    around = content.phrases.admin.around_question if _IS_ASKED.search(line) else content.phrases.admin.around_thing
    yield from (words.format(line=line) for words in around)


def name_entry(content: Content, title: str) -> str:
    """Return an id for a new entry: its title in pinyin, with a number where that is taken."""
    return name_new(title, content.entries)


def add_entry(content: Content, form: NewEntry, today: date) -> Edit:
    """Return the edit that adds an entry."""
    row = _as_row(replace(form, id=form.id or name_entry(content, form.title)), today)
    return lambda old: with_entry(old, row)


def replace_entry(content: Content, topic: str, form: NewEntry, today: date) -> Edit:
    """Return the edit that puts a form in the place of an entry, which keeps its id, its step and what people ask."""
    before = content.entries[topic]
    asked = _keep_distinct((*form.phrasings, *before.phrasings, *before.must_match))[:MOST_LINES]
    changes: dict[str, Value] = {**_as_row(form, today), "phrasings": asked}
    changes |= {"more": None, "original": None, "quotes": None, "id": topic}
    return lambda old: _with_values(old, topic, changes)


def add_phrasings(content: Content, topic: str, lines: Sequence[str]) -> Edit:
    """Return the edit that adds ways of asking to an entry. Refused when it has them all."""
    before = content.entries[topic].phrasings
    asked = _keep_distinct((*before, *lines))
    if len(asked) == len(before):
        raise Refused("nothing_changed")
    return lambda old: with_value(old, topic, "phrasings", (*before, *(line for line in asked if line not in before)))


def change_entry(topic: str, key: str, value: Value) -> Edit:
    """Return the edit that changes one value of an entry."""
    return lambda old: with_value(old, topic, key, value)


def delete_entry(content: Content, topic: str) -> Edit:
    """Return the edit that removes an entry. Refused for one that ships: scripts and other entries lead to it."""
    if not is_own(content.entries[topic]):
        raise Refused("shipped_entry")
    return lambda old: without_entry(old, topic)


def change_fact(fact: NoticeFact, value: str | None) -> Edit:
    """Return the edit that changes a fact of a notice; None: the notice does not say."""
    return lambda old: with_fact(old, fact, value)


def read_fact(fact: NoticeFact, words: str, today: date) -> str:
    """Return the value that somebody typed for a fact, as the notice writes it. Refused when there is none in it."""
    if fact.kind == "phone":
        found = _PHONE.search(words.replace("—", "-").replace("－", "-"))
        if not found:
            raise Refused("fact_phone")
        return found[0]
    if fact.kind == "text":
        return " ".join(words.split())[:MAX_FACT] or _refuse("review_empty")
    return _read_day(words, int(fact.value[:4]) if fact.value[:4].isdecimal() else today.year).isoformat()


def read_value(key: str, words: str, today: date) -> Value:
    """Return what somebody typed for a key of FIELDS. Refused when it cannot be that."""
    if key in ("phrasings", "follow"):
        return tuple(line.strip() for line in words.splitlines() if line.strip())
    if key == "source":
        word = words.strip()
        if word not in get_args(Source):
            raise Refused("entry_source")
        return word
    if key == "checked_on":
        return today if words == "today" else _read_day(words, today.year)
    return words.strip()


def _read_day(words: str, year: int) -> date:
    """Return the day in somebody's words, of this year where they name none. Refused."""
    found = _DAY.search(unicodedata.normalize("NFKC", words))
    try:
        return date(int(found[1] or year), int(found[2]), int(found[3])) if found else _refuse("review_day")
    except ValueError:
        return _refuse("review_day")


def _refuse(rule: str) -> NoReturn:
    raise Refused(rule) from None


def find_near(content: Content, form: NewEntry) -> list[NearEntry]:
    """Return the entries that a new one is near to: that answer one of its lines already, or hold a line like it."""
    found: dict[str, NearEntry] = {}
    phrasings = {(entry.id, n): line for entry in content.entries.values() for n, line in enumerate(entry.phrasings)}
    for line in _keep_distinct((form.title, *form.phrasings)):
        match = content.matcher.ask(line)
        like = process.extractOne(line, phrasings, scorer=fuzz.ratio, score_cutoff=NEAR)
        near = [*(match.chosen if match.verdict == "answer" else ()), *([like[2][0]] if like else [])]
        for topic in near:
            entry = content.entries[topic]
            closest = process.extractOne(line, entry.phrasings, scorer=fuzz.ratio)
            found.setdefault(topic, NearEntry(entry, line, closest[0]))
    return [*found.values()][:MAX_NEAR]


def list_changed_texts(before: Content, files: Mapping[str, str | bytes], present: datetime) -> list[ChangedText]:
    """Return the answers and steps that say something else under the notices of these files, filled as somebody sees
    them at a moment of local time. A notice that is none is left out.
    """
    changed: dict[str, ChangedText] = {}
    for notice in _read_notices(files):
        if before.notices.get(notice.id, notice) == notice:
            continue
        after = replace(before, notices={**before.notices, notice.id: notice})
        was, becomes = (content.facts_cache(notice.id, None, present, "") for content in (before, after))
        for title, text in _list_texts(before):
            old, new = _fill_or_keep(text, was), _fill_or_keep(text, becomes)
            if old != new:
                changed.setdefault(title, ChangedText(title, *_cut_to_change(old, new)))
    return [*changed.values()]


def _read_notices(files: Mapping[str, str | bytes]) -> Iterator[Notice]:
    for name, text in files.items():
        if part_of(name) == "notices":
            with suppress(ValidationError):
                yield Notice.model_validate(yaml_source.parse_bytes(text).tree)


def _list_texts(content: Content) -> Iterator[tuple[str, str]]:
    for entry in content.entries.values():
        yield from ((entry.title, text) for _, text in entry.texts if "{{" in text)
    for step in content.script.steps:
        yield from ((str(step.title), text) for text in (step.do, step.more, step.keep, step.done, step.why) if text)


def _fill_or_keep(text: str, known: object) -> str:
    try:
        return fill(text, known)  # type: ignore[arg-type]
    except KeyError:  # a name that is filled only in a turn
        return ""


def _cut_to_change(old: str, new: str) -> tuple[str, str]:
    """Return the first sentences of two texts that differ."""
    olds, news = (re.split(r"(?<=[。！？\n])", text) for text in (old, new))
    return next(((a.strip(), b.strip()) for a, b in zip(olds, news, strict=False) if a != b), (old, new))


def _with_values(files: Files, topic: str, changes: dict[str, Value]) -> dict[str, str]:
    changed = dict(files)
    for key, value in changes.items():
        if key != "id":
            changed = with_value(changed, topic, key, value)
    return changed


def _as_row(form: NewEntry, today: date) -> dict[str, Value]:
    asked = _keep_distinct(form.phrasings)
    return {
        "id": form.id,
        "title": form.title.strip(),
        "answer": form.answer.strip(),
        "source": form.source,
        "checked_on": form.checked_on or (today if form.source == "beyond" else None),
        "phrasings": asked,
        **({"step": form.step} if form.step else {}),
        **({"follow": form.follow} if form.follow else {}),
        **({"references": form.references} if form.references else {}),
    }
