"""Messages to many: sent, edited or deleted one by one in the bulk lane; and the card that shows their progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from telegram import Message
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.channels.telegram import outgoing
from bot.channels.telegram.limits import PATIENCE
from bot.channels.telegram.outcomes import broadcast_outcome_of
from bot.channels.telegram.rate_limiter import RateLimitArgs
from bot.domain.messages import Bulletin, Outcome, Ready, Reply

_DONE_BEFORE = ("message is not modified", "message to delete not found")
_GONE = "message to edit not found"
# A second copy of the words does no harm; without them the album says nothing.
_WORDS = RateLimitArgs(PATIENCE["bulk"], "always", "bulk")
JOINT = ","
"""Between the numbers of messages that are one bulletin: an album, and its words last."""


class Bulk:
    """Sends bulletins to people by their Telegram id. `present` is the moment in UTC."""

    recalled_within: timedelta | None = timedelta(hours=48)

    def __init__(
        self, bot: ExtBot[RateLimitArgs], *, present: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._bot = bot
        self._present = present

    async def send(self, user: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Send a bulletin, in one try; `ready` is asked just before it goes out.

        An album goes before its words, which have the buttons: Telegram takes none under an album. The outcome names
        the messages of both. When the words do not follow, it is unsure: the album is there and is not sent again.
        """
        send, content = outgoing.bulletin_call(self._bot, bulletin)
        args, album = RateLimitArgs.broadcast(ready), outgoing.list_album(bulletin)
        if not album:
            return await self._outcome(send(chat_id=int(user), **content, rate_limit_args=args))
        before = await self._outcome(self._bot.send_media_group(int(user), album, rate_limit_args=args))
        if before.became != "sent":
            return before
        words = await self._outcome(send(chat_id=int(user), **content, rate_limit_args=_WORDS))
        if words.became != "sent":
            return Outcome("unsure", before.message, reason="album")
        return replace(words, message=f"{before.message}{JOINT}{words.message}")

    async def edit(self, user: str, message: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Show a bulletin instead of a message that was sent before."""
        edit, content = outgoing.bulletin_edit(self._bot, bulletin)
        args, last = RateLimitArgs.broadcast(ready), message.rpartition(JOINT)[2]
        call = edit(chat_id=int(user), message_id=int(last), **content, rate_limit_args=args)
        return _settle(await self._outcome(call), message)

    async def delete(self, user: str, message: str, ready: Ready) -> Outcome:
        """Delete a message; Telegram allows it for 48 hours."""
        args, numbers = RateLimitArgs.broadcast(ready), [int(number) for number in message.split(JOINT)]
        if len(numbers) > 1:
            call = self._bot.delete_messages(int(user), numbers, rate_limit_args=args)
        else:
            call = self._bot.delete_message(int(user), numbers[0], rate_limit_args=args)
        return _settle(await self._outcome(call), message)

    async def card(self, user: str, message: str | None, reply: Reply) -> str | None:
        """Show the card, in place when there is one; return its message's number, None when it cannot be shown now."""
        content = outgoing.message(reply)
        try:
            if message:
                await self._bot.edit_message_text(chat_id=int(user), message_id=int(message), **content)
                return message
            return str((await self._bot.send_message(chat_id=int(user), **content)).message_id)
        except TelegramError:
            return None

    async def _outcome(self, call: Awaitable[Message | Sequence[Message] | bool]) -> Outcome:
        try:
            result = await call
        except TelegramError as error:
            return broadcast_outcome_of(error, self._present())
        if isinstance(result, bool):
            return Outcome("sent")
        made = (result,) if isinstance(result, Message) else result
        return Outcome("sent", JOINT.join(str(one.message_id) for one in made))


def _settle(outcome: Outcome, message: str) -> Outcome:
    """Return the outcome of an edit or a deletion: done before is done, and in doubt it is repeated without harm."""
    if outcome.became == "failed" and any(words in outcome.reason.lower() for words in _DONE_BEFORE):
        return Outcome("sent", message)
    if outcome.became == "failed" and _GONE in outcome.reason.lower():
        return Outcome("failed", reason="gone", cause="gone")
    if outcome.became == "unsure":
        return Outcome("later", reason=outcome.reason, cause="network")
    return Outcome("sent", message) if outcome.became == "sent" else outcome
