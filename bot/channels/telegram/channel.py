"""Telegram as a channel: an update in, the answer out, in the place where the person looks.

The turn is over when its answer was sent: only then is Telegram told that the update arrived, so a kill in between
makes it come again, and the stored turn is sent again. What cannot be delivered is logged, with numbers only.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.channels.telegram import speech, updates
from bot.channels.telegram.api import Api
from bot.channels.telegram.intake import Call, Intake, insist
from bot.channels.telegram.posts import Posts, with_address
from bot.channels.telegram.updates import Me, Seen
from bot.messages import Answer, Receive, Reply

TYPING_AFTER_S = 1.0
"""Seconds of work after which the person is shown that somebody types."""
INLINE_CACHE_S = 60

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TelegramWords:
    """The sentences of Telegram's own: commands with what they do, the bot's descriptions, the way out of a group."""

    commands: Mapping[str, str]
    description: str
    short_description: str
    private: str


class Telegram:
    """A bot on Telegram, by polling or webhook (`intake`)."""

    name = updates.NAME

    def __init__(self, api: Api, intake: Intake, words: TelegramWords, posts: Posts | None = None) -> None:
        self._api, self._intake, self._words, self._posts = api, intake, words, posts
        self._me = Me(0, "")

    @property
    def address(self) -> str:
        """Where people find the bot, once it serves."""
        return f"https://t.me/{self._me.username}"

    async def run(self, receive: Receive) -> None:
        """Serve until cancelled. WrongToken when Telegram does not know the token; any other trouble is waited out."""
        me = await insist(self._api, "getMe", {}, random.random)
        self._me = Me(me["id"], me["username"])
        await self._introduce()
        _log.info("serving", bot=self._me.username, address=self.address)

        async def handle(update: dict[str, Any]) -> Call | None:
            return await self._handle(receive, update)

        await self._intake.run(handle)

    async def _introduce(self) -> None:
        """Tell Telegram what the bot is called to do; people can do without, so trouble here stops nothing."""
        commands = [{"command": name, "description": text} for name, text in self._words.commands.items()]
        in_groups = [command for command in commands if command["command"] in ("ask", "deadline", "contact")]
        calls: tuple[Call, ...] = (
            {"method": "setMyCommands", "commands": commands, "scope": {"type": "all_private_chats"}},
            {"method": "setMyCommands", "commands": in_groups, "scope": {"type": "all_group_chats"}},
            {"method": "setMyDescription", "description": self._words.description},
            {"method": "setMyShortDescription", "short_description": self._words.short_description},
            {"method": "setChatMenuButton", "menu_button": {"type": "commands"}},
        )
        for call in calls:
            await self._try(call["method"], {name: value for name, value in call.items() if name != "method"})
        if self._posts:
            await self._posts.introduce()

    async def _handle(self, receive: Receive, update: dict[str, Any]) -> Call | None:
        seen = updates.read(update, self._me, self._posts.staff_chat if self._posts else None)
        if seen is None:
            return None
        typing = asyncio.get_running_loop().call_later(TYPING_AFTER_S, self._typing, seen)
        try:
            answer = await receive(seen.incoming)
        finally:
            typing.cancel()
        if seen.incoming.place == "inline":
            return {
                "method": "answerInlineQuery",
                "inline_query_id": seen.query,
                "results": speech.results(answer.replies),
                "cache_time": INLINE_CACHE_S,
            }
        if seen.chat:
            await self._deliver(seen, answer)
        return {"method": "answerCallbackQuery", "callback_query_id": seen.query} if seen.query else None

    def _typing(self, seen: Seen) -> None:
        if seen.chat:
            action = self._try("sendChatAction", {"chat_id": seen.chat, "action": "typing"})
            _background(asyncio.ensure_future(action))

    async def _deliver(self, seen: Seen, answer: Answer) -> None:
        if answer.withdraw and seen.message and not seen.query:
            await self._try("deleteMessage", {"chat_id": seen.chat, "message_id": seen.message})
        replies = [with_address(reply, self.address) for reply in answer.replies]
        if seen.query and replies and await self._edited(seen, replies[0]):
            replies = replies[1:]
        for reply in replies:
            if not await self._send(seen, reply):
                return

    async def _edited(self, seen: Seen, reply: Reply) -> bool:
        """Whether the message whose button was pressed shows the reply now."""
        screen = seen.on_screen
        if screen is None or "text" not in screen or reply.attachment or reply.bulletin or speech.lasts(screen):
            return False
        if speech.same(reply, screen):
            return True
        where = {"chat_id": seen.chat, "message_id": seen.message}
        return await self._try("editMessageText", where | speech.message(reply))

    async def _send(self, seen: Seen, reply: Reply) -> bool:
        where: dict[str, Any] = {"chat_id": seen.chat}
        if seen.thread:
            where["message_thread_id"] = seen.thread
        if reply.bulletin:
            method, what = speech.bulletin(reply.bulletin)
            return await self._try(method, where | what)
        said = speech.message(reply)
        if seen.incoming.place in ("staff", "public"):
            where["reply_parameters"] = {"message_id": seen.message, "allow_sending_without_reply": True}
        if seen.incoming.place == "public":
            said["reply_markup"] = {"inline_keyboard": [[self._way_in(reply)]]}
        sent = await self._try("sendMessage", where | said)
        if sent and reply.attachment:
            sent = await self._try("sendDocument", where, files=speech.document(reply.attachment))
        return sent

    def _way_in(self, reply: Reply) -> Mapping[str, str]:
        payload = f"?start=faq-{reply.topic}" if reply.topic else ""
        return {"text": self._words.private, "url": f"{self.address}{payload}"}

    async def _try(self, method: str, parameters: Mapping[str, Any], **files: Any) -> bool:
        """Whether the call worked. Blocked people are nobody's fault; everything else is logged."""
        try:
            # A reply must arrive at least once: one whose fate is unknown is sent again.
            await self._api.call(method, parameters, again=method.startswith("send"), **files)
        except Forbidden:
            return False
        except BadRequest as refused:
            _log.warning("telegram_refused", method=method, why=refused.message)
            return False
        except TelegramError as trouble:
            _log.error("not_delivered", method=method, why=trouble.message)
            return False
        return True


_running: set[asyncio.Future[Any]] = set()


def _background(task: asyncio.Future[Any]) -> None:
    _running.add(task)
    task.add_done_callback(_running.discard)
