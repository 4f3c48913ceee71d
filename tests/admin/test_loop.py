"""However many questions wait and whatever an admin sends, no turn of anybody else waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import insert

from bot.domain.questions import Unanswered
from bot.knowledge.inbox import group_questions
from bot.service.turns import MISSES_A_DAY
from bot.store.tables import misses
from tests.admin.admin_area import NOON, Newsroom, said

MOST_S = 0.1


class Pauses:
    """The longest time for which the loop's own thread was busy between two looks, without what other programs took."""

    longest = 0.0

    async def watch(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.002)
            self.longest = max(self.longest, time.thread_time() - before)


@asynccontextmanager
async def pauses() -> AsyncIterator[Pauses]:
    seen = Pauses()
    task = asyncio.create_task(seen.watch())
    yield seen
    task.cancel()


@pytest.mark.slow
async def test_five_thousand_questions_and_a_bomb_hold_up_nobody(tmp_path: Path) -> None:
    draw = Random(1)
    questions = ["".join(chr(0x4E00 + draw.randrange(3000)) for _ in range(490)) for _ in range(5000)]
    room = await Newsroom.open(tmp_path / "gradbot.db")
    await room.says("/faq")  # what is made on first use is made when a bot starts
    rows = [{"at": "2013-12-05T03:00:00.000+00:00", "question": q, "topics": "[]", "revision": ""} for q in questions]
    async with room.store._engine.begin() as connection:
        await connection.execute(insert(misses), rows)
    async with pauses() as seen:
        status, inbox, digest, bomb = await asyncio.gather(
            room.says("/faq"),
            room.says("/faq inbox"),
            room.editor.digest.week(NOON),
            room.sends("notice.txt", "（" * 100_000),
        )
    assert "5000" in said(status)
    assert "1 / 5000" in said(inbox) or "5000" in said(inbox)
    assert "5000" in digest.text
    assert bomb.replies
    assert seen.longest < MOST_S
    await room.close()


def test_the_time_to_group_questions_grows_as_their_number_does() -> None:
    draw = Random(1)

    def spent(count: int) -> float:
        asked = ["".join(chr(0x4E00 + draw.randrange(3000)) for _ in range(80)) for _ in range(count)]
        began = time.process_time()
        group_questions(Unanswered(n, NOON, question, ()) for n, question in enumerate(asked))
        return time.process_time() - began

    spent(50)
    assert spent(800) < 20 * spent(100)


async def test_one_person_leaves_so_many_questions_a_day(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    for _ in range(MISSES_A_DAY + 5):
        await room.asks("毕业证翻译件去哪里盖章")
    assert len(await room.store.questions.list_unanswered(NOON.replace(year=2012))) == MISSES_A_DAY
    await room.close()
