"""Answers as Telegram shows them: edited, sent, sent in plain words where it refuses more, or left in the outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from telegram import ChatMemberAdministrator, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, User
from telegram.constants import MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram import outgoing
from bot.channels.telegram.abilities import NAME
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.errors import Later, NeverSent, OutcomeUnknown, ServerTrouble
from bot.channels.telegram.limits import PATIENCE, Patience
from bot.channels.telegram.links import address_of
from bot.channels.telegram.outcomes import AGAIN_S
from bot.channels.telegram.posts import with_address
from bot.channels.telegram.rate_limiter import RateLimitArgs
from bot.channels.telegram.updates import Event
from bot.domain.messages import Answer, Draw, Owe, Owed, Reply

MOST_TEXT = MessageLimit.MAX_TEXT_LENGTH
SCREENS = 1000
"""Edited messages that are remembered."""
# A reply must arrive at least once: one whose fate is unknown is sent again. After this patience the outbox has it, the
# turn ends and intake goes on.
ANSWERING = RateLimitArgs(Patience(3.0, 1.0), "always", wants_result=False)
HURRIED = RateLimitArgs(Patience(0.0, 1.0), "always", wants_result=False)

_log = structlog.get_logger()


class Replies:
    """Shows replies. `me` gives the bot itself, `private` is the label of the way out of a group, `undelivered` the
    apology for an answer that Telegram does not take, `owe` puts replies into the outbox.
    """

    def __init__(
        self,
        bot: TelegramBot,
        me: Callable[[], User],
        private: str,
        undelivered: str,
        owe: Owe,
        draw: Draw | None = None,
    ) -> None:
        self._draw = draw
        self._bot, self._me, self._private, self._undelivered, self._owe = bot, me, private, undelivered, owe
        # Chats with replies in the outbox, and how often any were left there: what comes later waits behind them.
        self.owing: Counter[int] = Counter()
        # Messages of ours that were edited, by chat and number, with what they show now.
        self._screens: dict[tuple[int, int | None], Reply] = {}

    async def owe(self, owed: Owed) -> None:
        """Put replies into the outbox; what is said to their chat until they are delivered waits behind them."""
        chat = int(owed.chat)
        self.owing[chat] += 1
        await self._owe(owed)
        self.owing[chat] += 1  # a delivery that began while it was written down did not count it

    def note(self, chat: int, *, owes: bool) -> None:
        """Note what the outbox has for a chat: another worker may have left something there, or delivered it."""
        if not owes:
            self.owing.pop(chat, None)
        elif chat not in self.owing:
            self.owing[chat] = 1

    async def show(self, event: Event, answer: Answer, *, hurried: bool) -> None:
        """Show an answer where the person looks, or leave it in the outbox. Forbidden when nothing reaches the chat."""
        if answer.withdraw and event.message and not event.query and await self._may_delete(event):
            await attempt(self._bot.delete_message, chat_id=event.chat, message_id=event.message)
        replies = [with_address(reply, self._address()) for reply in answer.replies]
        args = HURRIED if hurried else ANSWERING
        for number, reply in enumerate(replies):
            if event.chat in self.owing:
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
            we = await self._bot.get_chat_member(event.chat, self._me().id)
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
        if album := outgoing.list_album(reply.bulletin):
            whole = replace(args, wants_result=True)  # the library makes messages of the result, whatever it is
            await self._show(self._bot.send_media_group, {"media": album, **where}, whole)
            args = replace(args, patience=PATIENCE["bulk"])  # left in the outbox, they would take the album along again
        send, content = await outgoing.reply_call(self._bot, reply, self._draw)
        is_sent = await self._show(send, {**content, **where}, args)
        if is_sent and reply.attachment:
            send, content = outgoing.attachment_call(self._bot, reply.attachment)
            if not await self._show(send, {**content, **where}, args):
                return await self._send_simpler(event, (self._undelivered,), args)
        return is_sent or await self._send_simpler(event, (outgoing.visible_text(reply), self._undelivered), args)

    async def _send_simpler(self, event: Event, texts: Sequence[str], args: RateLimitArgs) -> bool:
        """Send the first of these texts that Telegram takes, without form, buttons and reference."""
        where: dict[str, Any] = {"chat_id": event.chat}
        if event.thread:
            where["message_thread_id"] = event.thread
        for text in filter(None, texts):
            if await self._show(self._bot.send_message, {**where, "text": text[:MOST_TEXT]}, args):
                return True
        _log.error("reply_lost", place=event.incoming.place)
        return False

    async def _leave(self, event: Event, replies: Sequence[Reply], due_at: datetime | None) -> None:
        """Put replies into the outbox: Telegram paused their chat, or cannot be reached."""
        public = event.incoming.place == "public"
        left = [replace(reply, link=f"faq-{reply.topic}") if public and reply.topic else reply for reply in replies]
        await self.owe(
            Owed(
                NAME,
                str(event.chat),
                tuple(with_address(reply, self._address()) for reply in left),
                due_at,
                thread=str(event.thread) if event.thread else None,
                under=None if event.incoming.place == "private" else str(event.message),
            )
        )

    def _private_button(self, reply: Reply) -> InlineKeyboardButton:
        """Return the button that leads from a group to the private chat."""
        payload = f"?start=faq-{reply.topic}" if reply.topic else ""
        return InlineKeyboardButton(self._private, url=f"{self._address()}{payload}")

    async def _show(
        self, call: Callable[..., Awaitable[object]], parameters: outgoing.Parameters, args: RateLimitArgs
    ) -> bool:
        """Make a call that shows people something; False when it is refused.

        Raises Later when it may arrive, but not now; Forbidden when nothing reaches the chat any more.
        """
        try:
            await call(**parameters, rate_limit_args=args)
        except ChatMigrated as moved:
            return await self._show(call, {**parameters, "chat_id": moved.new_chat_id}, args)
        except BadRequest as refused:
            if "chat not found" in refused.message.lower():
                raise Forbidden(refused.message) from None
            if "not modified" in refused.message:  # an update that came twice: it is on the screen already
                return True
            _log.warning("telegram_refused", method=name_of(call), why=refused.message)
            return False
        except (Later, Forbidden):
            raise
        except (NeverSent, ServerTrouble, OutcomeUnknown, RetryAfter, InvalidToken) as trouble:
            _log.warning("not_delivered_yet", method=name_of(call), why=trouble.message)
            raise Later(datetime.now(UTC) + timedelta(seconds=AGAIN_S)) from None
        except TelegramError as trouble:
            _log.error("not_delivered", method=name_of(call), why=trouble.message)
            return False
        return True

    def _address(self) -> str:
        return address_of(self._me().username)


async def attempt(call: Callable[..., Awaitable[object]], **parameters: object) -> None:
    """Make a call that people can do without; log what goes wrong."""
    try:
        await call(**parameters)
    except TelegramError as trouble:
        if "too old" not in trouble.message:  # a press that was answered before we were killed
            _log.warning("telegram_refused", method=name_of(call), why=trouble.message)


def name_of(call: Callable[..., object]) -> str:
    return str(getattr(call, "__name__", "?"))
