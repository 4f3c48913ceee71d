"""What the classifier has learnt helps; what it has not learnt is read as well as without it."""

from __future__ import annotations

from functools import cache

import pytest

from bot.content.loading import load
from bot.reading.acts import AnswerAct, QuestionAct
from bot.reading.classifier import NOTHING, classifier, label_of, label_of_json
from bot.reading.phrasebook import text_of
from bot.reading.place import Asked, Place, find_asked, options
from bot.reading.reader import MessageReader
from faq.matcher import Matcher
from faq.model import Entry

FOREIGN = {
    "card": ("校园卡余额怎么退", "校园卡里的钱能退吗", "饭卡余额退到哪里", "一卡通注销在哪办"),
    "dorm": ("宿舍什么时候退", "退宿手续怎么办", "宿舍钥匙交给谁", "宿舍押金退不退"),
    "party": ("党员组织关系怎么转", "组织关系介绍信在哪开", "预备党员怎么转出", "党费交到几月"),
}
"""Entries of another college: a title, and three phrasings."""


@cache
def reader() -> MessageReader:
    entries = [
        Entry(id=topic, title=lines[0], answer="问老师。", source="notice", phrasings=lines[1:])
        for topic, lines in FOREIGN.items()
    ]
    return MessageReader(load().script, Matcher(entries))


def place(step_id: str, *, named: str = "") -> Place:
    """The place at a step, or at one like it that a college has named otherwise."""
    script = load().script
    step = script.by_id[step_id]
    return Place(named or step_id, find_asked(script, step), options(script, step))


@pytest.mark.parametrize("topic", FOREIGN)
def test_an_entry_that_was_not_learnt_is_found_by_its_lines(topic: str) -> None:
    for line in FOREIGN[topic]:
        assert reader().read(line, place("m2-site")).acts == (QuestionAct(topic),), line


def test_an_answer_of_a_step_that_was_not_learnt_is_taken() -> None:
    named = place("m4-code", named="our-code")
    assert reader().read("收到了", named).acts == (AnswerAct("done"),)
    found = classifier().find_features([text_of("收到了")])
    assert classifier().weigh(found, classifier().share(found), named) is None


def test_chances_at_a_step_are_those_of_its_answers_and_of_all_else() -> None:
    found = classifier().find_features([text_of("短信收到了"), text_of("一直没有短信")])
    chances = classifier().weigh(found, classifier().share(found), place("m4-code"))
    assert chances
    done = [chances.find(at, (AnswerAct("done"),)) for at in (0, 1)]
    assert done[0] == chances.tops[0] > done[1]
    unknown = QuestionAct("of-another-college"), AnswerAct("of-another-step")
    assert [chances.find(1, (act,)) for act in unknown] == [chances.tops[1]] * 2


def test_a_label_is_the_same_of_an_act_and_of_its_json() -> None:
    assert label_of(AnswerAct("wrong", "姓名")) == label_of_json({"as": "answer", "action": "wrong"}) == "answer wrong"
    assert label_of_json({"as": "answer", "values": {}}) == "values" != NOTHING


def test_a_field_that_is_an_exception_is_not_right() -> None:
    script, fields = load().script, ("姓名", "出生日期", "民族")
    step = script.by_id["m7-fields"]
    there = Place(step.id, Asked.CHECKLIST, options(script, step), fields=fields, known_fields=fields)
    acts = reader().read("除了生日别的都对", there).acts
    assert AnswerAct("right", "出生日期") not in acts
    assert AnswerAct("wrong", "出生日期") in acts
