"""Files that people send to the bot, fetched when somebody wants to read them."""

from __future__ import annotations

from telegram.error import TelegramError

from bot.channels.telegram.api import Api


async def fetch(api: Api, file_id: str) -> bytes:
    """The content of a document, by Telegram's id of it. ConnectionError when it cannot be had."""
    try:
        return await api.file((await api.call("getFile", {"file_id": file_id}))["file_path"])
    except TelegramError as trouble:
        raise ConnectionError(trouble.message) from None
