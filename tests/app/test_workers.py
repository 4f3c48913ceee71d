"""Two workers on one PostgreSQL are one bot, whichever of them is killed."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from bot.store import Store
from tests.channels.test_desk import STAFF, WithStaff
from tests.databases import POSTGRES, make_database
from tests.workers import Nginx, crew

pytestmark = pytest.mark.skipif(not POSTGRES, reason="TEST_POSTGRES_URL names no server")


async def fetch(address: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_every_message_comes_once_from_two_workers_and_from_the_one_that_is_left(tmp_path: Path) -> None:
    database = await make_database("postgresql", tmp_path)
    more = {"STAFF_CHAT": f"{STAFF}", "OWNERS": "1"}
    async with WithStaff(forum=True) as telegram, crew(telegram, tmp_path, database, 2, **more) as workers:
        owner = telegram.user("Owner", 1)
        people = [telegram.user(f"P{n}", 77000 + n) for n in range(12)]
        await workers.until_logged(0, "leading")
        for person in people:
            person.types("/desk")
        await telegram.until(lambda: len(telegram.staff) == len(people))
        store = await Store.open(database)
        while await store.outbox.next_due("telegram"):  # noqa: ASYNC110 - the database wakes nobody
            await asyncio.sleep(0.02)
        workers.workers[0].send_signal(signal.SIGKILL)
        await workers.until_logged(1, "leading")
        workers.start(0)
        for card in list(telegram.staff):
            telegram.staff_says(owner, "带户口本来", card)
        await telegram.until(lambda: all("带户口本来" in person.messages[-1].text for person in people), 25)
        await workers.until_logged(0, "serving")
        figures = [await fetch(f"http://127.0.0.1:{port}/metrics") for port in workers.pages]
        assert ["gradbot_leader 1.0" in one for one in figures] == [False, True]
        workers.workers[1].send_signal(signal.SIGTERM)
        for person in people:
            person.types("/contact")
        await telegram.until(lambda: all("0550" in person.messages[-1].shown for person in people))
        await telegram.until(lambda: not telegram.pending)
        assert workers.workers[1].wait(10) == 0
        if isinstance(workers.balancer, Nginx):
            page = await fetch(f"http://127.0.0.1:{workers.balancer.port}{workers.balancer.path}")
            assert "毕业核对" in page
        cards = [message for message in telegram.staff if "接手" in str(message.buttons)]
        assert len(cards) == len(people)
        for person in people:
            assert sum("带户口本来" in message.text for message in person.messages) == 1
        assert await store.outbox.next_due("telegram") is None
        await store.close()
