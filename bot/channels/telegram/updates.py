"""Updates as Telegram sends them, read as what a person did. Looks at raw JSON: most updates need five fields of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal

from bot.channels.telegram.formatting import formatted
from bot.domain.messages import Incoming, Sent

ALLOWED = ("message", "edited_message", "callback_query", "inline_query", "my_chat_member")
"""The kinds of updates that are asked for; whatever else comes is left unread."""

KINDS = (
    "photo", "voice", "video", "video_note", "document", "location", "contact", "sticker", "audio", "animation", "poll",
    "dice", "story", "venue", "game", "paid_media", "checklist", "live_photo",
)  # fmt: skip
"""Messages that are no text, in the order in which they are looked for; the others are news of the chat itself."""

_SAME = {"video_note": "video", "animation": "video", "audio": "voice", "venue": "location", "live_photo": "photo"}

NAME = "telegram"

_UNSAYABLE = re.compile("[\0\ud800-\udfff]")
"""NUL and half surrogates: only broken clients type them, and no database or other client takes them."""


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself; `username` without @."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person did, and where an answer to it goes.

    `chat` 0: nowhere. `message` is the number of their message, or of ours whose button they pressed; `on_screen` is
    that message of ours. `query` is the callback or inline query that waits for an answer, `thread` the topic of a
    forum. `album`: the message is one of several pictures or files that were sent as one, and says nothing itself.
    """

    incoming: Incoming
    chat: int
    message: int | None = None
    query: str | None = None
    thread: int | None = None
    on_screen: Mapping[str, Any] | None = None
    album: str | None = None


class Unreadable(Exception):
    """An update without what every update of its kind has, or with something of another type there."""


def read(update: Mapping[str, Any], me: Me, staff_chat: int | None = None) -> Seen | None:
    """What an update says; None when there is nothing to answer. `staff_chat` is where tickets are answered.

    Raises Unreadable, nothing else, whatever comes.
    """
    try:
        seen = _read(update, me, str(update.get("update_id")), staff_chat)
    except (AttributeError, KeyError, TypeError, ValueError) as odd:
        raise Unreadable(type(odd).__name__) from None
    if seen and not _is_sound(seen):
        raise Unreadable("TypeError")
    return seen


def moved(update: Mapping[str, Any], chat: int | None) -> int | None:
    """The new id of this group when the update tells that it became a supergroup."""
    message = update.get("message")
    if not isinstance(message, dict) or "migrate_to_chat_id" not in message:
        return None
    from_, to = message.get("chat"), message["migrate_to_chat_id"]
    return to if isinstance(from_, dict) and from_.get("id") == chat and type(to) is int else None


def _read(update: Mapping[str, Any], me: Me, number: str, staff_chat: int | None) -> Seen | None:
    if message := update.get("message"):
        return _message(message, me, number, "", staff_chat)
    if message := update.get("edited_message"):
        return _message(message, me, number, "edited", staff_chat)
    if query := update.get("callback_query"):
        return _press(query, number, staff_chat)
    if news := update.get("my_chat_member"):
        return _membership(news, number)
    if query := update.get("inline_query"):
        asked = Incoming(NAME, _person(query), _said(query, "query"), place="inline")
        return Seen(asked, 0, query=query["id"])
    return None


def _is_sound(seen: Seen) -> bool:
    return (
        type(seen.chat) is int
        and type(seen.message) in (int, NoneType)
        and type(seen.thread) in (int, NoneType)
        and type(seen.query) in (str, NoneType)
        and type(seen.album) in (str, NoneType)
    )


def _person(what: Mapping[str, Any]) -> str:
    """Who did it, by id."""
    number = what["from"]["id"]
    if type(number) is not int:
        raise TypeError
    return str(number)


def _said(what: Mapping[str, Any], field: str) -> str:
    """What somebody typed there; blanks stand for what cannot be kept, so that places in it stay."""
    return _UNSAYABLE.sub(" ", what.get(field) or "")


def _membership(news: Mapping[str, Any], number: str) -> Seen | None:
    if news["chat"]["type"] != "private":
        return None
    gone = news["new_chat_member"]["status"] in ("kicked", "left")
    return Seen(Incoming(NAME, _person(news), other="left" if gone else "returned", update_id=number), 0)


def _message(message: Mapping[str, Any], me: Me, number: str, edited: str, staff_chat: int | None) -> Seen | None:
    sender, chat = message.get("from"), message["chat"]
    text = _said(message, "text") or _said(message, "caption")
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    answered = (message.get("reply_to_message") or {}).get("message_id")
    at_desk = chat["id"] == staff_chat and (chat["type"] != "private" or answered)
    # Found by searching inline and posted in our name: an answer for a graduate at the desk, else our own words.
    ours = (message.get("via_bot") or {}).get("id") == me.id and not at_desk
    # Who speaks for a group, unnamed, has a bot as its sender; no other bot is answered.
    if not sender or ours or (sender.get("is_bot") and not message.get("sender_chat")):
        return None
    kind = edited or ("" if "text" in message else _kind(message))
    if kind is None or (edited and "location" in message):  # a live location moves and moves
        return None
    album = None
    if at_desk:
        incoming = Incoming(
            NAME,
            _person(message),
            text,
            other=kind,
            update_id=number,
            place="staff",
            thread=str(thread) if thread else None,
            reply_to=str(answered) if answered else None,
        )
    elif chat["type"] == "private":
        incoming = Incoming(
            NAME,
            _person(message),
            text,
            other=kind,
            update_id=number,
            file=_file(message),
            html=formatted(message),
            edits=True,
        )
        album = None if text else message.get("media_group_id")
    else:
        question = _addressed(message, text, me)
        if question is None or kind:
            return None
        incoming = Incoming(NAME, _person(message), question, update_id=number, place="public")
    return Seen(incoming, chat["id"], message["message_id"], thread=thread, album=album)


def _file(message: Mapping[str, Any]) -> Sent | None:
    """The photo (its largest size) or document of a message."""
    if sizes := message.get("photo"):
        return _sent("photo", sizes[-1])
    document = message.get("document")
    return _sent("document", document) if document else None


def _sent(kind: Literal["photo", "document"], file: Mapping[str, Any]) -> Sent:
    number, name, size = file["file_id"], _said(file, "file_name"), file.get("file_size", 0)
    if type(number) is not str or type(size) is not int:
        raise TypeError
    return Sent(kind, number, name, size)


def _kind(message: Mapping[str, Any]) -> str | None:
    found = next((kind for kind in KINDS if kind in message), None)
    return _SAME.get(found, found) if found else None


def _addressed(message: Mapping[str, Any], text: str, me: Me) -> str | None:
    """The words that somebody in a group said to us: a reply, a mention, a command; None when we were not meant."""
    mention = f"@{me.username}"
    if text.startswith("/"):
        name = text.split(None, 1)[0]
        return text if "@" not in name or name.casefold().endswith(mention.casefold()) else None
    replied = ((message.get("reply_to_message") or {}).get("from") or {}).get("id") == me.id
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


def _press(query: Mapping[str, Any], number: str, staff_chat: int | None) -> Seen | None:
    message = query.get("message") or {}
    chat = message.get("chat") or {}
    user, data = _person(query), _said(query, "data")
    if staff_chat is not None and chat.get("id") == staff_chat and data.startswith("desk|"):
        thread = message.get("message_thread_id") if message.get("is_topic_message") else None
        pressed = Incoming(NAME, user, press=data, update_id=number, place="staff")
        return Seen(pressed, staff_chat, message.get("message_id"), query["id"], thread)
    if chat.get("type", "private") != "private" or query.get("inline_message_id"):
        # What we say in groups and inline has no buttons that are pressed: somebody forges. Only the query is answered.
        return Seen(Incoming(NAME, user, place="public"), 0, query=query["id"])
    on_screen = message if message.get("date") else None
    pressed = Incoming(NAME, user, press=data, update_id=number, edits=True)
    return Seen(pressed, int(user), message.get("message_id"), query["id"], on_screen=on_screen)
