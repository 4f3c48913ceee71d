"""Classes of a notice as a right: whoever has some sees, reminds and answers the graduates of these alone. Pure.

This is the one rule: people are found by it in SQL (`bot.store.audience.of_classes`), everything else asks it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.audience import Audience
from flows.course_names import Course
from flows.majors import list_mentions
from flows.notice import Notice
from flows.words import fold

_APART = re.compile(r"[\s,，;；、/]+")
_JOIN = re.compile("[和与及跟]")
_AROUND = re.compile(r"^(?:的|专业|年级|班级|班|级)*$")


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of a notice: a cohort's id stands for all of it, `cohort:major` for one major."""

    notice: str
    names: tuple[str, ...]

    def hold(self, notice: str | None, cohort: str | None, major: str | None) -> bool:
        """Return whether somebody at this place is in one of them."""
        return notice == self.notice and bool({cohort, f"{cohort}:{major}"} & {*self.names})

    def cover(self, audience: Audience | None) -> bool:
        """Return whether a rule finds nobody outside them."""
        if audience is None or audience.notice != self.notice or not audience.within:
            return False
        return all(name in self.names or name.partition(":")[0] in self.names for name in audience.within)

    def limit(self, audience: Audience) -> Audience:
        """Return the rule for those in them alone; one of another notice finds nobody."""
        return replace(audience, within=self.names if audience.notice == self.notice else NOBODY)

    def narrow(self, notice: Notice) -> Notice:
        """Return the notice as if it were for them alone, by which words and rules are read."""
        cohorts = []
        for cohort in notice.cohorts if notice.id == self.notice else ():
            majors = tuple(major for major in cohort.majors if self.hold(notice.id, cohort.id, major))
            if majors or cohort.id in self.names:
                gone = {*cohort.majors} - {*majors}
                aliases = {name: also for name, also in cohort.aliases.items() if name not in gone}
                cohorts.append(cohort.model_copy(update={"majors": majors, "aliases": aliases}))
        return notice.model_copy(update={"cohorts": tuple(cohorts)})

    def describe(self, notices: Mapping[str, Notice]) -> str:
        """Return them in the words of their notice; by their ids where it is no longer in force."""
        notice = notices.get(self.notice)
        labels = {cohort.id: cohort.label for cohort in notice.cohorts} if notice else {}
        parted = (name.partition(":") for name in self.names)
        return "、".join(f"{labels.get(cohort, cohort)}{major}" for cohort, _, major in parted)


def limit(confined: Classes | None, audience: Audience) -> Audience:
    """Return a rule as somebody may write it who is confined to classes; None: to none."""
    return confined.limit(audience) if confined else audience


def narrow(confined: Classes | None, notice: Notice) -> Notice:
    """Return a notice as somebody may see it who is confined to classes; None: to none."""
    return confined.narrow(notice) if confined else notice


NOBODY = ("",)
"""The name of a class that nobody is in."""


@dataclass(frozen=True, slots=True)
class UnknownClass:
    """Words that name no class, or several; `known` are those that are possible."""

    words: str
    known: tuple[str, ...]


def dump(classes: Classes) -> str:
    """Return the JSON that is stored; `load(dump(c)) == c`."""
    return json.dumps([classes.notice, *classes.names], ensure_ascii=False)


def load(stored: str) -> Classes:
    """Read what `dump` wrote."""
    parsed: Any = json.loads(stored)
    return Classes(str(parsed[0]), tuple(map(str, parsed[1:])))


def parse_classes(text: str, notice: Notice) -> Classes | UnknownClass:
    """Read classes as people name them (会计学、专升本会计学、专科), or by their ids."""
    names: dict[str, None] = {}
    ids = [name for name, _ in _every(notice)]
    for words in (words for part in _APART.split(text) if part for words in _split(part, notice)):
        if words in ids:
            names[words] = None
            continue
        courses = _find_courses(words, notice)
        found = _name_courses(courses, notice)
        majors = {course.major for course in courses}
        if not found or (len(found) > 1 and majors != {None} and not _are_whole(found)):
            labels = [label for name, label in _every(notice) if name in found or not found]
            return UnknownClass(words, tuple(labels))
        names |= dict.fromkeys(found)
    return Classes(notice.id, tuple(names)) if names else UnknownClass(text.strip(), _labels(notice))


def _split(part: str, notice: Notice) -> list[str]:
    """Cut words at 和 and its like, where those are no part of a name."""
    folded = fold(part).text
    named = {n for mention in list_mentions(folded, notice) if mention.is_written for n in range(*mention.span)}
    cuts = [m.start() for m in _JOIN.finditer(folded) if m.start() not in named]
    starts = [0, *(cut + 1 for cut in cuts)]
    return [folded[start:end] for start, end in zip(starts, [*cuts, len(folded)], strict=True)] if cuts else [part]


def _every(notice: Notice) -> Iterable[tuple[str, str]]:
    """Yield every class of a notice: its name as a right and its label."""
    for cohort in notice.cohorts:
        yield cohort.id, cohort.label
        yield from ((f"{cohort.id}:{major}", f"{cohort.label}{major}") for major in cohort.majors)


def _labels(notice: Notice) -> tuple[str, ...]:
    return tuple(label for _, label in _every(notice))


def _find_courses(words: str, notice: Notice) -> list[Course]:
    """Return the courses that all names in some words have in common; nothing where other words are among them."""
    folded = fold(words).text
    mentions = [mention for mention in list_mentions(folded, notice) if mention.is_written]
    mentions = [m for m in mentions if not any(_is_part(m.span, other.span) for other in mentions)]
    rest = list(folded)
    for mention in mentions:
        rest[slice(*mention.span)] = [""] * (mention.span[1] - mention.span[0])
    if not mentions or not _AROUND.fullmatch(re.sub(r"[()（）]", "", "".join(rest))):
        return []
    first, *others = mentions
    return [course for course in first.courses if all(course in other.courses for other in others)]


def _is_part(span: tuple[int, int], of: tuple[int, int]) -> bool:
    return span != of and of[0] <= span[0] and span[1] <= of[1]


def _name_courses(courses: Iterable[Course], notice: Notice) -> list[str]:
    """Return the names of courses as a right: a whole cohort by its id."""
    by_cohort: dict[str, list[str]] = {}
    for course in courses:
        by_cohort.setdefault(course.cohort, []).append(course.major or "")
    names = []
    for cohort in notice.cohorts:
        majors = by_cohort.get(cohort.id, ())
        if majors and {*majors} == {*(cohort.majors or ("",))}:
            names.append(cohort.id)
        else:
            names += [f"{cohort.id}:{major}" for major in majors]
    return names


def _are_whole(names: Iterable[str]) -> bool:
    return not any(":" in name for name in names)
