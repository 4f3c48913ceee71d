"""Numbers of an audience tell nothing of few people, however the rule is turned; people with a role are not counted."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator

import pytest

from bot.broadcast.draft import BroadcastDraft, dump
from bot.broadcast.reach import count_told
from bot.broadcast.report import format_progress, summarise, tells_people
from bot.domain.audience import Audience, Search, parse_audience, search
from bot.domain.broadcast import Broadcast, Totals
from bot.domain.roles import OwnersNamed
from bot.domain.zone import local
from bot.store import Store
from tests.broadcast.harness import FIRST, NOON, NOTICE, add_people, session
from tests.conftest import shipped

SMALL, LARGE = "会计学", "工商管理"
STATES = ("new", "walking", "reported", "done")


def find(rule: str) -> Search:
    notice = shipped().notices[NOTICE]
    audience = parse_audience(rule, notice, tuple(shipped().script.by_id))
    assert isinstance(audience, Audience), rule
    return search(audience, notice, ("telegram",), local(NOON, None), NOON)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await Store.open(database_url)
    large = [session(state, major=LARGE) for state in STATES for _ in range(12)]
    await add_people(store, [*large, session("done", major=SMALL), session("walking", major=SMALL)])
    yield store
    await store.close()


async def test_no_difference_of_two_counts_shows_a_small_class(store: Store) -> None:
    rows = store.broadcasts
    bases = ["", *(f"{sign}状态={word}" for sign in ("", "-") for word in ("没开始", "进行中", "有误", "完成"))]
    bases += ["状态=进行中或完成", "-完成 -有误", "停在=m1-phone", "-卡住", "没来=1"]
    tries = 0
    for base, other in itertools.product(bases, (f"-专业={SMALL}", f"专业={SMALL}或{LARGE}", f"专业={LARGE}")):
        whole, part = [await count_told(rows, find(rule)) for rule in (base, f"{base} {other}")]
        assert whole == part, (base, other)
        few = await count_told(rows, find(f"{base} 专业={SMALL}"))
        assert (few.found, few.left) == (0, 0)
        tries += 2
    assert tries > 50
    assert (await count_told(rows, find("专业=" + LARGE))).found == 50


async def test_whoever_has_a_role_is_no_graduate_in_any_count(store: Store) -> None:
    rows = store.broadcasts
    before = await rows.count_found(find(""), 1_000)
    named = OwnersNamed(frozenset({("telegram", str(FIRST))}))
    await store.apply((named,), "telegram", NOON)
    assert await rows.count_found(find(""), 1_000) == before - 1


@pytest.mark.parametrize(("people", "told"), [(1, "不到5"), (4, "不到5"), (5, "约5"), (9, "约5")])
def test_a_broadcast_that_is_started_and_stopped_tells_nothing_of_few(people: int, told: str) -> None:
    words, rule = shipped().phrases.broadcast, BroadcastDraft("在吗", audience=Audience(NOTICE))
    stopped = Broadcast(1, "telegram", "send", "cancelled", dump(rule), 1, "1", NOON, total=people)
    untold, written_to = Totals({"pending": people}), Totals({"pending": people - 1, "sent": 1})
    said = f"{format_progress(words, stopped, untold)}\n{summarise(words, stopped, untold)}"
    assert said.count(told) == 4
    assert not re.search(rf"(?<![#约]){people}(?!%)", said.replace("不到5", ""))
    assert not tells_people(stopped, untold)
    assert tells_people(stopped, written_to)
    assert f"1/{people} 人" in format_progress(words, stopped, written_to)
