"""Numbers of an audience tell nothing of few people, however the rule is turned; people with a role are not counted."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.broadcast.draft import BroadcastDraft, dump
from bot.broadcast.reach import count_reach, count_told, describe_left, say_counts, widen
from bot.broadcast.report import format_progress, lists_people, summarise, tells_people
from bot.broadcast.starting import BroadcastStart
from bot.domain.audience import Audience, Search, parse_audience, search
from bot.domain.broadcast import Broadcast, Totals
from bot.domain.roles import OwnersNamed
from bot.domain.zone import local
from bot.store import Store
from bot.store.times import text_of
from tests.broadcast.harness import FIRST, NOON, NOTICE, add_people, session
from tests.broadcast.test_chat import Office, office
from tests.conftest import shipped

SMALL, LARGE = "会计学", "工商管理"
STATES = ("new", "walking", "reported", "done")


def parse(rule: str) -> Audience:
    audience = parse_audience(rule, shipped().notices[NOTICE], tuple(shipped().script.by_id))
    assert isinstance(audience, Audience), rule
    return audience


def find(rule: str) -> Search:
    return search(parse(rule), shipped().notices[NOTICE], ("telegram",), local(NOON, None), NOON)


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


async def _say_of(at: Office, rule: str, number: int) -> str:
    """Return what the card of a draft says of a rule."""
    harness, draft = at.harness, BroadcastDraft("在吗", audience=parse(rule))
    start = BroadcastStart(harness.content, replace(await harness.get(number), draft=dump(draft)), NOON, harness.now)
    count, words = await count_reach(harness.store, start), harness.content.phrases.broadcast
    assert count
    return f"{describe_left(words, count)}{say_counts(words, count)}"


SURFACES = (
    "/broadcast",
    "/broadcast 1",
    "/broadcast 2",
    "/plan",
    "名单",
    "给会计学完成的人发：在吗",
)


async def test_who_is_in_a_small_class_changes_no_word_that_staff_can_read(tmp_path: Path) -> None:
    """One graduate of a small class is done, or is not: after a message to all others, staff try rules and screens."""
    heard: list[dict[str, str]] = []
    for state in ("walking", "done"):
        large = [session(one, cohort="ancai", major=LARGE) for one in (*STATES * 12, "reported")]
        async with office(tmp_path / state, [*large, session(state, cohort="ancai", major=SMALL)]) as at:
            await at.harness.start_new(rule=f"专业={LARGE}")
            await at.sends()
            number = await at.harness.draft("在吗", f"专业={SMALL} 状态=完成")
            signs = itertools.product(("", "-"), ("没开始", "进行中", "有误", "完成", "进行中或完成"))
            bases = ["", "没来=1", "卡住", "停在=m1-phone", *(f"{sign}状态={word}" for sign, word in signs)]
            classes = ("", f"专业={SMALL}", f"-专业={SMALL}", f"专业={SMALL}或{LARGE}")
            rules = [f"{base} {one}" for base, one in itertools.product(bases, classes)]
            said = {rule: await _say_of(at, rule, number) for rule in rules}
            assert len(said) > 50
            assert SMALL not in await at.says(at.owner, "/stats")
            heard.append({**said, **{words: await at.says(at.owner, words) for words in SURFACES}})
    assert {asked: (first, heard[1][asked]) for asked, first in heard[0].items() if first != heard[1][asked]} == {}


async def test_two_rules_or_moments_that_differ_by_one_person_are_told_alike(store: Store) -> None:
    days = [session("walking", major="土木工程")]
    for n in range(15):
        await add_people(store, days, 100 + n, member=f"m{n}", updated_at=text_of(NOON - timedelta(days=3.2 + n * 0.9)))
    rows = store.broadcasts
    for rule, base in itertools.product(("没来={n}", "-没来={n}"), ("专业=土木工程", "专业=土木工程 状态=进行中")):
        real = [(await rows.count(find(f"{base} {rule.format(n=n)}"))).found for n in range(2, 18)]
        wide = [(await rows.count(await widen(rows, find(f"{base} {rule.format(n=n)}")))).found for n in range(2, 18)]
        assert len(set(real)) > 10
        assert not {abs(one - other) for one, other in itertools.pairwise(wide)} & {1, 2, 3, 4}, (rule, wide)
        assert len(set(wide)) > 2


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
    untold, written_to = Totals({"pending": people}), Totals({"pending": people, "sent": 5})
    said = f"{format_progress(words, stopped, untold)}\n{summarise(words, stopped, untold)}"
    assert said.count(told) == 4
    assert not re.search(rf"(?<![#约]){people}(?!%)", said.replace("不到5", ""))
    assert not tells_people(stopped, untold)
    assert not lists_people(stopped, untold)
    begun = Totals({"pending": people - 1, "sent": 1})
    assert lists_people(stopped, begun)
    assert told in summarise(words, stopped, begun)
    assert f"{people} 人" not in summarise(words, stopped, begun).replace(told, "")
    assert tells_people(stopped, written_to)
    assert f"5/{people + 5} 人" in format_progress(words, stopped, written_to)
