"""What a teacher writes in a form becomes files: entries, values of entries, days and phones of the notice."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bot.content.content import Content
from bot.content.edit_notice import NoticeFact, list_facts
from bot.content.files import Files, Refused
from bot.content.loading import load
from bot.knowledge.writing import (
    NewEntry,
    add_entry,
    add_phrasings,
    change_entry,
    change_fact,
    delete_entry,
    find_near,
    list_changed_texts,
    read_fact,
    replace_entry,
    suggest_phrasings,
    suggest_title,
)
from tests.conftest import shipped

TODAY = date(2013, 12, 5)
GOWN = NewEntry(
    "学士服在哪领", "学士服在图书馆一楼领，带学生证。", ("学士服在哪领", "学士服去哪里拿", "学位服领取地点")
)


@pytest.fixture(scope="module")
def gown() -> Files:
    return add_entry(shipped(), GOWN, TODAY)({})  # type: ignore[return-value]


@pytest.fixture(scope="module")
def with_gown(gown: Files) -> Content:
    return load(gown)


def test_a_form_becomes_an_entry_that_answers_each_of_its_phrasings(with_gown: Content) -> None:
    entry = with_gown.entries["xue-shi-fu-zai-na-ling"]
    assert (entry.title, entry.answer, entry.checked_on) == (GOWN.title, GOWN.answer, TODAY)
    assert all(with_gown.answers(line) == {entry.id} for line in GOWN.phrasings)


def test_questions_that_were_missed_are_suggested_and_other_words_where_they_are_few() -> None:
    lines = ["学士服在哪里领", "学士服在哪里领呀？", "我那个学士服要在什么地方才能领到"]
    assert suggest_title(lines) == "学士服在哪里领"
    assert suggest_phrasings(shipped(), "领学士服", lines) == ("领学士服", "学士服在哪里领", lines[2])
    few = suggest_phrasings(shipped(), "学士服在哪里领", ["学士服在哪里领"])
    assert len(few) == 3
    assert few[0] == "学士服在哪里领"


def test_one_value_changes_and_the_other_files_stay(gown: Files) -> None:
    changed = change_entry("xue-shi-fu-zai-na-ling", "answer", "改到体育馆领。\n带学生证。")(gown)
    assert [name for name in changed if changed[name] != gown[name]] == ["faq/own.yaml"]
    assert load(changed).entries["xue-shi-fu-zai-na-ling"].answer == "改到体育馆领。\n带学生证。"


def test_an_own_entry_is_deleted_and_a_shipped_one_is_replaced(with_gown: Content, gown: Files) -> None:
    assert "faq/own.yaml" not in delete_entry(with_gown, "xue-shi-fu-zai-na-ling")(gown)
    with pytest.raises(Refused, match="shipped_entry"):
        delete_entry(with_gown, "forgot-password")
    form = NewEntry("密码忘了找老师", "找张老师重置。", ("密码忘了找谁重置",))
    entry = load(replace_entry(with_gown, "forgot-password", form, TODAY)(gown)).entries["forgot-password"]
    assert (entry.title, entry.answer, entry.more, entry.original) == (form.title, form.answer, (), None)
    assert {"密码忘了怎么办", "密码忘了找谁重置"} <= {*entry.phrasings}


def test_an_entry_that_answers_already_is_named_with_its_line() -> None:
    near = find_near(shipped(), NewEntry("忘记密码了咋办", "找张老师。", ()))
    assert near[0].entry.id == "forgot-password"
    assert near[0].line == "忘记密码了咋办"
    assert find_near(shipped(), GOWN) == []


def test_what_an_entry_has_already_is_not_added() -> None:
    with pytest.raises(Refused, match="nothing_changed"):
        add_phrasings(shipped(), "forgot-password", ["密码忘了怎么办？"])


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ("deadline", "改到12月25日", "2013-12-25"),
        ("deadline", "2014．1．3", "2014-01-03"),
        ("phone", "电话换成了 0550－7654321，上班时间打", "0550-7654321"),
        ("phone", "13800138000", "13800138000"),
        ("deadline", "下个月", ""),
        ("deadline", "13月40日", ""),
        ("phone", "不知道", ""),
    ],
)
def test_a_day_or_a_phone_is_read_as_people_write_it(kind: str, words: str, value: str) -> None:
    fact = next(iter(list_facts({}, kind)))  # type: ignore[arg-type]
    if value:
        assert read_fact(fact, words, TODAY) == value
    else:
        with pytest.raises(Refused):
            read_fact(fact, words, TODAY)


def test_a_later_deadline_shows_every_text_that_says_it() -> None:
    fact: NoticeFact = list_facts({}, "deadline")[0]
    files = change_fact(fact, "2013-12-25")({})
    changed = list_changed_texts(shipped(), files, datetime(2013, 12, 5, 12))  # noqa: DTZ001
    assert {"什么时候截止", "等核对的日子"} <= {one.title for one in changed}
    assert all("25日" in one.becomes and "25日" not in one.was for one in changed)
