"""Stale and doubled presses."""

from __future__ import annotations

import pytest

from bot.domain.button_ids import Act
from flows.engine import JUMP
from tests.conftest import Meets, shipped
from tests.person import check_turn, dump_position

CONTENT = shipped()
SCRIPT = CONTENT.script
STEPS = list(SCRIPT.by_id)


def test_a_doubled_press_changes_nothing(meets: Meets) -> None:
    person = meets()
    person.does()
    for _ in range(25):
        press = next(person.own()).id
        person.does(press=press)
        before = dump_position(person)
        person.does(press=press)
        assert dump_position(person) == before
        assert CONTENT.phrases.stale.split("。")[0] in person.heard
        assert not person.turn.happenings


@pytest.mark.parametrize("step", STEPS)
def test_buttons_of_every_other_step_change_nothing(step: str, meets: Meets) -> None:
    person = meets().stands(step)
    before = dump_position(person)
    moves = person.position.moves if person.position else 0
    for other in STEPS[STEPS.index(step) % 6 :: 6]:
        for action in ("done", "yes", "right", "back"):
            if other != step:
                person.does(press=str(Act(SCRIPT.id, other, moves, action)))
                assert dump_position(person) == before
        person.does(press=str(Act(SCRIPT.id, other, moves + 1, JUMP)))
        person.does(press=str(Act("older", other, moves, JUMP)))
        assert dump_position(person) == before


def test_a_button_from_before_a_restart_is_old(meets: Meets) -> None:
    person = meets()
    person.says("开始核对")
    old = next(person.own()).id
    person.presses("专科")
    person.says("重新开始")
    person.presses(CONTENT.phrases.buttons["restart_yes"])
    assert person.step == "m0-who"
    before = dump_position(person)
    person.does(press=old)
    assert dump_position(person) == before


def test_a_button_from_before_forgetting_is_harmless(meets: Meets) -> None:
    person = meets()
    person.says("开始核对")
    old = next(person.own()).id
    assert person.says("忘记我").forget
    assert person.stored is None
    person.does(press=old)
    assert person.position is None
    check_turn(person.turn)
