"""The whole table of addresses, tried by whoever should not come: each request is refused, and nothing was done."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.app.build import STAFFED
from bot.console.app import PAGES
from bot.console.visit import ConsolePage
from bot.domain.classes import Classes, dump
from bot.store.broadcast_tables import broadcasts
from bot.store.console_tables import console_sessions
from bot.store.tables import metadata, staff, tickets
from tests.broadcast.harness import FIRST
from tests.console.conftest import School, Teacher, open_school
from tests.console.test_people import enrol

pytestmark = pytest.mark.slow

WATCHED = [table for table in metadata.sorted_tables if not table.name.startswith(("console_", "handled_"))]
"""Tables in which a row more, or less, would show that a refused request did something; in `handled_updates` it is kept
that somebody heard so.
"""
STRANGE = (
    "0",
    "999999999",
    "9" * 40,
    "-1",
    "ZZZZZZ",
    "0123456789abcdef",
    "../",
    "1'--",
    "١",
    "a\0b",
    "<b>",
    "x" * 3_000,
)
"""Ids of nothing."""


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """A console with a ticket, a broadcast and people of one class."""
    async with AsyncExitStack() as stack:
        school = await open_school(stack, f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}")
        await enrol(school, *["walking"] * 12, major="会计学")
        await school.say(str(FIRST), press="cmd|desk")
        await school.say(str(FIRST), "照片怎么是别人的")
        author = await school.let_in("staff", "李老师")
        await author.opens("/broadcasts")
        await author.sends("/broadcasts", sentence="明早8点提醒会计学没做完的")
        yield school


async def look(school: School) -> list[int]:
    """The number of rows of each table, and what the versions of tickets and broadcasts sum up to."""
    async with school.store._transaction() as connection:
        counts = [(await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in WATCHED]
        versions = [select(func.sum(table.c.version)) for table in (tickets, broadcasts)]
        sums = [(await connection.execute(one)).scalar_one() for one in versions]
    return [*counts, *sums]


async def ids_of(school: School) -> dict[str, str]:
    number = (await school.store.tickets.page(("open",), 1))[0].ticket.number
    topic = next(iter(school.service.content.entries))
    return {"number": number, "file": "1", "place": "0", "topic": topic, "key": "0" * 16}


def address(page: ConsolePage, ids: dict[str, str]) -> str:
    """A real address of a page."""
    own = {"number": ids["number"] if page.path.startswith("/tickets") else "1", "part": "text"}
    return "/console" + re.sub(r"{(\w+)}", lambda found: own.get(found[1]) or ids[found[1]], page.path)


async def ask(
    browser: httpx.AsyncClient, page: ConsolePage, path: str, form: dict[str, str], **how: str
) -> httpx.Response:
    fields = {"act": "take", "text": "x", "version": "1", "at": "2013-12-06T08:00", "kind": "answer", **form}
    if page.method == "GET":
        return await browser.get(path, headers=_names(how))
    return await browser.post(path, data=fields, headers=_names(how))


def _names(how: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in how.items()}


async def test_no_address_answers_whoever_is_not_in_or_ranks_below_and_no_form_counts_that_is_not_ours(
    school: School,
) -> None:
    teacher, other = await school.let_in("staff", "王老师"), await school.let_in("owner", "院长")
    half, removed = Teacher(school.browser(), teacher.user), await school.let_in("admin", "张老师")
    await half.client.post("/console/in", data={"token": await school.link(teacher.user)})
    ids, stranger = await ids_of(school), school.browser()
    for one in (teacher, other, removed):
        await one.opens()
    async with school.store._transaction() as connection:
        await connection.execute(staff.delete().where(staff.c.user_id == removed.user))
    before = await look(school)
    for page in PAGES:
        path, ours = address(page, ids), other.hidden
        assert (await ask(stranger, page, path, ours)).status_code == 401, page
        unconfirmed = await ask(half.client, page, path, ours)
        assert (unconfirmed.status_code, unconfirmed.headers.get("location")) == (303, "/console/code"), page
        if page.role != "staff":
            assert (await ask(teacher.client, page, path, teacher.hidden)).status_code == 403, page
        if page.method == "POST":
            for form, how in (
                ({}, {}),  # no form word
                (teacher.hidden, {}),  # that of somebody else
                (ours, {"origin": "https://evil.example"}),
                (ours, {"sec_fetch_site": "cross-site"}),
            ):
                assert (await ask(other.client, page, path, form, **how)).status_code == 403, (page, how)
            large = await other.client.post(path, content=b"x=" + b"y" * 1_100_000)
            assert large.status_code == 413, page
    assert (await ask(removed.client, PAGES[0], "/console", {})).status_code == 403
    for page in PAGES:  # their session has ended with that
        assert (await ask(removed.client, page, address(page, ids), removed.hidden)).status_code == 401, page
    assert await look(school) == before


async def test_no_id_of_nothing_or_of_another_class_is_answered(school: School) -> None:
    owner, teacher = await school.let_in("owner", "院长"), await school.let_in("staff", "王老师")
    ids = await ids_of(school)
    async with school.store._transaction() as connection:
        mine = update(staff).where(staff.c.user_id == teacher.user)
        await connection.execute(mine.values(classes=dump(Classes("2014-autumn", ("ancai:工商管理",)))))
    await teacher.opens()
    await owner.opens("/knowledge")
    await owner.sends("/knowledge", act="status")  # now there is a row in which answers to them are kept
    before = await look(school)
    for page in PAGES:
        if "{" not in page.path or page.path == "/sessions/{number}":
            continue
        if page.role == "staff" and page.path != "/file/{place}":
            assert (await ask(teacher.client, page, address(page, ids), teacher.hidden)).status_code == 404, page
        for strange in STRANGE:
            first = f"/console{page.path.partition('{')[0]}{quote(strange, safe='')}"
            rest = page.path.partition("}")[2].replace("{part}", "text").replace("{file}", "1")
            path = first + rest
            answer = await ask(owner.client, page, path, owner.hidden)
            assert answer.status_code in (303, 404, 409), (page, strange, answer.status_code)
            if answer.status_code == 303:  # what is gone leads to its list
                assert re.fullmatch(r"/console/(knowledge|notice)\S*", answer.headers["location"]), (page, strange)
    assert await look(school) == before


async def test_a_session_of_somebody_else_is_ended_by_no_id(school: School) -> None:
    teacher, owner = await school.let_in("staff", "王老师"), await school.let_in("owner", "院长")
    await teacher.opens()
    async with school.store._transaction() as connection:
        rows = await connection.execute(select(console_sessions.c.id))
        numbers = [number for (number,) in rows]
    mine = {one.number for one in await school.store.console.all(STAFFED, school.clock()) if one.user == teacher.user}
    for number in {*numbers} - mine:
        answer = await teacher.client.post(f"/console/sessions/{number}", data=teacher.hidden)
        assert answer.status_code == 404
    assert "今天" in await owner.opens()
