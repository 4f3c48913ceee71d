"""The place where a message is typed: what the step offers, what was asked and answered just before. Pure values.

`place` builds one from the script; the rest of the session (last question, what was offered) is added by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from flows.model import Script, Step

Loc: TypeAlias = tuple[str | int, ...]
"""The path of a value in a script or a step: keys, and numbers of list items from 0."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values in a text and the stretch `text[start:end]` that says them. `chance` (0–1): how surely they are meant;
    `asked`: the words only ask about them.
    """

    values: Mapping[str, str] = field(hash=False)
    span: tuple[int, int]
    chance: float = 1.0
    asked: bool = False


Parse: TypeAlias = Callable[[str], Parsed | None]
"""Reads values in a text; None when there are none."""


class PlaceValues(NamedTuple):
    """What a text says of the values that a place asks for, and of the class where it asks for none."""

    parsed: Parsed | None
    course: Parsed | None


class Asked(StrEnum):
    """The kind of thing that the bot said last."""

    NOTHING = "nothing"  # before the walk, or a menu
    INSTRUCTION = "instruction"  # something to do, with one affirming option
    QUESTION = "question"  # a question with two or more real answers
    CHECKLIST = "checklist"
    ANSWER = "answer"  # to a question of the FAQ, or a card
    CONFIRM = "confirm"  # 重新开始，确定吗
    GOODBYE = "goodbye"  # 稍后, 再见


@dataclass(frozen=True, slots=True)
class StepOption:
    """An answer that the step takes: its action, and the groups of words that mean it. `affirms`: it is the one that
    leads on when the step gives an instruction; `command`: it is the command of that name.
    """

    action: str
    groups: tuple[str, ...]
    affirms: bool = False
    stuck: bool = False
    command: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The context in which a message is read.

    `fields` are the names of a checklist's items and `item` the asked one (0-based); `known_fields` are those of the
    notice, at any step. `topic` is the FAQ topic answered last, `about` in a few words what is spoken of: its title, or
    that of the step. `offered` is how many things there are to pick from, `likely` topics that belong to the step or
    follow the last answer, `nearby` those of the steps around it. `parse` reads the values that the step asks for,
    `find_course` a class or major where the step asks for none, `secret` finds what should not have been typed.
    `idle` are commands that nobody means here.
    """

    step: str
    asked: Asked
    options: tuple[StepOption, ...] = ()
    fields: tuple[str, ...] = ()
    known_fields: tuple[str, ...] = ()
    item: int = 0
    topic: str | None = None
    about: str = ""
    offered: int = 0
    likely: frozenset[str] = frozenset()
    nearby: frozenset[str] = frozenset()
    parse: Parse | None = None
    find_course: Parse | None = None
    secret: Callable[[str], bool] | None = None
    idle: frozenset[str] = frozenset()

    @property
    def ticks(self) -> bool:
        """Return whether the step is a checklist."""
        return any(option.action == "right" for option in self.options)

    def find_values(self, text: str) -> PlaceValues:
        """Return the values that a text says here."""
        return PlaceValues(
            self.parse(text) if self.parse else None, self.find_course(text) if self.find_course else None
        )

    def without_finders(self) -> Place:
        """Return the place as it compares and hashes: two with the same read a text with the same values alike."""
        return replace(self, parse=None, find_course=None, secret=None)


MENU = Place("menu", Asked.NOTHING)
"""Before the walk."""


def menu_of(script: Script) -> Place:
    """Return the place before the walk, where the bot asks how far somebody is: not begun, or at a shortcut."""
    names = {step: name for name, step in script.commands.items()}
    shortcuts = [
        StepOption(names.get(shortcut.go, shortcut.go), (f"menu.{shortcut.go}",), command=shortcut.go in names)
        for shortcut in script.shortcuts
        if shortcut.say
    ]
    commands = [StepOption(name, (f"menu.{name}",), command=True) for name in script.before]
    return replace(MENU, options=(*commands, *shortcuts))


def options(script: Script, step: Step) -> tuple[StepOption, ...]:
    """Return the answers of a step in the order of the script."""
    choices = script.choices_of(step)
    found = [
        StepOption(choice.id, groups(step, choice.id), affirms=at == 0 and choice.id in AFFIRMING)
        for at, choice in enumerate(choices)
    ]
    found += [StepOption(choice.id, groups(step, choice.id), stuck=True) for choice in step.stuck]
    if step.checklist:
        found += [StepOption(answer, groups(step, answer)) for answer, _ in step.checklist.choices]
    if step.reads:
        found += [StepOption(value, (f"{step.id}.{value}",)) for value in step.reads.say]
    return tuple(found)


AROUND = 3
"""Steps before and behind one whose topics are nearby."""
DONE = frozenset({"done", "settled"})
"""Choices that say that what was to be done is done."""
AFFIRMING = ("done", "go-on", "settled", "yes", "same")
"""Choices that say that what the step asks for is done."""


def groups(step: Step, action: str) -> tuple[str, ...]:
    """Return the names of the groups of words that mean an answer: its own, and that of every answer so called."""
    return (f"{step.id}.{action}", f"*.{action}")


def find_nearby(script: Script, step: Step, homes: Mapping[str, str | None]) -> frozenset[str]:
    """Return the topics of the steps around one; `homes` are the steps to which topics belong."""
    at = script.steps.index(step)
    around = script.steps[max(at - AROUND, 0) : at + AROUND + 1]
    ids = {one.id for one in around}
    own = {topic for topic, home in homes.items() if home in ids}
    return frozenset(own.union(*[one.trouble for one in around]))


def find_asked(script: Script, step: Step) -> Asked:
    """Return the kind of thing that a step asks for when it is shown."""
    if step.checklist:
        return Asked.CHECKLIST
    only = {choice.id for choice in script.choices_of(step)} <= DONE and len(script.choices_of(step)) == 1
    return Asked.INSTRUCTION if only and not step.reads else Asked.QUESTION


def wordings(script: Script) -> dict[str, list[str]]:
    """Return the groups of words of the script by name. A step's `done` text counts as words for the answer `done`."""
    found: dict[str, list[str]] = {f"*.{action}": list(words) for action, words in script.synonyms.items()}
    found |= {f"menu.{name}": list(words) for name, words in script.before.items()}
    found |= {f"menu.{shortcut.go}": list(shortcut.say) for shortcut in script.shortcuts if shortcut.say}
    for step in script.steps:
        for action, words in own_words(script, step).items():
            found[f"{step.id}.{action}"] = words
        if step.done and "{" not in step.done and f"{step.id}.done" in found:
            found[f"{step.id}.done"] = [*found[f"{step.id}.done"], step.done]
    return found


def own_words(script: Script, step: Step) -> dict[str, list[str]]:
    """Return the words of every answer of a step by its action: its label, then what else people type for it."""
    return {action: [word for _, word in rows] for action, rows in place_words(script, step).items()}


def place_words(script: Script, step: Step) -> dict[str, list[tuple[Loc, str]]]:
    """Return `own_words` each with its path in the step; the label of `next` is at its key."""
    found: dict[str, list[tuple[Loc, str]]] = {}
    if step.next:
        found["done"] = [(("next",), script.done_text), *_place_each(("say",), step.say)]
    for section, choices in (("choices", step.choices), ("stuck", step.stuck)):
        for at, choice in enumerate(choices):
            found[choice.id] = [((section, at, "text"), choice.text), *_place_each((section, at, "say"), choice.say)]
    for value, said in step.reads.say.items() if step.reads else ():
        found[value] = [*_place_each(("reads", "say", value), said)]
    if step.checklist:
        for at, (answer, text) in enumerate(step.checklist.choices):
            say = step.checklist.say.get(answer, ())
            found[answer] = [(("checklist", "choices", at, 1), text), *_place_each(("checklist", "say", answer), say)]
    return found


def _place_each(loc: Loc, words: Iterable[str]) -> Iterator[tuple[Loc, str]]:
    return (((*loc, at), word) for at, word in enumerate(words))


def list_idle(script: Script, step: Step) -> frozenset[str]:
    """Return the commands that nobody means at a step: where 正确 is clicked, 点了正确 is the answer; where the class
    is asked for, there is none yet that could be changed.
    """
    return frozenset([*["already-done"] * is_verdict(script, step), *["change-cohort"] * (step.id == script.start)])


def is_verdict(script: Script, step: Step) -> bool:
    """Return whether the step is the one where 正确 is clicked: it can be done, and something wrong leads elsewhere."""
    return any(gate.when == "wrong" for gate in step.gate) and any(c.id == "done" for c in script.choices_of(step))
