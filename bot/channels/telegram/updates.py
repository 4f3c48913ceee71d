"""Updates of the library as what a person did and where an answer to it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Literal

from telegram import Bot, CallbackQuery, ChatMemberUpdated, InlineQuery, Message, MessageEntity, Update, User
from telegram.constants import ChatMemberStatus, ChatType, UpdateType

from bot.channels.http.body import UNSTORABLE
from bot.channels.telegram.abilities import NAME
from bot.channels.telegram.formatting import formatted_html
from bot.channels.telegram.outgoing import STAYS
from bot.domain.messages import Incoming, Sent

ALLOWED = (
    UpdateType.MESSAGE, UpdateType.EDITED_MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.INLINE_QUERY,
    UpdateType.MY_CHAT_MEMBER, UpdateType.CHAT_MEMBER,
)  # fmt: skip
"""The kinds of updates that are asked for; whatever else comes is left unread."""

KINDS = (
    "photo", "voice", "video", "video_note", "document", "location", "contact", "sticker", "audio", "animation", "poll",
    "dice", "story", "venue", "game", "paid_media", "checklist", "live_photo",
)  # fmt: skip
"""Messages that are no text, in the order in which they are looked for; the others are service messages of the chat."""

_SAME = {"video_note": "video", "animation": "video", "audio": "voice", "venue": "location", "live_photo": "photo"}

GONE = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)

"""NUL and half surrogates: only broken clients type them, and no database or other client takes them."""


@dataclass(frozen=True, slots=True)
class Event:
    """An act of a person, and the place where an answer to it goes.

    `chat` 0: nowhere. `message` is the number of their message, or of ours whose button they pressed; `on_screen` is
    that message of ours. `query` is the callback or inline query that waits for an answer, `thread` the topic of a
    forum. `album`: the message is one of several pictures or files that were sent as one.
    """

    incoming: Incoming
    chat: int
    message: int | None = None
    query: str | None = None
    thread: int | None = None
    on_screen: Message | None = None
    album: str | None = None


class Unreadable(Exception):
    """An update without what every update of its kind has, or with something of another type there."""


def parse(update: Mapping[str, Any], bot: Bot | None) -> Update:
    """Return an update's JSON as the library's object. Raises Unreadable, nothing else, whatever comes."""
    try:
        return Update.de_json(dict(update), bot)
    except Exception as odd:  # noqa: BLE001 - the library checks no types: anything may go wrong in it
        raise Unreadable(type(odd).__name__) from None


def private_sender(update: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return who wrote (or pressed) in a private chat and the text, from an update's JSON; None for anything else.

    For a look before it is parsed: what is odd is None as well, and parsing will tell.
    """
    press = update.get("callback_query")
    message = press.get("message") if isinstance(press, dict) else update.get("message") or update.get("edited_message")
    if not isinstance(message, dict) or not isinstance(chat := message.get("chat"), dict):
        return None
    if chat.get("type") != ChatType.PRIVATE or type(chat.get("id")) is not int:
        return None
    text = message.get("text") if press is None else ""
    return chat["id"], text if isinstance(text, str) else ""


def read(update: Update, me: User, staff_chat: int | None = None) -> Event | None:
    """Return what an update says; None when there is nothing to answer. `staff_chat` is where tickets are answered.

    Raises Unreadable, nothing else, whatever comes.
    """
    try:
        event = _read(update, me, staff_chat)
    except (AttributeError, KeyError, TypeError, ValueError) as odd:
        raise Unreadable(type(odd).__name__) from None
    if event and not _is_sound(event):
        raise Unreadable("TypeError")
    return event


def new_chat_id(update: Update, chat: int | None) -> int | None:
    """Return the new id of this group when the update says that it became a supergroup."""
    message = update.message
    if message is None or message.chat.id != chat:
        return None
    return message.migrate_to_chat_id if type(message.migrate_to_chat_id) is int else None


def _read(update: Update, me: User, staff_chat: int | None) -> Event | None:
    number = str(update.update_id)
    if update.message:
        return _message(update.message, me, number, "", staff_chat)
    if update.edited_message:
        return _message(update.edited_message, me, number, "edited", staff_chat)
    if update.callback_query:
        return _press(update.callback_query, number, staff_chat)
    if update.my_chat_member:
        return _membership(update.my_chat_member, number, staff_chat)
    if update.chat_member:
        return _arrival(update.chat_member, number, staff_chat)
    return _search(update.inline_query) if update.inline_query else None


def _is_sound(event: Event) -> bool:
    """Check the types that the library leaves unchecked."""
    return (
        type(event.chat) is int
        and type(event.message) in (int, NoneType)
        and type(event.thread) in (int, NoneType)
        and type(event.query) in (str, NoneType)
        and type(event.album) in (str, NoneType)
    )


def _user_id(user: User | None) -> str:
    if user is None or type(user.id) is not int:
        raise TypeError
    return str(user.id)


def _clean(text: str | None) -> str:
    """Return a text with blanks for what cannot be stored, so that offsets in it stay."""
    return UNSTORABLE.sub(" ", text or "")


def _search(query: InlineQuery) -> Event:
    return Event(Incoming(NAME, _user_id(query.from_user), _clean(query.query), place="inline"), 0, query=query.id)


def _membership(change: ChatMemberUpdated, number: str, staff_chat: int | None) -> Event | None:
    user, is_gone = _user_id(change.from_user), change.new_chat_member.status in GONE
    if change.chat.id == staff_chat and change.chat.type != ChatType.PRIVATE and is_gone:
        return Event(Incoming(NAME, user, other="desk_lost", update_id=number, place="staff"), 0)
    if change.chat.type != ChatType.PRIVATE:
        return None
    return Event(Incoming(NAME, user, other="left" if is_gone else "returned", update_id=number), 0)


def _arrival(change: ChatMemberUpdated, number: str, staff_chat: int | None) -> Event | None:
    """Tell of somebody who is in the staff chat now; Telegram says so to bots that are administrators there."""
    came = change.new_chat_member
    if change.chat.id != staff_chat or came.status in GONE:
        return None
    return _arrived([came.user], _user_id(change.from_user), number)


def _arrived(people: Sequence[User], by: str, number: str) -> Event:
    lines = "\n".join(f"{_user_id(user)} {' '.join(_clean(user.full_name).split())}" for user in people)
    return Event(Incoming(NAME, by, lines, other="arrived", update_id=number, place="staff"), 0)


def _message(message: Message, me: User, number: str, edited: str, staff_chat: int | None) -> Event | None:
    if message.new_chat_members and message.chat.id == staff_chat:
        strangers = [user for user in message.new_chat_members if user.id != me.id]
        return _arrived(strangers, _user_id(message.from_user), number) if strangers else None
    kind = edited or ("" if message.text is not None else _kind(message))
    at_desk = _is_at_desk(message, staff_chat)
    if not _is_for_us(message, me, at_desk=at_desk) or kind is None or (edited and message.location):
        return None  # a live location that moves is an edited message, again and again
    text = _clean(message.text) or _clean(message.caption)
    if at_desk:
        incoming = _at_desk(message, me, text, kind, number)
    elif message.chat.type == ChatType.PRIVATE:
        incoming = _private(message, text, kind, number, me)
    else:
        question = _addressed(message, text, me)
        if question is None or kind:
            return None
        incoming = Incoming(NAME, _user_id(message.from_user), question, update_id=number, place="public")
    album = message.media_group_id if incoming.place == "private" else None
    incoming = replace(incoming, album=album or "")
    return Event(incoming, message.chat.id, message.message_id, thread=_thread(message), album=album)


def _is_at_desk(message: Message, staff_chat: int | None) -> bool:
    is_private = message.chat.type == ChatType.PRIVATE
    return message.chat.id == staff_chat and (not is_private or message.reply_to_message is not None)


def _is_for_us(message: Message, me: User, *, at_desk: bool) -> bool:
    """Tell if a person speaks, and not another bot or ourselves."""
    # Found by searching inline and posted in our name: an answer for a graduate at the desk, else our own words.
    is_ours = message.via_bot is not None and message.via_bot.id == me.id and not at_desk
    sender = message.from_user
    # Who speaks for a group, unnamed, has a bot as its sender; no other bot is answered.
    return sender is not None and not is_ours and not (sender.is_bot and not message.sender_chat)


def _at_desk(message: Message, me: User, text: str, kind: str, number: str) -> Incoming:
    thread, answered = _thread(message), message.reply_to_message
    return Incoming(
        NAME,
        _user_id(message.from_user),
        text,
        other=kind,
        update_id=number,
        place="staff",
        thread=str(thread) if thread else None,
        reply_to=str(answered.message_id) if answered else None,
        file=_file(message),
        name=_clean(message.from_user.full_name) if message.from_user else "",
        message=str(message.message_id),
        reply_button=_button_of(answered, me) if answered else None,
    )


def _button_of(message: Message, me: User) -> str | None:
    """Return the data of the first button under a message of ours."""
    if message.reply_markup is None or message.from_user is None or message.from_user.id != me.id:
        return None
    found = next((one.callback_data for row in message.reply_markup.inline_keyboard for one in row), None)
    return found if isinstance(found, str) else None


def _private(message: Message, text: str, kind: str, number: str, me: User) -> Incoming:
    answered = message.reply_to_message
    return Incoming(
        NAME,
        _user_id(message.from_user),
        text,
        other=kind,
        update_id=number,
        file=_file(message),
        html=formatted_html(message),
        message=str(message.message_id),
        reply_button=_button_of(answered, me) if answered else None,
    )


def _thread(message: Message) -> int | None:
    return message.message_thread_id if message.is_topic_message else None


def _file(message: Message) -> Sent | None:
    """Return the photo (its largest size) or document of a message."""
    if message.photo:
        photo = message.photo[-1]
        return _sent("photo", photo.file_id, None, photo.file_size)
    document = message.document
    return _sent("document", document.file_id, document.file_name, document.file_size) if document else None


def _sent(kind: Literal["photo", "document"], file_id: str, name: str | None, size: int | None) -> Sent:
    if type(size) not in (int, NoneType):
        raise TypeError
    return Sent(kind, file_id, _clean(name), size or 0)


def _kind(message: Message) -> str | None:
    found = next((kind for kind in KINDS if getattr(message, kind)), None)
    return _SAME.get(found, found) if found else None


def _addressed(message: Message, text: str, me: User) -> str | None:
    """Return what somebody in a group said to us: a reply, a mention, a command; None when we were not meant."""
    mention = f"@{me.username}"
    if text.startswith("/"):
        name = text.split(None, 1)[0]
        return text if "@" not in name or name.casefold().endswith(mention.casefold()) else None
    answered = message.reply_to_message
    is_reply = answered is not None and answered.from_user is not None and answered.from_user.id == me.id
    is_mentioned = any(
        entity.type == MessageEntity.MENTION and _part(text, entity).casefold() == mention.casefold()
        for entity in _entities(message)
    )
    if not (is_reply or is_mentioned):
        return None
    at = text.casefold().find(mention.casefold())
    return (text[:at] + text[at + len(mention) :]).strip() if at >= 0 else text


def _entities(message: Message) -> Sequence[MessageEntity]:
    return message.entities or message.caption_entities


def _part(text: str, entity: MessageEntity) -> str:
    """Return the text of an entity, whose offset counts in UTF-16 units.

    Not the library's `parse_entity`, which raises when the message has half surrogates.
    """
    units = text.encode("utf-16-le")
    start = 2 * entity.offset
    return units[start : start + 2 * entity.length].decode("utf-16-le", "replace")


def _press(query: CallbackQuery, number: str, staff_chat: int | None) -> Event | None:
    shown, chat = query.message, query.message.chat if query.message else None
    user, data = _user_id(query.from_user), _clean(query.data)
    # A message that is too old for Telegram to show has no text.
    on_screen = shown if isinstance(shown, Message) and shown.is_accessible else None
    if data.startswith(STAYS):
        on_screen, data = None, data.removeprefix(STAYS)
    message_id = shown.message_id if shown else None
    if staff_chat is not None and chat is not None and chat.id == staff_chat and data.startswith("desk|"):
        pressed = Incoming(NAME, user, press=data, update_id=number, place="staff")
        return Event(pressed, staff_chat, message_id, query.id, _thread(on_screen) if on_screen else None)
    if (chat is not None and chat.type != ChatType.PRIVATE) or query.inline_message_id:
        # What we say in groups and inline has no buttons that are pressed: it is forged. Only the query is answered.
        return Event(Incoming(NAME, user, place="public"), 0, query=query.id)
    pressed = Incoming(NAME, user, press=data, update_id=number)
    return Event(pressed, int(user), message_id, query.id, on_screen=on_screen)
