"""What the workers on one PostgreSQL tell each other is heard at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store import Store, workers
from bot.store.engine import DEFAULT
from bot.store.workers import Workers
from tests.admin.admin_area import stop, until
from tests.databases import BACKENDS, make_database


@pytest.mark.parametrize("backend", BACKENDS[1:])
async def test_who_is_told_of_a_broadcast_looks_at_once(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the leader sends with an idle bot's share of the limits until the next look."""
    monkeypatch.setattr(workers, "BEAT_S", 3600.0)
    address = await make_database(backend, tmp_path)
    await (await Store.open(address)).close()
    looks: list[str] = []
    worker = Workers(make_url(address), DEFAULT, "token", looks.append)
    serving = asyncio.create_task(worker.run())
    await until(worker.leads.is_set)
    before = len(looks)
    engine = create_async_engine(address)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_notify('gradbot', 'broadcast')"))
    await engine.dispose()
    await until(lambda: len(looks) > before)
    await stop(serving)
