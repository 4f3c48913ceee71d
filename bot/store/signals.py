"""Signals between the workers on one PostgreSQL: what a transaction changed, heard by all when it is committed."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

Signal = Literal[
    "outbox",  # a message waits
    "broadcast",  # one was started, stopped or resumed
    "revision",  # new content was published
]
CHANNEL = "gradbot"
"""PostgreSQL's name of where they are heard."""


async def signal(connection: AsyncConnection, what: Signal) -> None:
    """Tell every worker, once the transaction of the caller is committed. Nothing on SQLite, which has one worker."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(CHANNEL, what)))
