"""The guard of 正确, and 采集码."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows.engine import verdicts_of, wrong_fields
from tests.conftest import another_notice
from tests.flows.walking import ALL_RIGHT, DAYS, FIELDS, GUARDED, NOTICE, TOLD, on, pressed, standing, type_words, walk


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
    ) == ("专业", "photo")


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
