"""Telegram as a channel: an update in, the answer out, in the place where the person looks.

A turn ends when its answer was sent or, where that takes long, left in the outbox: only then is the update confirmed to
Telegram, so after a kill in between it comes again, and the stored turn is sent again. What cannot be delivered is
logged, with numbers only.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from telegram import (
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    MenuButtonCommands,
    Update,
    User,
)
from telegram.constants import ChatAction
from telegram.error import Forbidden

from bot.channels.telegram import outgoing, updates
from bot.channels.telegram.abilities import NAME
from bot.channels.telegram.admission import Admission
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.floods import Floods
from bot.channels.telegram.intake import FinalCall, Intake, until_done
from bot.channels.telegram.links import address_of
from bot.channels.telegram.posts import Posts
from bot.channels.telegram.rate_limiter import ONE_TRY
from bot.channels.telegram.replies import Replies, attempt
from bot.channels.telegram.updates import Event, Unreadable
from bot.domain.messages import Delivered, Incoming, NotSaved, Owe, Owed, Post, Receive, Reply

TYPING_AFTER_S = 1.0
"""Seconds of work after which the person sees the bot typing, or their button stops waiting."""
INLINE_CACHE_S = 60
SECOND_TAP_S = 3.0
"""Seconds in which a second press of the same button is the same press."""
MAX_PRESSES = 4096
"""People whose last press is remembered."""
ALBUMS = 200
"""Albums that are remembered, so that each is answered once."""
HURRY_FROM = 3
"""With so many messages of the same person waiting, answers that would have to wait for their pace go to the outbox."""
IN_GROUPS = ("ask", "deadline", "contact")
"""Commands that are offered in groups."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TelegramWords:
    """The sentences of Telegram's own: commands with what they do, the bot's descriptions, the way out of a group,
    the apology for an answer that Telegram does not take, the line for somebody who floods.
    """

    commands: Mapping[str, str]
    description: str
    short_description: str
    private: str
    undelivered: str
    flood: str


class Telegram:
    """A bot on Telegram, by polling or webhook (`intake`). `owe` takes replies that cannot go out now.

    `floods` judges who is heard; None: one that knows no cry for help.
    """

    name = NAME

    def __init__(
        self,
        bot: TelegramBot,
        intake: Intake,
        words: TelegramWords,
        posts: Posts,
        owe: Owe,
        clock: Callable[[], float] = time.monotonic,
        floods: Floods | None = None,
    ) -> None:
        self._bot, self._intake, self._words, self._posts = bot, intake, words, posts
        self._me = User(0, "", is_bot=True, username="")
        self._replies = Replies(bot, lambda: self._me, words.private, words.undelivered, owe, posts.draw)
        self._admission = Admission(
            floods or Floods(time.monotonic, lambda _: False),
            lambda: self._me,
            lambda: posts.staff_chat,
            self._replies.owing.__contains__,
            self._tell_of_flood,
        )
        # Presses whose query was answered before their turn was over.
        self._early: set[str] = set()
        self._albums: deque[str] = deque(maxlen=ALBUMS)
        # The last press of each person, newest last: the update, the button on its message, the moment.
        self._presses: OrderedDict[str, tuple[str | None, tuple[str, int | None], float]] = OrderedDict()
        self._clock = clock

    @property
    def address(self) -> str:
        """Return the link to the bot; empty until it serves."""
        return address_of(self._me.username) if self._me.username else ""

    async def run(self, receive: Receive, owed: Sequence[str] = ()) -> None:
        """Serve until cancelled. Raises WrongToken when Telegram does not know the token; waits out any other trouble.

        `owed` are the people with replies in the outbox: what is said to them now waits behind those.
        """
        self._replies.owing.update(map(int, owed))
        self._me = await until_done(
            "getMe",
            lambda: self._bot.get_me(rate_limit_args=ONE_TRY),
            self._bot,
            sleep=asyncio.sleep,
            chance=random.random,
        )
        await self._introduce()
        _log.info("serving", bot=self._me.username, address=self.address)

        async def handle(update: Update, behind: int) -> FinalCall | None:
            return await self._handle(receive, update, hurried=behind >= HURRY_FROM)

        await self._intake.run(handle, self._admission)

    def _tell_of_flood(self, chat: int) -> None:
        """Say to a chat, behind what it is owed, that it is not heard; when that cannot be kept, it is not said."""
        _background(self._owe_flood(chat))

    async def _owe_flood(self, chat: int) -> None:
        with suppress(NotSaved):
            await self._replies.owe(Owed(self.name, str(chat), (Reply(self._words.flood),)))

    async def _introduce(self) -> None:
        """Set the bot's commands and descriptions; people can do without, so trouble here stops nothing."""
        bot, words = self._bot, self._words
        await self._set_commands(words.commands, BotCommandScopeAllPrivateChats())
        in_groups = {name: text for name, text in words.commands.items() if name in IN_GROUPS}
        await self._set_commands(in_groups, BotCommandScopeAllGroupChats())
        await attempt(bot.set_my_description, description=words.description)
        await attempt(bot.set_my_short_description, short_description=words.short_description)
        await attempt(bot.set_chat_menu_button, menu_button=MenuButtonCommands())
        await self._posts.introduce()

    async def _set_commands(self, commands: Mapping[str, str], scope: BotCommandScope) -> None:
        await attempt(self._bot.set_my_commands, commands=list(commands.items()), scope=scope)

    async def deliver(self, post: Post) -> Delivered:
        """Send a post from the outbox; return what became of it."""
        chat = int(post.user or 0)
        before = self._replies.owing[chat]
        delivered = await self._posts.deliver(post)
        # More can have been left since it was taken from there: then it is not the last.
        if (
            post.last
            and delivered.outcome.became in ("sent", "blocked", "failed")
            and self._replies.owing[chat] == before
        ):
            del self._replies.owing[chat]
        return delivered

    async def _handle(self, receive: Receive, update: Update, *, hurried: bool) -> FinalCall | None:
        event = self._read(update)
        if event is None:
            return None
        if self._is_second_tap(event):
            return FinalCall("answerCallbackQuery", {"callback_query_id": event.query})
        timer = asyncio.get_running_loop().call_later(TYPING_AFTER_S, self._show_work, event)
        try:
            call = await self._answer(receive, event, hurried=hurried)
        except NotSaved:  # the update comes again, but the button stops waiting
            if event.query:
                self._release(event.query)
            raise
        finally:
            timer.cancel()
        self._early.discard(event.query or "")
        return call

    async def _answer(self, receive: Receive, event: Event, *, hurried: bool) -> FinalCall | None:
        chat = event.chat or 0
        before = self._replies.owing[chat]
        answer = await receive(event.incoming)
        if event.incoming.place == "private" and answer.behind is not None and self._replies.owing[chat] == before:
            self._replies.note(chat, owes=answer.behind)
        if answer.toast and event.query and event.query not in self._early:
            self._release(event.query, answer.toast)
        if event.incoming.place == "inline":
            found = outgoing.results(answer.replies)
            search = {"inline_query_id": event.query, "results": found, "cache_time": INLINE_CACHE_S}
            return FinalCall("answerInlineQuery", search)
        if event.chat:
            try:
                await self._replies.show(event, answer, hurried=hurried)
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
        # Pictures sent as one come one by one.
        is_known = event.album in self._albums
        self._albums.append(event.album)
        return replace(event, incoming=replace(event.incoming, in_album=True)) if is_known else event

    def _show_work(self, event: Event) -> None:
        """Show that it takes long: the button stops waiting, or the bot is seen typing."""
        if event.chat and event.query:
            self._release(event.query)
        elif event.chat:
            _background(attempt(self._bot.send_chat_action, chat_id=event.chat, action=ChatAction.TYPING))

    def _release(self, query: str, toast: str = "") -> None:
        """Let the button stop waiting before the turn is over, with a short pop-up text; once."""
        if query in self._early:
            return
        self._early.add(query)
        _background(attempt(self._bot.answer_callback_query, callback_query_id=query, text=toast or None))


_running: set[asyncio.Future[None]] = set()


def _background(work: Coroutine[Any, Any, None]) -> None:
    """Run in the background; the set keeps the task alive."""
    task = asyncio.ensure_future(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
