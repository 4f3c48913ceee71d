"""Pauses a broadcast after 10 errors in 200 outcomes, a refused token, or a flood wait over 60 s. Pure.

People who blocked the bot or deleted their copy are no errors. Knows no clock: moments come in.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from bot.domain.messages import Outcome

WINDOW = 200
"""Newest outcomes that count."""
MAX_ERRORS = 10
"""Errors among WINDOW outcomes that open the breaker: 5 %."""
LONG_WAIT = timedelta(seconds=60)
"""A flood wait longer than this pauses the broadcast instead of sleeping."""
MAX_BACKOFF_S = 20.0


class CircuitBreaker:
    """Counts outcomes. `why` is "" while closed, else errors, flood or token; `until` is the end of a flood wait."""

    def __init__(self) -> None:
        self.why = ""
        self.until: datetime | None = None
        self._errors: deque[bool] = deque(maxlen=WINDOW)
        self._told: set[str] = set()
        self._troubles = 0

    def record(self, user: str, outcome: Outcome, at: datetime) -> None:
        """Count the outcome of a message to `user`."""
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
            # The wait may be for one chat; a second chat with none sent in between means that it is for all.
            self._told.add(user)
            if len(self._told) > 1:
                self.why, self.until = "flood", max(outcome.resume_at, self.until or outcome.resume_at)

    @property
    def backoff_s(self) -> float:
        """Seconds to wait before one message is tried again; 0 while the channel can be reached."""
        return min(MAX_BACKOFF_S, 0.25 * 2.0 ** min(self._troubles, 10)) if self._troubles else 0.0
