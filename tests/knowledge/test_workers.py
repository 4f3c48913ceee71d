"""A publication with several workers: it is said to be in force when it is, on each of them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from bot.content.own_folder import insert_saved
from bot.knowledge.examine import Examination, Report
from bot.knowledge.publish import prepare, publish
from bot.knowledge.revisions import FOLDER
from bot.store.workers import Workers
from tests.admin.admin_area import Newsroom, said, stop, until
from tests.databases import BACKENDS, make_database

OWN = """- id: red-pork
  title: 食堂的红烧肉
  source: notice
  phrasings: [食堂的红烧肉几点开始卖, 红烧肉几点卖, 食堂红烧肉什么时候有]
  answer: 这个问食堂，第 {} 遍。
"""


async def _join(room: Newsroom, open_: AsyncExitStack) -> tuple[Workers, asyncio.Task[None]]:
    """Take part as a worker that serves does, until cancelled."""
    workers = room.store.workers("token")
    workers.revision = lambda: room.knowledge.taken
    room.knowledge.when_taken = workers.call
    room.service.acts.on_revision = room.knowledge.await_all
    workers.wake(room.knowledge.told, "revision")
    serving = asyncio.create_task(workers.run())
    open_.push_async_callback(room.close)
    open_.push_async_callback(stop, serving)
    await until(lambda: workers.is_heard)
    return workers, serving


@pytest.mark.parametrize("backend", BACKENDS[1:])
async def test_it_is_said_to_be_published_when_every_worker_answers_from_it(backend: str, tmp_path: Path) -> None:
    address = await make_database(backend, tmp_path)
    async with AsyncExitStack() as open_:
        one, two = [await Newsroom.open(address) for _ in range(2)]
        await _join(one, open_)
        _, other = await _join(two, open_)
        following = asyncio.create_task(two.knowledge.follow(lambda: 60.0))
        told = said(await one.sends("canteen.yaml", OWN.format(1), "/faq"))
        assert "已发布" in told
        assert "没换上" not in told
        assert "第 1 遍" in two.answers("红烧肉几点卖")[0], "it had heard of it and taken it by then"
        await stop(following)

        one.service.acts.on_revision = partial(one.knowledge.await_all, 0.1)
        told = said(await one.sends("canteen.yaml", OWN.format(2), "/faq"))
        assert "已发布" in told
        assert "还有 1 台服务器没换上" in told

        await stop(other)
        told = said(await one.sends("canteen.yaml", OWN.format(3), "/faq"))
        assert "没换上" not in told, "nobody waits for a worker that is gone"


async def test_one_that_cannot_take_it_says_so(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")

    async def await_none() -> int:
        return await room.knowledge.await_all(0.0)

    room.service.acts.on_revision = await_none
    room.knowledge.look = partial(asyncio.sleep, 0)  # type: ignore[method-assign]
    assert "还有 1 台服务器没换上" in said(await room.sends("canteen.yaml", OWN.format(1), "/faq"))
    await room.close()


async def test_who_lets_the_leader_publish_builds_meanwhile_and_takes_it_at_once(tmp_path: Path) -> None:
    one, two = [await Newsroom.open(tmp_path / "gradbot.db") for _ in range(2)]
    examiner, examined = two.knowledge.examiner, list[Examination]()

    async def examine(draft: Examination) -> Report:
        report = await examiner(draft)
        examined.append(draft)
        return report

    two.knowledge.examiner = examine
    save = partial(insert_saved, saved={"faq/canteen.yaml": OWN.format(1)})
    waiting = asyncio.create_task(two.knowledge.foresee(save, 60.0))
    await until(lambda: examined)
    assert two.knowledge.number == 0
    await publish(one.knowledge, lambda: prepare(one.knowledge, save, FOLDER))
    await two.knowledge.look()
    await waiting
    assert "第 1 遍" in two.answers("红烧肉几点卖")[0]
    assert len(examined) == 1
    await two.knowledge.foresee(save, 60.0)  # nothing is to come: nothing is waited for
    for room in (one, two):
        await room.close()
