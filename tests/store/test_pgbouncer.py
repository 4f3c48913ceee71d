"""The store behind PgBouncer in transaction mode, where the next transaction may have another connection."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bot.domain.messages import Reply
from bot.domain.outbox import Queued
from bot.store import StepEvent, Store, workers
from bot.store.workers import Workers
from tests.admin.admin_area import stop, until
from tests.databases import POSTGRES, make_database
from tests.store.conftest import AT
from tests.workers import free_port


@asynccontextmanager
async def pgbouncer(database: str) -> AsyncIterator[str]:
    """Serve a database through eight of its connections, whoever has the turn; the address by it."""
    url = make_url(database)
    port, place = free_port(), url.query.get("host", url.host)
    there = f"host={place} port={url.port or 5432} user={url.username} dbname={url.database}"
    if url.password:
        there += f" password={url.password}"
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to PostgreSQL's account
        (settings := Path(folder) / "pgbouncer.ini").write_text(
            f"[databases]\nbot = {there}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            "unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 8\n"
        )
        Path(folder).chmod(0o755)
        as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []  # it refuses to run as root
        line = [*as_owner, shutil.which("pgbouncer") or "", "-q", str(settings)]
        server = await asyncio.create_subprocess_exec(*line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            async with asyncio.timeout(60):
                while not await _is_listening(port):
                    assert server.returncode is None, "it ended at once"
                    await asyncio.sleep(0.01)
            yield f"postgresql+asyncpg://gradbot@127.0.0.1:{port}/bot"
        finally:
            if server.returncode is None:
                server.terminate()
            await server.wait()


@pytest.mark.skipif(not (POSTGRES and shutil.which("pgbouncer")), reason="needs PostgreSQL and PgBouncer")
async def test_turns_claims_and_the_election_hold_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "BEAT_S", 0.05)
    database = await make_database("postgresql", tmp_path)
    await (await Store.open(database)).close()
    async with pgbouncer(database) as address:
        one, two = [await Store.open(address) for _ in range(2)]  # as a start does: nobody says what is between

        async def comes(user: str) -> None:
            for number in range(3):
                for store in (one, two):  # the same update reaches both workers
                    known = await store.load_known("c", user, f"{user}/{number}")
                    if known.turn is None:
                        await store.save_turn(
                            "c", user, session="{}", events=[StepEvent("s", "M0", "entered")],
                            update_id=f"{user}/{number}", turn="{}", miss=None, at=AT, seen=known.turns,
                        )  # fmt: skip

        await asyncio.gather(*(comes(f"{user}") for user in range(20)))
        assert {(await one.load_known("c", f"{user}", None)).turns for user in range(20)} == {3}

        await one.apply([Queued("user", Reply("x"), user=f"{user}") for user in range(20)], "c", AT)
        claimed = await asyncio.gather(*(store.outbox.claim("c", AT) for store in (one, two) for _ in range(3)))
        users = [int(post.user or 0) for posts in claimed for post in posts]
        assert sorted(users) == [*range(20)]

        crew = [store.workers("token") for store in (one, two)]
        serving = [asyncio.create_task(worker.run()) for worker in crew]
        await until(lambda: sum(worker.leads.is_set() for worker in crew) == 1 and crew[0].count == crew[1].count == 2)
        assert not any(worker.is_heard for worker in crew), "no signal comes through, and they know it"
        leader = next(n for n, worker in enumerate(crew) if worker.leads.is_set())
        await stop(serving[leader])
        await until(lambda: _leads_alone(crew[1 - leader]))
        await stop(serving[1 - leader])
        for store in (one, two):
            await store.close()


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _leads_alone(worker: Workers) -> bool:
    return worker.leads.is_set() and worker.count == 1
