"""Who floods the bot is answered as far as a burst goes, and nobody else waits for it."""

from __future__ import annotations

import pytest

from bot.channels.telegram.floods import LIMITS, QUIET_S, Floods
from bot.reading.lexicon import wordings
from bot.reading.urgent import may_be_urgent
from tests.channels.conftest import FakeTime

BURST = LIMITS["person"].burst


@pytest.fixture
def floods(time: FakeTime) -> Floods:
    return Floods(time.clock, may_be_urgent)


def test_a_burst_passes_then_one_line_then_silence_until_it_was_quiet(floods: Floods, time: FakeTime) -> None:
    assert [floods.judge("person", 7, "在吗") for _ in range(3000)] == ["hear"] * BURST + ["tell"] + ["drop"] * (
        3000 - BURST - 1
    )
    assert floods.judge("person", 8, "在吗") == "hear"
    time.now += 2
    assert floods.judge("person", 7, "在吗") == "hear"
    assert floods.judge("person", 7, "在吗") == "drop"
    time.now += QUIET_S + 60
    again = [floods.judge("person", 7, "在吗") for _ in range(BURST + 2)]
    assert again == ["hear"] * BURST + ["tell", "drop"]


def test_who_waits_for_each_answer_is_never_limited(floods: Floods) -> None:
    assert {floods.judge("person", 7, "在吗", is_behind=False) for _ in range(3000)} == {"hear"}


def test_a_cry_for_help_is_heard_after_all(floods: Floods) -> None:
    for _ in range(BURST + 5):
        floods.judge("person", 7, "在吗")
    assert floods.judge("person", 7, "我不想活了") == "hear"
    assert [w for w in wordings()["dark"]["distress"] if not may_be_urgent(w)] == []


def test_people_and_groups_are_forgotten_when_many_others_wrote_since(
    floods: Floods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.floods.KEPT", 10)
    for who in range(50):
        for _ in range(BURST + 1):
            floods.judge("person", who, "在吗")
    assert (len(floods._buckets), len(floods._dropped_at)) == (10, 10)
