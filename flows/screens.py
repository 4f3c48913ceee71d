"""Counts the screens of the straight way through a script, so that a progress line can say how far one is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows.chapters import arrange
from flows.model import RETURN, Script, Step
from flows.notice import Notice


@dataclass(frozen=True, slots=True)
class StraightWay:
    """The screens from the start to the end when every step is affirmed: `first` of each step (from 1), `total` of all.

    `script` has its chapters in the notice's order.

    A checklist has a screen for each of its items. A step beside the way counts as the last one before it.
    """

    first: Mapping[str, int]
    total: int
    script: Script


def count_screens(script: Script, notice: Notice) -> StraightWay:
    """Count the screens of the way under a notice; what its gates say of the clock or of answers is left aside."""
    script, first = arrange(script, notice), dict[str, int]()
    step, screens = _pass_gates(script, script.by_id[script.start], notice), 0
    while step.id not in first:
        first[step.id] = screens + 1
        screens += len(notice.check_fields) if step.checklist and step.checklist.of == "fields" else 1
        target = next(iter(_list_ways(script, step)), RETURN)
        if step.state == "done" or target not in script.by_id:
            break
        step = _pass_gates(script, script.by_id[target], notice)
    counted, last = dict(first), 1
    for one in script.steps:
        if one.n is not None:
            last = counted.setdefault(one.id, last)
    return StraightWay(counted, screens, script)


def find_steps(script: Script, notice: Notice) -> list[Step]:
    """Return the steps to which somebody may come under a notice, in the order of its chapters."""
    way = count_screens(script, notice)
    steps, seen = way.script.by_id, set[str]()
    ahead = [script.start, *(shortcut.go for shortcut in script.shortcuts)]
    while ahead:
        step = _pass_gates(way.script, steps[ahead.pop()], notice)
        if step.id not in seen:
            seen.add(step.id)
            shown = [row.go for row in (*script.choices_of(step), *step.stuck) if _may_hold(row.when, notice)]
            asked = [row.go for row in (step.checklist, step.reads) if row]
            ahead += [go for go in (*asked, *shown) if go and go != RETURN]
            ahead += [gate.go for gate in step.gate if gate.go != RETURN]
    return sorted((step for step in script.steps if step.id in seen), key=lambda step: way.first.get(step.id, 0))


def _may_hold(condition: str | None, notice: Notice) -> bool:
    bare = (condition or "").removeprefix("not ")
    return not bare.startswith("notice.") or notice.has(bare[7:]) is (bare == condition)


def _list_ways(script: Script, step: Step) -> list[str]:
    """Return the steps to which one leads: by its checklist or what it reads, else by its choices in order."""
    ways = [step.checklist.go] if step.checklist else [step.reads.go] if step.reads and step.reads.go else []
    return [*ways, *(choice.go for choice in script.choices_of(step))]


def _pass_gates(script: Script, step: Step, notice: Notice) -> Step:
    for gate in step.gate:
        if "notice." in gate.when and _may_hold(gate.when, notice) and gate.go in script.by_id:
            return _pass_gates(script, script.by_id[gate.go], notice)
    return step
