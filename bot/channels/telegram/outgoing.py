"""Our replies as arguments of ExtBot's methods: HTML with everything escaped, inline keyboards, files, inline results.

`Parameters` are keyword arguments without those that say where (chat_id, message_thread_id, reply_parameters).
"""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaDocument,
    InputMediaPhoto,
    InputTextMessageContent,
    LinkPreviewOptions,
    Message,
)
from telegram.constants import InlineKeyboardButtonLimit, KeyboardButtonStyle, ParseMode
from telegram.ext import ExtBot

from bot.channels.telegram.rate_limiter import RateLimitArgs
from bot.domain.messages import Attachment, Bulletin, Button, Draw, Reply

Bot = ExtBot[RateLimitArgs]
Parameters = dict[str, Any]
Call = Callable[..., Awaitable[Message | bool]]
"""A method of ExtBot that sends or edits a message."""

STYLES: Mapping[str, str] = {"good": KeyboardButtonStyle.SUCCESS, "bad": KeyboardButtonStyle.DANGER}
"""Colours by tone; older servers leave them out."""
BROADCAST = ("ack|", "cmd|mute")
"""Prefixes of the buttons of a broadcast, and of no others."""
STAYS = "!"
"""Before the data of a button under a message that stays: what follows a press does not replace it."""
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


CAPTION = 1024
"""Characters of a caption."""


async def reply_call(bot: Bot, reply: Reply, draw: Draw | None = None) -> tuple[Call, Parameters]:
    """Return the method that sends a reply, and its parameters; a picture is drawn first, where that can be done."""
    if draw and reply.picture and len(visible_text(reply)) <= CAPTION and (png := await draw(reply.picture)):
        caption = {"caption": _html(reply), "parse_mode": ParseMode.HTML, "reply_markup": keyboard(reply)}
        return bot.send_photo, {"photo": png, "filename": reply.picture.name, **caption}
    return bulletin_call(bot, reply.bulletin) if reply.bulletin else (bot.send_message, message(reply))


def message(reply: Reply) -> Parameters:
    """Return the parameters of send_message and edit_message_text for a reply."""
    text = _html(reply)
    return {
        "text": text,
        "parse_mode": ParseMode.HTML,
        "link_preview_options": NO_PREVIEW,
        "reply_markup": keyboard(reply),
    }


def bulletin_call(bot: Bot, bulletin: Bulletin) -> tuple[Call, Parameters]:
    """Return the method that sends a message to many, and its parameters."""
    content = _bulletin(bulletin)
    if bulletin.file is None or bulletin.album:
        return bot.send_message, content
    return (bot.send_photo if bulletin.file.kind == "photo" else bot.send_document), content


def bulletin_edit(bot: Bot, bulletin: Bulletin) -> tuple[Call, Parameters]:
    """Return the method that shows a message to many instead of one that was sent, and its parameters."""
    content: Parameters = {"parse_mode": ParseMode.HTML, "reply_markup": rows(bulletin.buttons)}
    if bulletin.file and not bulletin.album:
        return bot.edit_message_caption, {"caption": bulletin.html, **content}
    return bot.edit_message_text, {"text": bulletin.html, **content}


def list_album(bulletin: Bulletin | None) -> list[InputMediaPhoto | InputMediaDocument]:
    """Return the pictures or files that go before the words of a bulletin as one album; empty when there is none."""
    files = bulletin.album if bulletin else ()
    return [InputMediaPhoto(one.id) if one.kind == "photo" else InputMediaDocument(one.id) for one in files]


@lru_cache(maxsize=64)  # thousands get the same
def _bulletin(bulletin: Bulletin) -> Parameters:
    content: Parameters = {"parse_mode": ParseMode.HTML, "reply_markup": rows(bulletin.buttons)}
    if bulletin.file is None or bulletin.album:
        return {"text": bulletin.html, "link_preview_options": NO_PREVIEW, **content}
    return {bulletin.file.kind: bulletin.file.id, "caption": bulletin.html, **content}


def attachment_call(bot: Bot, attachment: Attachment) -> tuple[Call, Parameters]:
    """Return the method that uploads an attachment, and its parameters: a picture is shown, all else is a document."""
    name, data = attachment.name, attachment.data
    if name.endswith(".png"):
        return bot.send_photo, {"photo": data, "filename": name}
    return bot.send_document, {"document": data, "filename": name}


def visible_text(reply: Reply) -> str:
    """Return the text of a reply as Telegram shows it: without the marks of HTML."""
    return f"{reply.text}\n\n（{reply.source}）" if reply.source else reply.text


def keyboard(reply: Reply) -> InlineKeyboardMarkup:
    """Return the buttons of a reply; texts to copy come first, each in a row of its own."""
    buttons = reply.buttons
    if reply.stays:
        buttons = tuple(tuple(replace(button, id=STAYS + button.id) for button in row) for row in buttons)
    return rows(buttons, reply.copies)


@lru_cache(maxsize=256)  # the same few screens, again and again
def rows(buttons: tuple[tuple[Button, ...], ...], copies: tuple[Button, ...] = ()) -> InlineKeyboardMarkup:
    """Return buttons as an inline keyboard, below one row for each text to copy."""
    first = [[_copy(button)] for button in copies if len(button.id) <= InlineKeyboardButtonLimit.MAX_COPY_TEXT]
    return InlineKeyboardMarkup([*first, *([_button(button) for button in row] for row in buttons)])


def is_broadcast(message: Message) -> bool:
    """Tell if a message of ours is a broadcast: its buttons are answered elsewhere and it stays as it is."""
    markup = message.reply_markup
    marked = markup.inline_keyboard if markup else ()
    return any(str(button.callback_data or "").startswith(BROADCAST) for row in marked for button in row)


def is_shown(reply: Reply, message: Message) -> bool:
    """Tell if a message says and offers a reply already: Telegram would refuse the edit."""
    return _bare(message.text or "") == _bare(visible_text(reply)) and _ids(message.reply_markup) == _ids(
        keyboard(reply)
    )


def results(replies: Sequence[Reply]) -> list[InlineQueryResultArticle]:
    """Return inline results, one for each reply that answers a topic."""
    return [
        InlineQueryResultArticle(
            reply.topic,
            reply.title or reply.text[:40],
            InputTextMessageContent(_html(reply), parse_mode=ParseMode.HTML),
            description=reply.text[:80],
        )
        for reply in replies
        if reply.topic
    ]


def _html(reply: Reply) -> str:
    text = html.escape(reply.text, quote=False)
    return f"{text}\n\n<i>（{html.escape(reply.source, quote=False)}）</i>" if reply.source else text


def _button(button: Button) -> InlineKeyboardButton:
    return InlineKeyboardButton(button.text, callback_data=button.id, style=STYLES.get(button.tone))


def _copy(button: Button) -> InlineKeyboardButton:
    return InlineKeyboardButton(button.text, copy_text=CopyTextButton(button.id))


def _ids(markup: InlineKeyboardMarkup | None) -> list[tuple[str, object]]:
    marked = markup.inline_keyboard if markup else ()
    return [(button.text, button.callback_data or button.copy_text) for row in marked for button in row]


def _bare(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
