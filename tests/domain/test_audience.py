"""Rules that staff write, and whom they find in a real database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audience import NAMES, Audience, Wrong, parse_audience
from bot.store import StepEvent, Store
from tests.broadcast.harness import FIRST, NOTICE, open_harness, session
from tests.conftest import shipped

SPRING = shipped().notices[NOTICE]
STEPS = tuple(shipped().script.by_id)

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


async def test_the_head_count_says_who_is_left_out_and_why(tmp_path: Path) -> None:
    from bot.domain.audience import search

    async with open_harness(tmp_path, PEOPLE) as harness:
        await harness.store.reach("telegram", str(FIRST + 4), reachable=False)
        look = search(Audience(NOTICE), SPRING, "telegram", harness.local(), harness.now)
        count = await harness.store.broadcasts.count(look)
        assert (count.found, count.muted, count.unreachable, count.over, count.left) == (6, 1, 1, 0, 4)
        harness.advance(days=200)
        look = search(Audience(NOTICE), SPRING, "telegram", harness.local(), harness.now)
        count = await harness.store.broadcasts.count(look)
        assert (count.over, count.left) == (4, 0)
        late = search(Audience(NOTICE, late=True), SPRING, "telegram", harness.local(), harness.now)
        assert (await harness.store.broadcasts.count(late)).left == 4


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("没空的", "没空的"),
        ("专业=炼金术", "专业=炼金术"),
        ("完成=1", "完成=1"),
        ("没来", "没来"),
        ("完成 步骤=m99", "步骤=m99"),
        ("没来=x", "没来=x"),
        ("没来=²", "没来=²"),
    ],
)
def test_a_word_that_means_nothing_is_named(rule: str, word: str) -> None:
    wrong = parse_audience(rule, SPRING, STEPS)
    assert isinstance(wrong, Wrong)
    assert wrong.word == word


@pytest.mark.parametrize(
    ("rule", "meant"),
    [
        ("not 完成", "-完成"),
        ("非 完成", "-完成"),
        ("- 完成 且 卡住", "-完成 卡住"),
        ("专业 = 会计学", "专业=会计学"),
        ("专业＝ 会计学，未完成", "专业=会计学 -完成"),
        ("专业=计算机 应用、网络 卡住", "专业=计算机 应用、网络 卡住"),
        ("-专业=计算机 应用、网络", "-专业=计算机 应用、网络"),
        ("专业=计算机 卡住", "专业=计算机 卡住"),
    ],
)
def test_blanks_are_read_as_people_put_them(rule: str, meant: str) -> None:
    cohort = SPRING.cohorts[0]
    majors = (*cohort.majors, "计算机", "计算机 应用、网络")
    notice = SPRING.model_copy(update={"cohorts": (cohort.model_copy(update={"majors": majors}), *SPRING.cohorts[1:])})
    found = parse_audience(rule, notice, STEPS)
    assert str(found) == meant
    assert parse_audience(meant, notice, STEPS) == found


@given(st.text(max_size=40))
def test_any_words_are_a_rule_or_not(text: str) -> None:
    found = parse_audience(text, SPRING, STEPS)
    assert isinstance(found, Audience | Wrong)


@given(
    st.lists(
        st.tuples(st.sampled_from(["完成", "卡住", "类别=ancai", "没来=3", "未确认=2"]), st.booleans()), max_size=4
    )
)
def test_a_rule_reads_back_as_it_is_shown(words: list[tuple[str, bool]]) -> None:
    found = parse_audience(" ".join("-" * turned + word for word, turned in words), SPRING, STEPS)
    assert isinstance(found, Audience)
    assert parse_audience(str(found), SPRING, STEPS) == found


def test_every_name_of_a_term_can_be_written() -> None:
    values = {
        "cohort": "=ancai",
        "level": "=专科",
        "major": "=会计学",
        "step": "=m2-site",
        "silent": "=1",
        "acked": "=1",
        "inactive": "=1",
    }
    assert len(NAMES) > 20
    for name, field in NAMES.items():
        assert isinstance(parse_audience(f"{name}{values.get(field, '')}", SPRING, STEPS), Audience), name
