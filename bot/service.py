"""One turn of one person: lock → load → decide → save → answer; and the boundary where errors end.

Turns of one person come one after the other, turns of different people side by side. An update that was handled before
gets the answer that was stored then, and changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from weakref import WeakValueDictionary

import structlog
from pydantic import TypeAdapter

from bot import privacy
from bot import session as sessions
from bot.content import Content
from bot.conversation import Missed, Turn, decide
from bot.messages import Answer, Attachment, Incoming, Reply
from bot.privacy import Kind
from bot.public import in_public
from bot.session import Session
from bot.store import Miss, StepEvent, Store, StoreProblem

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The zone of every notice; it has known no summer time since 1991."""
REHEARSED_AT = time(9)
"""The time of day on a rehearsed day."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_log = structlog.get_logger()


class Service:
    """Answers people. `content` may be swapped at any time; a turn keeps the one that it began with.

    `present` gives the moment in UTC; `today`, when set, is rehearsed instead.
    """

    def __init__(
        self, content: Content, store: Store, present: Callable[[], datetime], today: date | None = None
    ) -> None:
        self.content = content
        self._store = store
        self._present = present
        self._today = today
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def receive(self, incoming: Incoming) -> Answer:
        """The answer to one thing that a person did. Never raises; what went wrong is logged and said kindly."""
        phrases, about = self.content.phrases, {"channel": incoming.channel, "update": incoming.update_id}
        try:
            if incoming.place != "private":
                return in_public(self.content, incoming, local(self._present(), self._today))
            async with self._locks.setdefault((incoming.channel, incoming.user), asyncio.Lock()):
                return await self._turn(incoming)
        except StoreProblem as problem:
            _log.error("store_problem", code=problem.code, **about)
            return Answer((Reply(phrases.store_trouble[problem.code]),))
        except Exception as bug:  # noqa: BLE001 - the boundary: a person never waits for nothing
            # No message of the exception: it may quote what the person wrote.
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
            _log.error("turn_failed", error=type(bug).__name__, places=places, **about)
            return Answer((Reply(phrases.trouble_of_ours),))

    async def reachable(self) -> bool:
        """Whether the database answers."""
        try:
            await self._store.load("", "")
        except StoreProblem:
            return False
        return True

    async def _turn(self, incoming: Incoming) -> Answer:
        channel, user, update = incoming.channel, incoming.user, incoming.update_id
        known = await self._store.known(channel, user, update)
        if known.turn:
            return _ANSWER.validate_json(known.turn)
        session = self._remembered(known.session)
        content, at = self.content, self._present()
        turn = decide(content, session, incoming, local(at, self._today), rehearsed=self._today is not None)
        if turn.forget:
            return await self._forget(content, incoming, turn, at)
        if turn.export:
            turn = await self._exported(content, incoming, turn)
        answer = _answer(turn)
        saved = await self._store.save_turn(
            channel,
            user,
            session=json.dumps(sessions.dump(turn.session), ensure_ascii=False),
            events=[StepEvent(content.script.id, happening.step, happening.kind) for happening in turn.happenings],
            update_id=update,
            turn=_ANSWER.dump_json(answer).decode() if update else None,
            miss=_miss(content, turn.missed),
            at=at,
        )
        if not saved and update and (stored := await self._store.handled(channel, user, update)):
            return _ANSWER.validate_json(stored)
        return answer

    def _remembered(self, stored: str | None) -> Session | None:
        if stored is None:
            return None
        try:
            return sessions.load(json.loads(stored))
        except (KeyError, TypeError, ValueError):
            _log.error("session_unreadable")
            return None

    async def _forget(self, content: Content, incoming: Incoming, turn: Turn, at: datetime) -> Answer:
        phrases = content.phrases
        again = Answer((Reply(phrases.forgotten_before),))
        kept = _ANSWER.dump_json(again).decode() if incoming.update_id else None
        counts = (
            await self._store.forget(incoming.channel, incoming.user, update_id=incoming.update_id, turn=kept, at=at)
        ).counts
        if not any(counts.values()):
            return again
        said = phrases.forgotten.format(
            people=counts["people"], events=counts["step_events"], turns=counts["handled_updates"]
        )
        return Answer((Reply(said),))

    async def _exported(self, content: Content, incoming: Incoming, turn: Turn) -> Turn:
        kept = await self._store.export(incoming.channel, incoming.user)
        file = Attachment(content.phrases.export_file, json.dumps(kept, ensure_ascii=False, indent=2))
        return replace(turn, replies=(*turn.replies[:-1], replace(turn.replies[-1], attachment=file)))


def local(at: datetime, today: date | None) -> datetime:
    """The moment (UTC) as the notice's clocks show it, or the rehearsed day's morning."""
    return datetime.combine(today, REHEARSED_AT) if today else at.astimezone(ZONE).replace(tzinfo=None)


def _answer(turn: Turn) -> Answer:
    position = turn.session.position
    return Answer(turn.replies, position.step if position else None, turn.state, turn.withdraw)


def _miss(content: Content, missed: Missed | None) -> Miss | None:
    if missed is None:
        return None
    marks = {Kind(name): mark for name, mark in content.phrases.masks.items()}
    question = privacy.mask(missed.question, privacy.find(missed.question), marks)
    return Miss(question, missed.topics, content.revision)
