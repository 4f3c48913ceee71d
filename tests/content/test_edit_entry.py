"""Another value in an entry that somebody wrote: everything else stays byte for byte."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content import yaml_source
from bot.content.edit_entry import _strip, remove_entry, render_entry, set_value
from bot.content.loading import SHIPPED
from tests.conftest import effort
from tests.content.test_add_line import BLOCK

TEXTS = st.text(alphabet="好:# -\"'\\,[]{}&*!|>%@`？no1\n", min_size=1, max_size=30).map(str.strip).filter(bool)
LISTS = st.lists(TEXTS.map(lambda text: text.replace("\n", " ")), min_size=1, max_size=4, unique=True)


@settings(max_examples=effort(30, 300))
@given(
    st.sampled_from(["a", "b"]),
    st.one_of(
        st.tuples(st.sampled_from(["title", "answer", "source", "step"]), TEXTS),
        st.tuples(st.sampled_from(["phrasings", "references", "follow"]), LISTS),
        st.tuples(st.sampled_from(["title", "step"]), st.none()),
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_the_value_is_what_was_meant_and_the_other_entry_is_untouched(
    entry: str, change: tuple[str, str | list[str] | None], end: str
) -> None:
    key, value = change
    changed = set_value(BLOCK.replace("\n", end), entry, key, value)
    rows = {row["id"]: row for row in yaml_source.parse(changed).tree}
    said = rows[entry].get(key)
    assert _strip(said) == _strip(value)
    other = "- id: b" if entry == "a" else "# 头上的注释"
    text = BLOCK.replace("\n", end)
    kept = text[text.index(other) :] if entry == "a" else text[: text.index("- id: b")]
    assert kept in changed


def test_a_changed_answer_of_a_shipped_entry_changes_its_lines_alone() -> None:
    for file in SHIPPED["faq"].glob("*.yaml"):
        text = file.read_text("utf-8")
        row = yaml_source.parse(text).tree[2]
        changed = set_value(text, row["id"], "answer", "请问老师。")
        gone = [line[2:] for line in difflib.ndiff(text.splitlines(), changed.splitlines()) if line.startswith("- ")]
        assert all(line.strip() in f"answer: |\n{row['answer']}" for line in gone), gone


def test_lines_of_a_list_that_stay_keep_their_writing() -> None:
    changed = set_value(BLOCK, "a", "phrasings", ["一", "二 三", "四"])
    assert '  - 一    # 为什么\n  # 中间\n  - "二\n    三"\n  - 四\n\n  # 末尾\n' in changed


def test_a_removed_entry_takes_the_comment_above_it_along() -> None:
    text = BLOCK.replace("- id: b", "# 关于 b\n- id: b")
    assert remove_entry(text, "b") == text[: text.index("# 关于 b")]
    assert remove_entry(BLOCK, "a") == "# 头上的注释\n" + BLOCK[BLOCK.index("- id: b") :]


@given(TEXTS, LISTS)
@settings(max_examples=effort(20, 200))
def test_a_new_entry_says_what_was_meant(answer: str, phrasings: list[str]) -> None:
    (row,) = yaml_source.parse(render_entry({"phrasings": phrasings, "id": "x", "answer": answer, "step": None})).tree
    assert [*row] == ["id", "answer", "phrasings"]
    assert _strip(row["answer"]) == _strip(answer)
    assert row["phrasings"] == phrasings


def test_an_entry_in_one_line_is_written_anew() -> None:
    changed = set_value('- {id: a, title: "甲", phrasings: [一, 二]}\n', "a", "title", "乙")
    assert yaml_source.parse(changed).tree == [{"id": "a", "title": "乙", "phrasings": ["一", "二"]}]


@pytest.mark.parametrize("key", ["answer", "phrasings", "follow"])
def test_a_key_that_was_not_there_stands_where_people_look_for_it(key: str) -> None:
    changed = set_value("- id: a\n  title: 甲\n  references: []\n", "a", key, "好" if key == "answer" else ["x"])
    assert [*yaml_source.parse(changed).tree[0]] == ["id", "title", key, "references"]
