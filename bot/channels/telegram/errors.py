"""What can become of a call to Telegram besides its result, where telegram.error has no word for it.

The rest is telegram.error's: BadRequest (400), Forbidden (403: blocked, kicked), ChatMigrated, Conflict (409),
InvalidToken (401, 404). No text of ours holds the token.
"""

from __future__ import annotations

from datetime import datetime

from telegram.error import NetworkError, TelegramError, TimedOut


class NeverSent(NetworkError):
    """No connection came about, so nothing went out: repeating is always safe."""


class OutcomeUnknown(TimedOut):
    """The request went out and no answer that can be read came back: done or not, nobody knows."""


class ServerTrouble(NetworkError):
    """Telegram answered with a 5xx that says it did nothing."""


class Flood(TelegramError):
    """429: too many requests. `seconds` is how long Telegram asks to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Too many requests, retry after {seconds:g} s")
        self.seconds = seconds


class Later(TelegramError):
    """Not sent, and not to be tried before `resume_at` (UTC): the pause is too long to sleep through."""

    def __init__(self, resume_at: datetime) -> None:
        super().__init__(f"Not before {resume_at.isoformat(timespec='seconds')}")
        self.resume_at = resume_at


class WrongToken(TelegramError):
    """Telegram does not know this token: 401 or 404 when it is asked who we are."""

    def __init__(self) -> None:
        super().__init__("Telegram refuses the token (GRADBOT_TELEGRAM_TOKEN): copy it again from @BotFather")
