"""A limit on how often something may happen: a burst, then an even pace. No clock."""

from __future__ import annotations


class TokenBucket:
    """A burst, then one call every period; what counts for several may go into debt. Times in seconds of the caller's
    clock.
    """

    __slots__ = ("_full_at", "_period", "_slack")

    def __init__(self, per_s: float, burst: int) -> None:
        self._full_at = 0.0
        self.keep(per_s, burst)

    def keep(self, per_s: float, burst: int) -> None:
        """Allow this from now on."""
        self._period = 1 / per_s
        self._slack = (burst - 1) / per_s

    def ready_at(self, _count: int = 1) -> float:
        """Return when the next call is allowed, whatever it counts for."""
        return self._full_at - self._slack

    def idle_at(self) -> float:
        """Return when the bucket is full again."""
        return self._full_at

    def count(self, now: float, count: int = 1) -> None:
        """Count one call, or one that is worth several."""
        self._full_at = max(self._full_at, now) + count * self._period
