"""Questions that were not answered, votes on answers, and counts of both. Values only; times are aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.counts import Reached


@dataclass(frozen=True, slots=True)
class Settled:
    """Unanswered questions that an admin has dealt with, by their numbers; `became` says how."""

    misses: tuple[int, ...]
    became: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Questions that were dealt with wait again: what was done with them was undone."""

    misses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that was not answered at once: masked words, and the topics that came nearest, best first.

    `tied`: several topics were as near, so that a choice was offered; `picked` is the one that was taken. `became`:
    None while it waits for an admin.
    """

    number: int
    at: datetime
    question: str
    topics: tuple[str, ...]
    became: str | None = None
    tied: bool = False
    picked: str | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    """Somebody took this topic when topics were offered for the question of that mark. Nothing leads to who it was."""

    mark: str
    topic: str


@dataclass(frozen=True, slots=True)
class Voted:
    """Whether a topic's answer helped the person whose turn it is; `revision` is the wording that they had read.

    Their newest word on the same wording counts. `reason` is a key of the phrases, empty without one.
    """

    topic: str
    revision: str
    helped: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """How many people said that an answer helped them, of how many; and how many gave which reason, most first."""

    helped: int
    of: int
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tallied:
    """A message that somebody of a cohort (None: not chosen) under a notice typed, and what became of it."""

    notice: str
    cohort: str | None
    reached: Reached
