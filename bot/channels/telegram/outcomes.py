"""Errors of a call as the outcome of its message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram.errors import Later, NeverSent, NotReady, OutcomeUnknown, ServerTrouble, pause_s
from bot.domain.messages import AT_ONCE, Cause, Outcome

AGAIN_S = 15.0
"""Seconds until a message that met passing trouble may be tried again."""

_CAUSES: Mapping[type[TelegramError], Cause] = {NeverSent: "network", ServerTrouble: "server", InvalidToken: "token"}


def outcome_of(error: TelegramError, now: datetime) -> Outcome:
    """Return what an error of a reply's call means for it, at `now` (UTC)."""
    if isinstance(error, Later):
        return Outcome("later", resume_at=error.resume_at, reason=error.message)
    if isinstance(error, OutcomeUnknown):
        return Outcome("unsure", reason=error.message)
    if isinstance(error, NotReady):
        return Outcome("later", resume_at=AT_ONCE, reason=error.message)
    if isinstance(error, Forbidden) or (isinstance(error, BadRequest) and "chat not found" in error.message.lower()):
        return Outcome("blocked", reason=error.message)
    if isinstance(error, NeverSent | ServerTrouble | RetryAfter):
        return Outcome("later", resume_at=now + timedelta(seconds=AGAIN_S), reason=error.message)
    return Outcome("failed", reason=error.message)


def broadcast_outcome_of(error: TelegramError, now: datetime) -> Outcome:
    """Return what an error of a broadcast's one try means for its message, and why it was not sent."""
    if isinstance(error, NotReady):
        return Outcome("later")
    if isinstance(error, RetryAfter):
        seconds = pause_s(error)
        reason = f"retry after {seconds:g} s"
        return Outcome("later", resume_at=now + timedelta(seconds=seconds), reason=reason, cause="flood")
    if isinstance(error, Later):
        return Outcome("later", resume_at=error.resume_at, reason=error.message, cause="flood")
    if cause := _CAUSES.get(type(error)):
        return Outcome("later", resume_at=now, reason=error.message, cause=cause)
    return outcome_of(error, now)
