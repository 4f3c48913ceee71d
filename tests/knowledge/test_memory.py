"""An examination remembers the one before: what passed there is not checked again, and nothing else is trusted."""

from __future__ import annotations

from datetime import date

import pytest

from bot.content import loading
from bot.content.content import Content
from bot.content.files import load_shipped, place_file
from bot.knowledge.examine import MAX_KEPT, Examination, Memory, examine
from tests.conftest import shipped

ENTRY = """- id: red-pork
  title: 食堂的红烧肉
  source: notice
  phrasings: [食堂的红烧肉几点开始卖, 红烧肉几点卖, 食堂红烧肉什么时候有]
  answer: 这个问食堂。
"""


def test_what_an_older_gradbot_published_is_checked_whole_until_it_passed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    trusted: list[bool] = []

    def find(_: Content, before: Content | None = None) -> tuple[()]:
        trusted.append(before is not None)
        return ()

    monkeypatch.setattr(loading, "find_word_flaws", find)
    first, memory = load_shipped("faq"), Memory()
    second = place_file(first, "canteen.yaml", ENTRY)
    third = place_file(second, "canteen.yaml", ENTRY.replace("问食堂", "去问食堂"))
    for files, before in ((second, first), (third, second)):
        assert not examine(Examination(files, before, date(2013, 12, 5)), memory).problems
    assert trusted == [False, True]
    for n in range(MAX_KEPT):
        memory.keep({"a": f"{n}"}, shipped())
    assert not memory.has_passed(third), "what is forgotten is not trusted either"
