"""Whom a teacher's sentence means: classes, states, steps, and those left out. Pure.

Whatever cannot be said by one rule, or may be meant in two ways, is a doubt, and nobody is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.broadcast.sentence_exceptions import CLASSES, STATES, Doubt, find_exceptions, names_whole
from bot.broadcast.sentence_words import Token
from bot.domain.audience import STATE_WORDS, Term
from flows.course_names import Course
from flows.date_rules import read_number
from flows.notice import Notice


@dataclass(frozen=True, slots=True)
class StepName:
    """A step as staff call it: by its number in the walk, or by words of its title."""

    id: str
    n: int | None
    title: str


@dataclass(frozen=True, slots=True)
class Who:
    """Those whom a sentence means, as it names them. `terms` say it as a rule. Any `doubts`: nobody is chosen."""

    cohorts: tuple[str, ...] = ()
    majors: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    not_cohorts: tuple[str, ...] = ()
    not_majors: tuple[str, ...] = ()
    not_states: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    doubts: tuple[Doubt, ...] = ()


_OF_STATE = {"new": "new", "done": "done", "reported": "reported", "walking": "walking"}
_TURNED = {"notdone": "done", "notreported": "reported", "notstuck": "stuck"}
_FLAGS = {"new": "new", "done": "done", "reported": "wrong", "stuck": "stuck"}
_WORDS = {state: word for word, state in STATE_WORDS.items()}


def find_audience(tokens: Sequence[Token], notice: Notice, steps: Sequence[StepName], *, has_text: bool) -> Who:
    """Return whom the tokens mean. `has_text`: the message is the teacher's own, so that all may be meant by 所有人."""
    out, doubts = find_exceptions(tokens)
    doubts += [("unread", t.text) for t in tokens if t.kind == "unread"]
    inside = [t for n, t in enumerate(tokens) if n not in out]
    classes = _SaidClasses(notice)
    classes.read(tokens, out)
    doubts += classes.doubts
    doubts += [("unread", t.text) for t in tokens if t.kind == "rest" and not out and classes.chosen]
    states = _find_states([t for n, t in enumerate(tokens) if n not in out], [tokens[n] for n in sorted(out)])
    doubts += states.doubts
    found_steps, step_doubts = _find_steps(inside, steps)
    doubts += step_doubts
    if _is_mixed(tokens, out):
        doubts.append(("mixed", ""))
    named = bool(classes.chosen or classes.left_out or states.said or found_steps)
    every = next((t for t in inside if t.kind == "everybody"), None)
    if not named and not doubts and not every and not any("群发" in t.text for t in inside if t.kind == "verb"):
        doubts.append(("who", ""))
    if classes.left_out and not (classes.chosen or states.said or found_steps or every) and not _has_verb(inside):
        doubts.append(("who", ""))
    literal = bool(every and every.groups.get("all")) and not (classes.chosen or found_steps or states.said)
    if literal and not has_text:
        doubts.append(("everybody", ""))
    is_default = not (literal or states.chosen or states.every or "done" in states.turned)
    not_states = (*states.turned, *(("done",) if is_default else ()))
    who = Who(
        classes.cohorts, classes.majors, states.chosen, found_steps, classes.not_cohorts, classes.not_majors, not_states
    )
    if doubts:
        return Who(doubts=tuple(dict.fromkeys(doubts)))
    terms = (*classes.terms, *_list_terms(states.chosen, not_states))
    at_step = (Term("at", "|".join(found_steps)),) if found_steps else ()
    return Who(**{name: getattr(who, name) for name in Who.__slots__[:7]}, terms=(*terms, *at_step))


def _has_verb(tokens: Iterable[Token]) -> bool:
    return any(t.kind == "verb" for t in tokens)


def _is_mixed(tokens: Sequence[Token], out: set[int]) -> bool:
    """Return whether classes have states of their own: 会计学没开始的和工商管理已报告的."""
    order: list[tuple[str, frozenset[str]]] = []
    for n, token in enumerate(tokens):
        if n in out or token.kind not in CLASSES | STATES:
            continue
        is_class = token.kind in CLASSES
        said = (
            frozenset() if is_class else frozenset({token.text.strip("的") if token.kind == "step" else _name(token)})
        )
        if order and order[-1][0] == ("C" if is_class else "S"):
            order[-1] = (order[-1][0], order[-1][1] | said)
        else:
            order.append(("C" if is_class else "S", said))
    states = [said for kind, said in order if kind == "S"]
    if len(states) > 1 and any(said != states[0] for said in states):
        return True
    return [kind for kind, _ in order] == ["C", "S", "C"] and states[0] != {"notdone"}


def _name(token: Token) -> str:
    return next((name for name, found in token.groups.items() if found), token.kind)


# Classes


@dataclass
class _Item:
    """Classes that one name means; `scope` are the cohorts to which words around it narrow them."""

    text: str
    courses: list[Course]
    is_whole: bool
    scope: tuple[str, ...] = ()


@dataclass
class _SaidClasses:
    """Reads the classes of a sentence: 专升本的会计 is one major of a level, 专升本、会计电算化 are two classes."""

    notice: Notice
    chosen: list[_Item] = field(default_factory=list)
    left_out: list[_Item] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def read(self, tokens: Sequence[Token], out: set[int]) -> None:
        linked: dict[bool, bool] = {False: False, True: False}
        for n, token in enumerate(tokens):
            is_out = n in out
            if token.mention:
                self._take(token, self.left_out if is_out else self.chosen, is_linked=linked[is_out])
                linked = {is_out: True, not is_out: False}
            elif token.kind == "grade":
                self._take_grade(token, tokens)
            elif token.kind in ("join", "verb") or (token.kind == "stop" and token.text.strip("()（） ")):
                linked = {False: False, True: False}
        for items in (self.chosen, self.left_out):
            for item in items:
                self._settle(item, narrow=items is self.left_out)

    def _take(self, token: Token, items: list[_Item], *, is_linked: bool) -> None:
        mention = token.mention
        assert mention
        courses, last = list(mention.courses), items[-1] if items and is_linked else None
        is_whole = names_whole(mention)
        if last is None:
            scope = items[-1].scope if items and not is_whole else ()
            within = [course for course in courses if course.cohort in scope]
            items.append(_Item(token.text, within or courses, is_whole, scope if within else ()))
            return
        both = [course for course in courses if course in last.courses]
        if not both:
            self.doubts.append(("unread", last.text + token.text))
        cohorts = last if last.is_whole else None
        scope = tuple(dict.fromkeys(c.cohort for c in (last.courses if cohorts else courses)))
        items[-1] = _Item(
            last.text + token.text, both, last.is_whole and is_whole, () if is_whole and cohorts else scope
        )

    def _take_grade(self, token: Token, tokens: Sequence[Token]) -> None:
        year = (token.groups["grade"] or "")[-2:]
        of_year = [
            c.id for c in self.notice.cohorts if any(re.findall(r"\d{2,4}", g)[0][-2:] == year for g in c.grades)
        ]
        if not of_year:
            self.doubts.append(("unread", token.text))
        elif not any(t.mention for t in tokens):
            courses = [course for course in self._all() if course.cohort in of_year]
            self.chosen.append(_Item(token.text, courses, is_whole=True))

    def _all(self) -> list[Course]:
        return [Course(c.id, c.level, major) for c in self.notice.cohorts for major in c.majors or (None,)]

    def _settle(self, item: _Item, *, narrow: bool) -> None:
        """Take one of several majors that share a name where the rest of the sentence leaves one; else doubt. A class
        beside the cohort that it belongs to (专升本，会计学) may be a part of it or stand for itself.
        """
        if item.is_whole:
            return
        wholes = [other for other in self.chosen if other.is_whole]
        if not narrow and (over := next((o for o in wholes if any(c in o.courses for c in item.courses)), None)):
            self.doubts.append(("states", f"{over.text}、{item.text}"))
        within = {course.cohort for other in self.chosen if other.is_whole for course in other.courses}
        if narrow and (left := [course for course in item.courses if course.cohort in within]):
            item.courses = left
        majors = dict.fromkeys(course.major or "" for course in item.courses)
        if len(majors) > 1:
            self.doubts.append(("majors", f"{item.text}|{'、'.join(majors)}"))

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The cohorts that are named, whole or to say which major is meant, in the notice's order."""
        whole = {course.cohort for item in self.chosen if item.is_whole for course in item.courses}
        scopes = {cohort for item in self.chosen for cohort in item.scope}
        if scopes and not whole:  # majors outside the scope belong to it as well, lest the rule drops them
            unscoped = [item for item in self.chosen if not item.is_whole and not item.scope]
            whole |= {course.cohort for item in unscoped for course in item.courses}
        return tuple(c.id for c in self.notice.cohorts if c.id in whole | scopes)

    @property
    def majors(self) -> tuple[str, ...]:
        return _list_majors(item for item in self.chosen if not item.is_whole)

    @property
    def not_cohorts(self) -> tuple[str, ...]:
        named = {course.cohort for item in self.left_out if item.is_whole for course in item.courses}
        return tuple(c.id for c in self.notice.cohorts if c.id in named)

    @property
    def not_majors(self) -> tuple[str, ...]:
        return _list_majors(item for item in self.left_out if not item.is_whole)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The classes as terms of a rule."""
        whole = {course.cohort for item in self.chosen if item.is_whole for course in item.courses}
        terms = []
        if whole and self.majors:
            rows = [c for c in self.notice.cohorts if c.id in whole]
            named = [major for c in rows for major in c.majors or (c.label,)]
            terms.append(Term("major", "|".join(dict.fromkeys((*named, *self.majors)))))
        else:
            terms += [self._cohort_term(self.cohorts, turned=False)] if self.cohorts else []
            terms += [Term("major", "|".join(self.majors))] if self.majors else []
        terms += [self._cohort_term(self.not_cohorts, turned=True)] if self.not_cohorts else []
        terms += [Term("major", "|".join(self.not_majors), turned=True)] if self.not_majors else []
        return tuple(terms)

    def _cohort_term(self, ids: Sequence[str], *, turned: bool) -> Term:
        levels = dict.fromkeys(c.level for c in self.notice.cohorts if c.id in ids)
        if {c.id for c in self.notice.cohorts if c.level in levels} == {*ids}:
            return Term("level", "|".join(levels), turned)
        return Term("cohort", "|".join(ids), turned)


def _list_majors(items: Iterable[_Item]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(course.major or "" for item in items for course in item.courses))


# States and steps


@dataclass(frozen=True, slots=True)
class _States:
    chosen: tuple[str, ...] = ()
    turned: tuple[str, ...] = ()
    every: bool = False
    doubts: tuple[Doubt, ...] = ()

    @property
    def said(self) -> bool:
        return bool(self.chosen or self.turned or self.every)


def _find_states(inside: Sequence[Token], outside: Sequence[Token]) -> _States:
    chosen, turned, every = dict[str, None](), dict[str, None](), False
    for tokens, is_out in ((inside, False), (outside, True)):
        for name in (_name(t) for t in tokens if t.kind in ("state", "stuck")):
            every |= name == "every"
            state, is_turned = (_TURNED[name], True) if name in _TURNED else (_OF_STATE.get(name, name), False)
            if name != "every":
                (turned if is_turned != is_out else chosen)[state] = None
    said = f"{'、'.join(t.text for t in inside if t.kind in ('state', 'stuck'))}"
    wrong = (
        (every and (chosen or turned))
        or {*chosen} & {*turned}
        or ("stuck" in chosen and len(chosen) > 1)
        or (chosen and turned and _are_joined(inside))
    )
    return _States(tuple(chosen), tuple(turned), every, (("states", said),) if wrong else ())


def _are_joined(tokens: Sequence[Token]) -> bool:
    """Return whether two states stand with 和 or 或 between them: 没做完的和已报告的."""
    before = joined = False
    for token in tokens:
        if token.kind in ("state", "stuck"):
            if before and joined:
                return True
            before, joined = True, False
        elif token.kind == "join":
            joined = True
        elif token.kind != "filler":
            before = False
    return False


def _list_terms(chosen: Sequence[str], turned: Sequence[str]) -> tuple[Term, ...]:
    terms = tuple(Term(_FLAGS[state], turned=True) for state in turned if state in _FLAGS)  # type: ignore[arg-type]
    if len(chosen) == 1 and chosen[0] in _FLAGS:
        return (Term(_FLAGS[chosen[0]]), *terms)  # type: ignore[arg-type]
    return (*((Term("state", "|".join(_WORDS[state] for state in chosen)),) if chosen else ()), *terms)


def _find_steps(tokens: Sequence[Token], steps: Sequence[StepName]) -> tuple[tuple[str, ...], list[Doubt]]:
    found, doubts = dict[str, None](), list[Doubt]()
    numbered = list({step.n: step for step in reversed(steps) if step.n is not None}.values())[::-1]
    for token in tokens:
        if token.kind != "step":
            continue
        meant = _match_steps(token, steps)
        if not meant or len({step.n for step in meant}) > 1 or (found and token.text.startswith("到")):
            doubts.append(("step", f"{token.text}|{'、'.join(step.title for step in meant or numbered)}"))
        found |= dict.fromkeys(step.id for step in meant)
    return tuple(found), doubts


def _match_steps(token: Token, steps: Sequence[StepName]) -> list[StepName]:
    if number := token.groups.get("n"):
        return [step for step in steps if step.n == read_number(number)]
    words = token.groups.get("title") or token.groups.get("title2") or ""
    exact = [step for step in steps if step.title == words]
    return exact or [step for step in steps if words in step.title or step.title in words]
