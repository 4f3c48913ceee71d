"""Figures, lists and the school's own list are of everybody, whether they come by a chat or by the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from bot.broadcast.calls import list_calls
from bot.broadcast.funnel import Funnel
from bot.broadcast.roster import of_listed
from bot.broadcast.roster_acts import Undone, apply_roster, undo_roster
from bot.domain.accounts import PersonKey
from bot.domain.broadcast import Reach
from bot.domain.counts import Group
from bot.domain.join_codes import CodeFreed, Listed, format_code
from bot.domain.session import Session
from bot.domain.zone import local
from bot.render.reply import Voice
from bot.store import Store
from bot.store.tables import join_codes, outbox, people
from bot.tickets.codes import free_code
from tests.broadcast.harness import FIRST, NOON, NOTICE, add_people, session
from tests.broadcast.test_unfinished import DRAWN, coded, finished
from tests.conftest import shipped

NOW = local(NOON, None)
CHAT, PAGE = PersonKey("telegram", str(FIRST)), PersonKey("web", str(FIRST))
"""Two people with the same id in their channels."""


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await Store.open(database_url)
    store.broadcasts.reach = Reach(("telegram", "web"))
    yield store
    await store.close()


async def enrol(store: Store, channel: str, *sessions: str) -> None:
    await add_people(store, list(sessions), channel=channel)
    async with store._transaction() as connection:
        for person, stored in await connection.execute(
            select(people.c.id, people.c.session).where(people.c.channel == channel)
        ):
            if code := json.loads(stored).get("code"):
                await connection.execute(insert(join_codes), {"channel": channel, "code": code, "person": person})


async def test_everybody_is_counted_and_the_ways_in_are_named(store: Store) -> None:
    await enrol(store, "telegram", *[session("walking") for _ in range(6)])
    await enrol(store, "web", *[session("walking") for _ in range(7)])
    await enrol(store, "console", session("walking"))
    groups = await store.funnel.groups("telegram", NOTICE, NOON, timedelta(days=3))
    assert {group.channel: group.people for group in groups} == {"telegram": 6, "web": 7}
    voice = Voice(shipped(), Session(NOTICE), NOW)
    said = Funnel(shipped(), voice, groups).text()
    assert "共 13 人" in said
    assert "Telegram：6\n网页：7" in said
    few = [*groups[:1], Group("ancai", "walking", "m1-phone", stuck=False, unreachable=False, people=2, channel="web")]
    assert "网页：不显示" in Funnel(shipped(), voice, few).text()
    alone = [group for group in groups if group.channel == "telegram"]
    assert "Telegram" not in Funnel(shipped(), voice, alone).text()


async def test_the_schools_list_puts_back_whoever_it_is_and_its_end_restores_them(store: Store) -> None:
    await enrol(store, "telegram", coded(DRAWN[0], "walking"))
    await enrol(store, "web", finished(DRAWN[1]))
    assert {holder.who for holder in await store.codes.holders("telegram", NOTICE)} == {CHAT, PAGE}
    assert await store.codes.known("telegram", DRAWN[:3]) == {*DRAWN[:2]}
    page = await store.codes.page("telegram", NOTICE, ("done",), 10)
    assert [holder.who for holder in page] == [PAGE]
    given = of_listed(Listed((DRAWN[0], DRAWN[1]), ()))
    number, run = await apply_roster(store, shipped(), "telegram", NOTICE, given, NOW, NOON, "cli:x")
    assert [holder.who for holder in run.reset] == [PAGE]
    holders = {holder.who: holder.state for holder in await store.codes.holders("telegram", NOTICE)}
    assert holders == {CHAT: "walking", PAGE: "walking"}
    async with store._transaction() as connection:
        told = (await connection.execute(select(outbox.c.channel, outbox.c.user_id))).all()
    assert [PersonKey(*row) for row in told] == [PAGE]
    assert await undo_roster(store, shipped(), number, NOW, NOON, "cli:x") == Undone(1, 0)
    assert {holder.state for holder in await store.codes.holders("telegram", NOTICE)} == {"walking", "done"}


async def test_a_code_is_one_line_of_the_list_by_however_many_ways_its_owner_comes(store: Store) -> None:
    await enrol(store, "telegram", coded(DRAWN[0], "walking"), coded(DRAWN[1], "walking"))
    await enrol(store, "web", finished(DRAWN[0]), coded(DRAWN[2], "walking"))
    callers = await store.codes.callers("telegram", NOTICE)
    voice = Voice(shipped(), Session(NOTICE), NOW)
    assert len(callers) == 4
    assert {call.caller.holder.code for call in list_calls(voice, callers)} == {DRAWN[1], DRAWN[2]}
    later = [replace(one, holder=replace(one.holder, state="walking")) for one in callers]
    assert sorted(call.caller.holder.code for call in list_calls(voice, later)) == sorted(DRAWN[:3])


async def test_the_office_frees_a_code_wherever_it_is_held(store: Store) -> None:
    await enrol(store, "telegram", coded(DRAWN[0], "walking"))
    await enrol(store, "web", coded(DRAWN[0], "walking"), json.dumps(json.loads(session()) | {"asked_code": DRAWN[0]}))
    owners = await store.codes.find_owners("web", DRAWN[0])
    assert owners == [PAGE, CHAT]
    claimants = await store.codes.list_claimants("telegram", DRAWN[0])
    assert claimants == [PersonKey("web", str(FIRST + 1))]
    known = dict(await store.codes.sessions(owners))
    freed = free_code(shipped(), DRAWN[0], known, claimants)
    assert {(one.channel, one.user) for one in freed.effects if isinstance(one, CodeFreed)} == {PAGE, CHAT}
    await store.apply(freed.effects, "telegram", NOON, "1")
    assert await store.codes.find_owners("telegram", DRAWN[0]) == []
    assert all(format_code(DRAWN[0]) not in stored for _, stored in await store.codes.sessions(owners))
    async with store._transaction() as connection:
        told = (await connection.execute(select(outbox.c.channel, outbox.c.user_id))).all()
    assert {*owners, *claimants} <= {PersonKey(*row) for row in told}
