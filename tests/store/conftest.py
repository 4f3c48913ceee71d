"""A real database in each test's own folder; also PostgreSQL's where TEST_POSTGRES_URL names an empty one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store import Store

AT = datetime(2013, 12, 5, 8, 30, tzinfo=UTC)
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "gradbot.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
async def store(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Store]:
    if request.param == "postgresql":
        url = POSTGRES
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
        await engine.dispose()
    store = await Store.open(url)
    yield store
    await store.close()
