"""A script with one mistake is told exactly that mistake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from flows.facts import LIVE, facts
from flows.model import Script
from flows.review import review
from tests.conftest import shipped
from tests.person import at

CONTENT = shipped()
NAMES = {*facts(next(iter(CONTENT.notices.values())), CONTENT.phrases.facts, {}, (), at("2013-12-05")).whole(), *LIVE}

GUARD = [{"when": "fields_open", "go": "here"}, {"when": "photo_open", "go": "here"}, {"when": "wrong", "go": "here"}]


def step(name: str, **about: Any) -> dict[str, Any]:
    return {"id": name, "track": "main", "title": "步骤", "do": "做这个。", "source": "notice", **about}


def script(*steps: Mapping[str, Any], **about: Any) -> Script:
    """A sound script of two steps and a shortcut, with other steps in place of the second where they are given."""
    whole = {
        "id": "small",
        "revision": 1,
        "title": "小流程",
        "start": "here",
        "resume_at": "here",
        "shortcuts": [{"text": "门", "go": "there"}],
        "done_text": "完成",
        "tracks": {"main": "核对"},
        "steps": [step("here", next="there"), *(steps or (step("there", next="here"),))],
    }
    return Script.model_validate({**whole, **about})


def findings(checked: Script) -> list[tuple[str, tuple[str | int, ...]]]:
    return [
        (error["type"].type, tuple(error.get("loc", ())))
        for error in review(checked, CONTENT.entries, NAMES)
        if isinstance(error["type"], PydanticCustomError)
    ]


def there(**about: Any) -> Script:
    return script(step("there", **{"next": "here", **about}))


BROKEN: Mapping[str, tuple[Script, str, tuple[str | int, ...]]] = {
    "next leads nowhere": (there(next="gone"), "unknown_step", ("steps", 1, "next")),
    "a choice leads nowhere": (
        there(choices=[{"id": "a", "text": "走", "go": "gone"}]),
        "unknown_step",
        ("steps", 1, "choices", 0, "go"),
    ),
    "a way out leads nowhere": (
        there(stuck=[{"id": "a", "text": "走", "go": "gone"}]),
        "unknown_step",
        ("steps", 1, "stuck", 0, "go"),
    ),
    "a gate leads nowhere": (
        there(gate=[{"when": "late", "go": "gone"}]),
        "unknown_step",
        ("steps", 1, "gate", 0, "go"),
    ),
    "a reader leads nowhere": (
        there(reads={"reader": "day", "go": "gone"}),
        "unknown_step",
        ("steps", 1, "reads", "go"),
    ),
    "something unknown is forgotten": (
        there(choices=[{"id": "a", "text": "走", "go": "here", "forget": ["gone"]}]),
        "unknown_step",
        ("steps", 1, "choices", 0, "forget", 0),
    ),
    "the start is unknown": (script(start="gone"), "unknown_step", ("start",)),
    "the fallback is unknown": (script(resume_at="gone"), "unknown_step", ("resume_at",)),
    "a shortcut is unknown": (
        script(shortcuts=[{"text": "门", "go": "there"}, {"text": "墙", "go": "gone"}]),
        "unknown_step",
        ("shortcuts", 1, "go"),
    ),
    "a topic is unknown": (there(trouble=["deadline", "weather"]), "unknown_topic", ("steps", 1, "trouble", 1)),
    "a reader is unknown": (
        there(reads={"reader": "stars", "go": "here"}),
        "unknown_reader",
        ("steps", 1, "reads", "reader"),
    ),
    "a reader keeps nothing and leads nowhere": (
        there(reads={"reader": "day"}),
        "read_nowhere",
        ("steps", 1, "reads"),
    ),
    "a reader's text is missing": (
        there(reads={"reader": "certificate", "heard": {"old": "短"}}),
        "read_nowhere",
        ("steps", 1, "reads"),
    ),
    "a gate's condition is unknown": (
        there(gate=[{"when": "raining", "go": "here"}]),
        "unknown_condition",
        ("steps", 1, "gate", 0, "when"),
    ),
    "a note's condition is unknown": (
        there(notes=[{"when": "notice.weather", "text": "带伞"}]),
        "unknown_condition",
        ("steps", 1, "notes", 0, "when"),
    ),
    "a track is unknown": (there(track="side"), "unknown_track", ("steps", 1, "track")),
    "a placeholder in the text is unknown": (
        there(do="{{ contact.fone }}"),
        "unknown_placeholder",
        ("steps", 1, "do"),
    ),
    "a placeholder in a note is unknown": (
        there(notes=[{"when": "late", "text": "{{ nobody }}"}]),
        "unknown_placeholder",
        ("steps", 1, "notes", 0, "text"),
    ),
    "a placeholder on a button is unknown": (
        there(choices=[{"id": "a", "text": "{{ nothing }}", "go": "here"}]),
        "unknown_placeholder",
        ("steps", 1, "choices", 0, "text"),
    ),
    "a placeholder in what is heard is unknown": (
        there(reads={"reader": "certificate", "heard": {"old": "{{ heard.digits }}", "new": "长"}}),
        "unknown_placeholder",
        ("steps", 1, "reads", "heard", "old"),
    ),
    "nothing leads to a step": (
        script(step("there", next="here"), step("lost", next="here")),
        "unreachable_step",
        ("steps", 2),
    ),
    "nothing leads out of a step": (script(step("there")), "dead_end", ("steps", 1)),
    "a step comes twice": (
        script(step("there", next="here"), step("there", next="here")),
        "id_twice",
        ("steps", 2, "id"),
    ),
    "a choice comes twice": (
        there(choices=[{"id": "a", "text": "走", "go": "here"}, {"id": "a", "text": "跑", "go": "here"}]),
        "id_twice",
        ("steps", 1, "choices", 1, "id"),
    ),
    "a choice is called like next": (
        there(choices=[{"id": "done", "text": "走", "go": "here"}]),
        "id_twice",
        ("steps", 1, "choices", 0, "id"),
    ),
    "a choice is called back": (
        there(choices=[{"id": "back", "text": "走", "go": "here"}]),
        "id_twice",
        ("steps", 1, "choices", 0, "id"),
    ),
    "a choice is called like a verdict": (
        there(
            next=None,
            checklist={"of": "photo", "ask": "对吗", "choices": [["right", "对"], ["wrong", "错"]], "go": "here"},
            choices=[{"id": "right", "text": "走", "go": "here"}],
        ),
        "id_twice",
        ("steps", 1, "choices", 0, "id"),
    ),
    "done without a guard": (there(state="done", gate=GUARD[:2]), "done_unguarded", ("steps", 1)),
}


def test_a_sound_script_has_no_findings() -> None:
    assert findings(script()) == []
    assert findings(there(state="done", gate=GUARD)) == []
    assert findings(CONTENT.script) == []


@pytest.mark.parametrize("name", BROKEN)
def test_one_mistake_is_found_at_its_place(name: str) -> None:
    checked, rule, place = BROKEN[name]
    assert findings(checked) == [(rule, place)]


def ring(one: str, other: str) -> Script:
    return script(
        step("there", next="here", gate=[{"when": one, "go": "far"}]),
        step("far", next="here", gate=[{"when": other, "go": "there"}]),
    )


def test_gates_that_lead_round_are_found_at_each_of_them() -> None:
    assert findings(ring("late", "late")) == findings(ring("late", "wrong")) != []
    assert {rule for rule, _ in findings(ring("late", "wrong"))} == {"gate_ring"}
    assert {place[1] for _, place in findings(ring("late", "wrong"))} == {1, 2}
    assert ("gate_ring", ("steps", 1, "gate")) in findings(there(gate=[{"when": "late", "go": "there"}]))


def test_gates_that_can_never_hold_together_are_no_ring() -> None:
    assert findings(ring("early", "not early")) == []


def test_all_mistakes_are_told_at_once() -> None:
    many = script(step("there", next="gone", track="side", trouble=["weather"], do="{{ nobody }}"))
    assert {rule for rule, _ in findings(many)} == {
        "unknown_step", "unknown_track", "unknown_topic", "unknown_placeholder",
    }  # fmt: skip


def test_every_rule_of_the_review_has_a_broken_script_and_a_sentence() -> None:
    rules = {rule for _, rule, _ in BROKEN.values()} | {"gate_ring"}
    assert len(rules) == 12
    assert rules <= set(CONTENT.phrases.problems)
