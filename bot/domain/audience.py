"""Audiences of broadcasts, without SQL: a rule of named terms, all of which must hold, each of which may be negated.

    未完成 专业=会计学或工商管理             walking, reported or new, of one of these majors
    step=m6-record -完成 silent=12         reached that step, not done, did not answer broadcast 12
    停在=m8-photo 状态=进行中或有误          at that step now, in one of these states

Pure. Whatever the rule says, only people get it who agreed to reminders, are reachable, and whose dates are not over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from flows.notice import Notice

Field = Literal[
    "cohort", "level", "major", "class", "step", "at", "state", "done", "stuck", "wrong", "new", "silent", "acked",
    "inactive", "channel",
]  # fmt: skip

NAMES: Mapping[str, Field] = {
    "年级": "cohort", "类别": "cohort", "cohort": "cohort", "层次": "level", "level": "level",
    "专业": "major", "major": "major", "班级": "class", "class": "class",
    "步骤": "step", "step": "step", "停在": "at", "at": "at",
    "状态": "state", "state": "state", "完成": "done", "做完": "done", "done": "done",
    "卡住": "stuck", "stuck": "stuck", "有误": "wrong", "wrong": "wrong", "没开始": "new", "new": "new",
    "未确认": "silent", "silent": "silent", "已确认": "acked", "acked": "acked",
    "没来": "inactive", "inactive": "inactive", "入口": "channel", "channel": "channel",
}  # fmt: skip
"""Names of terms in rules, with the field of each."""

KNOWN = tuple({field: name for name, field in [*NAMES.items()][::-1]}.values())[::-1]
"""The first name of each field, in the order of NAMES."""
LATE = ("过期也发", "late")
"""Words of a rule that are no terms: people whose dates are over get the broadcast too."""
FLAGS: tuple[Field, ...] = ("done", "stuck", "wrong", "new")
"""Terms without a value."""
STATE_WORDS: Mapping[str, str] = {"没开始": "new", "进行中": "walking", "有误": "reported", "完成": "done"}
"""The states of a walk as rules name them."""
ANY_OF = "或"
"""Stands between the values of a term of which one must hold."""
WITHIN = "只限"
"""Stands before the classes within which a rule looks, where it is written down; nobody can type it."""
SMALLEST = 5
"""People in a group whose number may be told. In a table of groups 0 may be told too."""
STUCK_DAYS = 3
"""Days without a turn after which somebody in the middle of the walk is stuck, as are all who wait for a person."""

_TERM = re.compile(r"(?P<turned>-|!|非|不是|未(?!确认)|没(?!来|开始))?(?P<name>[^=]+)(?:=(?P<value>.+))?")
_TURNED = re.compile(r"(?<!\S)(?:-|!|非|不是|not)[\s:：]+")
_APART = r"\s,，;；、"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `turned`: it must not hold. `value` is empty for a flag, and may be several, parted by `|`."""

    field: Field
    value: str = ""
    turned: bool = False

    def __str__(self) -> str:
        name = next(name for name, field in NAMES.items() if field == self.field)
        value = self.value.replace("|", ANY_OF)
        return f"{'-' if self.turned else ''}{name}{f'={value}' if value else ''}"

    @property
    def values(self) -> tuple[str, ...]:
        """The values of which one must hold."""
        return tuple(self.value.split("|"))


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody under the notice of whom every term holds. `late`: also those whose dates are over.

    `within` are the classes of whoever wrote the rule, who reaches nobody else; empty: anybody.
    """

    notice: str
    terms: tuple[Term, ...] = ()
    late: bool = False
    within: tuple[str, ...] = ()

    def __str__(self) -> str:
        within = [f"{WITHIN}={ANY_OF.join(self.within)}"] if self.within else []
        return " ".join([*map(str, self.terms), *within, *LATE[: self.late]])


@dataclass(frozen=True, slots=True)
class Wrong:
    """A word of a rule that is no term, and the words that are possible there."""

    word: str
    known: tuple[str, ...]


def parse_audience(
    text: str,
    notice: Notice,
    steps: Sequence[str],
    late: bool = False,  # noqa: FBT001, FBT002
    channels: Mapping[str, str] = MappingProxyType({}),
) -> Audience | Wrong:
    """Parse a rule; return its first word that is no term where there is one. `late`: see Audience. `channels` are the
    channels by name, with the word for each.
    """
    terms = []
    text = _TURNED.sub("-", re.sub(r"\s{0,40}[=＝]\s*", "=", text.strip()))
    # A value may contain the characters that separate terms.
    known = {*_words_of("major", notice, steps, {}), *_words_of("class", notice, steps, {})}
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    either = rf"(?:{names})(?:[|/{ANY_OF}](?:{names}))*"
    for word in re.findall(rf"[^{_APART}=]+=(?:{either})(?![^{_APART}])|[^{_APART}]+", text):
        if word in ("and", "且", "并且", "所有人", "all"):
            continue
        if word in LATE:
            late = True
            continue
        term = _term(word, notice, steps, channels)
        if isinstance(term, Wrong):
            return term
        terms.append(term)
    return Audience(notice.id, tuple(dict.fromkeys(terms)), late)


def _term(word: str, notice: Notice, steps: Sequence[str], channels: Mapping[str, str]) -> Term | Wrong:
    found = _TERM.fullmatch(word)
    field = NAMES.get(found["name"]) if found else None
    if not found or field is None:
        return Wrong(word, (*KNOWN, LATE[0]))
    value = found["value"] or ""
    known = tuple(_words_of(field, notice, steps, channels))
    values = _split(value, known)
    if field == "channel":
        names = {word: name for name, word in channels.items()}
        values = tuple(dict.fromkeys(names.get(word, word) for word in values))
    fits = (
        values
        if known
        else field != "channel" and value.isdecimal() and int(value) < 10**6
        if field not in FLAGS
        else not value
    )
    return Term(field, "|".join(values) or value, bool(found["turned"])) if fits else Wrong(word, known or ("1", "2"))


def _split(value: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the known words that a value names, parted by 或; nothing where another word is among them."""
    if value in known:
        return (value,)
    words = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    whole = words and re.fullmatch(rf"(?:{words})(?:[|/{ANY_OF}](?:{words}))*", value)
    return tuple(dict.fromkeys(re.findall(words, value))) if whole else ()


def _words_of(field: Field, notice: Notice, steps: Sequence[str], channels: Mapping[str, str]) -> Iterator[str]:
    if field == "cohort":
        yield from (cohort.id for cohort in notice.cohorts)
    if field == "level":
        yield from dict.fromkeys(cohort.level for cohort in notice.cohorts)
    if field == "major":
        yield from dict.fromkeys(major for cohort in notice.cohorts for major in cohort.majors or (cohort.label,))
    if field == "class":
        yield from (f"{cohort.id}:{major}" for cohort in notice.cohorts for major in cohort.majors)
        yield from (cohort.id for cohort in notice.cohorts)
    if field in ("step", "at"):
        yield from steps
    if field == "state":
        yield from STATE_WORDS
    if field == "channel":
        yield from dict.fromkeys((*channels, *channels.values()))


@dataclass(frozen=True, slots=True)
class Condition:
    """A term as the store looks for it: a kind, and plain values. `cohorts`: one of these is chosen (None: none is)."""

    kind: Literal[
        "cohorts", "major", "class", "step", "at", "states", "stuck", "acked", "silent", "inactive", "channel"
    ]
    values: tuple[str | None, ...] = ()
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """An audience at a moment, as a query to the store. `open_for`: cohorts whose dates are not over.

    `within`: nobody outside these classes is found.
    """

    channels: tuple[str, ...]
    notice: str
    conditions: tuple[Condition, ...]
    open_for: tuple[str | None, ...]
    most: tuple[str, int] | None = None
    """A prefix of keys, and how many broadcasts under it one person gets at most."""
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers of people: `found` by a rule, those of them who get nothing by reason, and `left` who get it.

    `reached`: these and all whom the same authors reach within a day; `lately` broadcasts of the channel, of anybody,
    started since the moment `since`, which begins that day. `told` are these numbers as people may see them; None: as
    they are.
    """

    found: int
    muted: int
    unreachable: int
    over: int
    left: int
    reached: int = 0
    lately: int = 0
    since: datetime | None = None
    told: Count | None = None


def round_count(count: Count) -> Count:
    """Return the numbers rounded down to multiples of SMALLEST; 0: fewer than that, or none.

    Few who are found and get nothing are told as if they did, lest the difference names a class whose dates are over.
    """
    names = ("found", "muted", "unreachable", "over", "left", "reached")
    count = replace(count, left=count.found) if count.found - count.left < SMALLEST else count
    return replace(count, **{name: getattr(count, name) // SMALLEST * SMALLEST for name in names}, told=None)


def search(audience: Audience, notice: Notice, channels: Sequence[str], now: datetime, at: datetime) -> Search:
    """Return the query for an audience among the people of some channels. `now` is local time of the notice, `at` the
    real moment in UTC.
    """
    conditions = tuple(_condition(term, notice, at) for term in audience.terms)
    return Search(tuple(channels), notice.id, conditions, open_for(audience, notice, now), within=audience.within)


def open_for(audience: Audience, notice: Notice, now: datetime) -> tuple[str | None, ...]:
    """Return the cohorts (None: not chosen) whose dates are not over at `now`, local time of the notice."""
    cohorts: list[str | None] = [*(cohort.id for cohort in notice.cohorts), None]
    late = audience.late
    return tuple(c for c in cohorts if late or any(not w.is_over(now) for w in notice.windows_for(c) if w.closes))


def _condition(term: Term, notice: Notice, at: datetime) -> Condition:
    match term.field:
        case "cohort":
            return Condition("cohorts", term.values, term.turned)
        case "level":
            ids = tuple(cohort.id for cohort in notice.cohorts if cohort.level in term.values)
            return Condition("cohorts", ids, term.turned)
        case "state":
            return Condition("states", tuple(STATE_WORDS[word] for word in term.values), term.turned)
        case "done":
            return Condition("states", ("done",), term.turned)
        case "new":
            return Condition("states", ("new",), term.turned)
        case "wrong":
            return Condition("states", ("reported",), term.turned)
        case "stuck":
            return Condition("stuck", (_days_before(at, STUCK_DAYS),), term.turned)
        case "inactive":
            return Condition("inactive", (_days_before(at, int(term.value)),), term.turned)
        case "major" | "class" | "step" | "at" | "acked" | "silent" | "channel":
            return Condition(term.field, term.values, term.turned)


def _days_before(at: datetime, days: int) -> str:
    """Return the moment so many days before, as the store writes times."""
    return (at - timedelta(days=min(days, 3650))).astimezone(UTC).isoformat(timespec="milliseconds")
