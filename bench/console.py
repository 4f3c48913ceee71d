"""How long every page of the console takes with a large school behind it.

    python -m bench.console [--people 100000] [--tickets 5000] [--entries 10000]

Fills a database of SQLite in a temporary folder, serves the console from this process, and asks for every page as an
owner, five times. Prints milliseconds of the clock and of CPU, in the middle; the goal is 300 on one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import secrets
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
from sqlalchemy import insert

from bench.publish import drop_lost, write_entries
from bot.admin.area import AdminArea
from bot.app.build import CHANNELS, STAFFED
from bot.broadcast.area import BroadcastArea
from bot.broadcast.forms import BroadcastForms
from bot.channels.web.site import Site
from bot.console.app import PAGES, Console
from bot.console.parts import Parts
from bot.console.sealing import Seal
from bot.content.files import place_file
from bot.content.loading import load
from bot.domain.join_codes import draw_codes
from bot.domain.revisions import Revised
from bot.domain.roles import Enlisted
from bot.domain.zone import local
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store
from bot.store.standing import standing_of
from bot.store.tables import audit, join_codes, misses, people, ticket_words, tickets
from bot.store.times import text_of
from bot.tickets.number import ALPHABET, LENGTH
from bot.tickets.roles import link_console

AT = datetime(2013, 12, 5, 4, tzinfo=UTC)
TIMES = 5
PIECE = 5_000
FILTERS = (
    "/people?state=open",
    "/people?class=ancai:会计学",
    "/people?class=zhuanke:市场营销&state=reported",
    "/tickets?state=closed",
    "/knowledge?q=楼",
    "/knowledge?after=5000",
    "/knowledge/new?group=1",
    "/knowledge/entry/thing-77",
    "/knowledge/entry/thing-77?view=yaml",
    "/knowledge/history/1",
    "/notice/preview?notice=2014-autumn",
)
"""Pages with filters, beside all that are there."""


def make_session(number: int) -> str:
    state = ("walking", "reported", "done", "walking")[number % 4]
    cohort, major = (("ancai", "会计学"), ("ancai", "工商管理"), ("zhuanke", "工程造价"))[number % 3]
    walk = {"script": "archive-check", "revision": 1, "step": "m7-fields", "item": 1, "moves": 9, "state": state}
    walk |= {"answers": {"cohort": cohort, "major": major}, "trail": ["m1-phone"] * 9}
    return json.dumps({"notice": "2014-autumn", "walks": {"2014-autumn": walk}, "reminders": True}, ensure_ascii=False)


async def fill(store: Store, n_people: int, n_tickets: int) -> None:
    """Add graduates with codes, tickets with three words each, as many missed questions, and 20,000 acts."""
    codes = draw_codes(n_people, secrets.randbelow)
    async with store._transaction() as connection:  # noqa: SLF001 - in bulk
        for start in range(0, n_people, PIECE):
            some = range(start, min(start + PIECE, n_people))
            rows = []
            for n in some:
                stored = make_session(n)
                row = {"channel": STAFFED, "user_id": str(10_000_000 + n), "member": f"m{n}", "session": stored}
                seen = text_of(AT - timedelta(minutes=n % 20_000))
                rows.append({**row, "turns": 9, "updated_at": seen, "reachable": True, **standing_of(stored)})
            await connection.execute(insert(people), rows)
            given = [{"channel": STAFFED, "code": codes[n], "person": n + 1} for n in some]
            await connection.execute(insert(join_codes), given)
        opened = []
        for n in range(n_tickets):
            state = "open" if n % 5 == 0 else "closed"
            name = "".join(ALPHABET[n // 20**place % 20] for place in range(LENGTH))
            row: dict[str, Any] = {
                "person": n + 1,
                "number": name,
                "state": state,
                "version": 1,
                "notice": "2014-autumn",
            }
            waits = text_of(AT - timedelta(minutes=n)) if state == "open" else None
            opened.append(
                {**row, "step": "m7-fields", "topics": "[]", "opened_at": text_of(AT), "waiting_since": waits}
            )
        await connection.execute(insert(tickets), opened)
        said = {"at": text_of(AT), "side": "graduate", "who": None, "text": "照片怎么是别人的，应该找谁？"}
        words = [{**said, "person": n + 1, "ticket": n + 1} for n in range(n_tickets) for _ in range(3)]
        await connection.execute(insert(ticket_words), words)
        acts = {"channel": STAFFED, "who": "7", "act": "answer", "about": "ABCDEF", "at": text_of(AT)}
        await connection.execute(insert(audit), [acts] * 20_000)
        missed = {"at": text_of(AT), "topics": "[]", "revision": "x", "tied": False}
        asked = [{**missed, "question": f"第{n % 700}号楼的{'灯门窗锁'[n % 4]}坏了找谁修"} for n in range(n_tickets)]
        await connection.execute(insert(misses), asked)


async def come_in(browser: httpx.AsyncClient, store: Store) -> None:
    user, token = f"console:{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    await store.apply([Enlisted(user, "owner", "院长"), link_console(token, AT, user)], STAFFED, AT)
    await browser.post("/console/in", data={"token": token})
    page = (await browser.get("/console/code")).text
    secret = re.findall(r'id="secret">([A-Z2-7]+)<', page)[0]
    form = re.findall(r'name="form" value="(\w+)"', page)[0]
    await browser.post("/console/code", data={"form": form, "code": pyotp.TOTP(secret).at(AT)})


async def measure(n_people: int, n_tickets: int, n_entries: int) -> None:
    async with AsyncExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory()))
        store = await Store.open(folder / "gradbot.db")
        open_.push_async_callback(store.close)
        await fill(store, n_people, n_tickets)
        files = place_file(drop_lost({}), "many.yaml", write_entries(n_entries))
        content = load(files)
        await store.apply([Revised(files, 0, content.revision, "start")], STAFFED, AT)

        async def fetch(_: str) -> bytes:
            raise ConnectionError

        knowledge = Knowledge(store, content, 1, None, lambda: AT)
        area = BroadcastArea(store, lambda: content, lambda: local(AT, None), fetch)
        forms = BroadcastForms(area, store, lambda: content, lambda: local(AT, None))
        admin = AdminArea(knowledge, store, fetch, STAFFED, ())
        service = Service(content, store, lambda: AT, None, channels=CHANNELS, desks=(STAFFED,), areas=(admin, area))
        parts = Parts(service, knowledge, forms, admin, Site(), STAFFED, (), lambda: AT, Seal.of_token("7:x"))
        wire = httpx.ASGITransport(Console(parts).app)
        browser = httpx.AsyncClient(transport=wire, base_url="http://127.0.0.1", timeout=300)
        await open_.enter_async_context(browser)
        await come_in(browser, store)
        number = (await store.tickets.page(("open",), 1))[0].ticket.number
        pages = [page.path for page in PAGES if page.method == "GET"]
        for path in [*(path for path in pages if "{" not in path), f"/tickets/{number}", *FILTERS]:
            await show(browser, path)


async def show(browser: httpx.AsyncClient, path: str) -> None:
    times, status = [], 0
    for _ in range(TIMES):
        began, cpu = time.perf_counter(), time.process_time()
        answer = await browser.get(f"/console{path}")
        status = answer.status_code
        times.append((time.perf_counter() - began, time.process_time() - cpu))
    clock, cpu = (1000 * statistics.median(one) for one in zip(*times, strict=True))
    print(f"{clock:6.0f} ms  {cpu:6.0f} ms CPU  {status}  {path or '/'}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--tickets", type=int, default=5_000)
    parser.add_argument("--entries", type=int, default=10_000)
    asked = parser.parse_args()
    asyncio.run(measure(asked.people, asked.tickets, asked.entries))
