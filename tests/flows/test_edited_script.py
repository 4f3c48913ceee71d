"""An edited script strands nobody; conditions."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from flows.engine import BACK, MAX_HOPS, Walk, is_condition
from flows.model import Choice, Gate, Script, Step
from tests.conftest import another_notice
from tests.flows.walking import ALL_RIGHT, FIELDS, NOTICE, SCRIPT, on, standing, walk
from tests.person import at


def without(gone: str) -> Script:
    """The script as an editor would leave it who removed one step and mended what led there."""
    there = SCRIPT.by_id[gone]
    heir = next((target for _, target, _ in there.exits if target != "return"), SCRIPT.start)

    def led(row: Choice) -> Choice:
        forget = tuple(step for step in row.forget if step != gone)
        return row.model_copy(update={"go": heir if row.go == gone else row.go, "forget": forget})

    def mended(step: Step) -> Step:
        update = {
            "next": heir if step.next == gone else step.next,
            "choices": tuple(map(led, step.choices)),
            "stuck": tuple(map(led, step.stuck)),
            "gate": tuple(gate for gate in step.gate if gate.go != gone),
            "reads": step.reads
            and step.reads.model_copy(update={"go": heir if step.reads.go == gone else step.reads.go}),
            "checklist": step.checklist
            and step.checklist.model_copy(update={"go": heir if step.checklist.go == gone else step.checklist.go}),
        }
        return step.model_copy(update=update)

    rest = tuple(mended(step) for step in SCRIPT.steps if step.id != gone)
    ends = {name: heir if getattr(SCRIPT, name) == gone else getattr(SCRIPT, name) for name in ("start", "resume_at")}
    same = {name: getattr(SCRIPT, name) for name in Script.model_fields}
    return Script(**{**same, **ends, "steps": rest, "revision": SCRIPT.revision + 1, "shortcuts": ()})


@pytest.mark.parametrize("gone", [step.id for step in SCRIPT.steps])
def test_a_step_that_an_edit_removed_strands_nobody(gone: str) -> None:
    script = without(gone)
    # She came through the step before, and stands on it now.
    was = standing(gone, trail=["m0-who", gone, "m1-id"])
    move = walk(script=script).resume(was)
    assert move.happenings[0].kind == "gone"
    assert move.position.step == walk(script=script).jump(was, script.resume_at).position.step  # type: ignore[union-attr]
    assert move.position.moves > was.moves
    here, random = move.position, Random(gone)
    for _ in range(60):
        view = walk(script=script).view(here)
        action = random.choice([*(a.id for a in (*view.actions, *view.stuck)), BACK])
        stepped = walk(script=script).press(here, action)
        here = stepped.position if stepped else here
        assert walk(script=script).view(here).actions


def test_a_position_of_another_script_starts_anew_with_buttons_that_are_new() -> None:
    move = walk().resume(replace(standing("m5-login"), script="older"))
    assert (move.position.step, move.position.moves) == ("m0-who", 8)


def test_an_edited_script_keeps_a_position_whose_step_is_still_there() -> None:
    script = without("m1-phone")
    resumed = walk(script=script).resume(standing("m5-login")).position
    assert (resumed.step, resumed.moves, resumed.revision) == ("m5-login", 7, SCRIPT.revision + 1)


def test_a_checklist_that_got_shorter_keeps_its_last_item() -> None:
    notice = NOTICE.model_copy(update={"check_fields": NOTICE.check_fields[:3]})
    resumed = walk(notice=notice).resume(standing("m7-fields", item=9)).position
    assert resumed.item == 2
    assert walk(notice=notice).view(resumed).name == FIELDS[2]


def test_a_field_that_is_new_in_the_notice_is_compared_before_the_right_button_is_shown_again() -> None:
    ready = on("m9-verdict", ALL_RIGHT)
    assert walk().resume(ready).position == replace(ready, revision=SCRIPT.revision)
    more = (*NOTICE.check_fields, NOTICE.check_fields[0].model_copy(update={"name": "学制"}))
    notice = NOTICE.model_copy(update={"check_fields": more})
    assert walk(notice=notice).resume(ready).position.step == "m7-fields"
    done = replace(on("m10-done", {**ALL_RIGHT, "clicked": "2013-12-05"}), state="done")
    assert walk(notice=notice).resume(done).position.step == "m10-done"


def test_a_ring_of_gates_ends_at_the_fallback() -> None:
    ring = [
        Step(id=here, track="main", title="圈", do="圈", source="notice", next="end", gate=(Gate(when="late", go=go),))
        for here, go in (("one", "two"), ("two", "one"))
    ]
    end = Step(id="end", track="main", title="出口", do="出口", source="notice", next="one")
    script = Script(
        id="ring", revision=1, title="圈", start="one", resume_at="end", done_text="完成", tracks={"main": "圈"},
        steps=(*ring, end),
    )  # fmt: skip
    assert Walk(script, NOTICE, at("2014-01-01")).start().position.step == "end"
    assert MAX_HOPS < 100


@pytest.mark.parametrize(
    ("condition", "day", "answers", "holds"),
    [
        ("early", "2013-11-30", {}, True),
        ("early", "2013-12-01", {}, False),
        ("not early", "2013-12-01", {}, True),
        ("late", "2013-12-20", {}, False),
        ("late", "2013-12-21", {}, True),
        ("late", "2014-03-21", {}, True),
        ("closed", "2014-03-20", {}, False),
        ("closed", "2014-03-21", {}, True),
        ("answer.major", "2013-12-05", {"major": "会计学"}, True),
        ("answer.major", "2013-12-05", {"major": ""}, False),
        ("notice.photo.code_required", "2013-12-05", {}, False),
        ("not notice.photo.code_required", "2013-12-05", {}, True),
        ("notice.account.browser", "2013-12-05", {}, True),
        ("late", "2013-12-05", {"cohort": ""}, False),
    ],
)
def test_a_condition_holds(condition: str, day: str, answers: dict[str, str], holds: bool) -> None:
    assert is_condition(condition)
    assert walk(day).holds(condition, on("m2-site", answers)) is holds


def test_a_cohort_is_timed_by_its_own_window() -> None:
    early = walk("2014-12-05", notice=another_notice())
    assert early.holds("early", on("m2-site", {"cohort": "nurse"}))
    assert not early.holds("early", on("m2-site", {"cohort": "law"}))


@pytest.mark.parametrize(
    "condition", ["", "not", "tomorrow", "notice.no.such", "notice.photo.nothing", "not not early"]
)
def test_an_unknown_condition_is_known_as_such(condition: str) -> None:
    assert not is_condition(condition)
