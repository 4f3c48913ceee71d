"""Telegram's limits: how many messages in which time, and how long a caller waits. No clock, no asyncio."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Lane = Literal["reply", "bulk"]
"""Replies go first; bulk (broadcasts) takes what is left."""
Chat = int | str
"""A chat's id; negative for groups. Or @name of a channel or public group."""

EPOCH = 60
"""Calls after which the shortest round trip is measured anew; before the first ones are over it counts as 0."""
MARGIN_S = 0.015
"""Tolerance: the shortest of few round trips may be so far above the shortest possible one."""


class Patience(NamedTuple):
    """The seconds that a caller waits: for its chat and Telegram's pauses, and for its turn among all chats."""

    chat_s: float
    queue_s: float = math.inf


PATIENCE: Mapping[Lane, Patience] = {"reply": Patience(3.0), "bulk": Patience(60.0)}
"""The defaults of callers."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a second unless a name says otherwise; the defaults are what Telegram documents, or a little less."""

    bulk_per_s: float = 25.0
    total_in_a_s: int = 29
    private_per_s: float = 1.0
    private_burst: int = 3
    group_in_a_min: int = 20
    edits_per_s: float = 1.0
    edits_burst: int = 4
    # With more callers waiting than this, the next one is refused at once.
    waiting: int = 20_000

    @classmethod
    def at(cls, rate: float) -> Limits | None:
        """Return limits for `rate` bulk messages a second (GRADBOT_RATE).

        None, no limits at all, above 1,000: more than Telegram ever allows, so this is a test server.
        """
        total = (29 if rate < 29 else 30) if rate <= 30 else round(rate * 1.15)  # 30 are free of charge
        return None if rate > 1000 else cls(bulk_per_s=rate, total_in_a_s=total)

    def share(self, workers: int, *, leads: bool, is_sending: bool) -> Limits:
        """Return the part of one of several workers; the parts of all are no more than the whole.

        The one who `leads` sends bulk and what was left in the outbox; `is_sending`: it sends bulk now.
        """
        others = workers - 1
        if not others:
            return self
        # The leader answers people as well: without a part of what bulk leaves, each of its answers would delay bulk.
        spare = (self.total_in_a_s - self.bulk_per_s * is_sending) * others / workers
        total, group = max(1, int(spare / others)), max(1, self.group_in_a_min // 2 // others)
        return replace(
            self,
            total_in_a_s=max(1, self.total_in_a_s - total * others) if leads else total,
            group_in_a_min=max(1, self.group_in_a_min - group * others) if leads else group,
            private_per_s=self.private_per_s / workers,
            private_burst=math.ceil(self.private_burst / workers),
            edits_per_s=self.edits_per_s / workers,
            edits_burst=math.ceil(self.edits_burst / workers),
        )


class SlidingWindow:
    """At most `size` messages in any stretch of `span_s` seconds; more at once when there were none."""

    __slots__ = ("_size", "_span", "_times")

    def __init__(self, size: int, span_s: float) -> None:
        self._size = size
        self._span = span_s
        self._times: deque[float] = deque()

    def keep(self, size: int) -> None:
        """Allow this from now on."""
        self._size = size

    def ready_at(self, count: int = 1) -> float:
        """Return when the next `count` messages are allowed; 0 for at once."""
        free = max(self._size - count, 0)
        return self._times[-free - 1] + self._span if len(self._times) > free else 0.0

    def idle_at(self) -> float:
        """Return when the last message leaves the window."""
        return self._times[-1] + self._span if self._times else 0.0

    def count(self, now: float, count: int = 1) -> None:
        """Count messages."""
        self._times.extend([now] * count)
        while self._times[0] + self._span <= now:
            self._times.popleft()


class RoundTrips:
    """The shortest round trip in seconds, among the calls of this epoch (at most EPOCH) and the one before."""

    __slots__ = ("_before", "_count", "_now")

    def __init__(self) -> None:
        self._before = 0.0
        self._now = math.inf
        self._count = 0

    def shortest_with(self, seconds: float) -> float:
        """Count a round trip; return the shortest now, less MARGIN_S, at least 0."""
        self._now = min(self._now, seconds)
        self._count += 1
        shortest = max(0.0, min(self._before, self._now) - MARGIN_S)
        if self._count == EPOCH:
            self._before, self._now, self._count = self._now, math.inf, 0
        return shortest
