"""Colleges of `examples/` and ready notices: whoever is in any of their groups comes to an end on every day."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from bot.commands.init import TEMPLATES, load_template
from bot.content.content import Content
from bot.content.loading import load
from bot.notice_import.review import list_doubts, read_draft, settle, write_draft
from flows.facts import facts
from flows.scars import find_scars, list_moments
from tests.person import Person, at, check_turn

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
COLLEGES = ("beihu", "tongjiang", *TEMPLATES)
MOST_PRESSES = 60
NEVER = "\0"
"""No text holds it: a card may say on a line of its own that the notice says nothing."""


@cache
def college(name: str) -> Content:
    if name not in TEMPLATES:
        return load(EXAMPLES / name)
    draft = read_draft(load_template(name))
    while list_doubts(draft):
        draft = settle(draft, "right")
    return load({f"notices/{name}.yaml": write_draft(draft)})


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
            collects = person.step == "m10-done" and any(button.text == "什么时候领证" for button in person.shown)
            if (state in ("done", "reported") and not collects) or person.step == "m5-wait":
                break
            own = next((button for button in person.shown if button.text in (cohort.label, *cohort.majors)), None)
            check_turn(person.does(press=(own or next(person.own())).id))
            assert not [*find_scars(person.heard, NEVER)]
        last = "m10-diploma" if notice.has_diploma else "m10-done"
        assert person.step in (last, "m5-wait"), (now, person.step)
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


def test_a_ready_notice_leads_through_what_there_is_today() -> None:
    content = college("capture-check")
    (notice,) = content.notices.values()
    seen = dict[datetime, list[str]]()
    for now in list_moments(notice):
        person = Person(content, now)
        person.does()
        person.says("开始核对")
        seen[now] = []
        for _ in range(MOST_PRESSES):
            seen[now].append(person.step)
            if person.step in ("m5-wait", "m10-done"):
                break
            person.does(press=next(person.own()).id)
        told = person.heard
        assert "【" not in told
    photo = ["m1-photo-code", "m5-confirm"]
    assert all(step in steps for steps in seen.values() for step in photo)
    in_check = [
        steps for now, steps in seen.items() if notice.windows[3].has_begun(now) and not notice.windows[3].is_over(now)
    ]
    assert in_check
    assert all(steps[-1] == "m10-done" for steps in in_check)


def test_a_mistake_is_reported_as_the_notice_says() -> None:
    open_university = college("tongjiang")
    person = Person(open_university, at("2028-11-08"))
    person.stands("x1-report", cohort="east", major="会计学", field__姓名="wrong")
    person.says("要说什么")
    for said in ("2028年11月30日", "截图发给学习中心的老师", "身份证（复印件1份）"):
        assert said in person.heard, said
