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


def test_the_comment_behind_a_value_stays_and_a_value_that_is_gone_is_told() -> None:
    text = "a: [1, '2']  # 为什么\nb: x\n"
    assert replace_scalar(text, ("a", 1), "0550-1") == "a: [1, 0550-1]  # 为什么\nb: x\n"
    with pytest.raises(NoSuchList):
        replace_scalar(text, ("a", 2), "3")
