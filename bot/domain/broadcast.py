"""Broadcasts, their recipients and outcomes, and the effects on broadcasts. Values only; times are aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.domain.audience import Search
from bot.domain.lifecycle import BroadcastState

RowState = Literal["pending", "sending", "sent", "blocked", "failed", "unsure", "skipped"]
Act = Literal["send", "edit", "delete"]
Ack = Literal["known", "done", "trouble"]

STATES: tuple[RowState, ...] = ("pending", "sending", "sent", "blocked", "failed", "unsure", "skipped")


@dataclass(frozen=True, slots=True)
class Reach:
    """The channels that broadcasts go to, beside that of their staff, unless told otherwise; and the page's public
    address, which they may name ("": there is none).
    """

    channels: tuple[str, ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast of the staff of `channel`. `draft` is JSON; `made_by` a staff member's id, `cli:…` or `plan`; `total`
    the number of recipients at its start.

    `made_at` is when its draft was last changed. `approved` is the hash of the content that `approved_by` agreed to.
    `resume_at`: a pause that ends by itself. `came_from` is the state before, `recalled`: it was taken back since.
    """

    number: int
    channel: str
    act: Act
    state: BroadcastState
    draft: str
    version: int
    made_by: str
    made_at: datetime
    approved_by: str | None = None
    approved: str | None = None
    due_at: datetime | None = None
    resume_at: datetime | None = None
    why: str = ""
    card: str | None = None
    total: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    key: str | None = None
    parent: int | None = None
    reach: Reach = Reach()
    came_from: BroadcastState | None = None
    recalled: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels whose people may get it."""
        return tuple(dict.fromkeys((self.channel, *self.reach.channels)))


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient whose message is about to go out, in the person's `channel` of now. `user` None: forgotten since.
    `sent`: the parent's message, which arrived at `sent_at` in `sent_in`.
    """

    id: int
    user: str | None
    session: str | None
    reachable: bool
    attempts: int
    sent: str | None = None
    sent_at: datetime | None = None
    channel: str = ""
    sent_in: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a row, in the `channel` where it was sent. `not_before` only for one that is pending again."""

    row: int
    state: RowState
    reason: str = ""
    message: str | None = None
    not_before: datetime | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of recipients by state and by answer. The states add up to `total`.

    `skipped`: numbers of those who were left out, by reason. `waiting`: those of `sent` whose page has not fetched it.
    `channels`: the numbers by state of each channel, which add up to `states`.
    """

    states: Mapping[RowState, int] = field(default_factory=dict)
    acks: Mapping[Ack, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    channels: Mapping[str, Mapping[RowState, int]] = field(default_factory=dict)

    def __getitem__(self, state: RowState) -> int:
        return self.states.get(state, 0)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def finished(self) -> int:
        """The number of recipients with an outcome."""
        return self.total - self["pending"] - self["sending"]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A broadcast gets another draft before its start. Outdated when it is no longer in the `version` that was read."""

    number: int
    version: int
    draft: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A broadcast goes from one state to another. Outdated when it is elsewhere by now.

    `also`: columns that change with it, times as they are.
    """

    number: int
    source: BroadcastState
    target: BroadcastState
    also: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """A broadcast runs from now on, to those whom `search` finds, or whose rows of `parent` are in `states`.

    `proof` goes into the chain of proof. Outdated when it is elsewhere by now, or when of its channel other than
    `lately` broadcasts started since the moment `since` (None: any number), so that two cannot pass a limit together.
    """

    number: int
    source: BroadcastState
    search: Search | None
    proof: Mapping[str, object]
    parent: int | None = None
    states: tuple[str, ...] = ()
    since: datetime | None = None
    lately: int = 0


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A broadcast ends; those who have not got it are left out. Outdated when it is elsewhere by now."""

    number: int
    source: BroadcastState


@dataclass(frozen=True, slots=True)
class Answered:
    """The person whose turn it is answered a broadcast."""

    number: int
    ack: Ack
