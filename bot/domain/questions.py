"""Questions that were not answered, votes on answers, and counts of both. Values only; times are aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.counts import Reached


@dataclass(frozen=True, slots=True)
class Settled:
    """An admin dealt with unanswered questions, by their numbers; `became` says how."""

    misses: tuple[int, ...]
    became: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """An admin gave unanswered questions, by their numbers, to another one (`to`, an id of their channel)."""

    misses: tuple[int, ...]
    to: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Questions that an admin dealt with wait again, because what was done about them was undone."""

    misses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that was not answered at once: masked words, and the topics that came nearest, best first.

    `tied`: several topics were as near, so that a choice was offered; `picked` is the one that was taken. `became`:
    None while it waits for an admin. `assignee` is the admin who is to answer it.
    """

    number: int
    at: datetime
    question: str
    topics: tuple[str, ...]
    became: str | None = None
    tied: bool = False
    picked: str | None = None
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """The match of this question was explained to the person whose turn it is; it replaces the one before."""

    question: str


@dataclass(frozen=True, slots=True)
class AnswerWanted:
    """The person whose turn it is wants to hear the answer to the question of this mark, when there is one.

    Kept until that moment at most; None: of no question any more.
    """

    mark: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class AnswerTold:
    """The answer that `user` wanted, by the number of that wish, was sent."""

    user: str
    number: int


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who wants to hear the answer: the number of the wish, the person, the masked question, the session."""

    number: int
    channel: str
    user: str
    question: str
    session: str | None


@dataclass(frozen=True, slots=True)
class Picked:
    """Somebody took this topic when topics were offered for the question with that mark. Anonymous."""

    mark: str
    topic: str


@dataclass(frozen=True, slots=True)
class Voted:
    """The person whose turn it is says that a topic's answer helped or not; `revision` is the wording that they read.

    Their newest vote on the same wording counts. `reason` is a key of the phrases, empty without one.
    """

    topic: str
    revision: str
    helped: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """Numbers of votes on an answer: `helped` of all `of`, and by reason, most first."""

    helped: int
    of: int
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tallied:
    """Somebody of a cohort (None: not chosen) under a notice typed a message, with this result."""

    notice: str
    cohort: str | None
    reached: Reached
