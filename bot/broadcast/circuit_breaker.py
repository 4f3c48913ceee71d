"""When to stop by oneself: too many unexpected errors, no way to the channel, told to wait for long. Pure.

Blocked people are no errors, nor are those who deleted their copy. Knows no clock: moments come in.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from bot.domain.messages import Outcome

WINDOW = 200
"""Outcomes that are looked at."""
MAX_ERRORS = 10
"""Unexpected errors among them that stop everything: 5 %."""
LONG_WAIT = timedelta(seconds=60)
"""A wait that is told to us and longer than this is stored, not slept."""
MAX_BACKOFF_S = 20.0


class CircuitBreaker:
    """Watches outcomes. `why` is empty while all is well, else errors, flood or token; `until` ends a flood."""

    def __init__(self) -> None:
        self.why = ""
        self.until: datetime | None = None
        self._errors: deque[bool] = deque(maxlen=WINDOW)
        self._told: set[str] = set()
        self._troubles = 0

    def record(self, user: str, outcome: Outcome, at: datetime) -> None:
        """One more outcome, of a message to `user`."""
        if outcome.became == "later" and not outcome.cause:
            return
        if outcome.cause not in ("flood", "gone"):
            self._errors.append(outcome.became in ("failed", "unsure") or outcome.cause == "server")
        if outcome.became in ("sent", "blocked", "failed"):
            self._troubles = 0
            self._told.clear()
        if outcome.cause in ("network", "server") or outcome.became == "unsure":
            self._troubles += 1
        if outcome.cause == "token":
            self.why = "token"
        elif sum(self._errors) >= MAX_ERRORS:
            self.why = "errors"
        elif outcome.cause == "flood" and outcome.resume_at and outcome.resume_at - at > LONG_WAIT:
            # One chat may be meant alone; when a second one hears it and nothing passed in between, everybody is.
            self._told.add(user)
            if len(self._told) > 1:
                self.why, self.until = "flood", max(outcome.resume_at, self.until or outcome.resume_at)

    @property
    def backoff_s(self) -> float:
        """Seconds to rest before one message tries whether the way is free again; 0 while it is."""
        return min(MAX_BACKOFF_S, 0.25 * 2.0 ** min(self._troubles, 10)) if self._troubles else 0.0
