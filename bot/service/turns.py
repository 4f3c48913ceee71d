"""One turn of one person: lock → load → decide → save → answer; and the boundary where errors end.

Turns of one person come one after the other, turns of different people side by side. An update that was handled before
gets the answer that was stored then, and changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from weakref import WeakValueDictionary

import structlog
from pydantic import TypeAdapter

from bot.content.content import Content
from bot.conversation.decide import decide
from bot.conversation.public import answer_in_public
from bot.conversation.turn import Missed, Turn
from bot.domain import session as sessions
from bot.domain.areas import Decision, StaffArea
from bot.domain.effects import Effect, Outdated
from bot.domain.messages import Answer, Attachment, Delivered, Incoming, Owed, Post, Reply
from bot.domain.outbox import Queued
from bot.domain.roles import Role
from bot.domain.session import Session
from bot.domain.zone import local, utc
from bot.runtime import crashes
from bot.store import Known, Miss, StepEvent, Store, StoreProblem
from bot.tickets import roles as staff
from bot.tickets import tickets
from bot.tickets.roles import RoleRequest, Staff
from bot.tickets.tickets import Case, StaffTurn

ATTEMPTS = 4
"""How often a turn is decided again because somebody else changed the ticket first."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_log = structlog.get_logger()


class Service:
    """Answers people. `content` may be swapped at any time; a turn keeps the one that it began with.

    `present` gives the moment in UTC; `today`, when set, is rehearsed instead. `owners` may do everything, by channel
    and id. `desks` are the channels where a person can be asked, `posts` those that can write to people unasked,
    `rooms` what people with a role may enter, in the order in which they are asked. `draw` draws a random number below
    its argument.
    """

    def __init__(
        self,
        content: Content,
        store: Store,
        present: Callable[[], datetime],
        today: date | None = None,
        *,
        owners: Collection[tuple[str, str]] = (),
        desks: Collection[str] = (),
        posts: Collection[str] = (),
        rooms: Sequence[StaffArea] = (),
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self.content = content
        self._owners = frozenset(owners)
        self._desks = frozenset(desks)
        self._posts = frozenset(posts)
        self._rooms = tuple(rooms)
        self._draw = draw
        self.posted = asyncio.Event()
        """Set when there may be something new in the outbox."""
        self._store = store
        self._present = present
        self._today = today
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def take(self, content: Content) -> None:
        """Answer from this content from the next turn on."""
        self.content = content

    @property
    def store(self) -> Store:
        """Where everything is kept."""
        return self._store

    async def receive(self, incoming: Incoming) -> Answer:
        """The answer to one thing that a person did. Never raises; what went wrong is logged and said kindly."""
        phrases, about = self.content.phrases, {"channel": incoming.channel, "update": incoming.update_id}
        try:
            if incoming.place in ("public", "inline"):
                return answer_in_public(self.content, incoming, local(self._present(), self._today))
            if incoming.other in ("left", "returned"):
                await self._store.reach(incoming.channel, incoming.user, reachable=incoming.other == "returned")
                return Answer(())
            async with self._locks.setdefault((incoming.channel, incoming.user), asyncio.Lock()):
                return await self._again(incoming)
        except StoreProblem as problem:
            _log.error("store_problem", code=problem.code, **about)
            helps = await self._may_hear_details(incoming)
            return Answer((Reply(phrases.store_trouble[problem.code] if helps else phrases.trouble_of_ours),))
        except Exception as bug:  # noqa: BLE001 - the boundary: a person never waits for nothing
            _log.error("turn_failed", **crashes.for_log(bug), **about)
            return Answer((Reply(phrases.trouble_of_ours),))

    async def reachable(self) -> bool:
        """Whether the database answers."""
        try:
            await self._store.load("", "")
        except StoreProblem:
            return False
        return True

    # The outbox

    async def next_posts(self, channel: str) -> Sequence[Post]:
        """Messages that a channel is to deliver now, one for each chat; they are the caller's for a while."""
        return await self._store.desk.claim(channel, self._present())

    async def owe(self, owed: Owed) -> None:
        """Keep replies until they can go out; when that is not possible either, they are lost, and logged."""
        queued = [
            Queued("user", reply, user=owed.chat, thread=owed.thread, under=owed.under, due_at=owed.due_at)
            for reply in owed.replies
        ]
        try:
            await self._store.desk.apply(queued, owed.channel, self._present())
        except StoreProblem as problem:
            _log.error("replies_lost", code=problem.code, channel=owed.channel, count=len(queued))
        self.posted.set()

    async def debtors(self, channel: str) -> Sequence[str]:
        """Who is owed something: what comes later waits behind it."""
        return await self._store.desk.list_debtors(channel)

    async def waits_s(self, channel: str) -> float | None:
        """Seconds until the next message is due; None when none is waiting."""
        due = await self._store.desk.next_due(channel)
        return (due - self._present()).total_seconds() if due else None

    async def settle(self, channel: str, post: Post, delivered: Delivered) -> None:
        """Note what became of a message; staff are told when it cannot reach the graduate."""
        became, content = delivered.outcome.became, self.content
        news: Sequence[Queued] = ()
        if became in ("blocked", "failed"):
            _log.warning("post_lost", post=post.number, channel=channel, why=delivered.outcome.reason)
            if post.user is not None and post.ticket is not None:
                news = (tickets.announce_undelivered(content, post.ticket, became),)
        if became == "blocked" and post.user is not None:
            await self._store.reach(channel, post.user, reachable=False)
        await self._store.desk.settle(post, delivered, self._present(), news)

    async def recall(self, channel: str) -> None:
        """Messages that a killed sender had taken are due again."""
        await self._store.desk.recall(channel, self._present())

    async def release(self) -> None:
        """Let the bot take over again where nobody has said anything for too long."""
        for channel in self._desks:
            now = local(self._present(), self._today)
            for ticket in await self._store.desk.overdue(channel, utc(now)):
                try:
                    effects = tickets.release(self.content, ticket, now).effects
                    await self._store.desk.apply(effects, channel, self._present())
                except Outdated:
                    continue
                self.posted.set()

    # Turns

    async def _again(self, incoming: Incoming) -> Answer:
        """The turn, decided again when somebody else was faster at the same ticket."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._turn(incoming)
            except Outdated:
                continue
        return await self._turn(incoming)

    async def _turn(self, incoming: Incoming) -> Answer:
        channel, user, update = incoming.channel, incoming.user, incoming.update_id
        known = await self._store.load_known(channel, user, update)
        if known.turn:
            # Turns of one person come one after the other: what came before the last one has been said.
            return Answer(()) if known.passed else _ANSWER.validate_json(known.turn)
        content, at = self.content, self._present()
        role = self._role(incoming, known)
        if incoming.place == "staff":
            return await self._save_decision(incoming, await self._answer_in_staff_chat(incoming, role), at)
        if (asked := staff.parse_request(incoming)) and (
            handed := await self._decide_role_act(incoming, role, asked, at)
        ):
            return await self._save_decision(incoming, handed, at)
        if role and (handed := await self._ask_areas(incoming, role, at)):
            return await self._save_decision(incoming, handed, at)
        session, case = self._load_session(known.session), self._case(channel, known)
        now, rehearsed = local(at, self._today), self._today is not None
        posts = channel in self._posts
        turn = decide(content, session, incoming, now, rehearsed=rehearsed, case=case, posts=posts)
        if turn.forget:
            left = (tickets.announce_forgotten(content, case.ticket, known.thread),) if case and case.ticket else ()
            return await self._forget(content, incoming, at, left)
        if turn.export:
            turn = await self._attach_export(content, incoming, turn)
        answer = _answer(turn)
        saved = await self._store.save_turn(
            channel,
            user,
            session=json.dumps(sessions.dump(turn.session), ensure_ascii=False),
            events=_events(content, turn),
            update_id=update,
            turn=_ANSWER.dump_json(answer).decode() if update else None,
            miss=_miss(content, turn.missed),
            at=at,
            effects=turn.effects,
            seen=known.turns,
            tallied=turn.tallied,
        )
        self._wake_outbox(turn.effects)
        if not saved and update and (stored := await self._store.find_handled(channel, user, update)):
            return _ANSWER.validate_json(stored)
        return answer

    async def _save_decision(self, incoming: Incoming, handed: Decision, at: datetime) -> Answer:
        """A turn of staff: no session changes. An answer with an invitation in it is not kept, so not repeated."""
        answer, update = Answer(handed.replies), incoming.update_id
        kept = answer
        if any(reply.link for reply in answer.replies):
            kept = Answer((Reply(self.content.phrases.staff.invitation_again),))
        saved = await self._store.save_turn(
            incoming.channel,
            incoming.user,
            session=None,
            events=(),
            update_id=update,
            turn=_ANSWER.dump_json(kept).decode() if update else None,
            miss=None,
            at=at,
            effects=handed.effects,
        )
        self._wake_outbox(handed.effects)
        return answer if saved else kept

    def _wake_outbox(self, effects: Sequence[Effect]) -> None:
        if effects:
            self.posted.set()

    def _role(self, incoming: Incoming, known: Known) -> Role | None:
        """Read anew at every act, so that whoever is removed loses it at once."""
        return "owner" if (incoming.channel, incoming.user) in self._owners else known.role

    async def _may_hear_details(self, incoming: Incoming) -> bool:
        """Whether it helps them to hear what is wrong with the database: at the machine, or with a role."""
        if incoming.channel not in self._posts:
            return True
        try:
            known = await self._store.load_known(incoming.channel, incoming.user, None)
        except StoreProblem:  # nothing can be read any more; the owners are in the settings
            known = Known()
        return self._role(incoming, known) is not None

    async def _decide_role_act(
        self, incoming: Incoming, role: Role | None, asked: RoleRequest, at: datetime
    ) -> Decision | None:
        roles, channel = self._store.roles, incoming.channel
        if role is None and asked.act != "join":
            return None
        return Staff(
            self.content,
            incoming.user,
            role,
            local(at, self._today),
            at,
            members=await roles.members(channel) if asked.act in ("staff", "remove") else (),
            invitations=await roles.invitations(channel, at) if asked.act == "join" else (),
            tickets=await self._store.desk.pending(channel) if asked.act == "tickets" else (),
            token=secrets.token_urlsafe(24),
        ).does(asked)

    async def _ask_areas(self, incoming: Incoming, role: Role, at: datetime) -> Decision | None:
        """What a room of staff makes of it; None when it is no room's business."""
        for room in self._rooms:
            if handed := await room.answer(incoming, role, at):
                return handed
        return None

    def _case(self, channel: str, known: Known) -> Case | None:
        """Where the person stands with the desk; None where there is no desk."""
        if channel not in self._desks:
            return None
        number = tickets.draw([self._draw(len(tickets.ALPHABET)) for _ in range(tickets.NUMBER)])
        return Case(known.ticket, number)

    async def _answer_in_staff_chat(self, incoming: Incoming, role: Role | None) -> Decision:
        """What somebody did in the staff chat; silence when it is not about a ticket."""
        words, now = self.content.phrases.desk, local(self._present(), self._today)
        if incoming.channel not in self._desks:
            return Decision()
        asked, button = staff.parse_request(incoming), tickets.parse_press(incoming.press)
        found = await self._store.desk.find(
            number=button[0] if button else None, thread=incoming.thread, message=incoming.reply_to
        )
        is_command = incoming.text.startswith("/") and not incoming.text.startswith("//")
        if asked is None and button is None and (found is None or is_command):
            return Decision()
        if role is None:
            return Decision((Reply(words.not_staff),))
        if asked:
            pending = await self._store.desk.pending(incoming.channel)
            return (
                Decision((tickets.list_tickets(self.content, pending, now),)) if asked.act == "tickets" else Decision()
            )
        if found is None:
            return Decision((Reply(words.gone),))
        return StaffTurn(self.content, found.ticket, incoming.user, now, found.current).decide(incoming)

    def _load_session(self, stored: str | None) -> Session | None:
        if stored is None:
            return None
        try:
            return sessions.load(json.loads(stored))
        except (KeyError, TypeError, ValueError):
            _log.error("session_unreadable")
            return None

    async def _forget(self, content: Content, incoming: Incoming, at: datetime, left: Sequence[Effect]) -> Answer:
        phrases = content.phrases
        again = Answer((Reply(phrases.forgotten_before),))
        kept = _ANSWER.dump_json(again).decode() if incoming.update_id else None
        counts = (
            await self._store.forget(
                incoming.channel, incoming.user, update_id=incoming.update_id, turn=kept, at=at, effects=left
            )
        ).counts
        self._wake_outbox(left)
        if not any(counts.values()):
            return again
        said = phrases.forgotten.format(
            people=counts["people"], events=counts["step_events"], turns=counts["handled_updates"]
        )
        return Answer((Reply(said),))

    async def _attach_export(self, content: Content, incoming: Incoming, turn: Turn) -> Turn:
        kept = await self._store.export(incoming.channel, incoming.user)
        file = Attachment(content.phrases.export_file, json.dumps(kept, ensure_ascii=False, indent=2))
        return replace(turn, replies=(*turn.replies[:-1], replace(turn.replies[-1], attachment=file)))


def _answer(turn: Turn) -> Answer:
    position = turn.session.position
    return Answer(turn.replies, position.step if position else None, turn.state, turn.withdraw, turn.toast)


def _events(content: Content, turn: Turn) -> list[StepEvent]:
    """What happened on the walk, and which answers were given."""
    script, revision = content.script.id, content.revision
    walked = [StepEvent(script, happening.step, happening.kind, revision) for happening in turn.happenings]
    return [*walked, *(StepEvent("faq", topic, "answer", revision) for topic in turn.told)]


def _miss(content: Content, missed: Missed | None) -> Miss | None:
    if missed is None:
        return None
    return Miss(missed.question, missed.topics, content.revision, missed.tied, missed.mark)
