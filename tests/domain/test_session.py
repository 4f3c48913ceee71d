"""What is remembered survives the way through JSON, and each notice keeps its own walk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.session import LastSaid, Session, dump, load
from flows.model import Position

POSITIONS = st.builds(
    Position,
    script=st.just("archive-check"),
    revision=st.integers(1, 9),
    step=st.text(max_size=20),
    item=st.integers(0, 30),
    moves=st.integers(0, 10**6),
    answers=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
    trail=st.lists(st.text(max_size=8), max_size=4).map(tuple),
    state=st.sampled_from(["walking", "reported", "done"]),
    compared=st.lists(st.text(max_size=8), max_size=4).map(tuple),
)
SESSIONS = st.builds(
    Session,
    notice=st.none() | st.text(max_size=20),
    walks=st.dictionaries(st.text(max_size=20), POSITIONS, max_size=3),
    misses=st.integers(0, 9),
    moves=st.integers(0, 10**6),
    told=st.lists(st.text(max_size=8), max_size=2).map(tuple),
    last=st.sampled_from(get_args(LastSaid)),
    offered=st.lists(st.text(max_size=8), max_size=2).map(tuple),
    pieces=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    pieces_at=st.text(max_size=8),
)


@given(SESSIONS)
def test_a_session_survives_json(session: Session) -> None:
    assert load(json.loads(json.dumps(dump(session), ensure_ascii=False))) == session


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"notice": None, "walks": {}, "misses": 0},
        {"notice": None, "walks": {"a": {}}, "misses": 0, "moves": 0},
        {"notice": None, "walks": {"a": "b"}, "misses": 0, "moves": 0},
        {"notice": None, "walks": {}, "misses": "many", "moves": 0},
    ],
)
def test_what_is_no_session_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        load(data)


def test_a_session_of_an_earlier_version_is_read() -> None:
    assert load({"notice": None, "walks": {}, "misses": 1, "moves": 2}) == Session(misses=1, moves=2)


def test_before_a_notice_or_a_walk_there_is_no_position() -> None:
    assert Session().position is None
    assert Session("2014-autumn").position is None


def test_each_notice_keeps_its_walk_and_moves_never_fall() -> None:
    here = Position("archive-check", 1, "m2-site", moves=9)
    first = Session("2014-autumn").at(here)
    second = replace(first, notice="2015-spring").at(replace(here, moves=3))
    assert second.walks["2014-autumn"] == here
    assert second.moves == 9
    assert replace(second, notice="2014-autumn").position == here
