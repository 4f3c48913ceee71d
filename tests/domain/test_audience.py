"""Rules of audiences as staff write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audience import NAMES, Audience, Wrong, parse_audience
from tests.broadcast.harness import NOTICE
from tests.conftest import shipped

SPRING = shipped().notices[NOTICE]
STEPS = tuple(shipped().script.by_id)
CHANNELS = shipped().phrases.broadcast.channels


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
        st.tuples(st.sampled_from(["完成", "卡住", "类别=ancai", "没来=3", "未确认=2", "入口=网页"]), st.booleans()),
        max_size=4,
    )
)
def test_a_rule_reads_back_as_it_is_shown(words: list[tuple[str, bool]]) -> None:
    found = parse_audience(" ".join("-" * turned + word for word, turned in words), SPRING, STEPS, channels=CHANNELS)
    assert isinstance(found, Audience)
    assert parse_audience(str(found), SPRING, STEPS, channels=CHANNELS) == found


def test_every_name_of_a_term_can_be_written() -> None:
    values = {
        "cohort": "=ancai",
        "level": "=专科",
        "major": "=会计学",
        "class": "=zhuanke:建筑工程管理或ancai",
        "step": "=m2-site",
        "at": "=m2-site或m8-photo",
        "state": "=进行中或有误",
        "silent": "=1",
        "acked": "=1",
        "inactive": "=1",
        "channel": "=网页",
    }
    assert len(NAMES) > 20
    for name, field in NAMES.items():
        assert isinstance(
            parse_audience(f"{name}{values.get(field, '')}", SPRING, STEPS, channels=CHANNELS), Audience
        ), name
