"""A line more in a file that somebody wrote: everything else stays byte for byte."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content import yaml_source
from bot.content.add_line import NoSuchList, add_line
from bot.content.loading import SHIPPED
from tests.conftest import effort

BLOCK = """# 头上的注释
- id: a   # 编号
  title: '单引号'
  phrasings:
  - 一    # 为什么
  # 中间
  - "二
    三"

  # 末尾
  answer: |
    - 不是列表
- id: b
  phrasings: [x, "y, ]", 'z''s']   # 一行
  answer: "好"
"""
LINES = st.text(alphabet="好:# -\"'\\,[]{}&*!|>%@`？no1 \t", min_size=1, max_size=20).map(str.strip).filter(bool)


@settings(max_examples=effort(25, 200))
@given(LINES, st.sampled_from(["a", "b"]), st.sampled_from(["phrasings", "must_match", "must_not_match"]))
def test_only_the_new_line_differs_and_it_says_what_was_meant(line: str, entry: str, key: str) -> None:
    text = BLOCK
    changed = add_line(text, entry, key, line)
    removed = [one for one in difflib.ndiff(text.splitlines(), changed.splitlines()) if one.startswith("- ")]
    assert len(removed) <= (entry == "b" and key == "phrasings")
    before, after = yaml_source.parse(text).tree, yaml_source.parse(changed).tree
    row = next(row for row in before if row["id"] == entry)
    row[key] = [*row.get(key, ()), line]
    assert after == before


def test_every_shipped_entry_can_be_given_a_line() -> None:
    for file in SHIPPED["faq"].glob("*.yaml"):
        text = file.read_text("utf-8")
        for row in yaml_source.parse(text).tree[:6]:
            changed = add_line(text, row["id"], "phrasings", "真的吗")
            assert sorted(changed.splitlines()) == sorted([*text.splitlines(), "    - 真的吗"])


def test_windows_line_ends_stay() -> None:
    changed = add_line(BLOCK.replace("\n", "\r\n"), "a", "phrasings", "四")
    assert "\n" not in changed.replace("\r\n", "")
    assert '三"\r\n  - 四\r\n' in changed


@pytest.mark.parametrize("text", ["", "a: b\n", "- id: a\n  phrasings: 一\n", "- id: c\n", "[", "- {id: a}\n"])
def test_what_cannot_be_edited_is_said(text: str) -> None:
    with pytest.raises(NoSuchList):
        add_line(text, "a", "phrasings", "x")
