"""People of the small Telegram: what they type and tap, and what the bot said to them."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.telegram_server import TelegramServer

ADMINISTRATOR = {
    "status": "administrator",
    **dict.fromkeys(
        (
            "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
            "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
            "can_edit_stories", "can_delete_stories",
        ),
        False,
    ),
}  # fmt: skip
"""The rights of an administrator who may do nothing."""


def picture(name: str, **more: Any) -> list[dict[str, Any]]:
    """The sizes of a photo: one, with this file_id."""
    return [{"file_id": name, "file_unique_id": name, "width": 1, "height": 1, **more}]


@dataclass
class Call:
    """One call of the bot. `code` is 0 while it has no answer and when it never gets one."""

    method: str
    parameters: dict[str, Any]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    code: int = 0
    by: Literal["http", "webhook"] = "http"


@dataclass
class Message:
    """A message of the bot as it is now, and how often it was edited."""

    id: int
    chat_id: int
    parameters: dict[str, Any]
    files: dict[str, tuple[str, bytes]]
    edits: int = 0

    @property
    def text(self) -> str:
        return str(self.parameters.get("text", self.parameters.get("caption", "")))

    @property
    def shown(self) -> str:
        """The text as people see it, without the marks of HTML."""
        if self.parameters.get("parse_mode") != "HTML":
            return self.text
        return html.unescape(re.sub(r"</?[a-z]+>", "", self.text)).strip()

    @property
    def buttons(self) -> list[list[dict[str, Any]]]:
        markup = self.parameters.get("reply_markup") or {}
        markup = json.loads(markup) if isinstance(markup, str) else markup
        return list(markup.get("inline_keyboard", []))


@dataclass
class User:
    """A person with a private chat; acts at once, each act gives its update's number."""

    telegram: TelegramServer
    id: int
    name: str
    blocked: bool = False
    messages: list[Message] = field(default_factory=list)
    written: int = 0

    @property
    def who(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": "zh-hans"}

    @property
    def chat(self) -> dict[str, Any]:
        return {"id": self.id, "type": "private", "first_name": self.name}

    def sends(self, **content: Any) -> int:
        """A message of any kind: `text=`, `photo=`, `location=` …"""
        self.written = number = self.telegram.next_message()
        message = {"message_id": number, "from": self.who, "chat": self.chat, "date": 1_700_000_000, **content}
        return self.telegram.update(message=message)

    def edits(self, text: str) -> int:
        """Change the message that they sent last."""
        about = {"from": self.who, "chat": self.chat, "date": 1_700_000_000, "edit_date": 1_700_000_009}
        return self.telegram.update(edited_message={"message_id": self.written, "text": text, **about})

    def types(self, text: str) -> int:
        return self.sends(text=text)

    def taps(self, text: str) -> int:
        """Press the newest button with this text."""
        for message in reversed(self.messages):
            for button in (button for row in message.buttons for button in row):
                if button["text"] == text:
                    return self.presses(button["callback_data"], message)
        raise AssertionError(f"no button {text!r} in the chat of {self.name}")

    def presses(self, data: str, message: Message | None = None) -> int:
        """Press a button with this data, on the given message or the last one, whether it is there or not."""
        number = str(self.telegram.next_message())
        under = message or (self.messages[-1] if self.messages else None)
        about = {
            "message_id": under.id if under else 1,
            "chat": self.chat,
            "date": 0 if under is None else 1_700_000_000,
        }
        if under and "text" in under.parameters:
            about |= {"text": under.shown, "reply_markup": {"inline_keyboard": under.buttons}}
        query = {"id": number, "from": self.who, "chat_instance": "1", "data": data, "message": about}
        self.telegram.queries[number] = None
        return self.telegram.update(callback_query=query)

    def blocks(self) -> int:
        self.blocked = True
        return self._membership("member", "kicked")

    def unblocks(self) -> int:
        self.blocked = False
        return self._membership("kicked", "member")

    def _membership(self, old: str, new: str) -> int:
        states = {
            name: {"user": self.telegram.me, "status": status, "until_date": 0}
            for name, status in (("old_chat_member", old), ("new_chat_member", new))
        }
        return self.telegram.update(my_chat_member={"chat": self.chat, "from": self.who, "date": 0, **states})
