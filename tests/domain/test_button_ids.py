"""A button's id says by itself what it was made for, in at most 64 bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.button_ids import MAX_BYTES, Act, Ask, Pick, Vote, parse
from tests.conftest import both_notices

CONTENT = both_notices()
WORD = "abcdefghijklmnopqrstuvwxyz0123456789-"


@given(
    st.text(WORD, min_size=1, max_size=16),
    st.text(WORD, min_size=1, max_size=20),
    st.integers(0, 9_999_999),
    st.text(WORD, min_size=1, max_size=12),
)
def test_an_action_comes_back_and_fits(script: str, step: str, moves: int, action: str) -> None:
    act = Act(script, step, moves, action)
    assert parse(str(act)) == act
    assert len(str(act).encode()) <= MAX_BYTES


@pytest.mark.parametrize("kind", ["cmd", "faq", "notice"])
def test_a_question_comes_back_and_fits(kind: str) -> None:
    names = [*CONTENT.entries, *CONTENT.phrases.commands, *CONTENT.notices]
    assert len(names) > 60
    for name in names:
        asked = Ask(kind, name)
        assert parse(str(asked)) == asked
        assert len(str(asked).encode()) <= MAX_BYTES


@given(
    st.text("0123456789abcdef", min_size=12, max_size=12),
    st.text(WORD, min_size=1, max_size=40),
    st.sampled_from(["yes", "no", *CONTENT.phrases.opinion.reasons]),
)
def test_an_opinion_and_a_pick_come_back_and_fit(wording: str, topic: str, opinion: str) -> None:
    for made in (Vote(wording, topic, opinion), Pick(wording[:8], topic)):
        assert parse(str(made)) == made
        assert len(str(made).encode()) <= MAX_BYTES


@given(st.text(max_size=80))
def test_any_other_text_is_no_button_or_reads_back_the_same(text: str) -> None:
    parsed = parse(text)
    assert parsed is None or str(parsed) == text or isinstance(parsed, Act)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "2|archive-check|m2-site|3|done",
        "1|archive-check|m2-site|3",
        "1|archive-check|m2-site|x|done",
        "1|archive-check|m2-site|-1|done",
        "1|archive-check|m2-site|12345678|done",
        "1|archive-check|m2-site|３|done",
        "1|archive-check|M2|3|done",
        "1|archive-check|m2-site|3|done\n",
        "cmd|",
        "cmd|菜单",
        "cmd|menu|x",
        "sql|drop",
        "faq|" + "a" * 41,
    ],
)
def test_what_this_version_did_not_make_is_nothing(text: str) -> None:
    assert parse(text) is None
