"""First words, greetings, links."""

from __future__ import annotations

import pytest

from tests.conftest import Meets, shipped
from tests.person import check_turn

CONTENT = shipped()


def test_a_first_word_is_answered_after_the_greeting(meets: Meets) -> None:
    person = meets()
    person.says("忘了密码怎么办")
    assert person.turn.replies[0].text.startswith("你好")
    assert person.turn.replies[-1].topic == "forgot-password"
    assert not any(reply.buttons for reply in person.turn.replies[:-1])


def test_a_first_hello_is_the_greeting_and_no_more(meets: Meets) -> None:
    arrives, says = meets().does(), meets().says("你好")
    assert arrives.replies == says.replies
    assert len(arrives.replies) == 2


def test_the_second_hello_shows_where_she_stands(meets: Meets) -> None:
    person = meets().stands("m5-login")
    person.says("你好")
    assert CONTENT.phrases.small_talk["hello"] in person.heard
    assert "登录学信档案" in person.heard
    assert person.turn.missed is None


@pytest.mark.parametrize(
    ("text", "topic", "step"),
    [
        ("/start", None, None),
        ("/start faq-deadline", "deadline", None),
        ("/start step-m2-site", None, "m2-site"),
        ("/start step-m9-verdict", None, "m7-fields"),
        ("/start notice-2014-autumn", None, None),
        ("/start notice-1999-spring", None, None),
        ("/start faq-no-such", None, None),
        ("/start step-gone", None, None),
        ("/start nonsense", None, None),
        ("/start@gradbot faq-deadline", "deadline", None),
    ],
)
def test_a_link_leads_where_it_says_or_to_the_menu(
    text: str, topic: str | None, step: str | None, meets: Meets
) -> None:
    person = meets()
    check_turn(person.says(text))
    assert (person.position.step if person.position else None) == step
    assert topic in {reply.topic for reply in person.turn.replies}
    if not topic and not step:
        assert "开始核对" in {button.text for button in person.shown}


def test_a_link_to_a_step_moves_somebody_who_is_on_the_way(meets: Meets) -> None:
    person = meets().stands("m5-login")
    person.says("/start step-m2-site")
    assert person.step == "m2-site"
    assert person.position
    assert person.position.trail == ("m5-login",)
