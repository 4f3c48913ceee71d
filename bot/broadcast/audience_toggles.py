"""Whom a rule is for, as things to tick: levels, classes, majors, states; and the rule after a tick. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bot.domain.audience import STATE_WORDS, Audience, Field, Term
from flows.notice import Cohort, Notice

STATES = tuple(STATE_WORDS.values())
_FLAGS: dict[Field, str] = {"new": "new", "wrong": "reported", "done": "done"}
_OF_CLASS: tuple[Field, ...] = ("cohort", "level", "major", "class")


@dataclass(frozen=True)
class AudienceToggles:
    """A rule under a notice as what is ticked. Nothing ticked of classes: all of them."""

    notice: Notice
    audience: Audience

    @property
    def courses(self) -> frozenset[str]:
        """Every class: `cohort:major`, a cohort without majors by its id."""
        return frozenset(name for cohort in self.notice.cohorts for name in courses_of(cohort))

    @property
    def chosen(self) -> frozenset[str]:
        """The classes that are ticked; all when the rule names none."""
        found = self.courses
        for term in self.audience.terms:
            if term.field in _OF_CLASS:
                named = frozenset(self._courses_of_term(term))
                found = found - named if term.turned else found & named
        return found

    @property
    def states(self) -> frozenset[str]:
        """The states that are ticked."""
        found = frozenset(STATES)
        for term in self.audience.terms:
            if (named := _states_of(term)) is not None:
                found = found - named if term.turned else found & named
        return found

    @property
    def is_all(self) -> bool:
        """True while the rule names no class."""
        return not any(term.field in _OF_CLASS for term in self.audience.terms)

    def is_ticked(self, names: Iterable[str]) -> bool:
        """Return whether all of some classes are ticked one by one."""
        return not self.is_all and {*names} <= self.chosen

    def tick(self, what: str) -> Audience | None:
        """Return the rule after a tick: `s:done` a state, `l:0` a level, `c:0` a cohort, `m:0` a class, by their place
        in the notice, `all` every class; None for what there is not.
        """
        kind, _, place = what.partition(":")
        if what == "all":
            return self._with_courses(self.courses)
        if kind == "s" and place in STATES:
            return self._with_states(self.states ^ {place})
        named = self._find(kind, int(place) if place.isascii() and place.isdecimal() and len(place) < 5 else -1)
        if named is None:
            return None
        before = frozenset[str]() if self.is_all else self.chosen
        return self._with_courses(before - named if named <= before else before | named)

    def _find(self, kind: str, place: int) -> frozenset[str] | None:
        groups = {"l": levels_of(self.notice).values(), "c": map(courses_of, self.notice.cohorts)}
        each = ((name,) for cohort in self.notice.cohorts for name in courses_of(cohort))
        found: list[tuple[str, ...]] = [*each] if kind == "m" else [tuple(names) for names in groups.get(kind, ())]
        return frozenset(found[place]) if 0 <= place < len(found) else None

    def _courses_of_term(self, term: Term) -> Iterator[str]:
        for cohort in self.notice.cohorts:
            for name in courses_of(cohort):
                major = name.partition(":")[2] or cohort.label
                named = {"cohort": cohort.id, "level": cohort.level, "major": major, "class": name}[term.field]
                if named in term.values or (term.field == "class" and cohort.id in term.values):
                    yield name

    def _with_courses(self, chosen: frozenset[str]) -> Audience:
        rest = tuple(term for term in self.audience.terms if term.field not in _OF_CLASS)
        if not chosen or chosen == self.courses:
            return replace(self.audience, terms=rest)
        return replace(self.audience, terms=(self._name(chosen), *rest))

    def _name(self, chosen: frozenset[str]) -> Term:
        """Return the shortest term for some classes."""
        by_level = {level: frozenset(names) for level, names in levels_of(self.notice).items()}
        levels = [level for level, names in by_level.items() if names <= chosen]
        if chosen == frozenset().union(*(by_level[level] for level in levels)):
            return Term("level", "|".join(levels))
        whole = [cohort.id for cohort in self.notice.cohorts if {*courses_of(cohort)} <= chosen]
        if chosen == {name for c in self.notice.cohorts if c.id in whole for name in courses_of(c)}:
            return Term("cohort", "|".join(whole))
        majors = list(dict.fromkeys(name.partition(":")[2] for name in sorted(chosen)))
        if all(majors) and chosen == {name for name in self.courses if name.partition(":")[2] in majors}:
            ordered = [m for c in self.notice.cohorts for m in c.majors if m in majors]
            return Term("major", "|".join(dict.fromkeys(ordered)))
        ordered = [name for cohort in self.notice.cohorts for name in courses_of(cohort) if name in chosen]
        return Term("class", "|".join(ordered))

    def _with_states(self, states: frozenset[str]) -> Audience:
        rest = tuple(term for term in self.audience.terms if _states_of(term) is None)
        if not states or states == {*STATES}:
            return replace(self.audience, terms=rest)
        if states == {*STATES} - {"done"}:
            return replace(self.audience, terms=(*rest, Term("done", turned=True)))
        words = [word for word, state in STATE_WORDS.items() if state in states]
        flag = next((field for field, state in _FLAGS.items() if states == {state}), None)
        term = Term(flag) if flag else Term("state", "|".join(words))
        return replace(self.audience, terms=(*rest, term))


def courses_of(cohort: Cohort) -> tuple[str, ...]:
    """Return the names of a cohort's classes."""
    return tuple(f"{cohort.id}:{major}" for major in cohort.majors) or (cohort.id,)


def levels_of(notice: Notice) -> dict[str, list[str]]:
    """Return the classes of each level."""
    found: dict[str, list[str]] = {}
    for cohort in notice.cohorts:
        found.setdefault(cohort.level, []).extend(courses_of(cohort))
    return found


def _states_of(term: Term) -> frozenset[str] | None:
    """Return the states that a term names; None for a term of something else."""
    if term.field == "state":
        return frozenset(STATE_WORDS[word] for word in term.values)
    return frozenset({_FLAGS[term.field]}) if term.field in _FLAGS else None
