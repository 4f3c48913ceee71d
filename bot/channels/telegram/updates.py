"""Updates as Telegram sends them, read as what a person did. Looks at raw JSON: most updates need five fields of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.messages import Incoming, Sent

ALLOWED = ("message", "edited_message", "callback_query", "inline_query", "my_chat_member")
"""The kinds of updates that are asked for; whatever else comes is left unread."""

KINDS = (
    "photo", "voice", "video", "video_note", "document", "location", "contact", "sticker", "audio", "animation", "poll",
    "dice", "story", "venue", "game", "paid_media", "checklist", "live_photo",
)  # fmt: skip
"""Messages that are no text, in the order in which they are looked for; the others are news of the chat itself."""

_SAME = {"video_note": "video", "animation": "video", "audio": "voice", "venue": "location", "live_photo": "photo"}

NAME = "telegram"


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself; `username` without @."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person did, and where an answer to it goes.

    `message` is the number of their message, or of ours whose button they pressed; `on_screen` is that message of ours.
    `query` is the callback or inline query that waits for an answer, `thread` the topic of a forum.
    """

    incoming: Incoming
    chat: int
    message: int | None = None
    query: str | None = None
    thread: int | None = None
    on_screen: Mapping[str, Any] | None = None


def read(update: Mapping[str, Any], me: Me, staff_chat: int | None = None) -> Seen | None:
    """What an update says; None when there is nothing to answer. `staff_chat` is where tickets are answered."""
    number = str(update.get("update_id"))
    if message := update.get("message"):
        return _message(message, me, number, "", staff_chat)
    if message := update.get("edited_message"):
        return _message(message, me, number, "edited", staff_chat)
    if query := update.get("callback_query"):
        return _press(query, number, staff_chat)
    if news := update.get("my_chat_member"):
        return _membership(news, number)
    if query := update.get("inline_query"):
        asked = Incoming(NAME, str(query["from"]["id"]), query.get("query", ""), place="inline")
        return Seen(asked, 0, query=query["id"])
    return None


def _membership(news: Mapping[str, Any], number: str) -> Seen | None:
    if news["chat"]["type"] != "private":
        return None
    gone = news["new_chat_member"]["status"] in ("kicked", "left")
    return Seen(Incoming(NAME, str(news["from"]["id"]), other="left" if gone else "returned", update_id=number), 0)


def _message(
    message: Mapping[str, Any], me: Me, number: str, edited: str, staff_chat: int | None = None
) -> Seen | None:
    sender, chat = message.get("from"), message["chat"]
    if not sender or sender.get("is_bot") or message.get("via_bot", {}).get("id") == me.id:
        return None
    text = message.get("text") or message.get("caption") or ""
    kind = edited or ("" if "text" in message else _kind(message))
    if kind is None:
        return None
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    answered = (message.get("reply_to_message") or {}).get("message_id")
    if chat["id"] == staff_chat and (chat["type"] != "private" or answered):
        incoming = Incoming(
            NAME,
            str(sender["id"]),
            text,
            other=kind,
            update_id=number,
            place="staff",
            thread=str(thread) if thread else None,
            reply_to=str(answered) if answered else None,
        )
    elif chat["type"] == "private":
        incoming = Incoming(NAME, str(sender["id"]), text, other=kind, update_id=number, file=_file(message))
    else:
        question = _addressed(message, text, me)
        if question is None or kind:
            return None
        incoming = Incoming(NAME, str(sender["id"]), question, update_id=number, place="public")
    return Seen(incoming, chat["id"], message["message_id"], thread=thread)


def _file(message: Mapping[str, Any]) -> Sent | None:
    """The photo (its largest size) or document of a message."""
    if sizes := message.get("photo"):
        return Sent("photo", sizes[-1]["file_id"], size=sizes[-1].get("file_size", 0))
    if (file := message.get("document")) and isinstance(file.get("file_id"), str):
        return Sent("document", file["file_id"], file.get("file_name", ""), file.get("file_size", 0))
    return None


def _kind(message: Mapping[str, Any]) -> str | None:
    found = next((kind for kind in KINDS if kind in message), None)
    return _SAME.get(found, found) if found else None


def _addressed(message: Mapping[str, Any], text: str, me: Me) -> str | None:
    """The words that somebody in a group said to us: a reply, a mention, a command; None when we were not meant."""
    mention = f"@{me.username}"
    if text.startswith("/"):
        name = text.split(None, 1)[0]
        return text if "@" not in name or name.casefold().endswith(mention.casefold()) else None
    replied = message.get("reply_to_message", {}).get("from", {}).get("id") == me.id
    mentioned = any(
        entity.get("type") == "mention" and _part(text, entity).casefold() == mention.casefold()
        for entity in _entities(message)
    )
    if not (replied or mentioned):
        return None
    at = text.casefold().find(mention.casefold())
    return (text[:at] + text[at + len(mention) :]).strip() if at >= 0 else text


def _entities(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return message.get("entities") or message.get("caption_entities") or ()


def _part(text: str, entity: Mapping[str, Any]) -> str:
    """The text of an entity, whose place is counted in UTF-16 units."""
    units = text.encode("utf-16-le")
    start = 2 * entity.get("offset", 0)
    return units[start : start + 2 * entity.get("length", 0)].decode("utf-16-le", "replace")


def _press(query: Mapping[str, Any], number: str, staff_chat: int | None = None) -> Seen | None:
    message = query.get("message") or {}
    chat = message.get("chat", {})
    data = query.get("data", "")
    if staff_chat is not None and chat.get("id") == staff_chat and data.startswith("desk|"):
        thread = message.get("message_thread_id") if message.get("is_topic_message") else None
        pressed = Incoming(NAME, str(query["from"]["id"]), press=data, update_id=number, place="staff")
        return Seen(pressed, staff_chat, message.get("message_id"), query["id"], thread)
    if chat.get("type", "private") != "private":
        # Our messages in groups have no buttons that are pressed: somebody forges. The query still wants its answer.
        return Seen(Incoming(NAME, str(query["from"]["id"]), place="public"), 0, query=query["id"])
    incoming = Incoming(NAME, str(query["from"]["id"]), press=data, update_id=number)
    on_screen = message if message.get("date") else None
    return Seen(incoming, query["from"]["id"], message.get("message_id"), query["id"], on_screen=on_screen)
