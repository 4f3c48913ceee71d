"""Typed words in one form, and the way back to them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.words import LIMIT, clause_of, fold, is_question, rest_of


@given(st.text(max_size=80))
def test_folding_twice_is_folding_once_and_every_character_has_its_place(text: str) -> None:
    folded = fold(text)
    assert fold(folded.text).text == folded.text or not text.isprintable()
    assert len(folded.places) == len(folded.text)
    assert all(0 <= start < end <= len(text) for start, end in folded.places)


def test_width_case_and_traditional_characters_are_folded() -> None:
    assert fold("１２月５號 ＯＫ 會計").text == "12月5号 ok 会计"
    assert len(fold("长" * 2 * LIMIT).text) == LIMIT


def test_the_way_back_leads_to_what_was_typed_even_where_the_length_changes() -> None:
    folded = fold("㈱ zuotian 點").rewrite(re.compile("zuotian"), lambda m: "昨天")
    assert folded.text == "(株) 昨天 点"
    assert folded.origin((4, 6)) == (2, 9)
    assert folded.origin((1, 2)) == (0, 1)
    assert folded.origin((7, 8)) == (10, 11)


@pytest.mark.parametrize(
    ("text", "part", "clause"),
    [
        ("昨天 不算晚吧", "昨天", "昨天"),
        ("老师，我昨天点的吗?好", "昨天", "我昨天点的吗?"),
        ("12.5点的. 好", "12.5", "12.5点的"),
        ("我昨天点的然后照片呢", "昨天", "我昨天点的"),
        ("那个班的会计", "会计", "那个班的会计"),
        ("前天那照片呢", "前天", "前天"),
    ],
)
def test_a_clause_goes_from_one_break_to_the_next(text: str, part: str, clause: str) -> None:
    start = text.index(part)
    assert text[slice(*clause_of(fold(text).text, (start, start + len(part))))] == clause


@pytest.mark.parametrize(
    "text", ["好了吗", "什么时候", "要不要核对", "昨天?", "几号截止", "能不能点", "点了没", "哪天", "别人替我可以吧"]
)
def test_a_question_is_known(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["昨天点的", "好像是5号吧", "那个叫什么来着会计", "都可以", "弄好了嘛", "5号", ""])
def test_a_statement_is_no_question(text: str) -> None:
    assert not is_question(text)


def test_the_rest_of_a_text_is_what_was_not_read() -> None:
    assert rest_of("我昨天点的 照片呢", [(1, 3)]) == "我 点的 照片呢"
    assert rest_of("昨天", [(0, 2)]) == " "
    assert rest_of("昨天", []) == "昨天"
