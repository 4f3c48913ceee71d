"""The walk itself: moves, guards, ways back, edited scripts; and that nobody is ever stranded."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import (
    BACK,
    CHECKED,
    CLEARED,
    MAX_HOPS,
    MAX_TRAIL,
    Move,
    Walk,
    is_condition,
    verdicts_of,
    wrong_fields,
)
from flows.model import Choice, Gate, Position, Script, Step, dump, load
from flows.notice import Notice
from tests.conftest import another_notice, shipped
from tests.person import at

SCRIPT = shipped().script
NOTICE = next(iter(shipped().notices.values()))
FIELDS = [f"field:{field.name}" for field in NOTICE.check_fields]
ALL_RIGHT = {**dict.fromkeys(FIELDS, "right"), "photo": "right"}
DAYS = ("2013-11-20", "2013-12-05", "2013-12-25", "2014-03-19", "2026-11-24")
TOLD = {"major": "工程造价", **{f"cause:{field.name}": "unknown" for field in NOTICE.check_fields}}
"""What the school is told besides what is wrong."""
GUARDED = ("m9-verdict", "m10-date", "m10-done")
"""Where it is said that 正确 may be clicked, or was."""


def walk(day: str = "2013-12-05", script: Script = SCRIPT, notice: Notice = NOTICE) -> Walk:
    return Walk(script, notice, at(day))


def standing(step: str, item: int = 0, trail: Sequence[str] = (), **answers: str) -> Position:
    return Position(SCRIPT.id, SCRIPT.revision, step, item, 7, answers, tuple(trail))


def on(step: str, answers: Mapping[str, str], trail: Sequence[str] = ()) -> Position:
    return replace(standing(step, trail=trail), answers=answers)


def pressed(move: Move | None) -> Position:
    assert move, "no such button"
    return move.position


def type_words(text: str, here: Position) -> Position:
    """Where words lead that the present step's reader takes as its answer."""
    asking = walk().asking(here)
    reading = asking.read(text) if asking else None
    assert reading
    return walk().answer(here, reading.answers).position


# Moves


def test_a_walk_starts_at_the_start_and_tells_so() -> None:
    move = walk().start()
    assert (move.position.step, move.position.moves, move.position.trail) == ("m0-who", 1, ())
    assert [(h.kind, h.step) for h in move.happenings] == [("entered", "m0-who")]


def test_next_goes_on_and_back_comes_back() -> None:
    there = pressed(walk().press(standing("m1-mailbox", trail=["m0-who"]), "done"))
    assert (there.step, there.trail, there.moves) == ("m1-phone", ("m0-who", "m1-mailbox"), 8)
    back = pressed(walk().press(there, BACK))
    assert (back.step, back.trail, back.moves) == ("m1-mailbox", ("m0-who",), 9)


def test_a_button_that_the_step_has_not_moves_nothing() -> None:
    assert walk().press(standing("m1-mailbox"), "yes") is None
    assert walk().press(standing("m1-mailbox"), BACK) is None
    assert walk().jump(standing("m1-mailbox"), "no-such-step") is None
    assert walk().asking(standing("m1-mailbox")) is None


def test_back_passes_by_a_step_that_would_only_send_forward_again() -> None:
    chosen = on("m1-mailbox", {"level": "专科", "major": "工程造价"}, ["m0-who", "m0-major"])
    back = pressed(walk().press(chosen, BACK))
    assert (back.step, back.trail) == ("m0-who", ())


def test_picking_a_level_again_asks_for_the_major_again() -> None:
    chosen = on("m0-who", {"level": "专科", "cohort": "zhuanke", "major": "工程造价"})
    again = type_words("专升本", chosen)
    assert again.step == "m0-major"
    assert not again.answers["major"]


def test_named_fields_are_compared_in_any_order_and_the_rest_is_asked() -> None:
    here = standing("m7-fields")
    move = pressed(walk().compare(here, {FIELDS[2]: "wrong", FIELDS[0]: "right"}))
    assert (move.item, move.answers) == (1, {FIELDS[2]: "wrong", FIELDS[0]: "right"})
    assert pressed(walk().press(move, "right")).item == 3  # the third was named before
    again = pressed(walk().press(move, BACK))
    assert (again.item, again.answers) == (0, {FIELDS[2]: "wrong"})
    done = pressed(walk().compare(here, dict.fromkeys(FIELDS, "right")))
    assert done.step == "m8-photo"


def test_an_item_or_answer_that_is_not_there_compares_nothing() -> None:
    here = standing("m7-fields")
    assert walk().compare(here, {}) is None
    assert walk().compare(here, {"field:nothing": "right"}) is None
    assert walk().compare(here, {FIELDS[0]: "missing"}) is None
    assert walk().compare(standing("m2-site"), {FIELDS[0]: "right"}) is None


def test_a_checklist_is_compared_item_by_item_and_back_opens_the_last_verdict() -> None:
    here = standing("m7-fields")
    for n in range(len(FIELDS) - 1):
        assert walk().view(here).item == n + 1
        here = pressed(walk().press(here, "right"))
        assert (here.step, here.item) == ("m7-fields", n + 1)
    last = pressed(walk().press(here, "unsure"))
    assert (last.step, last.item) == ("m8-photo", 0)
    assert verdicts_of(NOTICE, last)[FIELDS[-1]] == "unsure"
    back = pressed(walk().press(last, BACK))
    assert (back.step, back.item) == ("m7-fields", len(FIELDS) - 1)
    assert verdicts_of(NOTICE, back) == verdicts_of(NOTICE, last)
    assert pressed(walk().press(back, BACK)).item == len(FIELDS) - 2


def test_a_side_track_returns_to_where_it_was_entered() -> None:
    for here in ("m1-id", "m5-login", "m10-done"):
        told = on(here, {**ALL_RIGHT, "clicked": "2013-12-05"})
        side = pressed(walk().jump(told, "p1-bound"))
        for action in ("no", "numbers", "failed", "done"):
            side = pressed(walk().press(side, action))
        assert side.step == here


def test_a_side_track_without_a_past_returns_to_the_fallback() -> None:
    assert pressed(walk().press(standing("p1-bound"), "yes")).step == SCRIPT.resume_at


def test_what_is_said_on_the_way_comes_before_the_next_step() -> None:
    move = walk().press(standing("m4-confirm"), "no")
    assert move
    assert move.position.step == "m4-form"
    assert move.said == (SCRIPT.by_id["m4-confirm"].choices[1].said,)


def test_the_trail_is_kept_short() -> None:
    here = standing("m4-form")
    for _ in range(MAX_TRAIL):
        for action in ("done", "done", "done", "no"):
            here = pressed(walk().press(here, action))
    assert len(here.trail) == MAX_TRAIL


# The guard of 正确


@pytest.mark.parametrize("target", GUARDED)
@pytest.mark.parametrize("name", [*FIELDS, "photo"])
@pytest.mark.parametrize("verdict", ["wrong", "unsure", "missing", ""])
def test_nobody_gets_to_the_right_button_with_one_thing_not_right(target: str, name: str, verdict: str) -> None:
    told = {**ALL_RIGHT, **TOLD, "clicked": "2013-12-05", name: verdict}
    led = pressed(walk().jump(on("m2-site", told), target))
    expected = "x1-report" if verdict else "m8-photo" if name == "photo" else "m7-fields"
    assert led.step == expected
    assert led.state == "walking"


@pytest.mark.parametrize("day", DAYS[1:])
def test_with_everything_right_the_right_button_is_shown(day: str) -> None:
    assert pressed(walk(day).jump(on("m2-site", ALL_RIGHT), "m9-verdict")).step == "m9-verdict"


def test_before_the_check_nobody_gets_past_the_wait() -> None:
    for step in ("m6-record", "m7-fields", "m8-photo", "m9-verdict"):
        assert pressed(walk("2013-11-20").jump(on("m2-site", ALL_RIGHT), step)).step == "m5-wait"
    assert pressed(walk("2013-12-01").jump(standing("m2-site"), "m5-wait")).step == "m6-record"


def test_unsure_counts_as_wrong_and_is_named() -> None:
    assert wrong_fields(
        NOTICE, on("m8-photo", {"field:专业": "unsure", "photo": "missing", "field:姓名": "right"})
    ) == (
        "专业",
        "photo",
    )


def test_a_photo_that_the_notice_does_not_ask_for_is_not_guarded() -> None:
    notice = NOTICE.model_copy(update={"photo": NOTICE.photo.model_copy(update={"required": False})})
    fields = dict.fromkeys(FIELDS, "right")
    assert "photo" not in verdicts_of(notice, on("m8-photo", {}))
    assert pressed(walk(notice=notice).jump(on("m2-site", fields), "m9-verdict")).step == "m9-verdict"


def test_done_is_told_once_and_a_later_mistake_opens_it_again() -> None:
    clicked = walk().press(on("m10-date", ALL_RIGHT), walk().view(on("m10-date", ALL_RIGHT)).actions[0].id)
    assert clicked
    assert [(h.kind, h.step) for h in clicked.happenings] == [("entered", "m10-done"), ("done", "m10-done")]
    mistaken = pressed(walk().press(clicked.position, "mistake"))
    assert mistaken.state == "walking"
    again = pressed(walk().press(mistaken, "go-on"))
    assert again.step == "m7-fields"
    assert not any(verdicts_of(NOTICE, again).values())


def test_after_a_correction_everything_is_compared_again() -> None:
    corrected = pressed(walk().press(on("x4-again", {**ALL_RIGHT, "field:姓名": "wrong"}), "done"))
    assert corrected.step == "m6-record"
    assert not any(verdicts_of(NOTICE, corrected).values())


@pytest.mark.parametrize(("clicked", "late"), [("2013-12-20", False), ("2013-12-21", True), ("2014-03-25", True)])
def test_a_click_after_the_window_is_told_to_phone(clicked: str, late: bool) -> None:
    notes = walk("2014-04-01").view(on("m10-done", {**ALL_RIGHT, "clicked": clicked})).notes
    assert bool(notes) is late


@pytest.mark.parametrize(("clicked", "early"), [("2013-11-30", True), ("2013-12-01", False), ("unknown", False)])
def test_a_click_before_the_window_is_remarked_on(clicked: str, early: bool) -> None:
    notes = walk("2013-12-05").view(on("m10-done", {**ALL_RIGHT, "clicked": clicked})).notes
    assert bool(notes) is early


@pytest.mark.parametrize("step", ["m10-date", "x1-date"])
@pytest.mark.parametrize("words", ["记不清了", "忘了是哪天点的"])
def test_a_day_that_nobody_remembers_is_done_without(step: str, words: str) -> None:
    here = on(step, ALL_RIGHT)
    by_words, by_button = type_words(words, here), pressed(walk().press(here, "unknown"))
    assert by_words == by_button
    assert by_words.step == {"m10-date": "m10-done", "x1-date": "x2-allowed"}[step]


def test_a_value_is_found_in_a_message_that_says_more() -> None:
    asking = walk("2013-12-12").asking(on("m10-date", ALL_RIGHT))
    found = asking.find("昨天点的 照片怎么是别人的") if asking else None
    assert found
    assert (found.values, found.span[0]) == ({"date": "2013-12-11"}, 0)


def test_words_between_two_majors_offer_both_and_each_can_be_picked() -> None:
    here = standing("m0-who")
    asking = walk().asking(here)
    reading = asking.read("会计") if asking else None
    assert reading
    assert not reading.answers
    assert len(reading.offered) == 2
    assert {pressed(walk().press(here, option.id)).answers["major"] for option in reading.offered} == {
        "会计学",
        "会计电算化",
    }


def test_another_class_is_taken_on_the_way_and_the_place_is_kept() -> None:
    here = replace(on("m7-fields", {"cohort": "zhuanke", "level": "专科", "major": "工程造价"}), trail=("m6-record",))
    compared = pressed(walk().compare(here, {FIELDS[0]: "right", FIELDS[2]: "wrong"}))
    aside = pressed(walk().jump(compared, "c1-who"))
    back = type_words("安财的会计", aside)
    assert (back.step, back.item, back.answers["major"]) == ("m7-fields", 1, "会计学")
    assert pressed(walk().press(aside, "stay")).answers["major"] == "工程造价"


def test_whoever_checked_before_they_came_may_say_so_until_they_compare_again() -> None:
    clicked = pressed(walk().press(standing("m9-clicked"), "yes"))
    assert clicked.step == "m10-date"
    done = pressed(walk().press(clicked, walk().view(clicked).actions[0].id))
    assert (done.step, done.state) == ("m10-done", "done")
    again = pressed(walk().press(pressed(walk().press(done, "mistake")), "go-on"))
    assert pressed(walk().jump(again, "m9-verdict")).step == "m7-fields"


# 采集码


def test_the_photo_code_is_a_step_only_where_the_notice_asks_for_it() -> None:
    assert pressed(walk().press(standing("m5-login"), "done")).step == "m6-record"
    asking = walk("2014-12-09", notice=another_notice())
    asked = pressed(asking.press(standing("m5-login"), "done"))
    assert asked.step == "m1-photo-code", "the code lies inside the account"
    assert pressed(asking.press(asked, "done")).step == "m6-record"


def test_a_notice_about_the_photo_alone_ends_with_the_photo() -> None:
    captures = [w for w in another_notice().windows if w.kind == "capture"]
    alone = walk("2014-09-25", notice=another_notice().model_copy(update={"windows": tuple(captures)}))
    captured = pressed(alone.press(standing("m1-photo-code"), "done"))
    assert captured.step == "m5-captured"
    assert pressed(alone.press(captured, "go-on")).step == "m6-record"


# An edited script


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
    return Script(**{**same, **ends, "steps": rest, "revision": SCRIPT.revision + 1, "doors": ()})


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


# Conditions


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


# Properties

POSITIONS = st.builds(
    Position,
    script=st.sampled_from([SCRIPT.id, "older"]),
    revision=st.integers(1, 99),
    step=st.sampled_from([*SCRIPT.by_id, "gone"]),
    item=st.integers(0, 40),
    moves=st.integers(0, 10**7),
    answers=st.dictionaries(st.sampled_from([*FIELDS, "photo", "level", "major", "clicked"]), st.text(max_size=9)),
    trail=st.lists(st.sampled_from([*SCRIPT.by_id, "gone"]), max_size=9).map(tuple),
    state=st.sampled_from(["walking", "reported", "done"]),
)


@given(POSITIONS)
def test_a_position_survives_json(position: Position) -> None:
    assert load(json.loads(json.dumps(dump(position)))) == position


@pytest.mark.parametrize("data", [None, {}, {"script": "a"}, [], {**dump(standing("m2-site")), "state": "lost"}, "x"])
def test_what_is_no_position_is_a_value_error(data: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        load(data)


@pytest.mark.parametrize(("seed", "day"), list(enumerate([*DAYS, "2014-12-09"])))
def test_a_random_walk_never_strands_and_never_skips_the_guard(seed: int, day: str) -> None:
    notice = another_notice() if day == "2014-12-09" else NOTICE
    walking, random = walk(day, notice=notice), Random(seed)
    here = walking.start().position
    seen = set()
    for _ in range(1500):
        view = walking.view(here)
        assert view.actions
        seen.add(here.step)
        if here.step in GUARDED and CHECKED not in here.answers:
            assert set(verdicts_of(notice, here).values()) <= {"right", CLEARED}
        first, *others = [*(a.id for a in (*view.actions, *view.stuck)), BACK]
        action = first if random.random() < 0.6 else random.choice([first, *others])
        if random.random() < 0.03:
            here = pressed(walking.jump(here, random.choice(list(SCRIPT.by_id))))
            continue
        moved = walking.press(here, action)
        assert moved or action == BACK
        here = moved.position if moved else here
        assert load(json.loads(json.dumps(dump(here)))) == here
    assert len(seen) > 25


@pytest.mark.parametrize("day", DAYS)
def test_from_every_step_there_is_a_way_to_the_end_or_to_the_wait(day: str) -> None:
    """Over (step, what was answered), the affirming button first, then every other: the end is never out of reach."""
    walking = walk(day)

    def key(position: Position) -> tuple[object, ...]:
        return (
            position.step,
            position.item,
            frozenset(position.answers.items()),
        )

    goals = {"m5-wait"} if walking.holds("early", standing("m2-site")) else {"m10-done"}
    for step in SCRIPT.by_id:
        start = pressed(walking.jump(standing("m2-site"), step))
        front, seen = deque([start]), {key(start)}
        for _ in range(4000):
            if not front or front[0].step in goals:
                break
            here = front.popleft()
            # Checklists are answered 对 here: the guard is tested above, the branches of wrong fields by random walks.
            checklist = SCRIPT.by_id[here.step].checklist
            actions = (
                ["right"] if checklist else [a.id for a in (*walking.view(here).actions, *walking.view(here).stuck)]
            )
            for action in reversed(actions):
                there = pressed(walking.press(here, action))
                if key(there) not in seen:
                    seen.add(key(there))
                    (front.appendleft if action == actions[0] else front.append)(there)
        assert front, f"{step} never reaches {goals}"
        assert front[0].step in goals, f"{step} never reaches {goals}"
