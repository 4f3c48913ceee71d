"""Readers: what a graduate may press, or typed, at a step that asks for something.

A step of the script names its reader (`reads.reader`). A reader knows the notice, the answers so far and today's date,
but not the position. Words that it does not understand are no error: they may be a question, so it returns None and
somebody else may answer them.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from rapidfuzz import fuzz

from flows.model import Reads
from flows.notice import Notice

SIMILAR = 75.0
"""From this similarity (0–100) a typed name counts as a name that was misspelt."""
CLEAR = 8.0
"""How much more similar (points of 100) than the second-best name it must be."""
LAST_YEAR_DAYS = 183
"""A date without a year that is yet to come means last year's, if that is at most this many days back."""
OLDEST_DAYS = 400
"""A date further back than this many days is taken for a slip."""
LONGEST_NUMBER = 18
"""Digits of the longest certificate number (since 2001: 17 or 18)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a reader may look at. `today` is the day in the notice's zone."""

    reads: Reads
    notice: Notice
    answers: Mapping[str, str]
    today: date


@dataclass(frozen=True, slots=True)
class Option:
    """Something to pick; `answers` is kept when it is picked. The id stays the same as long as the text does."""

    text: str
    answers: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"o{zlib.crc32(self.text.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader understood: `answers` to keep, or `heard`, the name of a text to show filled with `facts`.

    `refused` names why it was understood and cannot be taken.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    heard: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """`options` offers buttons in reading order, `read` understands words, given the same options."""

    options: Callable[[Scene], Sequence[Option]]
    read: Callable[[str, Scene, Sequence[Option]], Reading | None]


def plain(text: str) -> str:
    """The words bare of width, case, blanks and punctuation: what two people typed alike is alike."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")


def spoken(text: str, choices: Iterable[tuple[str, Iterable[str]]]) -> str | None:
    """The id of the choice that the words mean: its place (`1` is the first) or one of its names, exactly."""
    said, raw = plain(text), text.strip()
    for place, (choice, names) in enumerate(choices, start=1):
        # A sign such as 👍 is nothing but punctuation, so it is compared as it stands.
        if raw in (known := tuple(names)) or (said and (said == str(place) or said in map(plain, known))):
            return choice
    return None


def nearest(text: str, names: Iterable[str]) -> str | None:
    """The one name that a misspelt text means, or None when none or several are near."""
    said = plain(text)
    scored = sorted(((fuzz.ratio(said, plain(name)), name) for name in names), reverse=True)
    if not said or not scored or scored[0][0] < SIMILAR:
        return None
    if len(scored) > 1 and scored[0][0] - scored[1][0] < CLEAR:
        return None
    return scored[0][1]


def _levels(scene: Scene) -> Sequence[Option]:
    options: dict[str, Option] = {}
    for cohort in scene.notice.cohorts:
        if cohort.majors:
            # Whoever picks a level again has yet to pick the major in it.
            unpicked = {"level": cohort.level, "cohort": "", "major": ""}
            options.setdefault(cohort.level, Option(cohort.level, unpicked))
        else:
            kept = {"level": cohort.level, "cohort": cohort.id, "major": cohort.label}
            options[cohort.id] = Option(cohort.label, kept)
    return tuple(options.values())


def _majors(scene: Scene) -> Sequence[Option]:
    level = scene.answers.get("level")
    rows = [(c, major) for c in scene.notice.cohorts for major in c.majors if level in (None, c.level)]
    names = [major for _, major in rows]
    options = []
    for cohort, major in rows:
        where = cohort.partner_school or (cohort.label if names.count(major) > 1 else None)
        text = f"{major}（{where}）" if where else major
        options.append(Option(text, {"level": cohort.level, "cohort": cohort.id, "major": major}))
    return options


_AROUND_A_NAME = re.compile(r"^(我是|我读的?是?|我学的?是?|我的专业是|专业是?|12级|2012级)|(专业的?|的学生|的)$")


def _name(text: str, scene: Scene, options: Sequence[Option]) -> Reading | None:
    said = _AROUND_A_NAME.sub("", _AROUND_A_NAME.sub("", text.strip("。.!！ ")))
    names: dict[str, list[Option]] = {}
    for option in options:
        for name in {option.text, option.answers.get("major", option.text)}:
            names.setdefault(plain(name), []).append(option)
    # A part of several names means none of them: 会计 is no slip of 会计学 while there is 会计电算化.
    doubtful = sum(plain(said) in plain(option.text) for option in options) > 1
    meant = names.get(plain(said)) or ([] if doubtful else names.get(nearest(said, names) or "")) or []
    return Reading(meant[0].answers) if len(meant) == 1 else None


def _level_or_major(text: str, scene: Scene, options: Sequence[Option]) -> Reading | None:
    return _name(text, scene, options) or _name(text, scene, _majors(scene))


def _days(scene: Scene) -> Sequence[Option]:
    days = (str(scene.today - timedelta(days=n)) for n in range(len(scene.reads.offer)))
    return [Option(name, {scene.reads.into: day}) for name, day in zip(scene.reads.offer, days, strict=True)]


_DATE = re.compile(r"(?:(?:(\d{4})[年\-/.])?(\d{1,2})[月\-/.])?(\d{1,2})[日号]?")
_DAYS_AGO = {
    "今天": 0,
    "今日": 0,
    "刚才": 0,
    "刚刚": 0,
    "today": 0,
    "昨天": 1,
    "昨日": 1,
    "昨晚": 1,
    "前天": 2,
    "大前天": 3,
}


def _date(text: str, scene: Scene, options: Sequence[Option]) -> Reading | None:
    said = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold().rstrip("。.!点击的了")
    today = scene.today
    if said in _DAYS_AGO:
        return Reading({scene.reads.into: str(today - timedelta(days=_DAYS_AGO[said]))})
    m = _DATE.fullmatch(said)
    if m is None or said.isdecimal():
        return None
    try:
        when = date(int(m[1] or today.year), int(m[2] or today.month), int(m[3]))
        before = when.replace(year=when.year - 1) if m[1] is None and m[2] and when > today else when
        if (today - before).days <= LAST_YEAR_DAYS:
            when = before
    except ValueError:
        return Reading(refused="no_such_day")
    if when > today:
        return Reading(refused="day_to_come")
    if (today - when).days > OLDEST_DAYS:
        return Reading(refused="day_long_ago")
    return Reading({scene.reads.into: str(when)})


def _certificate(text: str, scene: Scene, options: Sequence[Option]) -> Reading | None:
    said = re.sub(r"(?<=\d)[\s\-.](?=\d)", "", unicodedata.normalize("NFKC", text))
    numbers = re.findall(r"(?<!\d)\d{5,}(?!\d)", said, re.ASCII)
    if not numbers:
        return None
    if max(map(len, numbers)) > LONGEST_NUMBER:
        return Reading(refused="no_such_number")
    if max(map(len, numbers)) >= LONGEST_NUMBER - 1:
        return Reading(heard="new")
    ways = dict.fromkeys(way for number in numbers for way in (number, number.lstrip("0") or number))
    return Reading(heard="old", facts={"heard.numbers": "\n".join(ways)})


READERS: Mapping[str, Reader] = {
    "level": Reader(_levels, _level_or_major),
    "major": Reader(_majors, _name),
    "day": Reader(_days, _date),
    "certificate": Reader(lambda scene: (), _certificate),
}
