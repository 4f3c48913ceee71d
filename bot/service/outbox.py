"""The outbox: messages to other chats than the one that spoke, and replies that cannot go out now.

One message at a time to each chat, until told to stop: then what is under way may end, and others get the rest. After
a kill it is sent again when its lease is over: at least once, and with a line that says so when it was begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.content.content import Content
from bot.domain.effects import Outdated
from bot.domain.messages import MOST_CHARACTERS, Capabilities, Delivered, NotSaved, Outcome, Owed, Post, Reply
from bot.domain.outbox import LEFT, Queued
from bot.domain.revisions import Once
from bot.domain.zone import local, utc
from bot.render.fit import fit
from bot.runtime.crashes import restart_on_error
from bot.runtime.log import LazyLogger
from bot.store import Store, StoreProblem
from bot.store.outbox import CLAIMED_S
from bot.tickets import staff, staff_posts

LOOK_S = 20.0
"""Seconds between looks at what has become due by itself: repeats, and tickets to release."""
LOOK_AT_WAITS = timedelta(minutes=5)
"""Time between looks at how long people wait."""
MAX_UNDER_WAY = 200
"""Messages under way from which on no more are claimed."""
AGAIN_S = 2.0
"""Seconds after which the database is asked again when it was in trouble."""
MOST_CAPTION = 1024
"""Characters under a file."""
RENEW_S = CLAIMED_S / 3
"""Seconds between two renewals of the leases of messages under way."""
FINISH_S = 1.5
"""Seconds for messages under way when the outbox stops."""
MOST_UNKNOWN = 20
"""Tries with an unknown outcome after which a message is given up."""

Deliver = Callable[[Post], Awaitable[Delivered]]

_log = LazyLogger()


class Outbox:
    """The outbox of an open store. `content` gives the content in force, `present` the moment in UTC; `today`, when
    set, is rehearsed instead. `desks` are the channels with a staff chat; with one, tickets are released when nobody
    answers them, and staff hear every hour how long somebody waits. `worker` names whoever dispatches; `owners`, by
    channel and id, hear when the staff chat is gone. Messages are fitted to what a channel `can`.
    """

    def __init__(
        self,
        store: Store,
        content: Callable[[], Content],
        present: Callable[[], datetime],
        today: datetime | None = None,
        desks: Collection[str] = (),
        worker: str = "",
        owners: Collection[tuple[str, str]] = (),
        can: Callable[[str], Capabilities] = lambda _: Capabilities(),
    ) -> None:
        self.posted = asyncio.Event()
        """Set when there may be something new."""
        self._store = store
        self._content = content
        self._present = present
        self._today = today
        self._desks = frozenset(desks)
        self._worker = worker
        self._owners = frozenset(owners)
        self._can = can
        self._looks_at: datetime | None = None  # the moment of the next look at who waits

    async def owe(self, owed: Owed) -> None:
        """Keep replies until they can go out. NotSaved when the database fails as well."""
        queued = [
            Queued("user", reply, user=owed.chat, thread=owed.thread, under=owed.under, due_at=owed.due_at, owed=True)
            for reply in owed.replies
        ]
        try:
            await self._store.outbox.owe(queued, owed.channel, self._present())
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log, channel=owed.channel)
            raise NotSaved from None
        self.posted.set()

    async def leave(self, channel: str, user: str, reply: Reply) -> str:
        """Leave a message where its person will fetch it, and return the mark of it. NotSaved."""
        try:
            number = await self._store.outbox.leave(Queued("user", reply, user=user), channel, self._present())
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log, channel=channel)
            raise NotSaved from None
        self.posted.set()
        return f"{LEFT}{number}"

    async def take_back(self, channel: str, user: str, mark: str) -> bool:
        """Take a message away that was left; False when it was fetched. NotSaved."""
        try:
            return await self._store.outbox.take_back(channel, user, int(mark.removeprefix(LEFT)))
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log, channel=channel)
            raise NotSaved from None

    async def debtors(self, channel: str) -> Sequence[str]:
        """Return the chats that are owed something: later replies wait behind it."""
        return await self._store.outbox.list_debtors(channel)

    async def waits_s(self, channel: str) -> float | None:
        """Return the seconds until the next message is due; None when none is waiting."""
        due = await self._store.outbox.next_due(channel)
        return (due - self._present()).total_seconds() if due else None

    async def dispatch(self, channel: str, deliver: Deliver, look_s: Callable[[], float] = lambda: LOOK_S) -> None:
        """Deliver what is owed, for ever; trouble with the database is waited out. A slow chat holds up no other.

        `look_s`: seconds between two looks at what nobody announced.
        """
        under_way: set[asyncio.Task[None]] = set()
        renewing = asyncio.create_task(restart_on_error(partial(self._renew, channel, under_way)))
        try:
            while True:
                self.posted.clear()
                wait_s = look_s()
                try:
                    wait_s = min(wait_s, await self._dispatch_due(channel, deliver, under_way))
                except StoreProblem as problem:
                    _log.error("store_problem", **problem.for_log, channel=channel)
                    wait_s = min(wait_s, AGAIN_S)
                await self._wait(wait_s)
        finally:
            renewing.cancel()
            late = (await asyncio.wait(under_way, timeout=FINISH_S))[1] if under_way else ()
            for task in late:
                task.cancel()
            await asyncio.gather(renewing, *late, return_exceptions=True)
            with suppress(StoreProblem):
                await self._store.outbox.release(self._worker, self._present())

    async def _renew(self, channel: str, under_way: Collection[object]) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if under_way:
                with suppress(StoreProblem):
                    await self._store.outbox.renew(channel, self._worker, self._present())

    async def _dispatch_due(self, channel: str, deliver: Deliver, under_way: set[asyncio.Task[None]]) -> float:
        """Start the deliveries that are due; return the seconds until the next look."""
        await self.release_tickets()
        if len(under_way) >= MAX_UNDER_WAY:
            return LOOK_S
        for delivery in await self.deliveries(channel, deliver):
            under_way.add(task := asyncio.create_task(delivery))
            task.add_done_callback(under_way.discard)
        due_s = await self.waits_s(channel)
        return LOOK_S if due_s is None else max(due_s, 0.0)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.posted.wait()
        except TimeoutError:
            pass

    async def deliveries(self, channel: str, deliver: Deliver) -> list[Coroutine[Any, Any, None]]:
        """Claim the next message of each chat where none is under way; return their deliveries, to be run at once."""
        posts = await self._store.outbox.claim(channel, self._present(), self._worker)
        return [self._deliver(channel, deliver, self._mark(post)) for post in posts]

    def _mark(self, post: Post) -> Post:
        """Say in a message that may have been sent before that it may come twice."""
        if not post.unknown or post.reply is None or post.change:
            return post
        reply, line = post.reply, self._content().phrases.maybe_twice
        if file := reply.bulletin:
            said = f"{file.html}\n\n{line}".lstrip()
            marked = replace(reply, bulletin=replace(file, html=said)) if len(said) <= MOST_CAPTION else reply
        else:
            said = f"{reply.text}\n\n{line}"
            room = MOST_CHARACTERS - len(reply.source or "")
            marked = replace(reply, text=said) if len(said) < room else reply
        return replace(post, reply=marked)

    async def _deliver(self, channel: str, deliver: Deliver, post: Post) -> None:
        try:
            post = replace(post, begin=partial(self._begin, post))
            delivered = await self._deliver_parts(self._can(channel), deliver, post)
        except Exception as bug:  # noqa: BLE001 - one message must not stop the others; it is tried again
            _log.error("post_failed", post=post.number, error=type(bug).__name__)
            delivered = Delivered(Outcome("unsure", reason=type(bug).__name__))
        while True:  # the outcome is kept until it can be noted, lest the message is sent again
            try:
                await self._settle(channel, post, delivered)
                break
            except StoreProblem as problem:
                _log.error("store_problem", **problem.for_log, channel=channel, post=post.number)
            await asyncio.sleep(AGAIN_S)
        self.posted.set()  # the next one of this chat may go

    async def _begin(self, post: Post) -> bool:
        """Write down that a message is about to be sent; False when that cannot be: then it is not sent."""
        try:
            return await self._store.outbox.begin(post, self._present())
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log, post=post.number)
            return False

    async def _deliver_parts(self, can: Capabilities, deliver: Deliver, post: Post) -> Delivered:
        """Deliver a message in as many parts as the channel needs; the first that is not sent ends it."""
        *before, last = fit((post.reply,), can, self._content().phrases.no_file) if post.reply else (None,)
        for part in before:
            delivered = await deliver(replace(post, reply=part, last=False))
            if delivered.outcome.became != "sent":
                return delivered
        return await deliver(replace(post, reply=last))

    async def _settle(self, channel: str, post: Post, delivered: Delivered) -> None:
        """Note what became of a message; staff are told when it cannot reach the graduate."""
        became, news = delivered.outcome.became, list[Queued]()
        if became == "unsure" and post.unknown + 1 >= MOST_UNKNOWN:
            delivered = replace(delivered, outcome=replace(delivered.outcome, became="failed"))
        elif became == "unsure":
            became = "later"
        if became in ("blocked", "failed", "unsure"):
            _log.warning("post_lost", post=post.number, channel=channel, why=delivered.outcome.reason)
            if post.user is not None and post.ticket is not None:
                news.append(staff_posts.announce_undelivered(self._content(), post.ticket, became))
        if became == "sent" and post.user is not None and post.ticket and post.source:
            news.append(staff_posts.mark_delivered(self._content(), post.ticket, post.source, post.change))
        if became == "blocked" and post.user is not None:
            await self._store.reach(channel, post.user, reachable=False)
        await self._store.outbox.settle(post, delivered, self._present(), news)
        if delivered.outcome.cause == "desk":
            await self._tell_of_lost_desk(channel, post)

    async def _tell_of_lost_desk(self, channel: str, post: Post) -> None:
        """Tell owners, and the graduate whose words wait, that the staff chat cannot be reached; once a day each."""
        content, now = self._content(), local(self._present(), self._today)
        owners = sorted(user for where, user in self._owners if where == channel)
        await self._apply_once(
            f"desk-lost/{now:%Y-%m-%d}", staff_posts.tell_owners_of_lost_desk(content, owners), channel
        )
        found = await self._store.tickets.find(number=post.ticket)
        if found:
            told = staff_posts.tell_graduate_of_lost_desk(content, found.ticket, now)
            await self._apply_once(f"desk-lost/{now:%Y-%m-%d}/{found.ticket.number}", (told,), channel)

    async def _apply_once(self, key: str, effects: Sequence[Queued], channel: str) -> None:
        with suppress(Outdated):
            await self._store.apply((Once(key), *effects), channel, self._present())
            self.posted.set()

    async def _tell_of_longest_wait(self, now: datetime, desk: str) -> None:
        """Tell staff, once an hour while the office is open, who has waited longest."""
        if self._looks_at and now < self._looks_at:
            return
        self._looks_at = now + LOOK_AT_WAITS
        told = staff.describe_longest_wait(self._content(), await self._store.tickets.pending(), now)
        if told:
            await self._apply_once(f"waits/{now:%Y-%m-%dT%H}", (told,), desk)

    async def release_tickets(self) -> None:
        """Let the bot answer again where nobody has said anything for too long; say who waits."""
        if not self._desks:
            return
        now, desk = local(self._present(), self._today), min(self._desks)
        await self._tell_of_longest_wait(now, desk)
        for ticket in await self._store.tickets.overdue(utc(now)):
            try:
                await self._store.apply(staff.release(self._content(), ticket, now).effects, desk, self._present())
            except Outdated:
                continue
            self.posted.set()
