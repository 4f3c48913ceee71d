"""Another day or phone in a notice that somebody wrote: everything else stays byte for byte."""

from __future__ import annotations

import pytest

from bot.content.add_line import NoSuchList
from bot.content.edit_notice import list_facts, replace_scalar, with_fact
from bot.content.files import load_shipped
from bot.content.loading import load


def test_every_day_and_phone_of_the_notice_can_be_changed_alone() -> None:
    shipped = load_shipped("notices")
    for kind, value in (("deadline", "2014-06-01"), ("phone", "0550-1234567")):
        facts = list_facts({}, kind)  # type: ignore[arg-type]
        assert facts
        for fact in facts:
            changed = with_fact({}, fact, value)
            (name,) = (one for one in shipped if shipped[one] != changed[one])
            assert changed[name].replace(value, fact.value) == shipped[name]
            load(changed)


VALUES = {"email": "a@b.cn", "url": "https://b.cn/", "time_from": "08:30", "time_to": "17:00"}


def test_every_fact_that_graduates_hear_can_be_changed_or_said_for_the_first_time_alone() -> None:
    shipped = load_shipped("notices")
    facts = list_facts({})
    assert {"windows", "contacts", "cohorts", "links", "conflicts"} <= {fact.loc[0] for fact in facts}
    for fact in facts:
        value = {"deadline": "2014-06-01", "day": "2014-06-01", "phone": "0550-1234567"}.get(fact.kind)
        value = value or VALUES.get(fact.key, "另一句，带:冒号")
        changed = with_fact({}, fact, value)[fact.file]
        there = [one for one in list_facts({fact.file: changed}) if one.value == value and one.key == fact.key]
        assert len(there) == 1, fact
        lines, before = changed.splitlines(), shipped[fact.file].splitlines()
        touched = [line for line in lines if line not in before]
        assert len(touched) == 1, fact
        assert len(lines) - len(before) in (0, 1)


def test_what_the_notice_does_not_say_any_more_is_empty() -> None:
    office = next(fact for fact in list_facts({}) if fact.key == "person" and fact.value)
    changed = with_fact({}, office, None)
    assert [one.value for one in list_facts(changed) if one.loc == office.loc] == [""]
    load(changed)
    major = next(fact for fact in list_facts({}) if fact.key == "majors")
    with pytest.raises(NoSuchList):
        with_fact({}, major, None)


def test_the_comment_behind_a_value_stays_and_a_value_that_is_gone_is_told() -> None:
    text = "a: [1, '2']  # 为什么\nb: x\n"
    assert replace_scalar(text, ("a", 1), "0550-1") == "a: [1, 0550-1]  # 为什么\nb: x\n"
    with pytest.raises(NoSuchList):
        replace_scalar(text, ("a", 2), "3")
