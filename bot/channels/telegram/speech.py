"""Our replies in Telegram's words: HTML with everything escaped, inline keyboards, documents, inline results."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from bot.channels.telegram.api import File
from bot.domain.messages import Attachment, Bulletin, Button, Reply

Parameters = dict[str, Any]

_KINDS = {"ics": "text/calendar", "csv": "text/csv", "png": "image/png", "zip": "application/zip"}

LONGEST_COPY = 256
"""Characters of a copy_text button (Bot API, CopyTextButton)."""

STYLES = {"good": "success", "bad": "danger"}
"""Colours by tone (Bot API, InlineKeyboardButton.style); older servers leave them out."""
LASTING = ("ack|", "cmd|mute")
"""What the buttons of a broadcast begin with, and no others."""
NO_PREVIEW = {"is_disabled": True}


def said(reply: Reply) -> tuple[str, Parameters]:
    """The method that sends a reply, and its parameters without those that say where."""
    return bulletin(reply.bulletin) if reply.bulletin else ("sendMessage", message(reply))


def message(reply: Reply) -> Parameters:
    """The parameters of sendMessage and editMessageText that say what a reply says, without those that say where."""
    return {
        "text": _html(reply),
        "parse_mode": "HTML",
        "link_preview_options": NO_PREVIEW,
        "reply_markup": {"inline_keyboard": keyboard(reply)},
    }


@lru_cache(maxsize=64)  # thousands get the same
def bulletin(said: Bulletin) -> tuple[str, Parameters]:
    """The method that sends a message to many, and its parameters without those that say where."""
    look: Parameters = {"parse_mode": "HTML", "reply_markup": {"inline_keyboard": rows(said.buttons)}}
    if said.file is None:
        return "sendMessage", {"text": said.html, "link_preview_options": NO_PREVIEW, **look}
    return f"send{said.file.kind.capitalize()}", {said.file.kind: said.file.id, "caption": said.html, **look}


def shown(reply: Reply) -> str:
    """The text of the reply as Telegram shows it: without the marks of HTML."""
    return f"{reply.text}\n\n（{reply.source}）" if reply.source else reply.text


def keyboard(reply: Reply) -> list[list[Mapping[str, Any]]]:
    """Rows of buttons; texts to copy come first, each in a row of its own."""
    copies = [[_copy(button)] for button in reply.copies if len(button.id) <= LONGEST_COPY]
    return [*copies, *rows(reply.buttons)]


def rows(buttons: Sequence[Sequence[Button]]) -> list[list[Mapping[str, Any]]]:
    """Buttons as Telegram has them."""
    return [[_button(button) for button in row] for row in buttons]


def lasts(seen: Mapping[str, Any]) -> bool:
    """Whether a message that is on the screen stays as it is: a broadcast, whose buttons are answered elsewhere."""
    marked = (seen.get("reply_markup") or {}).get("inline_keyboard", ())
    return any(button.get("callback_data", "").startswith(LASTING) for row in marked for button in row)


def same(reply: Reply, seen: Mapping[str, Any]) -> bool:
    """Whether a message that is on the screen says and offers this already: editing it would be refused."""
    markup = seen.get("reply_markup") or {}
    return _bare(seen.get("text", "")) == _bare(shown(reply)) and _ids(markup.get("inline_keyboard", ())) == _ids(
        keyboard(reply)
    )


def upload(attachment: Attachment) -> tuple[str, Mapping[str, File]]:
    """The method that sends an attachment, and its file as a parameter: a picture is shown, all else is a document."""
    kind = _KINDS.get(attachment.name.rsplit(".", 1)[-1], "application/json")
    method, name = ("sendPhoto", "photo") if kind == "image/png" else ("sendDocument", "document")
    return method, {name: (attachment.name, attachment.data, kind)}


def results(replies: Sequence[Reply]) -> list[Mapping[str, Any]]:
    """Inline results, one for each reply that answers a topic."""
    return [
        {
            "type": "article",
            "id": reply.topic,
            "title": reply.title or reply.text[:40],
            "description": reply.text[:80],
            "input_message_content": {"message_text": _html(reply), "parse_mode": "HTML"},
        }
        for reply in replies
        if reply.topic
    ]


def _html(reply: Reply) -> str:
    text = html.escape(reply.text, quote=False)
    return f"{text}\n\n<i>（{html.escape(reply.source, quote=False)}）</i>" if reply.source else text


def _button(button: Button) -> Mapping[str, Any]:
    style = {"style": STYLES[button.tone]} if button.tone else {}
    return {"text": button.text, "callback_data": button.id, **style}


def _copy(button: Button) -> Mapping[str, Any]:
    return {"text": button.text, "copy_text": {"text": button.id}}


def _ids(rows: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[tuple[str, Any]] | list[tuple[str, Any]]:
    return [(b["text"], b.get("callback_data") or b.get("copy_text")) for row in rows for b in row]


def _bare(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
