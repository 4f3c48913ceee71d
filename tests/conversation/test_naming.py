"""Somebody types what is wrong, in words of their own, at any place: it is taken at once, and not asked for again."""

from __future__ import annotations

import pytest

from bot.content.content import Content
from tests.person import Person, at

OF_CLASS = {"cohort": "ancai", "major": "会计学"}


def stand(content: Content, step: str) -> Person:
    """Return a person at a step who compared everything and found it right; with no step, before the walk."""
    person = Person(content, at("2013-12-05"))
    person.says("你好")
    if step:
        fields = next(iter(content.notices.values())).check_fields
        right = {f"field__{field.name}": "right" for field in fields} | {"photo": "right"}
        person.stands(step, **OF_CLASS, **right, **({"clicked": "2013-12-04"} if step == "m10-done" else {}))
    return person


@pytest.mark.parametrize(
    ("step", "words", "named", "pressed"),
    [
        ("m10-done", "刚又登上去看，才看到民族填成别的了，不对", "field:民族", True),
        ("m10-done", "专业错了怎么办啊", "field:专业", True),
        ("m10-done", "那张照片错了，不是我", "photo", True),
        ("m10-done", "照片不是我", "photo", True),
        ("m10-date", "等等，入学日期错了", "field:入学日期", True),
        ("m9-clicked", "有，姓名错了一个字", "field:姓名", True),
        ("x0-mistake", "性别", "field:性别", True),
        ("m9-verdict", "刚看到层次写错了", "field:层次", False),
        ("m8-photo", "性别写错了", "field:性别", False),
        ("m7-fields", "照片不是我的", "photo", False),
        ("m0-who", "身份证号错了一位", "field:身份证号", False),
        ("m0-who", "网上身份证号少了一位", "field:身份证号", False),
        ("", "身份证号错了一位", "field:身份证号", False),
        ("", "照片不是我", "photo", False),
        ("", "照片不对", "photo", False),
    ],
)
def test_what_is_named_as_wrong_is_taken_at_once(
    content: Content, step: str, words: str, named: str, pressed: bool
) -> None:
    person = stand(content, step)
    person.says(words)
    position = person.position
    assert position
    assert position.step in {"x1-report", "x1-cause", "c1-who"}  # all that is asked yet is the class, or the kind
    assert [name for name, verdict in position.answers.items() if verdict == "wrong"] == [named]
    assert ("pressed" in position.answers) == pressed


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("", "照片不对怎么办"),
        ("", "没有照片"),
        ("m1-id", "身份证号错了一位"),
        ("m4-confirm", "名字错了"),
        ("m0-who", "专业不在里面"),
        ("x2-allowed", "老师说民族不能改"),
    ],
)
def test_a_question_and_an_answer_about_the_same_word_report_nothing(content: Content, step: str, words: str) -> None:
    person = stand(content, step)
    person.says(words)
    assert "wrong" not in (person.position.answers.values() if person.position else ())


@pytest.mark.parametrize(
    ("words", "cause"), [("那是学校打错的", "typed"), ("后来我去派出所改过", "changed"), ("说不上来", "unknown")]
)
def test_why_a_field_is_wrong_is_taken_in_words(content: Content, words: str, cause: str) -> None:
    person = stand(content, "x0-mistake")
    person.says("出生日期")
    assert person.position
    assert person.position.step == "x1-cause"
    person.says(words)
    assert person.position.answers["cause:出生日期"] == cause
    assert person.position.step == "x1-report"
