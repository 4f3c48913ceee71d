"""Whoever types a line of an entry to the letter gets that entry; words of a button or a command stay what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.reading.acts import Act, CommandAct, DistressAct, QuestionAct, SecretAct
from bot.reading.place import MENU, Parsed
from tests.conftest import shipped

LONG = max((line for entry in shipped().entries.values() for line in entry.phrasings), key=len)


def test_a_long_line_is_its_entry_s_question_whatever_might_be_read_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = shipped()
    (owner,) = [entry.id for entry in content.entries.values() if LONG in entry.phrasings]
    monkeypatch.setattr(content.reader, "_look_around", lambda *_: (None, []))
    monkeypatch.setattr(content.reader, "_readings", {})
    said = f"  {LONG}！"
    assert content.read(said, MENU).acts == (QuestionAct(owner),)
    assert content.answers(said) == {owner}
    assert content.reader.lines.find_all((LONG, "没有谁这样问")) == {LONG: owner}
    assert content.read(said, replace(MENU, parse=lambda _: Parsed({}, (0, 1)))).acts == ()
    assert content.read(said, replace(MENU, secret=lambda _: True)).acts == (SecretAct(),)


@pytest.mark.parametrize(
    ("line", "acts"),
    [("返回上一步", (CommandAct("back"),)), ("我不想活了", (DistressAct(),)), ("菜单", (CommandAct("menu"),))],
)
def test_what_a_button_or_a_cry_for_help_is_called_is_no_question_though_an_entry_has_it(
    line: str, acts: Sequence[Act], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = shipped()
    monkeypatch.setitem(content.reader.lines._topics, line, "deadline")
    assert content.reader.lines.find(line) is None
    assert content.hear(line) == acts
    assert content.answers(line) == frozenset()
