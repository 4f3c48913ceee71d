"""Telegram as a channel: an update in, the answer out, in the place where the person looks.

A turn ends when its answer was sent or, where that takes long, left in the outbox: only then is the update confirmed to
Telegram, so after a kill in between it comes again, and the stored turn is sent again. What cannot be delivered is
logged, with numbers only.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from telegram import (
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    ChatMemberAdministrator,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MenuButtonCommands,
    ReplyParameters,
    Update,
    User,
)
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.channels.telegram import outgoing, updates
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.errors import Later, NeverSent, OutcomeUnknown, ServerTrouble
from bot.channels.telegram.intake import FinalCall, Intake, until_done
from bot.channels.telegram.limits import Patience
from bot.channels.telegram.outcomes import AGAIN_S
from bot.channels.telegram.posts import Posts, with_address
from bot.channels.telegram.rate_limiter import ONE_TRY, RateLimitArgs
from bot.channels.telegram.updates import Event, Unreadable
from bot.domain.messages import Answer, Delivered, Incoming, Owe, Owed, Post, Receive, Reply

TYPING_AFTER_S = 1.0
"""Seconds of work after which the person sees the bot typing, or their button stops waiting."""
INLINE_CACHE_S = 60
SCREENS = 1000
"""Edited messages that are remembered."""
SECOND_TAP_S = 3.0
"""Seconds in which a second press of the same button is the same press."""
MAX_PRESSES = 4096
"""People whose last press is remembered."""
ALBUMS = 200
"""Albums that are remembered, so that each is answered once."""
HURRY_FROM = 3
"""With so many messages of the same person waiting, answers that would have to wait for their pace go to the outbox."""
# A reply must arrive at least once: one whose fate is unknown is sent again. After this patience the outbox has it, the
# turn ends and intake goes on.
ANSWERING = RateLimitArgs(Patience(3.0, 1.0), "always", wants_result=False)
HURRIED = RateLimitArgs(Patience(0.0, 1.0), "always", wants_result=False)
IN_GROUPS = ("ask", "deadline", "contact")
"""Commands that are offered in groups."""

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

    def __init__(
        self,
        bot: TelegramBot,
        intake: Intake,
        words: TelegramWords,
        posts: Posts,
        owe: Owe,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bot, self._intake, self._words, self._posts, self._owe = bot, intake, words, posts, owe
        self._me = User(0, "", is_bot=True, username="")
        # Chats with replies in the outbox, and how often any were left there: what comes later waits behind them.
        self._owing: Counter[int] = Counter()
        # Messages of ours that were edited, by chat and number, with what they show now.
        self._screens: dict[tuple[int, int | None], Reply] = {}
        # Presses whose query was answered before their turn was over.
        self._early: set[str] = set()
        self._albums: deque[str] = deque(maxlen=ALBUMS)
        # The last press of each person, newest last: the update, the button on its message, the moment.
        self._presses: OrderedDict[str, tuple[str | None, tuple[str, int | None], float]] = OrderedDict()
        self._clock = clock

    @property
    def address(self) -> str:
        """Return the link to the bot, once it serves."""
        return f"https://t.me/{self._me.username}"

    async def run(self, receive: Receive, owed: Sequence[str] = ()) -> None:
        """Serve until cancelled. Raises WrongToken when Telegram does not know the token; waits out any other trouble.

        `owed` are the people with replies in the outbox: what is said to them now waits behind those.
        """
        self._owing.update(map(int, owed))
        self._me = await until_done(
            "getMe", lambda: self._bot.get_me(rate_limit_args=ONE_TRY), sleep=asyncio.sleep, chance=random.random
        )
        await self._introduce()
        _log.info("serving", bot=self._me.username, address=self.address)

        async def handle(update: Update, behind: int) -> FinalCall | None:
            return await self._handle(receive, update, hurried=behind >= HURRY_FROM)

        await self._intake.run(handle)

    async def _introduce(self) -> None:
        """Set the bot's commands and descriptions; people can do without, so trouble here stops nothing."""
        bot, words = self._bot, self._words
        await self._set_commands(words.commands, BotCommandScopeAllPrivateChats())
        in_groups = {name: text for name, text in words.commands.items() if name in IN_GROUPS}
        await self._set_commands(in_groups, BotCommandScopeAllGroupChats())
        await self._attempt(bot.set_my_description, description=words.description)
        await self._attempt(bot.set_my_short_description, short_description=words.short_description)
        await self._attempt(bot.set_chat_menu_button, menu_button=MenuButtonCommands())
        await self._posts.introduce()

    async def _set_commands(self, commands: Mapping[str, str], scope: BotCommandScope) -> None:
        await self._attempt(self._bot.set_my_commands, commands=list(commands.items()), scope=scope)

    async def deliver(self, post: Post) -> Delivered:
        """Send a post from the outbox; return what became of it."""
        chat = int(post.user or 0)
        before = self._owing[chat]
        delivered = await self._posts.deliver(post)
        # More can have been left since it was taken from there: then it is not the last.
        if post.last and delivered.outcome.became in ("sent", "blocked", "failed") and self._owing[chat] == before:
            del self._owing[chat]
        return delivered

    async def _handle(self, receive: Receive, update: Update, *, hurried: bool) -> FinalCall | None:
        event = self._read(update)
        if event is None:
            return None
        if self._is_second_tap(event):
            return FinalCall("answerCallbackQuery", {"callback_query_id": event.query})
        timer = asyncio.get_running_loop().call_later(TYPING_AFTER_S, self._show_work, event)
        try:
            return await self._answer(receive, event, hurried=hurried)
        finally:
            timer.cancel()
            self._early.discard(event.query or "")

    async def _answer(self, receive: Receive, event: Event, *, hurried: bool) -> FinalCall | None:
        answer = await receive(event.incoming)
        if answer.toast and event.query and event.query not in self._early:
            self._release(event.query, answer.toast)
        if event.incoming.place == "inline":
            found = outgoing.results(answer.replies)
            search = {"inline_query_id": event.query, "results": found, "cache_time": INLINE_CACHE_S}
            return FinalCall("answerInlineQuery", search)
        if event.chat:
            try:
                await self._deliver(event, answer, hurried=hurried)
            except Forbidden:  # blocked, deleted, thrown out: nobody's fault
                if event.incoming.place == "private":
                    await receive(Incoming(self.name, event.incoming.user, other="left"))
        if event.incoming.place == "private":
            await self._posts.greet(event.incoming.user)
        if event.query is None or event.query in self._early:
            return None
        return FinalCall("answerCallbackQuery", {"callback_query_id": event.query})

    def _is_second_tap(self, event: Event) -> bool:
        """Return whether somebody pressed a button again that they pressed just now, as an impatient finger does."""
        did = event.incoming
        if did.press is None or did.place != "private":
            return False
        now, button = self._clock(), (did.press, event.message)
        update, last, at = self._presses.pop(did.user, (None, ("", None), 0.0))
        self._presses[did.user] = (did.update_id, button, now)
        if len(self._presses) > MAX_PRESSES:
            self._presses.popitem(last=False)
        # The same update again is Telegram's repetition, which gets its answer.
        return last == button and update != did.update_id and now - at < SECOND_TAP_S

    def _read(self, update: Update) -> Event | None:
        if to := updates.new_chat_id(update, self._posts.staff_chat):
            self._posts.move_to(to)
        try:
            event = updates.read(update, self._me, self._posts.staff_chat)
        except Unreadable as odd:
            _log.warning("update_unreadable", update=update.update_id, why=str(odd))
            return None
        if event is None or event.album is None:
            return event
        # Pictures sent as one come one by one: the first is answered.
        is_known = event.album in self._albums
        self._albums.append(event.album)
        return None if is_known else event

    def _show_work(self, event: Event) -> None:
        """Show that it takes long: the button stops waiting, or the bot is seen typing."""
        if event.chat and event.query:
            self._release(event.query)
        elif event.chat:
            _background(self._attempt(self._bot.send_chat_action, chat_id=event.chat, action=ChatAction.TYPING))

    def _release(self, query: str, toast: str = "") -> None:
        """Let the button stop waiting before the turn is over, with a short pop-up text."""
        self._early.add(query)
        _background(self._attempt(self._bot.answer_callback_query, callback_query_id=query, text=toast or None))

    async def _deliver(self, event: Event, answer: Answer, *, hurried: bool) -> None:
        if answer.withdraw and event.message and not event.query and await self._may_delete(event):
            await self._attempt(self._bot.delete_message, chat_id=event.chat, message_id=event.message)
        replies = [with_address(reply, self.address) for reply in answer.replies]
        args = HURRIED if hurried else ANSWERING
        for number, reply in enumerate(replies):
            if event.chat in self._owing:
                await self._leave(event, replies[number:], None)
                return
            try:
                if number == 0 and await self._edit(event, reply, args):
                    continue
                if not await self._send(event, reply, args):
                    return
            except Later as pause:
                await self._leave(event, replies[number:], pause.resume_at)
                return

    async def _may_delete(self, event: Event) -> bool:
        """Tell if we may delete: in a private chat always, in a group where it was allowed."""
        if event.incoming.place == "private":
            return True
        try:
            we = await self._bot.get_chat_member(event.chat, self._me.id)
        except (TelegramError, TypeError) as trouble:  # TypeError: a server older than the library's classes
            why = getattr(trouble, "message", "TypeError")
            _log.warning("telegram_refused", method="get_chat_member", why=why)
            return False
        return isinstance(we, ChatMemberAdministrator) and we.can_delete_messages

    async def _edit(self, event: Event, reply: Reply, args: RateLimitArgs) -> bool:
        """Show a reply in the message whose button was pressed; False when it must be a new message."""
        screen = event.on_screen
        if reply.own or reply.attachment or reply.bulletin or reply.picture:
            return False
        if screen is None or screen.text is None or outgoing.is_broadcast(screen):
            return False
        place = (event.chat, event.message)
        # A press carries what was there when it was made; who taps three times has pressed before our edit came.
        now = self._screens.get(place)
        if now == reply if now else outgoing.is_shown(reply, screen):
            return True
        where = {"chat_id": event.chat, "message_id": event.message}
        is_shown = await self._show(self._bot.edit_message_text, {**where, **outgoing.message(reply)}, args)
        if is_shown:
            self._screens[place] = reply
            if len(self._screens) > SCREENS:
                del self._screens[next(iter(self._screens))]
        return is_shown

    async def _send(self, event: Event, reply: Reply, args: RateLimitArgs) -> bool:
        where: dict[str, Any] = {"chat_id": event.chat}
        if event.thread:
            where["message_thread_id"] = event.thread
        if event.incoming.place in ("staff", "public") and event.message:
            where["reply_parameters"] = ReplyParameters(event.message, allow_sending_without_reply=True)
        if event.incoming.place == "public":
            where["reply_markup"] = InlineKeyboardMarkup([[self._private_button(reply)]])
        send, content = await outgoing.reply_call(self._bot, reply, self._posts.draw)
        is_sent = await self._show(send, {**content, **where}, args)
        if is_sent and reply.attachment:
            send, content = outgoing.attachment_call(self._bot, reply.attachment)
            is_sent = await self._show(send, {**content, **where}, args)
        return is_sent

    async def _leave(self, event: Event, replies: Sequence[Reply], due_at: datetime | None) -> None:
        """Put replies into the outbox: Telegram paused their chat, or cannot be reached."""
        public = event.incoming.place == "public"
        self._owing[event.chat] += 1
        left = [replace(reply, link=f"faq-{reply.topic}") if public and reply.topic else reply for reply in replies]
        await self._owe(
            Owed(
                self.name,
                str(event.chat),
                tuple(with_address(reply, self.address) for reply in left),
                due_at,
                thread=str(event.thread) if event.thread else None,
                under=None if event.incoming.place == "private" else str(event.message),
            )
        )
        self._owing[event.chat] += 1  # a delivery that began while it was written down did not count it

    def _private_button(self, reply: Reply) -> InlineKeyboardButton:
        """Return the button that leads from a group to the private chat."""
        payload = f"?start=faq-{reply.topic}" if reply.topic else ""
        return InlineKeyboardButton(self._words.private, url=f"{self.address}{payload}")

    async def _show(self, call: outgoing.Call, parameters: outgoing.Parameters, args: RateLimitArgs) -> bool:
        """Make a call that shows people something; False when it is refused.

        Raises Later when it may arrive, but not now; Forbidden when nothing reaches the chat any more.
        """
        try:
            await call(**parameters, rate_limit_args=args)
        except ChatMigrated as moved:
            return await self._show(call, {**parameters, "chat_id": moved.new_chat_id}, args)
        except BadRequest as refused:
            if "not modified" in refused.message:  # an update that came twice: it is on the screen already
                return True
            _log.warning("telegram_refused", method=_name(call), why=refused.message)
            return False
        except (Later, Forbidden):
            raise
        except (NeverSent, ServerTrouble, OutcomeUnknown, RetryAfter) as trouble:
            _log.warning("not_delivered_yet", method=_name(call), why=trouble.message)
            raise Later(datetime.now(UTC) + timedelta(seconds=AGAIN_S)) from None
        except TelegramError as trouble:
            _log.error("not_delivered", method=_name(call), why=trouble.message)
            return False
        return True

    async def _attempt(self, call: Callable[..., Awaitable[object]], **parameters: object) -> None:
        """Make a call that people can do without; log what goes wrong."""
        try:
            await call(**parameters)
        except TelegramError as trouble:
            if "too old" not in trouble.message:  # a press that was answered before we were killed
                _log.warning("telegram_refused", method=_name(call), why=trouble.message)


def _name(call: Callable[..., object]) -> str:
    return str(getattr(call, "__name__", "?"))


_running: set[asyncio.Future[None]] = set()


def _background(work: Coroutine[Any, Any, None]) -> None:
    """Run in the background; the set keeps the task alive."""
    task = asyncio.ensure_future(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
