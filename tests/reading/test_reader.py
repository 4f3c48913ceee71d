"""The reader of typed messages: what it takes for an answer, and what never moves anybody."""

from __future__ import annotations

import random
import weakref
from dataclasses import replace
from functools import cache
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.content import Content
from bot.content.loading import load
from bot.conversation.doubt import SURE, doubt
from bot.reading.acts import (
    NO_TOPIC,
    AbuseAct,
    Act,
    AnswerAct,
    CommandAct,
    DistressAct,
    PickAct,
    QuestionAct,
    SecretAct,
    SocialAct,
    ValuesAct,
    to_json,
)
from bot.reading.check import word_problems
from bot.reading.place import MENU, Asked, Parsed, Place, find_asked, options, own_words
from bot.reading.reader import MessageReader, Readout
from bot.reading.stances import stances
from bot.reading.writing import spelt
from faq.sounds import units
from flows.model import Choice, Script

ACKS = ("好", "嗯", "ok", "好的", "嗯嗯", "知道了", "行吧")
BOUND = 2.0
"""Seconds in which any message is read; one of usual length takes some milliseconds."""


@cache
def content() -> Content:
    return load()


@cache
def reader() -> MessageReader:
    return MessageReader(content().script, content().matcher)


def place(step_id: str, **more: object) -> Place:
    script = content().script
    step = script.by_id[step_id]
    notice = next(iter(content().notices.values()))
    fields = tuple(f.name for f in notice.check_fields) if step.checklist and step.checklist.of == "fields" else ()
    made: dict[str, object] = {"asked": find_asked(script, step), "options": options(script, step), "fields": fields}
    return Place(step_id, **(made | {"likely": frozenset(step.trouble)} | more))  # type: ignore[arg-type]


def acts(text: str, at: Place) -> set[object]:
    return set(reader().read(text, at).acts)


def words_at(step_id: str) -> set[str]:
    """Return all words that mean an answer of a step."""
    step = content().script.by_id[step_id]
    return {word for own in own_words(content().script, step).values() for word in own}


STEPS = st.sampled_from([step.id for step in content().script.steps])
NO_INSTRUCTION = [step.id for step in content().script.steps if place(step.id).asked is not Asked.INSTRUCTION]


@settings(deadline=None)
@given(st.text(max_size=60), STEPS)
def test_any_text_at_any_step_is_read_without_an_error(text: str, step: str) -> None:
    readout = reader().read(text, place(step))
    assert len(readout.acts) == len(readout.chances)
    assert all(0.0 <= chance <= 1.0 for chance in readout.chances)
    assert not {act for act, _ in readout.near} & set(readout.acts)


@pytest.mark.parametrize("text", ["好，没换过吗？", "没换过照片的", "12345 ", "👌", "ok，", "不"])
@pytest.mark.parametrize("times", [500, 50_000])
def test_a_message_of_any_length_is_read_in_bounded_time(text: str, times: int) -> None:
    at = place("m1-id")
    reader()
    start = process_time()
    reader().read(text * times, at)
    assert process_time() - start < BOUND


@settings(deadline=None)
@given(st.sampled_from(ACKS), st.sampled_from(NO_INSTRUCTION), st.booleans())
def test_an_acknowledgement_answers_no_question_and_no_checklist_unless_the_script_says_so(
    text: str, step: str, follows_answer: bool
) -> None:
    if text not in words_at(step):
        assert acts(text, place(step, **({"asked": Asked.ANSWER, "topic": "cost"} if follows_answer else {}))) == {
            SocialAct("ack")
        }


@pytest.mark.parametrize("text", ["好", "嗯"])
def test_a_bare_acknowledgement_leads_on_from_an_instruction_and_ticks_nothing(text: str) -> None:
    assert acts(text, place("m2-site")) == {AnswerAct("done")}
    assert acts(text, place("m7-fields")) == {SocialAct("ack")}


@pytest.mark.parametrize(
    ("step", "text", "taken"),
    [
        ("m1-id", "没换过", AnswerAct("same")),
        ("m1-id", "换过身份证，号变了", AnswerAct("differs")),
        ("m1-mailbox", "邮箱准备好了", AnswerAct("done")),
        ("m3-account", "没注册过", AnswerAct("no")),
        ("m3-account", "不记得了", AnswerAct("unknown")),
        ("m4-code", "收到了", AnswerAct("done")),
        ("m5-login", "忘记密码了", AnswerAct("forgot")),
        ("m6-record", "看到了", AnswerAct("yes")),
        ("m6-record", "没看到我的学籍", AnswerAct("no")),
        ("m7-fields", "名字错了", AnswerAct("wrong", "姓名")),
        ("m7-fields", "都对", AnswerAct("right", "all")),
        ("m2-site", "注册学信网要收费吗", QuestionAct("cost")),
        ("m2-site", "学信网要钱吗", QuestionAct("cost")),
        ("m2-site", "谢谢", SocialAct("thanks")),
        ("m2-site", "早上好", SocialAct("hello")),
        ("m2-site", "转人工", CommandAct("desk")),
        ("m2-site", "重新开始", CommandAct("restart")),
        ("m4-form", "今天先不弄了，明天再说", CommandAct("later")),
        ("m6-record", "毕不了业我就不想活了", DistressAct()),
    ],
)
def test_a_message_beyond_doubt_is_read_as_it_is_meant(step: str, text: str, taken: Act) -> None:
    assert acts(text, place(step)) == {taken}


def test_a_message_may_hold_an_answer_and_a_question() -> None:
    assert acts("登进去了，不过学信网要钱吗", place("m5-login")) == {AnswerAct("done"), QuestionAct("cost")}


def test_several_fields_are_found_in_one_message() -> None:
    assert acts("名字和民族都写错了", place("m7-fields")) == {AnswerAct("wrong", "姓名"), AnswerAct("wrong", "民族")}


def test_an_answer_without_a_name_is_about_the_field_that_was_asked() -> None:
    assert acts("这个不对", place("m7-fields", item=2)) == {AnswerAct("wrong", "出生日期")}


@pytest.mark.parametrize(
    ("step", "text"), [("m4-code", "没收到"), ("m9-verdict", "我这就去点"), ("m2-site", "还没打开")]
)
def test_what_is_not_done_yet_is_not_taken_for_done(step: str, text: str) -> None:
    assert AnswerAct("done") not in acts(text, place(step))


def test_a_pick_needs_an_offer() -> None:
    assert acts("第二个", place("m0-who", offered=3)) == {PickAct(2)}
    assert PickAct(2) not in acts("第二个", place("m0-who"))


@pytest.mark.parametrize(
    ("step", "text", "taken"),
    [
        ("x3-papers", "跑了一趟 人家不认 喊我回切", AnswerAct("refused")),  # as people of the south-west write it
        ("x2-allowed", "说改不到 卡死咯", AnswerAct("no")),
        ("m1-browser", "平板能核对不", QuestionAct("phone-only")),
        ("p4-nothing", "特么的耍老子玩呢", AbuseAct()),
    ],
)
def test_words_of_a_region_and_of_anger_are_heard(step: str, text: str, taken: Act) -> None:
    assert acts(text, place(step)) == {taken}


def test_a_sign_behind_the_last_word_belongs_to_the_values_before_it() -> None:
    found = place("m0-who", parse=lambda text: Parsed({"cohort": "angong"}, (0, len(text))))
    assert acts("专升本（安徽工程大学）", found) == {ValuesAct.of({"cohort": "angong"})}


def test_what_cannot_be_meant_at_a_step_is_not_read_there() -> None:
    assert acts("我选错专业了", place("m1-id")) == {CommandAct("change-cohort")}
    assert CommandAct("change-cohort") not in acts("我选错专业了", place("m0-who", idle=frozenset({"change-cohort"})))


def test_a_question_that_is_sure_is_kept_beside_an_answer_that_is_not() -> None:
    answer, question = AnswerAct("done"), QuestionAct("cost")
    kept = doubt(Readout((answer, question), (0.4, 0.9)), SURE)
    assert (kept.acts, kept.chances, kept.near) == ((question,), (0.9,), ((answer, 0.4),))


@pytest.mark.parametrize(
    ("chance", "said", "near", "taken"),
    [
        (0.75, set(), (), True),
        (0.75, {"cannot"}, (), False),  # 填了 它说打不开
        (0.9, {"cannot"}, (), True),
        (0.9, {"if"}, (), False),  # 要是能改
        (0.9, set(), ((AnswerAct("no"), 0.3),), False),
        (0.9, set(), ((AnswerAct("no", "姓名"), 0.3),), True),
    ],
)
def test_an_answer_is_taken_only_where_nothing_speaks_against_it(
    chance: float, said: set[str], near: tuple[tuple[Act, float], ...], taken: bool
) -> None:
    kept = doubt(Readout((AnswerAct("yes"),), (chance,), near, said=frozenset(said)), SURE)
    assert kept.acts == ((AnswerAct("yes"),) if taken else ())


def test_despair_that_is_not_sure_is_answered_where_nothing_else_is_and_a_word_of_it_is_said() -> None:
    near, said = ((DistressAct(), 0.3),), frozenset({"urgent"})
    assert doubt(Readout((), (), near, said=said), SURE).acts == (DistressAct(),)
    assert doubt(Readout((AnswerAct("done"),), (0.5,), near, said=said), SURE).acts == (DistressAct(),)
    assert doubt(Readout((AnswerAct("done"),), (0.9,), near, said=said), SURE).acts == (AnswerAct("done"),)
    assert doubt(Readout((), (), near), SURE).acts == ()
    assert doubt(Readout((DistressAct(),), (0.4,)), SURE).acts == ()
    assert doubt(reader().read("我不想弄了", MENU), SURE).acts != (DistressAct(),)


@pytest.mark.parametrize(
    ("text", "stance"),
    [("没有一项是错的", "right"), ("没有哪个是对的", "wrong"), ("没一处不一样", "same")],
)
def test_a_negator_reaches_over_words_that_say_little(text: str, stance: str) -> None:
    assert stance in {one.name for one in stances(*units(spelt(text)))}


def test_the_first_fields_are_named_by_their_number() -> None:
    named = {act.item for act in acts("前三个都对", place("m7-fields")) if isinstance(act, AnswerAct)}
    assert named == {"姓名", "性别", "出生日期"}


def test_a_secret_is_read_as_nothing_else() -> None:
    assert reader().read("收到了 123456", place("m4-code", secret=lambda text: "123456" in text)).acts == (SecretAct(),)


def test_the_clicked_button_is_a_command_except_where_it_is_asked_for() -> None:
    assert acts("我早就点过正确了", place("m3-account")) == {CommandAct("already-done")}
    assert acts("我点了正确", place("m9-verdict", idle=frozenset({"already-done"}))) == {AnswerAct("done")}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_steps_choices_and_words_changes_nothing(seed: int) -> None:
    shuffled = MessageReader(shuffle(content().script, random.Random(seed)), content().matcher)
    at = place("m1-id")
    turned = replace(at, options=tuple(reversed(at.options)))
    for text in ("没换过", "号变了", "一样的，注册填哪个号", "嗯", "看不懂"):
        assert shuffled.read(text, turned) == reader().read(text, at)


def shuffle(script: Script, chance: random.Random) -> Script:
    """Return a script that says the same in another order."""
    steps = [
        step.model_copy(
            update={
                "choices": tuple(chance.sample([shuffle_words(c, chance) for c in step.choices], len(step.choices)))
            }
        )
        for step in script.steps
    ]
    return script.model_copy(update={"steps": tuple(chance.sample(steps, len(steps)))})


def shuffle_words(choice: Choice, chance: random.Random) -> Choice:
    return choice.model_copy(update={"say": tuple(chance.sample(choice.say, len(choice.say)))})


def test_the_words_of_the_script_that_ships_have_no_problem() -> None:
    assert list(word_problems(content().script, reader())) == []


def test_problems_with_words_are_named() -> None:
    script = content().script
    step = script.by_id["m1-id"]
    same, differs = step.choices
    broken = (
        same,
        differs.model_copy(update={"say": ("号码一样", "号变了")}),
        same.model_copy(update={"id": "lost", "text": "找不到材料", "say": ()}),
    )
    changed = step.model_copy(update={"choices": broken})
    steps = tuple(changed if one.id == step.id else one for one in script.steps)
    found = {(p.kind, p.action, p.word) for p in word_problems(script.model_copy(update={"steps": steps}), reader())}
    assert found >= {("missing", "lost", "找不到材料"), ("shared", "differs", "号码一样")}


def test_words_that_a_question_takes_are_named_for_its_topic_alone() -> None:
    script = content().script
    step = script.by_id["m1-id"]
    taken = step.choices[1].model_copy(update={"say": ("忘了用户名怎么办", "忘了密码怎么办")})
    changed = step.model_copy(update={"choices": (step.choices[0], taken)})
    script = script.model_copy(update={"steps": tuple(changed if one.id == step.id else one for one in script.steps)})

    def find(topics: frozenset[str] | None) -> set[str]:
        return {one.other for one in word_problems(script, reader(), topics) if one.kind == "asked"}

    assert find(None) == {"forgot-username", "forgot-password"}
    assert find(frozenset(["forgot-password"])) == {"forgot-password"}
    assert find(frozenset()) == set()


def test_acts_have_the_form_of_the_labelled_turns() -> None:
    assert to_json(AnswerAct("wrong", "民族")) == {"as": "answer", "action": "wrong", "item": "民族"}
    assert to_json(QuestionAct(NO_TOPIC)) == {"as": "question", "topic": "new:unanswered"}
    assert to_json(DistressAct()) == {"as": "distress"}


def test_a_reader_that_nobody_uses_is_gone_at_once() -> None:
    one = MessageReader(content().script, content().matcher, book=reader().book)
    one.read("照片在哪看", place("m1-browser", about="浏览器"))
    seen = weakref.ref(one)
    del one  # content is swapped for ever, and what is unpacked is frozen: a cycle would never be collected
    assert seen() is None
