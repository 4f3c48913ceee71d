"""Messages to many: sent, edited or taken back one by one in the bulk lane; and the card that shows how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telegram.error import TelegramError

from bot.channels.telegram import speech
from bot.channels.telegram.api import Api
from bot.domain.messages import Bulletin, Outcome, Ready, Reply

_DONE_BEFORE = ("message is not modified", "message to delete not found")
_GONE = "message to edit not found"


class Bulk:
    """Sends bulletins to people by their Telegram id."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def send(self, user: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Send it once; `ready` is asked just before it goes out."""
        method, what = speech.bulletin(bulletin)
        return await self._api.one_try(method, {"chat_id": int(user), **what}, ready)

    async def edit(self, user: str, message: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Show this instead of a message that was sent before."""
        where: dict[str, Any] = {"chat_id": int(user), "message_id": int(message), "parse_mode": "HTML"}
        where["reply_markup"] = {"inline_keyboard": speech.rows(bulletin.buttons)}
        method, name = ("editMessageCaption", "caption") if bulletin.file else ("editMessageText", "text")
        return _settled(await self._api.one_try(method, {**where, name: bulletin.html}, ready), message)

    async def delete(self, user: str, message: str, ready: Ready) -> Outcome:
        """Take back a message; Telegram allows it for 48 hours."""
        where = {"chat_id": int(user), "message_id": int(message)}
        return _settled(await self._api.one_try("deleteMessage", where, ready), message)

    async def card(self, user: str, message: str | None, reply: Reply) -> str | None:
        """Show the card, in place when there is one; the number of its message, None when it cannot be shown now."""
        where: Mapping[str, Any] = {"chat_id": int(user), **({"message_id": int(message)} if message else {})}
        method = "editMessageText" if message else "sendMessage"
        try:
            shown = await self._api.call(method, {**where, **speech.message(reply)})
        except TelegramError:
            return None
        return message or str(shown["message_id"])


def _settled(outcome: Outcome, message: str) -> Outcome:
    """What was so already is done; a repeat of an edit or a deletion does no harm, so doubt is no doubt."""
    if outcome.became == "failed" and any(words in outcome.reason.lower() for words in _DONE_BEFORE):
        return Outcome("sent", message)
    if outcome.became == "failed" and _GONE in outcome.reason.lower():
        return Outcome("failed", reason="gone", cause="gone")
    if outcome.became == "unsure":
        return Outcome("later", reason=outcome.reason, cause="network")
    return Outcome("sent", message) if outcome.became == "sent" else outcome
