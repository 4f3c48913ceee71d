"""The two invented colleges of `examples/`: whoever is in any of their groups comes to an end on every day."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from bot.content.content import Content
from bot.content.loading import load
from flows.facts import facts
from flows.scars import find_scars, list_moments
from tests.person import Person, check_turn

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
COLLEGES = ("beihu", "tongjiang")
MOST_PRESSES = 60
NEVER = "\0"
"""No text holds it: a card may say on a line of its own that the notice says nothing."""


@cache
def college(name: str) -> Content:
    return load(EXAMPLES / name)


@pytest.mark.parametrize("name", COLLEGES)
def test_every_group_comes_to_an_end_in_every_phase(name: str) -> None:
    content = college(name)
    (notice,) = content.notices.values()
    for n, now in enumerate(list_moments(notice)):
        cohort = notice.cohorts[n % len(notice.cohorts)]
        person = Person(content, now)
        person.does()
        person.says("开始核对")
        for _ in range(MOST_PRESSES):
            state = person.position.state if person.position else ""
            if state in ("done", "reported") or person.step == "m5-wait":
                break
            own = next((button for button in person.shown if button.text in (cohort.label, *cohort.majors)), None)
            check_turn(person.does(press=(own or next(person.own())).id))
            assert not [*find_scars(person.heard, NEVER)]
        assert person.step in ("m10-done", "m5-wait"), (now, person.step)
        told = facts(notice, content.phrases.facts, {"cohort": cohort.id}, [], now)
        assert content.phrases.facts.unstated not in told["clock"]


def test_each_learning_centre_is_sent_to_its_own_teacher_and_who_missed_the_first_batch_joins_the_second() -> None:
    content = college("tongjiang")
    (notice,) = content.notices.values()
    between = list_moments(notice)[4]
    clocks = {
        cohort.label: facts(notice, content.phrases.facts, {"cohort": cohort.id}, [], between)
        for cohort in notice.cohorts
    }
    assert all("第二批核对还没开始" in told["clock"] for told in clocks.values())
    assert {told["contact.phone"] for told in clocks.values()} == {f"0818-555100{n}" for n in range(1, 5)}
