"""Questions that were not answered at once, votes on answers, and counts of questions.

Written in a turn's transaction, read outside.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.effects import Outdated
from bot.domain.questions import (
    AnswerTold,
    AnswerWanted,
    Asker,
    Assigned,
    Explained,
    Opinion,
    Picked,
    Settled,
    Tallied,
    Unanswered,
    Unsettled,
    Voted,
)
from bot.store.broadcast_tables import asked
from bot.store.knowledge_tables import explained_questions, votes, wanted_answers
from bot.store.rows import Origin, ReadRows
from bot.store.tables import misses, people, person_id
from bot.store.times import text_of, time_of
from bot.store.upsert import bind_key, same_id, upsert

MOST = 5_000
"""Unanswered questions that are read at most."""
MOST_WANTED = 5
"""Questions whose answers one person waits for."""

_COUNTED = ("channel", "day", "notice", "cohort", "reached")


class QuestionRows(ReadRows):
    """Questions and votes of an open store."""

    async def list_unanswered(self, since: datetime, *, settled: bool = False) -> list[Unanswered]:
        """Return the newest MOST questions since then that still wait for an admin (`settled`: all), newest first."""
        which = and_(misses.c.at >= text_of(since), *(() if settled else (misses.c.became.is_(None),)))
        rows = await self._fetch(select(misses).where(which).order_by(misses.c.id.desc()).limit(MOST))
        return await asyncio.to_thread(lambda: [_unanswered(row) for row in rows])

    async def count_unanswered(self, since: datetime) -> int:
        """Return the number of questions since then that wait for an admin."""
        which = and_(misses.c.at >= text_of(since), misses.c.became.is_(None))
        ((count,),) = await self._fetch(select(func.count()).select_from(misses).where(which))
        return int(count)

    async def count_settled(self, since: datetime) -> dict[str, int]:
        """Return the number of questions since then that do not wait, by what became of them, most first."""
        which = and_(misses.c.at >= text_of(since), misses.c.became.is_not(None))
        counted = select(misses.c.became, func.count()).where(which).group_by(misses.c.became)
        rows = await self._fetch(counted.order_by(func.count().desc(), misses.c.became))
        return {became: int(count) for became, count in rows}

    async def list_askers(
        self, channels: Collection[str], at: datetime, after: int = 0, most: int = 100
    ) -> list[Asker]:
        """Return those of some channels who want to hear an answer, the first of them behind the number `after`."""
        waiting = (
            select(wanted_answers.c.id, people.c.channel, people.c.user_id, wanted_answers.c.question, people.c.session)
            .join(people, wanted_answers.c.person == people.c.id)
            .where(people.c.channel.in_(channels), wanted_answers.c.until > text_of(at), wanted_answers.c.id > after)
            .order_by(wanted_answers.c.id)
            .limit(most)
        )
        return [Asker(*row) for row in await self._fetch(waiting)]

    async def opinions(self) -> dict[tuple[str, str], Opinion]:
        """Return the votes by topic and wording."""
        key = (votes.c.topic, votes.c.revision)
        group = (*key, votes.c.helped, votes.c.reason)
        counted = select(*group, func.count()).group_by(*group).order_by(func.count().desc(), votes.c.reason)
        found: dict[tuple[str, str], Opinion] = {}
        for topic, revision, helped, reason, n in await self._fetch(counted):
            before = found.get((topic, revision), Opinion(0, 0))
            reasons = {**before.reasons, reason: n} if reason else before.reasons
            found[topic, revision] = Opinion(before.helped + n * helped, before.of + n, reasons)
        return found

    async def load_explained(self, channel: str, user: str) -> str | None:
        """Return the question whose match was explained to a person last; None when there is none."""
        is_theirs = explained_questions.c.person == person_id(channel, user)
        rows = await self._fetch(select(explained_questions.c.question).where(is_theirs))
        return rows[0].question if rows else None


def _unanswered(row: Row[Any]) -> Unanswered:
    topics = tuple(json.loads(row.topics))
    return Unanswered(row.id, time_of(row.at), row.question, topics, row.became, row.tied, row.picked, row.assignee)


async def settle(connection: AsyncConnection, settled: Settled, _: Origin) -> None:
    """Write down what an admin did about unanswered questions."""
    await connection.execute(update(misses).where(misses.c.id.in_(settled.misses)).values(became=settled.became))


async def unsettle(connection: AsyncConnection, unsettled: Unsettled, _: Origin) -> None:
    """Make unanswered questions wait for an admin again."""
    await connection.execute(update(misses).where(misses.c.id.in_(unsettled.misses)).values(became=None))


async def assign(connection: AsyncConnection, assigned: Assigned, _: Origin) -> None:
    """Write down which admin is to answer questions."""
    await connection.execute(update(misses).where(misses.c.id.in_(assigned.misses)).values(assignee=assigned.to))


async def save_explained(connection: AsyncConnection, explained: Explained, origin: Origin) -> None:
    """Keep the question that was explained to the person whose turn it is, instead of the one before."""
    row = {"at": text_of(origin.at), "question": explained.question}
    new = upsert(connection.dialect.name)(explained_questions)
    new = new.values(person=person_id(origin.channel, origin.user), **row)
    await connection.execute(new.on_conflict_do_update(index_elements=[explained_questions.c.person], set_=row))


async def save_pick(connection: AsyncConnection, picked: Picked, _: Origin) -> None:
    """Write a taken topic into the newest question with this mark for which none was taken."""
    newest = select(func.max(misses.c.id)).where(misses.c.mark == picked.mark, misses.c.picked.is_(None))
    this = misses.c.id == newest.scalar_subquery()
    await connection.execute(update(misses).where(this).values(picked=picked.topic))


async def want_answer(connection: AsyncConnection, wanted: AnswerWanted, origin: Origin) -> None:
    """Keep that the person whose turn it is wants the answer to a question, the last MOST_WANTED of them; or none."""
    who = select(people.c.id).where(people.c.channel == origin.channel, people.c.user_id == origin.user)
    person = (await connection.execute(who)).scalar()
    own = wanted_answers.c.person == person
    if wanted.until is None:
        await connection.execute(delete(wanted_answers).where(own))
        return
    newest = select(func.max(misses.c.id)).where(misses.c.mark == wanted.mark)
    asked = select(misses.c.question).where(misses.c.id == newest.scalar_subquery())
    question = (await connection.execute(asked)).scalar()
    if person is None or question is None:
        return
    same = and_(own, wanted_answers.c.question == question)
    others = select(wanted_answers.c.id).where(own, not_(same)).order_by(wanted_answers.c.id.desc())
    numbers = (await connection.execute(others.offset(MOST_WANTED - 1).limit(MOST_WANTED))).scalars().all()
    await connection.execute(delete(wanted_answers).where(or_(same, wanted_answers.c.id.in_(numbers))))
    row = {"person": person, "question": question, "until": text_of(wanted.until)}
    await connection.execute(insert(wanted_answers), row)


async def end_wish(connection: AsyncConnection, told: AnswerTold, origin: Origin) -> None:
    """Delete the wish for an answer, so that it can be sent. Outdated when another worker did, or it is taken back."""
    mine = wanted_answers.c.person == person_id(origin.channel, told.user)
    this = delete(wanted_answers).where(wanted_answers.c.id == told.number, mine)
    if (await connection.execute(this)).rowcount != 1:
        raise Outdated("wanted_answers")


async def save_vote(connection: AsyncConnection, voted: Voted, origin: Origin) -> None:
    """Keep a vote of the person whose turn it is; it replaces their earlier one on the same wording."""
    person = person_id(origin.channel, origin.user)
    vote = {"at": text_of(origin.at), "helped": voted.helped, "reason": voted.reason}
    insert = upsert(connection.dialect.name)
    new = insert(votes).values(person=person, topic=voted.topic, revision=voted.revision, **vote)
    once = [votes.c.person, votes.c.topic, votes.c.revision]
    await connection.execute(new.on_conflict_do_update(index_elements=once, set_=vote))


async def count_questions(connection: AsyncConnection, questions: Iterable[tuple[str, datetime, Tallied]]) -> None:
    """Add questions (channel, moment, how far it got) to the counts of their day.

    Always in the same order, so that two workers never wait for each other's locks.
    """
    counts = Counter((ch, text_of(at)[:10], q.notice, q.cohort or "", q.reached) for ch, at, q in questions)
    if not counts:
        return
    dialect = connection.dialect.name
    rows: list[dict[str, Any]] = []
    for where, n in sorted(counts.items()):
        row = dict(zip(_COUNTED, where, strict=True))
        rows.append({**row, **bind_key(dialect, row), "count": n})
    await connection.execute(_add_count(dialect), rows)


@cache
def _add_count(dialect: str) -> Any:
    """Return the statement that adds to a count; made once, because every turn needs it."""
    new = upsert(dialect)(asked).values(same_id(dialect, asked, _COUNTED))
    more = {"count": asked.c.count + new.excluded.count}
    return new.on_conflict_do_update(index_elements=[asked.c[name] for name in _COUNTED], set_=more)
