"""Errors of a Bot API call that telegram.error has no word for.

The rest is telegram.error's: BadRequest (400), Forbidden (403: blocked, kicked), ChatMigrated, RetryAfter (429),
Conflict (409), InvalidToken (401, 404). No text of ours holds the token.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut


class NeverSent(NetworkError):
    """No connection came about, so nothing went out: repeating is always safe."""


class OutcomeUnknown(TimedOut):
    """The request went out and no readable answer came back: done or not is unknown."""


class ServerTrouble(NetworkError):
    """Telegram answered with a 5xx that says it did nothing."""


class Later(TelegramError):
    """Not sent, and not to be tried before `resume_at` (UTC): the pause is too long to wait through."""

    def __init__(self, resume_at: datetime) -> None:
        super().__init__(f"Not before {resume_at.isoformat(timespec='seconds')}")
        self.resume_at = resume_at


class NotReady(TelegramError):
    """The caller's `ready` said no when the turn of its message had come; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("Not to be sent any more")


class WrongToken(TelegramError):
    """Telegram does not know this token: 401 or 404 when it is asked who we are."""

    def __init__(self) -> None:
        super().__init__("Telegram refuses the token (GRADBOT_TELEGRAM_TOKEN): copy it again from @BotFather")


class ForeignWebhook(TelegramError):
    """Telegram posts the updates to `host`, and it was not this bot that asked for it."""

    def __init__(self, host: str) -> None:
        super().__init__(f"Telegram posts this bot's updates to {host}")
        self.host = host


def pause_s(error: TelegramError) -> float:
    """Return the seconds that Telegram asks to wait; 0 for any other error than RetryAfter."""
    if not isinstance(error, RetryAfter):
        return 0.0
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)
