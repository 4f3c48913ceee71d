"""What each step offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain import button_ids as ids
from bot.domain.button_ids import Act, Ask
from tests.conftest import Meets, another_notice, shipped
from tests.person import check_turn

CONTENT = shipped()
SCRIPT = CONTENT.script
STEPS = list(SCRIPT.by_id)
NOTICE = next(iter(CONTENT.notices))
RIGHT = {f"field__{field.name}": "right" for field in CONTENT.notices[NOTICE].check_fields} | {"photo": "right"}


def numbered(steps: Sequence[str]) -> list[int]:
    return [n for step in steps if (n := SCRIPT.by_id[step].n) is not None]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("day", ["2013-12-05", "2026-11-24"])
def test_every_step_has_its_aids(step: str, day: str, meets: Meets) -> None:
    person = meets(day).stands(step, **RIGHT)
    check_turn(person.does(press="cmd|resume"))
    offered = {button.text for button in person.shown}
    assert {"遇到问题", "为什么", "稍后继续"} <= offered
    check_turn(person.does(press="cmd|why"))
    assert "为什么：" in person.heard
    check_turn(person.does(press="cmd|trouble"))
    helpful = [button for button in person.shown if button.id.startswith("faq|")]
    assert len(helpful) == len(SCRIPT.by_id[step].trouble) > 0
    assert {"联系老师", "回到这一步"} <= {button.text for button in person.shown}


def test_the_jump_list_has_every_main_step_in_order(meets: Meets) -> None:
    person = meets().stands("m2-site")
    person.does(press="cmd|jump")
    jumps = [parsed for button in person.shown if isinstance(parsed := ids.parse(button.id), Act)]
    assert numbered([act.step for act in jumps[:11]]) == list(range(11))
    assert len(jumps) == 11 + len(SCRIPT.shortcuts)
    for act in jumps:
        other = meets().stands("m2-site")
        other.does(press=str(replace(act, moves=0)))
        assert other.position
        assert other.position.moves == 1


def test_another_notice_is_like_no_other() -> None:
    assert another_notice().photo.code_required
    assert not CONTENT.notices[NOTICE].photo.code_required


def test_asking_for_a_thing_needs_no_walk(meets: Meets) -> None:
    for name in CONTENT.phrases.commands:
        if name not in ("forget", "start"):
            person = meets()
            person.does()
            check_turn(person.does(press=str(Ask("cmd", name))))
            assert person.position is None, name
