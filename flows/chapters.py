"""Puts the chapters of a script into the order of a notice: the steps stay, their exits lead elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.model import Script, Step
from flows.notice import Notice


def arrange(script: Script, notice: Notice) -> Script:
    """Return the script with its chapters in the notice's order; the same object where the notice has none of its own.

    A chapter that the notice does not name stands before those that it names; its gate leads past it.
    """
    usual = {chapter.id: chapter for chapter in script.chapters}
    named = [name for name in notice.chapters if name in usual]
    order = [*(name for name in usual if name not in named), *named]
    if named == [name for name in usual if name in named]:
        return script
    end = script.chapters[-1].then
    follows = dict(zip(order, [*(usual[name].first for name in order[1:]), end], strict=True))
    owner = {step: chapter for chapter in script.chapters for step in chapter.steps}
    entry = {script.chapters[0].first: usual[order[0]].first}
    steps = tuple(
        _lead(step, {owner[step.id].then: follows[owner[step.id].id]} if step.id in owner else entry)
        for step in script.steps
    )
    return Script.model_construct(**{**dict(script), "steps": steps})  # a copy would keep what is cached


def _lead(step: Step, targets: Mapping[str, str]) -> Step:
    """Return a step whose exits and gates lead to other targets."""

    def turn(row: Any, key: str = "go") -> Any:
        new = targets.get(getattr(row, key) or "") if row else None
        return row.model_copy(update={key: new}) if new else row

    rows = {name: tuple(map(turn, getattr(step, name))) for name in ("choices", "stuck", "gate")}
    changed: Step = turn(step, "next")
    return changed.model_copy(update={**rows, "reads": turn(step.reads), "checklist": turn(step.checklist)})
