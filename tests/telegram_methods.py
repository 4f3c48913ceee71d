"""What the Telegram of the tests does for each method of the Bot API, by Telegram's own names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.telegram_people import Call, Message, User

TOKEN = "123456789:TEST-token_that_is_not_a_secret_000"


class Refusal(Exception):
    """An answer that is not ok."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class TelegramMethods:
    """The methods, and what they change: people, groups, messages, waiting updates, the webhook."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.me = {"id": 123456789, "is_bot": True, "first_name": "gradbot", "username": "gradbot_test_bot"}
        self.calls: list[Call] = []
        self.users: dict[int, User] = {}
        self.groups: dict[int, list[Message]] = {}
        # Callback query → parameters of its answer; None: not answered yet.
        self.queries: dict[str, dict[str, Any] | None] = {}
        self.pending: dict[int, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        # What the bot may do in every group.
        self.rights: dict[str, Any] = {"status": "member"}
        self.people_in_staff_chat = 0
        self.webhook: dict[str, Any] | None = None
        # Applied to each batch that is polled: repeat it, turn it round …
        self.batch: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
        self._message = 0
        self._poll = 0
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()

    def next_message(self) -> int:
        self._message += 1
        return self._message

    def _touch(self) -> None:
        self._changed.set()

    def _post_later(self, update: dict[str, Any]) -> None:
        """Post an update to the webhook soon."""
        raise NotImplementedError

    async def _do(self, call: Call) -> Any:
        own = getattr(self, f"_{call.method}", None)
        if own is not None:
            result = own(call)
            return await result if asyncio.iscoroutine(result) else result
        if call.method.startswith(("set", "delete", "answer", "pin", "unpin", "close", "reopen", "sendChatAction")):
            return True
        if call.method.startswith("send"):
            return self._sendMessage(call)
        raise Refusal(404, "Not Found: method not found")

    # Methods, by Telegram's names

    def _getMe(self, _: Call) -> Any:  # noqa: N802
        return self.me

    async def _getUpdates(self, call: Call) -> Any:  # noqa: N802
        if self.webhook:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
        offset = int(call.parameters.get("offset", 0))
        for number in [number for number in self.pending if number < offset]:
            del self.pending[number]
        self._poll += 1
        mine = self._poll
        self._touch()
        loop = asyncio.get_running_loop()
        ends = loop.time() + int(call.parameters.get("timeout", 0))
        while not self.pending and not self._ended.is_set() and (left := ends - loop.time()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                break
            if mine != self._poll:
                raise Refusal(409, "Conflict: terminated by other getUpdates request")
        limit = int(call.parameters.get("limit", 100))
        return self.batch(list(self.pending.values())[:limit])

    def _getChatMember(self, _: Call) -> Any:  # noqa: N802
        return {"user": self.me, **self.rights}

    def _getChatMemberCount(self, _: Call) -> Any:  # noqa: N802
        return self.people_in_staff_chat + 1

    def _setWebhook(self, call: Call) -> Any:  # noqa: N802
        self.webhook = call.parameters
        for update in list(self.pending.values()):
            self._post_later(update)
        return True

    def _getWebhookInfo(self, _: Call) -> Any:  # noqa: N802
        url = self.webhook["url"] if self.webhook else ""
        return {"url": url, "has_custom_certificate": False, "pending_update_count": len(self.pending)}

    def _deleteWebhook(self, _: Call) -> Any:  # noqa: N802
        self.webhook = None
        return True

    def _sendMessage(self, call: Call) -> Any:  # noqa: N802
        chat_id = int(call.parameters["chat_id"])
        user, group = self.users.get(chat_id), self.groups.get(chat_id)
        if user is None and group is None:
            raise Refusal(400, "Bad Request: chat not found")
        if user and user.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if user and "message_thread_id" in call.parameters:
            raise Refusal(400, "Bad Request: message thread not found")
        message = Message(self.next_message(), chat_id, call.parameters, call.files)
        (user.messages if user else group or []).append(message)
        return self._shown(message)

    def _sendMediaGroup(self, call: Call) -> Any:  # noqa: N802
        media = call.parameters["media"]
        where = {name: value for name, value in call.parameters.items() if name != "media"}
        one_by_one = [
            Call(call.method, {**where, **part}) for part in (json.loads(media) if type(media) is str else media)
        ]
        return [self._sendMessage(one) for one in one_by_one]

    def _editMessageText(self, call: Call) -> Any:  # noqa: N802
        message = self._message_of(call)
        new = {name: call.parameters.get(name) for name in ("text", "reply_markup")}
        if new == {name: message.parameters.get(name) for name in new}:
            raise Refusal(400, "Bad Request: message is not modified")
        message.parameters = {**message.parameters, **new}
        message.edits += 1
        return self._shown(message)

    def _editMessageCaption(self, call: Call) -> Any:  # noqa: N802
        message = self._message_of(call)
        message.parameters = {**message.parameters, "caption": call.parameters.get("caption")}
        message.edits += 1
        return self._shown(message)

    def _editMessageReplyMarkup(self, call: Call) -> Any:  # noqa: N802
        message = self._message_of(call)
        message.parameters = {**message.parameters, "reply_markup": call.parameters.get("reply_markup")}
        message.edits += 1
        return self._shown(message)

    def _answerCallbackQuery(self, call: Call) -> Any:  # noqa: N802
        number = str(call.parameters["callback_query_id"])
        if self.queries.get(number, {}) is not None:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.queries[number] = call.parameters
        return True

    def _getFile(self, call: Call) -> Any:  # noqa: N802
        path = f"documents/{call.parameters['file_id']}"
        if path not in self.files:
            raise Refusal(400, "Bad Request: invalid file_id")
        number = call.parameters["file_id"]
        return {"file_id": number, "file_unique_id": number, "file_path": path, "file_size": len(self.files[path])}

    def _message_of(self, call: Call) -> Message:
        chat_id = int(call.parameters["chat_id"])
        messages = self.users[chat_id].messages if chat_id in self.users else self.groups.get(chat_id, [])
        for message in messages:
            if message.id == int(call.parameters["message_id"]):
                return message
        raise Refusal(400, "Bad Request: message to edit not found")

    def _shown(self, message: Message) -> dict[str, Any]:
        chat = {"id": message.chat_id, "type": "private" if message.chat_id > 0 else "supergroup"}
        shown = {"message_id": message.id, "from": self.me, "chat": chat, "date": 1_700_000_000, "text": message.text}
        return shown | ({"reply_markup": {"inline_keyboard": message.buttons}} if message.buttons else {})
