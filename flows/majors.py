"""The course of a notice (cohort and major) that typed words mean, among whatever else they say: by name, part,
abbreviation, alias, sound, pinyin, level, year, partner school, one wrong character. Pure.

Must not know steps or buttons. `flows.course_names` says what is a name of which course; here names are found in a
message and weighed by the words around them: 经济 alone is a major, in 经济困难 it is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from flows.course_names import FULL, LOOSE, PART, SHORT, Course, Kind, Name, Names, Sounds, names_of
from flows.notice import Cohort, Notice
from flows.words import LIMIT, Folded, Span, clause_of, fold, is_question, rest_of

SURE = 0.7
"""From this chance (0-1) a single course may be taken; below it should be offered first."""

MOST = 60
"""Characters of names that are read in one message; what comes then is dropped."""


@dataclass(frozen=True, slots=True)
class CourseFound:
    """What a message says of a course. `courses` are the candidates in the notice's order, at least one.

    `said` are the kinds of names that were used, `spans` the parts of the message that name something, in its order.
    `chance` (0-1) says how surely the words were read so, `asked` that all of them stand in questions.
    """

    courses: tuple[Course, ...]
    said: frozenset[Kind]
    spans: tuple[Span, ...]
    chance: float = 1.0
    asked: bool = False

    @property
    def values(self) -> Mapping[str, str]:
        """What all candidates have in common of `cohort` and `major`; what the words leave open is left out."""
        cohorts, majors = {c.cohort for c in self.courses}, {c.major for c in self.courses}
        cohort = {"cohort": min(cohorts)} if len(cohorts) == 1 else {}
        major = {"major": majors.pop() or ""} if len(majors) == 1 else {}
        return cohort | {key: value for key, value in major.items() if value}

    @property
    def is_school(self) -> bool:
        """Whether all candidates are majors of one cohort, and it is left open which of them."""
        return (
            len({course.cohort for course in self.courses}) == 1 and len(self.courses) > 1 and "major" not in self.said
        )

    @property
    def level(self) -> str | None:
        """The level of all candidates, None when they differ."""
        levels = {course.level for course in self.courses}
        return levels.pop() if len(levels) == 1 else None


@dataclass(frozen=True, slots=True)
class CourseMention:
    """A name of courses at a place of a folded text. `is_written`: without a mistake."""

    span: Span
    kind: Kind
    courses: tuple[Course, ...]
    is_written: bool


@dataclass(frozen=True, slots=True)
class _Hit:
    """A name at a place of a folded text and its chance of being meant; `doubt` characters of it count for nothing."""

    span: Span
    name: Name
    chance: float
    doubt: int = 0
    denied: bool = False
    asked: bool = False


def find_course(
    text: str,
    notice: Notice,
    sounds: Sounds | None = None,
    within: Mapping[str, str] | None = None,
    *,
    expected: bool = False,
) -> CourseFound | None:
    """The course that a message names; None when it names none.

    `within` are answers (`level`, `cohort`) that were given before: only courses that agree with them are candidates.
    `expected`: it was asked for, so a name among words that nobody foresaw is one, though not surely.
    """
    names, folded, placed = _place(text[:LIMIT], notice.cohorts, sounds)
    if not placed:
        return None
    hits = _judge(folded.text, placed) or (_judge(folded.text, placed, doubtful=True) if expected else [])
    stated = [hit for hit in hits if not hit.asked] or hits
    meant = [hit for hit in stated if not hit.denied]
    open_to = _of_grade(folded.text, names).difference(*(hit.name.courses for hit in stated if hit.denied))
    open_to = frozenset(n for n in open_to if _agrees(names.courses[n], within or {}))
    courses, chance = _combine(meant, open_to)
    if not courses:
        return None
    return CourseFound(
        tuple(names.courses[n] for n in sorted(courses)),
        frozenset(hit.name.kind for hit in meant),
        tuple(folded.origin(hit.span) for hit in meant),
        chance,
        all(hit.asked for hit in meant),
    )


def list_mentions(folded: str, notice: Notice, sounds: Sounds | None = None) -> list[CourseMention]:
    """Every name of courses in a folded text, in its order, whatever the words around it say.

    Whoever names a level means everybody of it; a name that several courses share has all of them.
    """
    names, found = names_of(notice.cohorts, sounds), list[CourseMention]()
    for hit in sorted(_hits(folded, names, sounds), key=lambda hit: hit.span):
        courses = [names.courses[n] for n in sorted(hit.name.courses)]
        if hit.name.kind == "level":
            levels = {course.level for course in courses}
            courses = [course for course in names.courses if course.level in levels]
        is_written = folded[slice(*hit.span)] in names.written
        if is_written or hit.chance >= SURE:
            found.append(CourseMention(hit.span, hit.name.kind, tuple(courses), is_written))
    return found


def _agrees(course: Course, given: Mapping[str, str]) -> bool:
    return all(not given.get(key) or given[key] == getattr(course, key) for key in ("level", "cohort"))


_GRADE = re.compile(r"(?<!\d)(?:20)?(\d\d)\s?级")


def _of_grade(text: str, names: Names) -> frozenset[int]:
    """The courses of the year that is said (12级); those of which the notice names no year only if none is said."""
    said = set(_GRADE.findall(text))
    return frozenset(n for n, years in enumerate(names.grades) if not said or years & said)


def _combine(hits: Sequence[_Hit], open_to: frozenset[int]) -> tuple[frozenset[int], float]:
    """The courses on which the hits agree, and the chance. Where they contradict, the major counts and is not sure."""
    if not hits:
        return frozenset(), 0.0
    nearest = [(h.name.kind, h.name.courses & open_to) for h in hits]
    wider = [(h.name.kind, (h.name.courses | h.name.further) & open_to) for h in hits]
    chance = min(hit.chance for hit in hits)
    agreed = _agreed(nearest) or _agreed(wider)
    if agreed:
        return agreed, chance
    majors = frozenset[int]().union(*(courses for kind, courses in nearest if kind == "major"))
    return majors or frozenset().union(*(courses for _, courses in nearest)), min(chance, SURE / 2)


def _agreed(said: Sequence[tuple[Kind, frozenset[int]]]) -> frozenset[int]:
    """The courses that are in what is said of each kind; of one kind, in all that is said or else in any of it."""
    kinds = {kind for kind, _ in said}
    return frozenset.intersection(*(_meet([courses for k, courses in said if k == kind]) for kind in kinds))


def _meet(sets: Sequence[frozenset[int]]) -> frozenset[int]:
    return frozenset.intersection(*sets) or frozenset.union(*sets)


# Where names stand


@lru_cache(maxsize=256)  # a turn looks for courses in its message several times
def _place(text: str, cohorts: tuple[Cohort, ...], sounds: Sounds | None) -> tuple[Names, Folded, tuple[_Hit, ...]]:
    names, folded = names_of(cohorts, sounds), fold(text)
    return names, folded, tuple(_hits(folded.text, names, sounds))


def _hits(text: str, names: Names, sounds: Sounds | None) -> Iterator[_Hit]:
    """Names in the text, longest first, none over another."""
    found = [*_written(text, names), *(_heard(text, names, sounds) if sounds else ()), *_mistyped(text, names)]
    taken: set[int] = set()
    for hit in sorted(found, key=lambda h: (h.span[0] - h.span[1] + h.doubt, -h.chance, h.span)):
        if taken.isdisjoint(range(*hit.span)):
            taken.update(range(*hit.span))
            yield hit
        if len(taken) > MOST:
            break


def _written(text: str, names: Names) -> Iterator[_Hit]:
    for start, end in _windows(text, names.heads, names.longest):
        name = names.written.get(text[start:end])
        if name and text[end - 1 : end + 1] != "专业":  # 财大专业 speaks of no 大专
            yield _Hit((start, end), name, _WRITTEN[name.near])


def _heard(text: str, names: Names, sounds: Sounds) -> Iterator[_Hit]:
    units, heard = sounds(text)
    spans = list(_places(text, units))
    for start, end in _windows(heard, names.heads, names.longest):
        name = names.sounds.get(heard[start:end])
        span = spans[start][0], spans[end - 1][1]
        if name and not _is_torn(text[slice(*span)]) and (end - start > 2 or _is_alike(text[slice(*span)], name)):
            yield _Hit(span, name, _WRITTEN[name.near] * (0.9 if end - start > 2 else 0.85))


_WRITTEN = {FULL: 1.0, PART: 0.95, SHORT: 0.85, LOOSE: 0.75}
"""The chance of a name that is written without a mistake."""


_DOUBT = 0.65
"""What is left of the chance of a name that stands among unknown words, where one was asked for."""


def _windows(units: Sequence[str], heads: Collection[str], longest: int) -> Iterator[Span]:
    """The stretches of two units and more that begin as some name does."""
    for start, unit in enumerate(units):
        if unit in heads:
            yield from ((start, end) for end in range(start + 2, min(len(units), start + longest) + 1))


def _is_torn(written: str) -> bool:
    """Whether a blank stands in it that is none between letters: 升本 课 is no 本科."""
    return not written.isascii() and any(c.isspace() for c in written)


def _is_alike(written: str, name: Name) -> bool:
    """Whether two syllables are enough: in letters, or with a character of a name that is no mere abbreviation."""
    is_name = name.near >= PART or name.kind == "cohort"
    return written.isascii() or (is_name and not set(written).isdisjoint(name.form))


def _places(text: str, units: Iterable[str]) -> Iterator[Span]:
    at = 0
    for unit in units:
        written = unit.removeprefix("~")
        found = text.find(written, at) if written != "#" else at
        start = found if found >= 0 else at
        at = start + len(written) if written != "#" else at
        yield start, max(at, start + 1)


LONG = 200
"""A message longer than this many characters is not searched for misspelt names."""


def _mistyped(text: str, names: Names) -> Iterator[_Hit]:
    """Full names with one wrong, missing or added character; a name of four characters is too short to be sure."""
    there = set(text)
    for form, name, characters in names.full if len(text) <= LONG else ():
        if len(characters - there) < 2 and len(form) >= 4 and len(text) >= len(form) - 1 and form not in text:
            at = fuzz.partial_ratio_alignment(form, text, score_cutoff=70)
            for span in _near(at.dest_start, at.dest_end, text, len(form)) if at else ():
                typed = text[slice(*span)]
                if typed == typed.strip() and Levenshtein.distance(form, typed, score_cutoff=1) == 1:
                    yield _Hit(span, name, SURE, 0) if len(form) > 4 else _Hit(span, name, SURE / 2, 1)
                    break


def _near(start: int, end: int, text: str, size: int) -> list[Span]:
    """Spans about one that was aligned, those of the name's own size first: the wrong character may be at an end."""
    spans = [(start, end), (start, end + 1), (start - 1, end), (start, end - 1), (start + 1, end)]
    inside = [(a, b) for a, b in spans if a >= 0 and b <= len(text)]
    return sorted(inside, key=lambda span: abs(span[1] - span[0] - size))


# What the words around say


def _judge(text: str, hits: Sequence[_Hit], *, doubtful: bool = False) -> list[_Hit]:
    """The hits that are meant, in the order of the text, with what is denied and asked marked; `doubtful`: all others
    too, with less of a chance.
    """
    placed = sorted(hits, key=lambda hit: hit.span)
    spans = [hit.span for hit in placed]
    kept: list[_Hit] = []
    for hit in placed:
        clause = clause_of(text, hit.span)
        rest = _rest(text, clause, spans)
        is_meant = _is_plain(hit) or _is_meant(text, hit.span, clause, spans)
        if is_meant or (doubtful and hit.chance >= _WRITTEN[SHORT]):
            hit = hit if is_meant else replace(hit, chance=hit.chance * _DOUBT)
            kept.append(replace(hit, denied=_is_denied(text, hit, clause, kept), asked=is_question(rest)))
    return kept


def _is_plain(hit: _Hit) -> bool:
    """Whether the name is long enough to be meant whatever stands around it; a level never is (专升本学费)."""
    size = hit.span[1] - hit.span[0]
    if hit.name.kind == "level" or hit.chance <= SURE / 2:
        return False
    return (hit.name.near == FULL and size > 2) or (hit.name.near == PART and size > 3)


def _rest(text: str, clause: Span, spans: Sequence[Span]) -> str:
    start, end = clause
    return rest_of(text[:end], [(0, start), *(span for span in spans if start <= span[0] and span[1] <= end)])


def _is_meant(text: str, span: Span, clause: Span, spans: Sequence[Span]) -> bool:
    """Whether a part of a name is one here: nothing unknown touches it (行政管理), it is alone or pointed at."""
    before, after = text[clause[0] : span[0]], text[span[1] : clause[1]]
    left, right = (any(other[n] == span[1 - n] for other in spans) for n in (1, 0))
    if not (left or not before or _FILLED_BEFORE.search(before)) or not (right or not after or _FILLER.match(after)):
        return False
    is_alone = not _FILLER.sub("", _rest(text, clause, spans))
    return is_alone or left or right or bool(_CUE_BEFORE.search(before) or _CUE_AFTER.match(after))


def _is_denied(text: str, hit: _Hit, clause: Span, before: Sequence[_Hit]) -> bool:
    """Whether 不是 or the like stands before the name, or before the name that it goes with: 不是安财的会计."""
    last = before[-1] if before and before[-1].span[1] > clause[0] else None
    between = text[last.span[1] if last else clause[0] : hit.span[0]]
    return bool(_DENIAL.search(between)) or bool(last and last.denied and not _LINK.sub("", between))


_CUE_BEFORE = re.compile(r"(?:[学读念]|专业是?|[学读念报选]的是?|\d\d级的?|就是)$")
_CUE_AFTER = re.compile(r"专业|系|那?个?班|方向|\d\d级")
_LINK = re.compile(r"[的个那]+")
_DENIAL = re.compile(r"(?:不是|不[读学念]|没[读学念]|并非|别选|不在|不算)(?:我|的|[学读念]|那个|这个|什么|啥|在)*$")
_FILLERS = (
    r"我们?|俺们?|咱们?|本人|自己|不?是|就|也|都|的|滴|得|地|哒|[学读念上报选]|专业|本科生|年|系|班|届|级|这个?|那个?|个|呗|吧|啊|呀|嘛|哦|嗯|了|来着|应该|好像"
    r"|额|呃|普通|搞|干|做|读书|嘞|咧|哩|唻|呢|啦|咯|呐|算是?|[改换选]成?|[这那]?一[波批拨届]|往届|[去今]年|原来|其实|一起|弄|搞|干"
    r"|大概|属于|里头?|毕业|学?生|同学|老师|你好|您好|在|和|跟|叫|当时|以前|现在|名字|层次|函授|业余|成教|下来|\d|[.!?()（）\[\]\"'“”/+-]|说错|选错|不对|哈"
    r"|\b(?:wo|shi|de|xue|du|zhuanye|ban|ji)\b|\s"
)
_FILLER = re.compile(_FILLERS)
_FILLED_BEFORE = re.compile(rf"(?:{_FILLERS})$")
