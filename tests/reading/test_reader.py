"""The reader of typed messages: what it takes for an answer, and what never moves anybody."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.content import Content
from bot.content.loading import load
from bot.reading import (
    NO_TOPIC,
    Answer,
    Asked,
    Command,
    Distress,
    Pick,
    Place,
    Question,
    Reader,
    Secret,
    Social,
    to_json,
)
from bot.reading.check import word_problems
from bot.reading.place import asked, options
from flows.model import Script

ACKS = ("好", "嗯", "ok", "好的", "嗯嗯", "知道了", "行吧")


@cache
def content() -> Content:
    return load()


@cache
def reader() -> Reader:
    return Reader(content().script, content().matcher)


def place(step_id: str, **more: object) -> Place:
    script = content().script
    step = script.by_id[step_id]
    notice = next(iter(content().notices.values()))
    fields = tuple(f.name for f in notice.check_fields) if step.checklist and step.checklist.of == "fields" else ()
    made: dict[str, object] = {"asked": asked(script, step), "options": options(script, step), "fields": fields}
    return Place(step_id, **(made | {"likely": frozenset(step.trouble)} | more))  # type: ignore[arg-type]


def acts(text: str, at: Place) -> set[object]:
    return set(reader().read(text, at).acts)


STEPS = st.sampled_from([step.id for step in load().script.steps])


@settings(deadline=None)  # the first one builds the reader
@given(st.text(max_size=60), STEPS)
def test_any_text_at_any_step_is_read_without_an_error(text: str, step: str) -> None:
    readout = reader().read(text, place(step))
    assert len(readout.acts) == len(readout.chances)
    assert all(0.0 <= chance <= 1.0 for chance in readout.chances)
    assert not {act for act, _ in readout.near} & set(readout.acts)


@settings(deadline=None)
@given(st.lists(st.sampled_from(ACKS), min_size=1, max_size=3).map(" ".join), STEPS, st.booleans())
def test_an_acknowledgement_is_an_answer_only_to_an_instruction_or_where_it_is_a_word_of_the_answer(
    text: str, step: str, after: bool
) -> None:
    at = place(step, **({"asked": Asked.ANSWER, "topic": "cost"} if after else {}))
    taken = acts(text, at)
    words = {word for choice in content().script.choices_of(content().script.by_id[step]) for word in choice.say}
    if at.asked is not Asked.INSTRUCTION and not (at.asked is Asked.QUESTION and text in words):
        assert taken == {Social("ack")}


def test_a_message_may_hold_an_answer_and_a_question() -> None:
    assert acts("弄好了，不过照片在哪里看啊", place("m5-login")) == {Answer("done"), Question("where-photo-check")}


def test_several_fields_are_found_in_one_message() -> None:
    assert acts("名字和民族都写错了", place("m7-fields")) == {Answer("wrong", "姓名"), Answer("wrong", "民族")}


def test_an_answer_without_a_name_is_about_the_field_that_was_asked() -> None:
    assert acts("这个不对", place("m7-fields", item=2)) == {Answer("wrong", "出生日期")}


@pytest.mark.parametrize(
    ("step", "text", "action"),
    [
        ("m1-id", "没换过", "same"),
        ("m1-id", "不是不一样", "same"),
        ("m1-id", "换过身份证，号变了", "differs"),
        ("m3-account", "没注册过", "no"),
        ("m4-code", "收到了", "done"),
        ("m6-record", "没看到我的学籍", "no"),
    ],
)
def test_negation_turns_an_answer_round(step: str, text: str, action: str) -> None:
    assert acts(text, place(step)) == {Answer(action)}


@pytest.mark.parametrize(
    ("step", "text"), [("m4-code", "没收到"), ("m9-verdict", "我这就去点"), ("m2-site", "还没打开")]
)
def test_what_is_not_done_yet_is_not_taken_for_done(step: str, text: str) -> None:
    assert Answer("done") not in acts(text, place(step))


def test_company_despair_and_commands_are_told_apart() -> None:
    assert acts("早上好", place("m2-site")) == {Social("hello")}
    assert acts("毕不了业我就不想活了", place("m6-record")) == {Distress()}
    assert acts("找个真人来", place("m2-site")) == {Command("desk")}
    assert acts("今天先不弄了，明天再说", place("m4-form")) == {Command("later")}


def test_a_pick_needs_an_offer() -> None:
    assert acts("第二个", place("m0-who", offered=3)) == {Pick(2)}
    assert Pick(2) not in acts("第二个", place("m0-who"))


def test_a_secret_is_read_as_nothing_else() -> None:
    assert reader().read("收到了 123456", place("m4-code", secret=lambda text: "123456" in text)).acts == (Secret(),)


def test_the_clicked_button_is_a_command_except_where_it_is_asked_for() -> None:
    assert acts("我早就点过正确了", place("m3-account")) == {Command("already-done")}
    assert acts("我点了正确", place("m9-verdict", verdict=True)) == {Answer("done")}


@settings(deadline=None)
@given(st.sampled_from(["没换过", "号变了", "一样的，注册填哪个号", "嗯", "看不懂"]), st.integers(0, 9))
def test_the_order_of_choices_and_words_changes_nothing(text: str, seed: int) -> None:
    chance = random.Random(seed)
    script = content().script
    steps = []
    for step in script.steps:
        choices = [
            choice.model_copy(update={"say": tuple(chance.sample(choice.say, len(choice.say)))})
            for choice in step.choices
        ]
        steps.append(step.model_copy(update={"choices": tuple(choices)}))
    shuffled = Script.model_construct(**{**dict(script), "steps": tuple(chance.sample(steps, len(steps)))})
    at = place("m1-id")
    turned = Place(at.step, at.asked, tuple(reversed(at.options)), likely=at.likely)
    assert Reader(shuffled, content().matcher).read(text, turned) == reader().read(text, at)


def test_the_words_of_the_script_that_ships_have_no_problem() -> None:
    assert list(word_problems(content().script, reader())) == []


def test_problems_with_words_are_named() -> None:
    script = content().script
    step = script.by_id["m1-id"]
    same, differs = step.choices
    broken = (same.model_copy(update={"say": ()}), differs.model_copy(update={"say": ("号码一样", "号变了")}))
    changed = step.model_copy(update={"choices": broken})
    steps = tuple(changed if one.id == step.id else one for one in script.steps)
    found = [
        (p.kind, p.action)
        for p in word_problems(script.model_copy(update={"steps": steps}), reader())
        if p.step == "m1-id"
    ]
    assert ("no_words", "same") in found
    assert ("shared", "differs") in found


def test_acts_have_the_form_of_the_labelled_turns() -> None:
    assert to_json(Answer("wrong", "民族")) == {"as": "answer", "action": "wrong", "item": "民族"}
    assert to_json(Question(NO_TOPIC)) == {"as": "question", "topic": "new"}
    assert to_json(Distress()) == {"as": "distress"}
