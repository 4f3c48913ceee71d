"""Numbers of people and of questions, as the store counts them. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["came", "done", "reported"]
Reached = Literal["taken", "answer", "choices", "miss"]
"""Results of a typed message: taken as an answer to the step or as a command, answered as a question, answered with a
choice, not understood."""


@dataclass(frozen=True, slots=True)
class Group:
    """People of a `channel` who are alike. `cohort` and `step` None: not chosen, not begun."""

    cohort: str | None
    state: str
    step: str | None
    stuck: bool
    unreachable: bool
    people: int
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """The number of people who came, were done or reported a mistake for the first time on a day (local)."""

    day: date
    kind: Kind
    people: int


@dataclass(frozen=True, slots=True)
class Questions:
    """The number of typed messages of a cohort (None: not chosen) with one result."""

    cohort: str | None
    reached: Reached
    count: int
