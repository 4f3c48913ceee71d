"""A limit on how often something may happen: a burst, then an even pace. No clock."""

from __future__ import annotations


class TokenBucket:
    """A burst, then one call every period. Times in seconds of the caller's clock."""

    __slots__ = ("_full_at", "_period", "_slack")

    def __init__(self, per_s: float, burst: int) -> None:
        self._full_at = 0.0
        self.keep(per_s, burst)

    def keep(self, per_s: float, burst: int) -> None:
        """Allow this from now on."""
        self._period = 1 / per_s
        self._slack = (burst - 1) / per_s

    def ready_at(self) -> float:
        """Return when the next call is allowed."""
        return self._full_at - self._slack

    def idle_at(self) -> float:
        """Return when the bucket is full again."""
        return self._full_at

    def count(self, now: float) -> None:
        """Count one call."""
        self._full_at = max(self._full_at, now) + self._period
