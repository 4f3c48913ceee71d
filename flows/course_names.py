"""What graduates call the courses of a notice: full names, parts and abbreviations that follow from them, aliases.

A course is a major in a cohort, or a cohort that has no majors. Nothing here is about one college: the names come from
the notice, and how Chinese names are cut into words and shortened is the same everywhere. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Literal, TypeVar

from flows.notice import Cohort
from flows.words import fold

Sounds = Callable[[str], tuple[tuple[str, ...], tuple[str, ...]]]
"""Folded text → its units as written (`~` before a typed syllable, `#` a long number) and their sounds, as many.

`faq.sounds.units` is such a function.
"""

Kind = Literal["level", "cohort", "major"]
FULL, PART, SHORT, LOOSE = 3, 2, 1, 0
"""How near a form is to the name: the name or an alias, words of it, an abbreviation from its start, another one."""


@dataclass(frozen=True, slots=True)
class Course:
    """Something that is studied; `major` is None for a cohort without majors."""

    cohort: str
    level: str
    major: str | None


@dataclass(frozen=True, slots=True)
class Name:
    """What a form of words means: the courses (places in `Names.courses`) to which it is nearest, and how near it is.

    `further` are the courses of which it is a less near name as well: 会计学 in 会计学（涉外）.
    """

    form: str
    kind: Kind
    courses: frozenset[int]
    near: int
    further: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Names:
    """All names of a notice's courses. `written` by the words, `sounds` by their sounds; `longest` counts characters.

    `grades` are the years that a course is for, empty when the notice says none. `full` are full names and aliases of
    majors with their characters, for those who mistype them; `heads` are the first units of names, written or heard.
    """

    courses: tuple[Course, ...]
    grades: tuple[frozenset[str], ...]
    written: Mapping[str, Name]
    sounds: Mapping[tuple[str, ...], Name]
    longest: int
    full: tuple[tuple[str, Name, frozenset[str]], ...]
    heads: frozenset[str]


_LEVELS: Mapping[str, tuple[str, ...]] = {
    "专升本": (
        *("专升本", "专本", "升本", "专接本", "专起本", "专插本", "专转本", "zsb"),
        *("专升本科", "专科升本", "专科升本科", "大专升本", "大专升本科"),
    ),
    "专科": ("专科", "大专", "高起专", "高升专", "高达专", "高职", "大专班", "专科班", "高专", "成人大专", "成教大专"),
    "高起本": ("高起本", "高升本", "高达本"),
    "本科": ("本科", "大本", "本科班", "函授本科", "成教本科"),
    "研究生": ("研究生", "硕士", "研究生班"),
}  # fmt: skip
_HELD_BACK = (
    *(
        "留级",
        "留过级",
        "留了级",
        "留了一级",
        "降级",
        "降过级",
        "降了一级",
        "蹲级",
        "蹲了一级",
        "蹲了一年",
        "留了一年",
        "多读了一年",
    ),
    *(
        "多念了一年",
        "多上了一年",
        "延了一年",
        "延了一级",
        "延期毕业",
        "延毕",
        "延迟毕业",
        "晚了一年毕业",
        "上一届",
        "上届",
        "前一届",
    ),
    *(
        "往届",
        "往年的",
        "跟下一届",
        "跟着下一届",
        "跟下届",
        "没毕成业",
        "没毕成",
        "去年该毕业",
        "去年就该毕业",
        "掉下来的",
        "重修的",
    ),
)
"""What those who were held back say of themselves, whatever their notice calls them."""
_MEANT_BY = {"本科": ("本科", "专升本", "高起本")}
"""A level that a notice does not have, and those that are called so loosely."""
_WORD = re.compile(
    r"(?P<join>及其|[与和及、])|计算机|房地产|互联网|物联网|新能源|大数据|黑龙江|内蒙古|[\u4e00-\u9fff]{2}化(?![学工妆验])"
    r"|[\u4e00-\u9fff]{2}|[^\W_]"
)
_YEAR = re.compile(r"\d{2,4}")
_NO_SCHOOL = frozenset({"大学", "学院", "学校", "职业", "技术", "教育", "继续", "开放", "师范", "高等", "专科"})
_MOST_WORDS = 7


def words_of(name: str) -> tuple[str, ...]:
    """A name cut into words without 与, 和, 及其: 机械设计与制造 → 机械 设计 制造."""
    return tuple(m[0] for m in _WORD.finditer(name) if not m["join"])[:_MOST_WORDS]


def forms_of_major(name: str) -> Iterator[tuple[str, int]]:
    """Every way to say a major, with its nearness: 建筑工程管理 → 建工管理, 工程管理, 建管 …"""
    words = words_of(name)
    yield from ((name, FULL), ("".join(words), FULL))
    yield from ((name[:size], PART) for size in range(4, len(name)))
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            first, last = name.find(words[start]), name.rfind(words[end - 1]) + len(words[end - 1])
            yield name[first:last], PART
            yield "".join(words[start:end]), PART
        for tail in product(*[(word, word[0], "") for word in words[start + 1 :]]):
            for head in (words[start], words[start][0]):
                yield head + "".join(tail), LOOSE if start else SHORT


def forms_of_school(name: str) -> Iterator[tuple[str, int]]:
    """Every way to say a school: words in a row, each whole or by its first character, never with one left out."""
    yield name, FULL
    words = words_of(name)
    for start in range(len(words)):
        for end in range(start + 2, len(words) + 1):
            yield from (("".join(form), SHORT) for form in product(*[(w, w[0]) for w in words[start:end]]))
    yield from ((word, LOOSE) for word in words[1:] if word not in _NO_SCHOOL)


@lru_cache(maxsize=32)
def names_of(cohorts: tuple[Cohort, ...], sounds: Sounds | None = None) -> Names:
    """The names of all courses of these cohorts; without `sounds` none is known by its sound."""
    rows = [(cohort, major) for cohort in cohorts for major in cohort.majors or (None,)]
    written = _merge((name.form, name) for name in _forms(rows))
    by_sound = _merge((heard, name) for name in written.values() for heard in _sounds_of(name, sounds))
    return Names(
        tuple(Course(cohort.id, cohort.level, major) for cohort, major in rows),
        tuple(frozenset(year[-2:] for grade in c.grades for year in _YEAR.findall(grade)) for c, _ in rows),
        {form: name for form, name in written.items() if len(form) > 1},
        by_sound,
        max(map(len, written), default=0),
        tuple(
            (form, name, frozenset(form))
            for form, name in written.items()
            if name.kind == "major" and name.near == FULL
        ),
        frozenset(form[0] for form in (*written, *by_sound)),
    )


_Rows = list[tuple[Cohort, str | None]]
_F = TypeVar("_F", str, tuple[str, ...])


def _merge(forms: Iterable[tuple[_F, Name]]) -> dict[_F, Name]:
    """Every form with the courses to which it is nearest; what is a level or a major is no name of a cohort as well."""
    merged: dict[_F, Name] = {}
    for form, name in forms:
        known = merged.setdefault(form, name)
        if known is not name and known.kind == name.kind:
            merged[form] = _joined(*sorted((known, name), key=lambda n: -n.near))
    return merged


def _joined(nearer: Name, other: Name) -> Name:
    if nearer.near == other.near:
        return replace(nearer, courses=nearer.courses | other.courses, further=nearer.further | other.further)
    return replace(nearer, further=nearer.further | other.courses | other.further)


def _sounds_of(name: Name, sounds: Sounds | None) -> set[tuple[str, ...]]:
    """How a form sounds: as a word, and as its characters sound alone (会计 is heard as kuai ji and as hui ji)."""
    if sounds is None or name.near == LOOSE:
        return set()
    alone = tuple(sound for c in name.form for sound in sounds(c)[1])
    return {heard for heard in (sounds(name.form)[1], alone) if len(heard) > 1}


def _forms(rows: _Rows) -> Iterator[Name]:
    yield from _forms_of_levels(rows)
    for n, (cohort, major) in enumerate(rows):
        name = major or cohort.label
        held_back = _HELD_BACK if cohort.includes_held_back and not major else ()
        aliases = ((fold(alias).text, FULL) for alias in (*cohort.aliases.get(name, ()), *held_back))
        for form, near in (*forms_of_major(fold(name).text), *aliases):
            yield Name(form, "major", frozenset([n]), near)
    for n, (cohort, major) in enumerate(rows):
        for form, near in _forms_of_cohort(cohort) if major else ():
            yield Name(form, "cohort", frozenset([n]), near)


def _forms_of_cohort(cohort: Cohort) -> Iterator[tuple[str, int]]:
    school = cohort.partner_school
    for name in (school, *cohort.aliases.get(school, ())) if school else ():
        yield from forms_of_school(fold(name).text)
    for name in (cohort.label, *cohort.sites):
        yield from ((fold(form).text, FULL) for form in (name, *cohort.aliases.get(name, ())))


def _forms_of_levels(rows: _Rows) -> Iterator[Name]:
    """Levels by their words. Whoever says a level means its majors: a cohort without majors has a name of its own."""
    of = dict[str, set[int]]()
    for n, (cohort, major) in enumerate(rows):
        if major or not any(c.level == cohort.level and m for c, m in rows):
            of.setdefault(cohort.level, set()).add(n)
    for level, words in _LEVELS.items():
        meant = [level] if level in of else _MEANT_BY.get(level, ())
        courses = frozenset(n for name in meant for n in of.get(name, ()))
        yield from (Name(word, "level", courses, FULL) for word in words if courses)
