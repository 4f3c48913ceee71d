"""The people whom a rule finds in a real database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.audience import Audience, search
from bot.store import StepEvent, Store
from tests.broadcast.harness import FIRST, NOTICE, open_harness, session
from tests.conftest import shipped

SPRING = shipped().notices[NOTICE]

PEOPLE = [
    session(),
    session("walking", cohort="zhuanke", major="会计电算化"),
    session("walking", "m6-record", cohort="ancai", major="会计学"),
    session("reported", "x1-report", cohort="ancai", major="工商管理"),
    session("done", "m10-done", cohort="zhuanke", major="工程造价"),
    session("walking", reminders=False, cohort="zhuanke"),
]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("所有人", 5),
        ("完成", 1),
        ("-完成", 4),
        ("没开始", 1),
        ("有误", 1),
        ("-完成 -有误", 3),
        ("类别=zhuanke", 2),
        ("层次=专升本", 2),
        ("-层次=专升本", 3),
        ("专业=会计学", 1),
        ("专业=会计学 有误", 0),
        ("专业=会计学或工商管理", 2),
        ("-专业=会计学或工商管理", 3),
        ("停在=m6-record或m8-photo", 1),
        ("状态=没开始或有误", 2),
        ("步骤=m6-record", 1),
        ("-步骤=m6-record", 4),
        ("没来=3", 1),
        ("卡住", 1),
        ("未确认=1", 0),
    ],
)
async def test_a_rule_finds_whom_it_describes(tmp_path: Path, rule: str, found: int) -> None:
    async with open_harness(tmp_path, PEOPLE) as harness:
        await entered(harness.store)
        assert await harness.count(rule) == found


async def entered(store: Store) -> None:
    """Person 2 has reached a step and acted just now; person 1 not for long."""
    for n, step, at in (
        (2, "m6-record", datetime(2013, 12, 11, tzinfo=UTC)),
        (1, "m0-major", datetime(2013, 12, 1, tzinfo=UTC)),
    ):
        await store.save_turn(
            "telegram", str(FIRST + n), session=None, events=[StepEvent("archive-check", step, "entered")],
            update_id=None, turn=None, miss=None, at=at,
        )  # fmt: skip


async def test_the_count_says_how_many_are_left_out_and_why(tmp_path: Path) -> None:
    async with open_harness(tmp_path, PEOPLE) as harness:
        await harness.store.reach("telegram", str(FIRST + 4), reachable=False)
        look = search(Audience(NOTICE), SPRING, ("telegram",), harness.local(), harness.now)
        count = await harness.store.broadcasts.count(look)
        assert (count.found, count.muted, count.unreachable, count.over, count.left) == (6, 1, 1, 0, 4)
        harness.advance(days=200)
        look = search(Audience(NOTICE), SPRING, ("telegram",), harness.local(), harness.now)
        count = await harness.store.broadcasts.count(look)
        assert (count.over, count.left) == (4, 0)
        late = search(Audience(NOTICE, late=True), SPRING, ("telegram",), harness.local(), harness.now)
        assert (await harness.store.broadcasts.count(late)).left == 4
