"""The shipped script, as a teacher would check it: texts, buttons, help at every step."""

from __future__ import annotations

import re

import pytest

from flows.answers import plain
from flows.facts import placeholders
from flows.model import RETURN, Step
from tests.conftest import another_notice, shipped
from tests.person import Person, at

CONTENT = shipped()
SCRIPT = CONTENT.script
STEPS = list(SCRIPT.steps)
DAYS = re.compile(r"20\d\d-\d|\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}月\d{1,2}日")


def test_the_walk_has_its_main_steps_and_its_side_tracks() -> None:
    assert sorted({step.n for step in STEPS if step.n is not None}) == list(range(11))
    assert {step.track for step in STEPS} == set(SCRIPT.tracks)
    assert len(STEPS) >= 40


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_a_step_says_why_and_what_may_go_wrong(step: Step) -> None:
    assert step.why
    assert step.trouble
    assert (step.n is not None) == (step.track == "main")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_dates_and_phones_stand_in_the_notice_alone(step: Step) -> None:
    for _, text in step.prose:
        bare = text.replace("12月5日", "")  # the sample of how to type a date
        assert not DAYS.search(bare), text
        assert "0550" not in text
        assert "张老师" not in text
        assert "kefu" not in text


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_the_ok_button_is_called_as_the_notice_calls_it(step: Step) -> None:
    assert not any("点“正确”" in text for _, text in step.prose)


def test_words_that_mean_two_buttons_of_one_step_are_not_given_twice() -> None:
    for step in STEPS:
        choices = SCRIPT.choices_of(step)
        said = [plain(word) for choice in choices for word in {plain(w) for w in (choice.text, *choice.say)}]
        assert len(said) == len(set(said)), (step.id, said)


def test_every_button_can_be_said_in_words_and_by_its_number() -> None:
    tried = 0
    for step in STEPS:
        shown_now = [choice for choice in SCRIPT.choices_of(step) if choice.when is None]
        for n, choice in enumerate(shown_now):
            pressed, said = (Person(CONTENT, at("2013-12-05")).stands(step.id) for _ in range(2))
            pressed.does(press="cmd|resume")
            shown = [b for b in pressed.own() if not b.id.endswith("|back")]
            if step.reads or step.checklist:
                continue
            pressed.does(press=shown[n].id)
            said.says(shown[n].text)
            assert pressed.position == said.position, (step.id, choice.id)
            by_number = Person(CONTENT, at("2013-12-05")).stands(step.id)
            by_number.says(str(n + 1))
            assert by_number.position == pressed.position, (step.id, choice.id)
            tried += 1
    assert tried > 60


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
def test_no_step_speaks_of_what_another_notice_does_not_have(step: Step) -> None:
    """A sentence that would read 按通知里没有写 under a notice that leaves something open."""
    person = Person(CONTENT, at("2014-12-09"))
    person.content = type(CONTENT)(
        CONTENT.script, {another_notice().id: another_notice()}, CONTENT.entries, CONTENT.phrases, CONTENT.revision
    )
    person.stands(step.id).does(press="cmd|resume")
    for line in person.heard.split("\n"):
        assert not re.search(r"(是|到|给|用|在) ?通知里没有写", line), line


def test_side_tracks_that_return_exist() -> None:
    assert sum(target == RETURN for step in STEPS for _, target, _ in step.exits) >= 5


def test_texts_use_the_facts() -> None:
    used = {name for step in STEPS for _, text in step.prose for name in placeholders(text)}
    assert {"contact.phone", "check.span", "correction.until", "papers", "clock", "verdict.ok", "me.wrong"} <= used
    assert len(used) > 25
