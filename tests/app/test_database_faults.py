"""Whatever happens to the database under two workers, every message is answered soon after it is back."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import POSTGRES, Cluster
from tests.telegram_people import User
from tests.telegram_server import TelegramServer
from tests.workers import Proxy, crew, proxy_of

WITHIN_S = 30.0
"""Seconds after its return within which the database's absence is over for everybody."""
ASKED, ANSWER = "/contact", "0550"


@dataclass
class Place:
    """The database in use, and the way to it; `silent_s`: for how long what passes is swallowed."""

    folder: Path
    cluster: Cluster
    proxy: Proxy
    silent_s: float


@asynccontextmanager
async def cut_ten_times(place: Place) -> AsyncIterator[None]:
    for _ in range(10):
        place.proxy.cut()
        await asyncio.sleep(0.1)
    yield


@asynccontextmanager
async def silent(place: Place) -> AsyncIterator[None]:
    place.proxy.is_silent = True
    yield
    await asyncio.sleep(place.silent_s)
    place.proxy.is_silent = False


@asynccontextmanager
async def only_read(place: Place) -> AsyncIterator[None]:
    for line in ("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"):
        await place.cluster.ask(line)
    yield
    await asyncio.sleep(6)
    for line in ("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"):
        await place.cluster.ask(line)


@asynccontextmanager
async def stopped(place: Place) -> AsyncIterator[None]:
    await asyncio.to_thread(place.cluster.stop)
    yield
    await asyncio.sleep(4)
    await asyncio.to_thread(place.cluster.start)


@asynccontextmanager
async def replaced(place: Place) -> AsyncIterator[None]:
    """As after a failover: another server with the same data, at another place."""
    await asyncio.to_thread(place.cluster.stop)
    yield
    place.cluster = await asyncio.to_thread(Cluster, place.folder / "second", place.cluster)
    await asyncio.to_thread(place.cluster.start)
    place.proxy.targets = [f"{place.cluster.folder}/.s.PGSQL.5432"]


FAULTS: Mapping[str, Callable[[Place], AbstractAsyncContextManager[None]]] = {
    "cut ten times": cut_ten_times,
    "silent": silent,
    "only reads": only_read,
    "stopped": stopped,
    "replaced": replaced,
}


async def ask_through(telegram: TelegramServer, place: Place, fault: str, people: list[User]) -> tuple[float, int]:
    """Let everybody ask while a fault lasts; return the seconds from its end to the last answer, and answers too many.

    TimeoutError when somebody waits for more than WITHIN_S.
    """
    before = [count_answers(person) for person in people]
    async with FAULTS[fault](place):
        for person in people:
            person.types(ASKED)
    began = time.perf_counter()
    await telegram.until(lambda: not missing(people, before), WITHIN_S)
    took = time.perf_counter() - began
    await telegram.until(lambda: not telegram.pending, WITHIN_S)
    return took, sum(count_answers(person) - was - 1 for person, was in zip(people, before, strict=True))


def count_answers(person: User) -> int:
    return sum(ANSWER in message.shown for message in person.messages)


def missing(people: list[User], before: list[int]) -> int:
    """Return how many have no new answer."""
    return sum(count_answers(person) == was for person, was in zip(people, before, strict=True))


@asynccontextmanager
async def college_behind_a_proxy(
    folder: Path, silent_s: float, count: int = 2
) -> AsyncIterator[tuple[TelegramServer, Place]]:
    """A Telegram, and workers whose database is reached by a proxy."""
    folder.chmod(0o755)
    cluster = await asyncio.to_thread(Cluster, folder / "first")
    await asyncio.to_thread(cluster.start)
    proxy, address = proxy_of(cluster.url)
    place = Place(folder, cluster, proxy, silent_s)
    try:
        async with TelegramServer() as telegram, proxy, crew(telegram, folder, address, count):
            yield telegram, place
    finally:
        with contextlib.suppress(Exception):
            await asyncio.to_thread(place.cluster.stop, "immediate")


@pytest.mark.slow
@pytest.mark.skipif(not POSTGRES, reason="TEST_POSTGRES_URL names no server")
async def test_no_message_is_lost_whatever_the_database_does() -> None:
    with tempfile.TemporaryDirectory() as there:  # pytest's own folders are closed to PostgreSQL's account
        async with college_behind_a_proxy(Path(there), silent_s=12) as (telegram, place):
            people = [telegram.user(f"P{n}", 77000 + n) for n in range(20)]
            for fault in FAULTS:
                await ask_through(telegram, place, fault, people)
