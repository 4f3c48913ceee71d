"""Messages to chats that did not speak: to the staff chat, in a topic for each ticket where it has topics, and to
graduates whose ticket was answered. Also the commands that somebody with a role sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from telegram.error import ChatMigrated, InvalidToken, TelegramError

from bot.channels.telegram import speech
from bot.channels.telegram.api import Api
from bot.channels.telegram.errors import WrongToken
from bot.domain.messages import Delivered, Outcome, Post, Reply

STAFF_AGAIN = timedelta(minutes=10)
"""When the staff chat is tried again that could not be reached."""
MAX_TOPIC = 128
"""Characters of a forum topic's name (Bot API, createForumTopic)."""

_log = structlog.get_logger()


class Posts:
    """Delivers posts. `commands` are everybody's; `extra` those of staff, and of admins and owners, by name."""

    def __init__(
        self,
        api: Api,
        staff_chat: int | None,
        commands: Mapping[str, str],
        extra: Mapping[str, str],
        *,
        owners: Sequence[int] = (),
    ) -> None:
        self._api = api
        self.staff_chat = staff_chat
        self._commands, self._extra, self._owners = commands, extra, {str(owner) for owner in owners}
        self._forum: bool | None = None

    async def introduce(self) -> None:
        """Show the staff chat its commands; people can do without, so trouble here stops nothing."""
        if self.staff_chat is not None and self.staff_chat < 0:
            await self._knock(self.staff_chat)
            await self._show(self.staff_chat, _of_staff(self._extra))

    async def _knock(self, chat: int) -> None:
        """A group that became a supergroup tells it only to who writes there; "typing" is the least one can write."""
        try:
            await self._quietly("sendChatAction", {"chat_id": chat, "action": "typing"})
        except ChatMigrated as moved:
            self.moved(moved.new_chat_id)

    def moved(self, to: int) -> None:
        """The staff chat became a supergroup, which has another id."""
        _log.error("staff_chat_moved", setting="GRADBOT_STAFF_CHAT", to=to)
        self.staff_chat, self._forum = to, None

    async def met(self, user: str) -> None:
        """Show an owner their commands, once they are here: before that Telegram knows no chat with them."""
        if user in self._owners:
            self._owners.discard(user)
            await self._show(int(user), {**self._commands, **self._extra})

    async def deliver(self, post: Post) -> Delivered:
        """Send one; what became of it, and the thread that it is in."""
        try:
            if post.commands and post.user:
                await self._shown(int(post.user), post)
            if post.reply is None:
                return Delivered(Outcome("sent"))
            if post.user is not None:
                return Delivered(await self._send(_where(int(post.user), post.thread, post.under), post.reply))
            return await self._to_staff(post, post.reply)
        except InvalidToken as wrong:  # nothing is lost by a token that is mended later
            return Delivered(_later(wrong.message))

    async def _to_staff(self, post: Post, reply: Reply) -> Delivered:
        if self.staff_chat is None:
            return Delivered(_later("no staff chat is set"))
        thread = post.thread or await self._topic(post.title)
        outcome = await self._in_staff_chat(reply, thread, post.under)
        if outcome.became == "failed" and thread and (thread := await self._topic(post.title)):
            outcome = await self._in_staff_chat(reply, thread, None)  # somebody deleted or closed the topic
        if outcome.became in ("blocked", "failed"):
            _log.error("staff_chat_unreachable", why=outcome.reason)
            outcome = _later(outcome.reason)
        return Delivered(outcome, thread)

    async def _in_staff_chat(self, reply: Reply, thread: str | None, under: str | None) -> Outcome:
        return await self._send(_where(self.staff_chat, thread, None if thread else under), reply)

    async def _topic(self, title: str) -> str | None:
        """A new topic for a ticket; None where the chat has none, or the bot may not make one."""
        if not title or not await self._has_topics():
            return None
        try:
            made = await self._api.call("createForumTopic", {"chat_id": self.staff_chat, "name": title[:MAX_TOPIC]})
        except InvalidToken:
            raise
        except TelegramError as trouble:
            _log.warning("no_topic", why=trouble.message)
            return None
        return str(made["message_thread_id"])

    async def _has_topics(self) -> bool:
        if self._forum is None:
            try:
                self._forum = bool((await self._api.call("getChat", {"chat_id": self.staff_chat})).get("is_forum"))
            except InvalidToken:
                raise
            except TelegramError as trouble:
                _log.warning("staff_chat_unknown", why=trouble.message)
                return False
        return self._forum

    async def _send(self, where: Mapping[str, Any], reply: Reply) -> Outcome:
        try:
            method, said = speech.said(reply)
            sent = await self._api.call(method, {**where, **said})
            if reply.attachment:
                method, file = speech.upload(reply.attachment)
                await self._api.call(method, where, files=file)
        except ChatMigrated as moved:
            if where["chat_id"] == self.staff_chat:
                self.moved(moved.new_chat_id)
            return await self._send({"chat_id": moved.new_chat_id}, reply)
        except InvalidToken:
            raise
        except TelegramError as error:
            return self._api.outcome(error)
        return Outcome("sent", str(sent["message_id"]))

    async def _shown(self, user: int, post: Post) -> None:
        if post.commands == "graduate":
            await self._quietly("deleteMyCommands", {"scope": {"type": "chat", "chat_id": user}})
        else:
            more = self._extra if post.commands == "admin" else _of_staff(self._extra)
            await self._show(user, {**self._commands, **more})

    async def _show(self, chat: int, commands: Mapping[str, str]) -> None:
        listed = [{"command": name, "description": text} for name, text in commands.items()]
        await self._quietly("setMyCommands", {"commands": listed, "scope": {"type": "chat", "chat_id": chat}})

    async def _quietly(self, method: str, parameters: Mapping[str, Any]) -> None:
        try:
            await self._api.call(method, parameters)
        except (InvalidToken, ChatMigrated):
            raise
        except TelegramError as trouble:
            _log.warning("telegram_refused", method=method, why=trouble.message)


async def who(api: Api) -> str:
    """The bot's username without @. WrongToken, or ConnectionError when Telegram does not answer."""
    try:
        return str((await api.call("getMe", {}))["username"])
    except InvalidToken:
        raise WrongToken from None
    except TelegramError as trouble:
        raise ConnectionError(trouble.message) from None


def with_address(reply: Reply, address: str) -> Reply:
    """The reply with the link that it promises written out."""
    return replace(reply, text=f"{reply.text}\n\n{address}?start={reply.link}", link=None) if reply.link else reply


def _where(chat: int | None, thread: str | None, under: str | None) -> dict[str, Any]:
    where: dict[str, Any] = {"chat_id": chat}
    if thread:
        where["message_thread_id"] = int(thread)
    if under:
        where["reply_parameters"] = {"message_id": int(under), "allow_sending_without_reply": True}
    return where


def _of_staff(extra: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text for name, text in extra.items() if name == "tickets"}


def _later(why: str) -> Outcome:
    return Outcome("later", resume_at=datetime.now(UTC) + STAFF_AGAIN, reason=why)
