"""The talk of people of a channel that shows it again: their last turns, or the greeting of somebody unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from bot.content.content import Content
from bot.conversation.decide import decide
from bot.domain.messages import Answer, Incoming, NotSaved, PastTalk, PastTurn, Reply
from bot.domain.zone import local
from bot.runtime.log import LazyLogger
from bot.store import Store, StoreProblem

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_log = LazyLogger()


@dataclass(frozen=True)
class Talk:
    """Talks of a channel. `content` gives the content in force, `present` the moment in UTC; `today`, when set, is
    rehearsed instead.
    """

    channel: str
    store: Store
    content: Callable[[], Content]
    present: Callable[[], datetime]
    today: datetime | None = None

    def greet(self) -> Answer:
        """Return the answer to the arrival of somebody unknown, of whom nothing is kept yet."""
        now, rehearsed = local(self.present(), self.today), self.today is not None
        return Answer(decide(self.content(), None, Incoming(self.channel, ""), now, rehearsed=rehearsed).replies)

    async def load_file(self, key: str) -> bytes | None:
        """Return a file that came with an answer to a ticket; None when it is kept no more. NotSaved as `recall`."""
        try:
            return await self.store.tickets.load_file(key)
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log, channel=self.channel)
            raise NotSaved from None

    async def recall(self, user: str) -> PastTalk:
        """Return the talk of a person; what waits for them is now among its turns, as delivered.

        Raises NotSaved when the database is in trouble.
        """
        rows, now = self.store.talk, self.present()
        try:
            kept = await rows.load(self.channel, user, now)
            if kept.waits:
                await rows.collect(*kept.who, now, Reply(self.content().phrases.desk.delivered))
                kept = await rows.load(self.channel, user, now)
        except StoreProblem as problem:
            _log.error("store_problem", **problem.for_log, channel=self.channel)
            raise NotSaved from None
        turns = (
            PastTurn(turn.update_id.rpartition("/")[2], _ANSWER.validate_json(turn.turn), turn.is_post)
            for turn in kept.turns
        )
        return PastTalk(tuple(turns), kept.code)
