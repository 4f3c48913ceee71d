"""Readers: what a graduate may press, or typed, at a step that asks for something.

A step of the script names its reader (`reads.reader`). A reader knows the notice, the answers so far and today's date,
but not the position. Words that it does not understand are no error: they may be a question, so it returns None and
somebody else may answer them.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rapidfuzz import fuzz

from flows.course_names import Sounds
from flows.date_words import UNDATED
from flows.dates import find_day
from flows.majors import SURE, CourseFound, find_course
from flows.model import Reads
from flows.notice import CAUSE, Notice
from flows.words import Span

OLDEST_DAYS = 400
"""A date further back than this many days is taken for a slip."""
ALIKE = 60
"""How like the words of an option others must be to mean it (0–100, rapidfuzz's ratio)."""
ALIKE_FROM = 2
"""Characters at the beginning of a major that make it like another."""
LONGEST_NUMBER = 18
"""Digits of the longest certificate number (since 2001: 17 or 18)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a reader may look at. `today` is the day in the notice's zone, `sounds` finds names by their sound."""

    reads: Reads
    notice: Notice
    answers: Mapping[str, str]
    today: date
    sounds: Sounds | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """Something to pick; `answers` is kept when it is picked. The id stays the same as long as the text does."""

    text: str
    answers: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"o{zlib.crc32(self.text.encode()):08x}"


@dataclass(frozen=True, slots=True)
class ValueReading:
    """What a reader understood: `answers` to keep, or `heard`, the name of a text to show filled with `facts`.

    `refused` names why it was understood and cannot be taken. `offered` are options of which the words mean one, in
    reading order. `spans` are the parts of the words that were understood: the rest may say something else.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    heard: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None
    offered: tuple[Option, ...] = ()
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundValues:
    """Values that a message names: `cohort` and `major`, or `date` (ISO 8601); what the words leave open is left out.

    `span` is the part of the message from the first word that names one to the last, `chance` (0–1) how surely they
    are meant; `is_asked`: the words only ask about them.
    """

    values: Mapping[str, str]
    span: Span
    chance: float = 1.0
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class ValueReader:
    """`options` offers buttons in reading order, `read` takes a message as the answer, given the same options, `find`
    finds values in a message that may say more than they. `more` are options that are offered only when words may mean
    several.
    """

    options: Callable[[Scene], Sequence[Option]]
    read: Callable[[str, Scene, Sequence[Option]], ValueReading | None]
    find: Callable[[str, Scene], FoundValues | None] = lambda text, scene: None
    more: Callable[[Scene], Sequence[Option]] = lambda scene: ()


def plain(text: str) -> str:
    """The words bare of width, case, blanks and punctuation: what two people typed alike is alike."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")


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
    level, chosen = scene.answers.get("level"), scene.answers.get("cohort")
    open_to = [cohort for cohort in scene.notice.cohorts if level in (None, cohort.level)]
    if any(cohort.id == chosen and cohort.majors for cohort in open_to) and not scene.answers.get("major"):
        open_to = [cohort for cohort in open_to if cohort.id == chosen]  # its school was said, but no major
    rows = [(cohort, major) for cohort in open_to for major in cohort.majors]
    names = [major for _, major in rows]
    options = []
    for cohort, major in rows:
        where = cohort.partner_school or (cohort.label if names.count(major) > 1 else None)
        text = f"{major}（{where}）" if where else major
        options.append(Option(text, {"level": cohort.level, "cohort": cohort.id, "major": major}))
    return options


def _read_major(text: str, scene: Scene, options: Sequence[Option]) -> ValueReading | None:
    found = _course_in(text, scene)
    if found is None or found.said == {"level"}:
        return None
    return _pick(found, options) or _pick(found, _majors(replace(scene, answers={**scene.answers, "cohort": ""})))


def _read_level(text: str, scene: Scene, options: Sequence[Option]) -> ValueReading | None:
    found = _course_in(text, scene)
    if found and found.said == {"level"}:
        levels = {course.level for course in found.courses}
        return _reading(found, [o for o in options if o.answers["level"] in levels and not o.answers["cohort"]])
    if found and found.is_school and found.chance >= SURE and not found.asked:
        return ValueReading({"level": found.courses[0].level, "major": "", **found.values}, spans=found.spans)
    return _pick(found, (*options, *_majors(replace(scene, answers={})))) if found else None


def _course_in(text: str, scene: Scene) -> CourseFound | None:
    """Find the course that a message names, where one is asked for; of the school said before, if it can be."""
    given = scene.answers if scene.reads.reader == "major" else {}
    level = {"level": given.get("level", "")}
    school = {**level, "cohort": "" if given.get("major") else given.get("cohort", "")}
    found = find_course(text, scene.notice, scene.sounds, school, expected=True)
    if found or not school["cohort"]:
        return found
    return find_course(text, scene.notice, scene.sounds, level, expected=True)


def _pick(found: CourseFound, options: Sequence[Option]) -> ValueReading | None:
    meant = {(course.cohort, course.major) for course in found.courses}
    labels = {course.cohort for course in found.courses if course.major is None}
    return _reading(found, [o for o in options if _course(o) in meant or o.answers["cohort"] in labels])


def _course(option: Option) -> tuple[str, str | None]:
    return option.answers["cohort"], option.answers["major"]


def _reading(found: CourseFound, meant: Sequence[Option]) -> ValueReading | None:
    """The one option that is meant, or those that may be; None for a question and where no option is meant."""
    if found.asked or not meant:
        return None
    if len(meant) == 1 and found.chance >= SURE:
        return ValueReading(meant[0].answers, spans=found.spans)
    return ValueReading(offered=tuple(meant), spans=found.spans)


def _find_course(text: str, scene: Scene) -> FoundValues | None:
    found = _course_in(text, scene)
    if found is None:
        return None
    return FoundValues(found.values, (found.spans[0][0], found.spans[-1][1]), found.chance, found.asked)


def _find_day(text: str, scene: Scene) -> FoundValues | None:
    found = find_day(text, scene.today)
    if found is None or found.kind != "day":
        return None
    span = (found.spans[0][0], found.spans[-1][1])
    return FoundValues({"date": str(found.days[0])}, span, is_asked=found.asked or found.planned)


def _days(scene: Scene) -> Sequence[Option]:
    days = (str(scene.today - timedelta(days=n)) for n in range(len(scene.reads.offer)))
    return [Option(name, {scene.reads.into: day}) for name, day in zip(scene.reads.offer, days, strict=True)]


def _read_day(text: str, scene: Scene, options: Sequence[Option]) -> ValueReading | None:
    found, into = find_day(text, scene.today), scene.reads.into
    if found is None or found.asked or found.planned:
        return None
    if found.kind == "forgotten":
        return ValueReading({into: UNDATED}, spans=found.spans)
    allowed = [day for day in found.days if _refusal(day, scene.today) is None]
    if len(allowed) == 1:
        return ValueReading({into: str(allowed[0])}, spans=found.spans)
    if allowed:
        return ValueReading(offered=tuple(Option(str(day), {into: str(day)}) for day in allowed), spans=found.spans)
    refused = _refusal(found.days[0], scene.today) if found.days else "no_such_day"
    return ValueReading(refused=refused, spans=found.spans)


def _refusal(day: date, today: date) -> str | None:
    if day > today:
        return "day_to_come"
    return "day_long_ago" if (today - day).days > OLDEST_DAYS else None


def _read_certificate(text: str, scene: Scene, options: Sequence[Option]) -> ValueReading | None:
    said = re.sub(r"(?<=\d)[\s\-.](?=\d)", "", unicodedata.normalize("NFKC", text))
    numbers = re.findall(r"(?<!\d)\d{5,}(?!\d)", said, re.ASCII)
    if not numbers:
        return None
    if max(map(len, numbers)) > LONGEST_NUMBER:
        return ValueReading(refused="no_such_number")
    if max(map(len, numbers)) >= LONGEST_NUMBER - 1:
        return ValueReading(heard="new")
    ways = dict.fromkeys(way for number in numbers for way in (number, number.lstrip("0") or number))
    return ValueReading(heard="old", facts={"heard.numbers": "\n".join(ways)})


def _list_fields(scene: Scene) -> Sequence[Option]:
    """Return an option for everything that may be wrong and was not found wrong yet."""
    names = {f"field:{field.name}": field.name for field in scene.notice.check_fields}
    if scene.notice.photo.required and scene.reads.offer:
        names["photo"] = scene.reads.offer[0]
    return [Option(text, {name: "wrong"}) for name, text in names.items() if scene.answers.get(name) != "wrong"]


def _list_causes(scene: Scene) -> Sequence[Option]:
    field = scene.notice.find_open_cause(scene.answers)
    return [Option(cause.text, {f"{CAUSE}:{field.name}": cause.id}) for cause in field.causes] if field else ()


def _read_label(text: str, scene: Scene, options: Sequence[Option]) -> ValueReading | None:
    """Read words that are an option's own, or nearly so."""
    near = sorted(((fuzz.ratio(plain(o.text), plain(text)), n, o) for n, o in enumerate(options)), reverse=True)
    return ValueReading(near[0][2].answers, spans=((0, len(text)),)) if near and near[0][0] >= ALIKE else None


def _find_label(text: str, scene: Scene) -> FoundValues | None:
    reading = _read_label(text, scene, READERS[scene.reads.reader].options(scene))
    return FoundValues(reading.answers, (0, len(text))) if reading else None


def list_classes(notice: Notice, today: date) -> Sequence[Option]:
    """Return an option for every major of every cohort, and for each cohort without majors, in the notice's order."""
    scene = Scene(Reads(reader="major"), notice, {}, today)
    labels = [option for option in _levels(scene) if option.answers["cohort"]]
    return (*_majors(scene), *labels)


def list_near_classes(notice: Notice, answers: Mapping[str, str], today: date, most: int = 2) -> Sequence[Option]:
    """Return the classes that are easily taken for the chosen one: their majors begin alike (会计学, 会计电算化)."""
    chosen, major = (answers.get("cohort"), answers.get("major", "")), answers.get("major", "")
    others = [option for option in list_classes(notice, today) if _course(option) != chosen]
    return [option for option in others if option.answers["major"][:ALIKE_FROM] == major[:ALIKE_FROM]][:most]


READERS: Mapping[str, ValueReader] = {
    "fields": ValueReader(_list_fields, _read_label, _find_label),
    "cause": ValueReader(_list_causes, _read_label, _find_label),
    "level": ValueReader(_levels, _read_level, _find_course, lambda scene: _majors(replace(scene, answers={}))),
    "major": ValueReader(_majors, _read_major, _find_course),
    "day": ValueReader(_days, _read_day, _find_day),
    "certificate": ValueReader(lambda scene: (), _read_certificate),
}


@dataclass(frozen=True, slots=True)
class Asking:
    """What a step asks for at a moment, and the ways to answer it."""

    scene: Scene

    @property
    def _reader(self) -> ValueReader:
        return READERS[self.scene.reads.reader]

    @property
    def options(self) -> Sequence[Option]:
        """The buttons of the step, in reading order."""
        return self._reader.options(self.scene)

    @property
    def all_options(self) -> Sequence[Option]:
        """Everything that can be pressed: the step's buttons, and those that are offered only in answer to words."""
        return (*self.options, *self._reader.more(self.scene))

    def read(self, text: str) -> ValueReading | None:
        """Take a message as the answer; None when it says nothing of the kind."""
        return self._reader.read(text, self.scene, self.options)

    def find(self, text: str) -> FoundValues | None:
        """Find values in a message that may say more; None without any."""
        return self._reader.find(text, self.scene)
