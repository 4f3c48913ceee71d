"""A walk in the tests of the engine: positions, moves, typed words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flows.engine import Move, Walk
from flows.model import Position, Script
from flows.notice import Notice
from tests.conftest import shipped
from tests.person import at

SCRIPT = shipped().script
NOTICE = next(iter(shipped().notices.values()))
FIELDS = [f"field:{field.name}" for field in NOTICE.check_fields]
ALL_RIGHT = {**dict.fromkeys(FIELDS, "right"), "photo": "right"}
DAYS = ("2013-11-20", "2013-12-05", "2013-12-25", "2014-03-19", "2026-11-24")
TOLD = {"major": "工程造价", **{f"cause:{field.name}": "unknown" for field in NOTICE.check_fields}}
"""What the school is told besides what is wrong."""
GUARDED = ("m9-verdict", "m10-date", "m10-done")
"""Where it is said that 正确 may be clicked, or was."""


def walk(day: str = "2013-12-05", script: Script = SCRIPT, notice: Notice = NOTICE) -> Walk:
    return Walk(script, notice, at(day))


def standing(step: str, item: int = 0, trail: Sequence[str] = (), **answers: str) -> Position:
    return Position(SCRIPT.id, SCRIPT.revision, step, item, 7, answers, tuple(trail))


def on(step: str, answers: Mapping[str, str], trail: Sequence[str] = ()) -> Position:
    return replace(standing(step, trail=trail), answers=answers)


def pressed(move: Move | None) -> Position:
    assert move, "no such button"
    return move.position


def type_words(text: str, here: Position) -> Position:
    """Where words lead that the present step's reader takes as its answer."""
    asking = walk().asking(here)
    reading = asking.read(text) if asking else None
    assert reading
    return walk().answer(here, reading.answers).position
