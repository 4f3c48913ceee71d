"""Telegram as a channel: an update in, the answer out, in the place where the person looks.

The turn is over when its answer was sent or, where that takes long, left in the outbox: only then is Telegram told that
the update arrived, so a kill in between makes it come again, and the stored turn is sent again. What cannot be
delivered is logged, with numbers only.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.channels.telegram import speech, updates
from bot.channels.telegram.api import Api
from bot.channels.telegram.errors import Flood, Later, NeverSent, OutcomeUnknown, ServerTrouble
from bot.channels.telegram.intake import Call, Intake, Update, insist
from bot.channels.telegram.limiter import Patience
from bot.channels.telegram.posts import Posts, with_address
from bot.channels.telegram.updates import Me, Seen, Unreadable
from bot.domain.messages import Answer, Delivered, Incoming, Owe, Owed, Post, Receive, Reply

TYPING_AFTER_S = 1.0
"""Seconds of work after which the person is shown that somebody types, or their button that it was pressed."""
INLINE_CACHE_S = 60
SCREENS = 1000
"""How many edited messages are remembered."""
ALBUMS = 200
"""How many albums are remembered, so that each is answered once."""
HURRY_FROM = 3
"""With so many messages of the same person waiting, answers that would have to wait for their pace go by the outbox."""
ANSWERING, HURRIED = Patience(3.0, 1.0), Patience(0.0, 1.0)
"""How long a turn waits to say its answers; then the outbox has them, the turn ends and intake goes on."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TelegramWords:
    """The sentences of Telegram's own: commands with what they do, the bot's descriptions, the way out of a group."""

    commands: Mapping[str, str]
    description: str
    short_description: str
    private: str


class Telegram:
    """A bot on Telegram, by polling or webhook (`intake`). `owe` takes replies that cannot go out now."""

    name = updates.NAME

    def __init__(self, api: Api, intake: Intake, words: TelegramWords, posts: Posts, owe: Owe) -> None:
        self._api, self._intake, self._words, self._posts, self._owe = api, intake, words, posts, owe
        self._me = Me(0, "")
        # Chats with replies in the outbox, and how often any were left there: what comes later waits behind them.
        self._owing: Counter[int] = Counter()
        # Messages of ours that were edited, and what they show now; by chat and number.
        self._screens: dict[tuple[int, int | None], speech.Parameters] = {}
        # Presses whose query was answered before their turn was over.
        self._early: set[str] = set()
        self._albums: deque[str] = deque(maxlen=ALBUMS)

    @property
    def address(self) -> str:
        """Where people find the bot, once it serves."""
        return f"https://t.me/{self._me.username}"

    async def run(self, receive: Receive, owed: Sequence[str] = ()) -> None:
        """Serve until cancelled. WrongToken when Telegram does not know the token; any other trouble is waited out.

        `owed` are the people who were owed something before: what is said to them now waits behind that.
        """
        self._owing.update(map(int, owed))
        me = await insist(self._api, "getMe", {}, random.random)
        self._me = Me(me["id"], me["username"])
        await self._introduce()
        _log.info("serving", bot=self._me.username, address=self.address)

        async def handle(update: Update, behind: int) -> Call | None:
            return await self._handle(receive, update, hurried=behind >= HURRY_FROM)

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
            await self._try(call)
        await self._posts.introduce()

    async def deliver(self, post: Post) -> Delivered:
        """Send something from the outbox."""
        chat = int(post.user or 0)
        before = self._owing[chat]
        delivered = await self._posts.deliver(post)
        # It may be the last no longer: more can have been left since it was taken from there.
        if post.last and delivered.outcome.became in ("sent", "blocked", "failed") and self._owing[chat] == before:
            del self._owing[chat]
        return delivered

    async def _handle(self, receive: Receive, update: Update, *, hurried: bool) -> Call | None:
        seen = self._seen(update)
        if seen is None:
            return None
        working = asyncio.get_running_loop().call_later(TYPING_AFTER_S, self._working, seen)
        try:
            return await self._answered(receive, seen, hurried=hurried)
        finally:
            working.cancel()
            self._early.discard(seen.query or "")

    async def _answered(self, receive: Receive, seen: Seen, *, hurried: bool) -> Call | None:
        answer = await receive(seen.incoming)
        if answer.toast and seen.query and seen.query not in self._early:
            self._release(seen.query, answer.toast)
        if seen.incoming.place == "inline":
            return {
                "method": "answerInlineQuery",
                "inline_query_id": seen.query,
                "results": speech.results(answer.replies),
                "cache_time": INLINE_CACHE_S,
            }
        if seen.chat:
            try:
                await self._deliver(seen, answer, hurried=hurried)
            except Forbidden:  # blocked, deleted, thrown out: nobody's fault
                if seen.incoming.place == "private":
                    await receive(Incoming(self.name, seen.incoming.user, other="left"))
        if seen.incoming.place == "private":
            await self._posts.met(seen.incoming.user)
        return None if seen.query is None or seen.query in self._early else _released(seen.query)

    def _seen(self, update: Update) -> Seen | None:
        if to := updates.moved(update, self._posts.staff_chat):
            self._posts.moved(to)
        try:
            seen = updates.read(update, self._me, self._posts.staff_chat)
        except Unreadable as odd:
            _log.warning("update_unreadable", update=update["update_id"], why=str(odd))
            return None
        if seen is None or seen.album is None:
            return seen
        # Pictures sent as one come one by one: the first is answered.
        known = seen.album in self._albums
        self._albums.append(seen.album)
        return None if known else seen

    def _working(self, seen: Seen) -> None:
        """It takes long: the button stops waiting, or somebody is seen typing."""
        if seen.chat and seen.query:
            self._release(seen.query)
        elif seen.chat:
            typing = {"method": "sendChatAction", "chat_id": seen.chat, "action": "typing"}
            _background(asyncio.ensure_future(self._try(typing)))

    def _release(self, query: str, toast: str = "") -> None:
        """The button stops waiting before the turn is over."""
        self._early.add(query)
        _background(asyncio.ensure_future(self._try(_released(query, toast))))

    async def _deliver(self, seen: Seen, answer: Answer, *, hurried: bool) -> None:
        if answer.withdraw and seen.message and not seen.query and await self._may_delete(seen):
            await self._try({"method": "deleteMessage", "chat_id": seen.chat, "message_id": seen.message})
        replies = [with_address(reply, self.address) for reply in answer.replies]
        patience = HURRIED if hurried else ANSWERING
        for number, reply in enumerate(replies):
            if seen.chat in self._owing:
                await self._leave(seen, replies[number:], None)
                return
            try:
                if number == 0 and await self._edited(seen, reply, patience):
                    continue
                if not await self._send(seen, reply, patience):
                    return
            except Later as pause:
                await self._leave(seen, replies[number:], pause.resume_at)
                return

    async def _may_delete(self, seen: Seen) -> bool:
        """In a private chat always, in a group where it was allowed."""
        if seen.incoming.place == "private":
            return True
        try:
            we = await self._api.call("getChatMember", {"chat_id": seen.chat, "user_id": self._me.id})
        except TelegramError as trouble:
            _log.warning("telegram_refused", method="getChatMember", why=trouble.message)
            return False
        return bool(we.get("can_delete_messages"))

    async def _edited(self, seen: Seen, reply: Reply, patience: Patience) -> bool:
        """Whether the message whose button was pressed shows the reply now."""
        screen, said = seen.on_screen, speech.message(reply)
        if screen is None or "text" not in screen or reply.attachment or reply.bulletin or speech.lasts(screen):
            return False
        place = (seen.chat, seen.message)
        # A press carries what was there when it was made; who taps three times has pressed before our edit came.
        now = self._screens.get(place)
        if now == said if now else speech.same(reply, screen):
            return True
        where = {"chat_id": seen.chat, "message_id": seen.message}
        shown = await self._said("editMessageText", where | said, patience)
        if shown:
            self._screens[place] = said
            if len(self._screens) > SCREENS:
                del self._screens[next(iter(self._screens))]
        return shown

    async def _send(self, seen: Seen, reply: Reply, patience: Patience) -> bool:
        where: dict[str, Any] = {"chat_id": seen.chat}
        if seen.thread:
            where["message_thread_id"] = seen.thread
        method, said = speech.said(reply)
        if seen.incoming.place in ("staff", "public"):
            where["reply_parameters"] = {"message_id": seen.message, "allow_sending_without_reply": True}
        if seen.incoming.place == "public":
            where["reply_markup"] = {"inline_keyboard": [[self._way_in(reply)]]}
        sent = await self._said(method, {**said, **where}, patience)
        if sent and reply.attachment:
            method, file = speech.upload(reply.attachment)
            sent = await self._said(method, where, patience, files=file)
        return sent

    async def _leave(self, seen: Seen, replies: Sequence[Reply], due_at: datetime | None) -> None:
        """Put replies into the outbox: their chat is told to be quiet, or Telegram cannot be reached."""
        public = seen.incoming.place == "public"
        self._owing[seen.chat] += 1
        left = [replace(reply, link=f"faq-{reply.topic}") if public and reply.topic else reply for reply in replies]
        await self._owe(
            Owed(
                self.name,
                str(seen.chat),
                tuple(with_address(reply, self.address) for reply in left),
                due_at,
                thread=str(seen.thread) if seen.thread else None,
                under=None if seen.incoming.place == "private" else str(seen.message),
            )
        )
        self._owing[seen.chat] += 1  # whoever began to deliver while it was written down did not see it

    def _way_in(self, reply: Reply) -> Mapping[str, str]:
        payload = f"?start=faq-{reply.topic}" if reply.topic else ""
        return {"text": self._words.private, "url": f"{self.address}{payload}"}

    async def _said(self, method: str, parameters: Mapping[str, Any], patience: Patience, **files: Any) -> bool:
        """Whether people see it now; False when it is refused. Raises Later when it may arrive, but not now; Forbidden
        when nothing reaches the chat any more.
        """
        try:
            # A reply must arrive at least once: one whose fate is unknown is sent again.
            await self._api.call(method, parameters, again=True, patience=patience, **files)
        except ChatMigrated as moved:
            return await self._said(method, {**parameters, "chat_id": moved.new_chat_id}, patience, **files)
        except BadRequest as refused:
            if "not modified" in refused.message:  # an update that came twice: it is on the screen already
                return True
            _log.warning("telegram_refused", method=method, why=refused.message)
            return False
        except (Later, Forbidden):
            raise
        except (NeverSent, ServerTrouble, OutcomeUnknown, Flood) as trouble:
            _log.warning("not_delivered_yet", method=method, why=trouble.message)
            raise self._api.later() from None
        except TelegramError as trouble:
            _log.error("not_delivered", method=method, why=trouble.message)
            return False
        return True

    async def _try(self, call: Call) -> None:
        """Something that people can do without; what goes wrong is logged."""
        method = call["method"]
        try:
            await self._api.call(method, {name: value for name, value in call.items() if name != "method"})
        except TelegramError as trouble:
            if "too old" not in trouble.message:  # a press that was answered before we were killed
                _log.warning("telegram_refused", method=method, why=trouble.message)


def _released(query: str, toast: str = "") -> Call:
    """The button that was pressed stops showing that it waits, and a word passes."""
    text = {"text": toast} if toast else {}
    return {"method": "answerCallbackQuery", "callback_query_id": query, **text}


_running: set[asyncio.Future[Any]] = set()


def _background(task: asyncio.Future[Any]) -> None:
    _running.add(task)
    task.add_done_callback(_running.discard)
