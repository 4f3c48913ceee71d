"""Files that people send to the bot, fetched when somebody wants to read them."""

from __future__ import annotations

from telegram import Bot
from telegram.error import TelegramError


async def fetch(bot: Bot, file_id: str) -> bytes:
    """Return the content of a document (at most 20 MB), by Telegram's id of it. ConnectionError on failure."""
    try:
        return bytes(await (await bot.get_file(file_id)).download_as_bytearray())
    except TelegramError as trouble:
        raise ConnectionError(trouble.message) from None
