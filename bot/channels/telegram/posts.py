"""Messages to chats that did not speak: to the staff chat, in a topic for each ticket where it has topics, and to
graduates whose ticket was answered. Also the commands that somebody with a role sees.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from telegram import BotCommandScopeChat, Message, ReplyParameters
from telegram.constants import ChatAction, ForumTopicLimit, MessageLimit
from telegram.error import BadRequest, ChatMigrated, InvalidToken, TelegramError

from bot.channels.telegram import outgoing
from bot.channels.telegram.bot import TelegramBot
from bot.channels.telegram.errors import WrongToken
from bot.channels.telegram.limits import PATIENCE
from bot.channels.telegram.outcomes import outcome_of
from bot.channels.telegram.rate_limiter import RateLimitArgs
from bot.domain.messages import AT_ONCE, Attachment, Delivered, Draw, LoadFile, Outcome, Post, Ready, Reply

DELIVERED = "👌"
"""The reaction to what staff wrote, once the graduate has it; Telegram allows no tick."""
STAFF_AGAIN = timedelta(minutes=10)
"""Time until a staff chat that could not be reached is tried again."""

_log = structlog.get_logger()


class Posts:
    """Delivers posts. `commands` are everybody's; `extra` those of staff, admins and owners, by name. `draw` draws
    pictures, `load_file` gets files of tickets; without them they are left out. `undelivered` is the apology for a
    message that Telegram does not take.
    """

    def __init__(
        self,
        bot: TelegramBot,
        staff_chat: int | None,
        commands: Mapping[str, str],
        extra: Mapping[str, str],
        undelivered: str,
        *,
        owners: Sequence[int] = (),
        draw: Draw | None = None,
        load_file: LoadFile | None = None,
    ) -> None:
        self._bot = bot
        self.draw, self.load_file = draw, load_file
        self.staff_chat = staff_chat
        self._commands, self._extra, self._owners = commands, extra, {str(owner) for owner in owners}
        self._undelivered = undelivered
        self._forum: bool | None = None

    async def introduce(self) -> None:
        """Show the staff chat its commands; people can do without, so trouble here stops nothing."""
        if self.staff_chat is not None and self.staff_chat < 0:
            await self._find_migration(self.staff_chat)
            await self._show_commands(self.staff_chat, _of_staff(self._extra))

    async def _find_migration(self, chat: int) -> None:
        """Send "typing", so that Telegram reports a group's new id: only who writes to a group gets it."""
        try:
            await self._attempt(self._bot.send_chat_action, chat_id=chat, action=ChatAction.TYPING)
        except ChatMigrated as moved:
            self.move_to(moved.new_chat_id)

    def move_to(self, new_id: int) -> None:
        """Follow the staff chat, which became a supergroup with another id."""
        _log.error("staff_chat_moved", setting="GRADBOT_STAFF_CHAT", to=new_id)
        self.staff_chat, self._forum = new_id, None

    async def greet(self, user: str) -> None:
        """Show an owner their commands, once they are here: before that Telegram knows no chat with them."""
        if user in self._owners:
            self._owners.discard(user)
            await self._show_commands(int(user), {**self._commands, **self._extra})

    async def count_staff(self) -> int | None:
        """Return the number of people in the staff chat, this bot not among them; None: Telegram does not say."""
        if self.staff_chat is None:
            return None
        try:
            return await self._bot.get_chat_member_count(self.staff_chat) - 1
        except TelegramError as trouble:
            _log.warning("staff_chat_uncounted", why=trouble.message)
            return None

    async def deliver(self, post: Post) -> Delivered:
        """Send a post; return what became of it, and the thread that it is in."""
        try:
            if post.commands and post.user:
                await self._set_commands(int(post.user), post)
            if post.reply is None:
                return Delivered(Outcome("sent"))
            if post.change and (target := post.copy or post.source if post.change != "edit" else post.copy):
                return Delivered(await self._change(post, post.reply, int(target)))
            if post.user is not None:
                where = _where(int(post.user), post.thread, post.under)
                return Delivered(await self._send(where, post.reply, post.begin))
            return await self._to_staff(post, post.reply)
        except InvalidToken as wrong:  # nothing is lost: the token may be corrected later
            return Delivered(_later(wrong.message))

    async def _change(self, post: Post, reply: Reply, message: int) -> Outcome:
        """Change an earlier message; where Telegram refuses that, send the reply under it."""
        chat = int(post.user) if post.user is not None else self.staff_chat
        where: dict[str, Any] = {"chat_id": chat, "message_id": message}
        try:
            if post.change == "delete":
                await self._bot.delete_message(**where)
            elif post.change == "mark":
                await self._bot.set_message_reaction(**where, reaction=DELIVERED)
            elif reply.bulletin:
                call, content = outgoing.bulletin_edit(self._bot, reply.bulletin)
                await call(**where, **content)
            else:
                await self._bot.edit_message_text(**where, **outgoing.message(reply))
        except (InvalidToken, ChatMigrated):
            raise
        except BadRequest as refused:
            if "not modified" in refused.message or "to delete not found" in refused.message:
                return Outcome("sent")
            return await self._send(_where(chat, post.thread, str(message)), reply, post.begin)
        except TelegramError as error:
            outcome = outcome_of(error, datetime.now(UTC))
            return replace(outcome, became="later") if outcome.became == "unsure" else outcome  # the same twice is once
        return Outcome("sent")

    async def _to_staff(self, post: Post, reply: Reply) -> Delivered:
        if self.staff_chat is None:
            return Delivered(_later("no staff chat is set"))
        thread = post.thread
        if thread is None and post.ticket and (thread := await self._topic(post.title)):
            # Written down before anything is in it: it is not made again, and what staff write there is known.
            return Delivered(Outcome("later", resume_at=AT_ONCE), thread)
        outcome = await self._in_staff_chat(reply, thread, post.under, post.begin)
        is_gone = outcome.became == "failed" and thread and _names_thread(outcome)
        if is_gone and (again := await self._topic(post.title)):
            # Somebody deleted or closed the topic; another one is written down before anything is in it, too.
            return Delivered(Outcome("later", resume_at=AT_ONCE), again)
        if outcome.became in ("blocked", "failed"):
            _log.error("staff_chat_unreachable", why=outcome.reason)
            outcome = replace(_later(outcome.reason), cause="desk")
        return Delivered(outcome, thread)

    async def _in_staff_chat(self, reply: Reply, thread: str | None, under: str | None, begin: Ready) -> Outcome:
        return await self._send(_where(self.staff_chat, thread, None if thread else under), reply, begin)

    async def _topic(self, title: str) -> str | None:
        """Make a topic for a ticket; None where the chat has none, or the bot may not make one."""
        if self.staff_chat is None or not title or not await self._has_topics(self.staff_chat):
            return None
        name = title[: ForumTopicLimit.MAX_NAME_LENGTH]
        try:
            topic = await self._bot.create_forum_topic(self.staff_chat, name)
        except InvalidToken:
            raise
        except TelegramError as trouble:
            _log.warning("no_topic", why=trouble.message)
            return None
        return str(topic.message_thread_id)

    async def _has_topics(self, chat: int) -> bool:
        if self._forum is None:
            try:
                self._forum = bool((await self._bot.get_chat(chat)).is_forum)
            except InvalidToken:
                raise
            except (TelegramError, TypeError) as trouble:  # TypeError: a server older than the library's classes
                _log.warning("staff_chat_unknown", why=getattr(trouble, "message", "TypeError"))
                return False
        return self._forum

    async def _send(self, where: Mapping[str, Any], reply: Reply, begin: Ready) -> Outcome:
        send, content = await outgoing.reply_call(self._bot, reply, self.draw)
        try:
            attachment = await self._whole(reply.attachment)
            args = RateLimitArgs(ready=begin)
            if album := outgoing.list_album(reply.bulletin):
                await self._bot.send_media_group(**where, media=album)
                args = replace(args, patience=PATIENCE["bulk"])  # tried again later, the album would come again
            sent = await send(**where, **content, rate_limit_args=args)
            if attachment:
                upload, content = outgoing.attachment_call(self._bot, attachment)
                await upload(**where, **content)
        except ChatMigrated as moved:
            if where["chat_id"] == self.staff_chat:
                self.move_to(moved.new_chat_id)
            return await self._send({"chat_id": moved.new_chat_id}, reply, begin)
        except InvalidToken:
            raise
        except TelegramError as error:
            outcome = outcome_of(error, datetime.now(UTC))
            # What the message says is refused, not the place where it goes.
            if outcome.became != "failed" or _names_thread(outcome):
                return outcome
            _log.warning("telegram_refused", method=send.__name__, why=outcome.reason)
            return await self._send_simpler(where, reply) or outcome
        return Outcome("sent", str(sent.message_id) if isinstance(sent, Message) else None)

    async def _whole(self, attachment: Attachment | None) -> Attachment | None:
        """Return an attachment with its content; None when that is kept no more."""
        if attachment is None or not attachment.kept:
            return attachment
        content = await self.load_file(attachment.kept) if self.load_file else None
        return replace(attachment, content=b64encode(content).decode(), base64=True) if content else None

    async def _send_simpler(self, where: Mapping[str, Any], reply: Reply) -> Outcome | None:
        """Send the words without form and buttons, else an apology; None when neither is taken."""
        place = {name: value for name, value in where.items() if name != "reply_parameters"}
        for text in filter(None, (outgoing.visible_text(reply), self._undelivered)):
            try:
                sent = await self._bot.send_message(**place, text=text[: MessageLimit.MAX_TEXT_LENGTH])
            except BadRequest:
                continue
            except InvalidToken:
                raise
            except TelegramError as error:
                return outcome_of(error, datetime.now(UTC))
            return Outcome("sent", str(sent.message_id))
        return None

    async def _set_commands(self, user: int, post: Post) -> None:
        if post.commands == "graduate":
            await self._attempt(self._bot.delete_my_commands, scope=BotCommandScopeChat(user))
        else:
            more = self._extra if post.commands == "admin" else _of_staff(self._extra)
            await self._show_commands(user, {**self._commands, **more})

    async def _show_commands(self, chat: int, commands: Mapping[str, str]) -> None:
        scope = BotCommandScopeChat(chat)
        await self._attempt(self._bot.set_my_commands, commands=list(commands.items()), scope=scope)

    async def _attempt(self, call: Callable[..., Awaitable[object]], **parameters: object) -> None:
        """Make a call that people can do without; log what goes wrong. Raises InvalidToken and ChatMigrated."""
        try:
            await call(**parameters)
        except (InvalidToken, ChatMigrated):
            raise
        except TelegramError as trouble:
            _log.warning("telegram_refused", method=getattr(call, "__name__", "?"), why=trouble.message)


async def fetch_username(bot: TelegramBot) -> str:
    """Return the bot's username without @. WrongToken, or ConnectionError when Telegram does not answer."""
    try:
        return str((await bot.get_me()).username)
    except InvalidToken:
        raise WrongToken from None
    except TelegramError as trouble:
        raise ConnectionError(trouble.message) from None


def with_address(reply: Reply, address: str) -> Reply:
    """Return the reply with its start link written out."""
    return replace(reply, text=f"{reply.text}\n\n{address}?start={reply.link}", link=None) if reply.link else reply


def _names_thread(outcome: Outcome) -> bool:
    """Return whether it is the topic that is refused."""
    return "thread" in outcome.reason or "topic" in outcome.reason.lower()


def _where(chat: int | None, thread: str | None, under: str | None) -> dict[str, Any]:
    where: dict[str, Any] = {"chat_id": chat}
    if thread:
        where["message_thread_id"] = int(thread)
    if under:
        where["reply_parameters"] = ReplyParameters(int(under), allow_sending_without_reply=True)
    return where


def _of_staff(extra: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text for name, text in extra.items() if name == "tickets"}


def _later(why: str) -> Outcome:
    return Outcome("later", resume_at=datetime.now(UTC) + STAFF_AGAIN, reason=why)
