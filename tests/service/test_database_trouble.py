"""A database that is away for a moment costs nobody an answer, and nothing is acknowledged that is not saved."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.messages import AT_ONCE, Answer, Delivered, Incoming, NotSaved, Outcome, Post, Reply
from bot.domain.outbox import Queued
from bot.service import outbox, trouble
from bot.service.turns import Service
from bot.store import Store, StoreProblem
from bot.store.schema import REVISION
from tests.conftest import shipped
from tests.databases import POSTGRES, make_database
from tests.workers import proxy_of

NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not POSTGRES, reason="TEST_POSTGRES_URL names no server")


async def test_turns_survive_cut_connections_and_are_not_acknowledged_while_nobody_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, address = proxy_of(await make_database("postgresql", tmp_path))
    async with proxy:
        store = await Store.open(address)
        service = Service(shipped(), store, lambda: NOON)
        for number in range(3):
            asks = Incoming("telegram", "7", "老师电话", update_id=f"{number}")
            answer = await service.receive(asks)
            assert "0550" in answer.replies[-1].text
            proxy.cut()
            assert await service.receive(asks) == answer  # as it was stored
            proxy.cut()
        targets, proxy.targets = proxy.targets, []
        monkeypatch.setattr(trouble, "WAITS_S", (0.0, 0.0))
        with pytest.raises(NotSaved):
            await service.receive(Incoming("telegram", "7", "老师电话", update_id="4"))
        assert not await service.reachable()
        proxy.targets = targets
        assert (await service.receive(Incoming("telegram", "7", "老师电话", update_id="4"))).replies
        assert await service.reachable()
        known = await store.load_known("telegram", "7", None)
        assert known.turns == 4
        await store.close()


async def test_what_was_sent_while_the_database_went_away_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "AGAIN_S", 0.05)
    proxy, address = proxy_of(await make_database("postgresql", tmp_path))
    async with proxy:
        store = await Store.open(address)
        sends = outbox.Outbox(store, shipped, lambda: NOON, worker="one")
        await store.apply([Queued("user", Reply(f"{n}"), user=f"{n}") for n in range(3)], "telegram", NOON)
        targets, sent = proxy.targets, list[str]()

        async def deliver(post: Post) -> Delivered:
            if not await post.begin():  # the third comes when the database is away: it does not go out
                return Delivered(Outcome("later", resume_at=AT_ONCE))
            sent.append(post.user or "")
            if len(sent) == 2:
                proxy.targets = []
                proxy.cut()
            return Delivered(Outcome("sent"))

        one, two, three = await sends.deliveries("telegram", deliver)
        await one
        ends = [asyncio.create_task(two)]
        while proxy.targets:  # noqa: ASYNC110 - set by what is delivered
            await asyncio.sleep(0.01)
        ends.append(asyncio.create_task(three))
        done, _ = await asyncio.wait(ends, timeout=0.2)
        assert not done
        proxy.targets = targets
        await asyncio.gather(*ends)
        assert sent == ["0", "1"]
        assert [post.user for post in await store.outbox.claim("telegram", NOON)] == ["2"]
        await store.close()


async def test_an_old_worker_acknowledges_nothing_under_a_newer_schema(tmp_path: Path) -> None:
    store = await Store.open(await make_database("postgresql", tmp_path))
    service, workers = Service(shipped(), store, lambda: NOON), store.workers("token")
    asks = Incoming("telegram", "7", "老师电话", update_id="1")
    for revision, is_newer in (("9999", True), (REVISION, False)):
        async with store._transaction() as connection:
            await connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
        taking_part = asyncio.create_task(workers.run())
        await workers.leads.wait()
        if is_newer:
            assert not await service.reachable()
            with pytest.raises(NotSaved):
                await service.receive(asks)
            store.schema.newer = None  # so that the test can write
        else:
            assert await service.reachable()
            assert (await service.receive(asks)).replies
        taking_part.cancel()
        await asyncio.wait({taking_part})
    await store.close()


async def test_long_attempts_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = list[float]()

    async def take() -> Answer:
        attempts.append(time.monotonic())
        await asyncio.sleep(0.02)
        raise StoreProblem("unreachable", "silent", passes=True)

    monkeypatch.setattr(trouble, "WAITS_S", (0.0,) * 7)
    for within_s, most in ((5.0, 8), (0.03, 3)):
        monkeypatch.setattr(trouble, "WITHIN_S", within_s)
        attempts.clear()
        with pytest.raises(StoreProblem):
            await trouble.wait_out_trouble(take, waits=True)
        assert len(attempts) <= most
        assert (len(attempts) == 8) == (within_s == 5.0)
