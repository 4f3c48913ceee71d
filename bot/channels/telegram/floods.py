"""Limits on what comes in: who floods the bot is answered as far as a burst goes, told so once, then left unheard.

A person is counted only while earlier messages of theirs still wait for an answer: whoever waits for each answer,
however quickly they go on, is never limited. A group is always counted, as its answers are limited by Telegram, and so
is the search while somebody writes. What all people together send is limited by `intake.UNDER_WAY_MOST`: the rest waits
at Telegram. No clock, no asyncio, no sentences.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeVar

from bot.channels.token_bucket import TokenBucket

K = TypeVar("K")
V = TypeVar("V")

KEPT = 10_000
"""People and groups that are remembered; those who wrote last."""
QUIET_S = 60.0
"""Seconds without anything dropped after which somebody who floods again is told again."""

Kind = Literal["person", "group", "staff", "search", "urgent"]
"""The kinds of what is counted. staff: one person in the staff chat. urgent: words of a person that may be a cry for
help, once the person is over."""
Verdict = Literal["hear", "tell", "drop"]
"""Hear it; do not hear it but say so; do neither."""


class InboundLimit(NamedTuple):
    """So many at once, then so many a second."""

    burst: int
    per_s: float


LIMITS: Mapping[Kind, InboundLimit] = {
    "person": InboundLimit(15, 0.5),
    "group": InboundLimit(20, 1 / 3),
    "staff": InboundLimit(60, 2.0),
    "search": InboundLimit(40, 2.0),
    "urgent": InboundLimit(20, 0.5),
}


class Floods:
    """Judges what comes in. `clock` in seconds; `may_be_urgent` tells if words may be a cry for help."""

    def __init__(self, clock: Callable[[], float], may_be_urgent: Callable[[str], bool]) -> None:
        self._clock = clock
        self._may_be_urgent = may_be_urgent
        self._buckets: OrderedDict[tuple[Kind, int], TokenBucket] = OrderedDict()
        self._dropped_at: OrderedDict[int, float] = OrderedDict()

    def judge(self, kind: Kind, source: int, text: str, *, is_behind: bool = True) -> Verdict:
        """Return whether to hear something of a person or group, by its id.

        `is_behind`: earlier messages of this person are not answered yet.
        """
        if kind == "person" and not is_behind:
            return "hear"
        if self._takes(kind, source) or (self._may_be_urgent(text) and self._takes("urgent", source)):
            return "hear"
        now, before = self._clock(), self._dropped_at.pop(source, float("-inf"))
        _keep(self._dropped_at, source, now)
        return "tell" if now - before > QUIET_S else "drop"

    def _takes(self, kind: Kind, source: int) -> bool:
        now, limit = self._clock(), LIMITS[kind]
        bucket = self._buckets.pop((kind, source), None) or TokenBucket(limit.per_s, limit.burst)
        _keep(self._buckets, (kind, source), bucket)
        if bucket.ready_at() > now:
            return False
        bucket.count(now)
        return True


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep a value as the newest of KEPT."""
    kept[key] = value
    if len(kept) > KEPT:
        kept.popitem(last=False)
