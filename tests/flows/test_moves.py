"""The walk itself: moves and ways back."""

from __future__ import annotations

from flows.engine import BACK, MAX_TRAIL, verdicts_of
from tests.flows.walking import ALL_RIGHT, FIELDS, NOTICE, SCRIPT, on, pressed, standing, type_words, walk


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
