"""Text from elsewhere in a file of the FAQ: Word, Excel, Markdown, what is invisible, what the text above swallowed."""

from __future__ import annotations

import pytest

from bot.content.content import Content
from bot.content.files import Refused, decode_text, load_shipped
from bot.content.loading import load
from bot.content.problem import ContentProblem
from bot.content.yaml_source import parse_bytes

LIBRARY = """\
- id: library-hours
  title: 图书馆几点开门
  source: notice
  phrasings:
    - 图书馆几点开
    - 图书馆开到几点
    - 周末图书馆开不开
  answer: |
    早上八点开门。
    晚上十点关门。
"""
CANTEEN = """\
- id: canteen-card
  title: 饭卡怎么退
  source: notice
  phrasings:
    - 饭卡余额怎么退
    - 饭卡退钱去哪里
    - 毕业了饭卡怎么办
  answer: 到食堂二楼的窗口退。
"""


def publish(text: str | bytes) -> Content:
    """Load a file of the FAQ beside the shipped ones, as a publication does."""
    return load({**load_shipped("faq"), "faq/own.yaml": text}, to_publish=True)


def mistakes(text: str | bytes) -> list[tuple[str, int]]:
    source = parse_bytes(text)
    return [(mistake.rule, mistake.place[0]) for mistake in source.mistakes]


def indent(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (LIBRARY + indent(CANTEEN, 4), "yaml_swallowed", 11),
        (LIBRARY + "    follow: [library-hours]\n", "yaml_swallowed", 11),
        (LIBRARY.replace("晚上", "晚\u200b上"), "yaml_invisible", 10),
        (LIBRARY.replace("library-hours", "library\u2060-hours"), "yaml_invisible", 1),
        (LIBRARY + CANTEEN.replace("- id", "  id"), "yaml_dash_lost", 11),
        (LIBRARY + CANTEEN.replace("- id", "id"), "yaml_entry_dash", 11),
        (CANTEEN.replace("title: 饭卡怎么退", "title: 饭卡怎么退,"), "yaml_trailing_comma", 2),
        (LIBRARY.replace("    - 图书馆几点开\n", "    ● 图书馆几点开\n"), "yaml_dash", 5),
        (LIBRARY.replace("    - 图书馆几点开\n", "    \uf0b7 图书馆几点开\n"), "yaml_dash", 5),
        (CANTEEN.replace("饭卡怎么退", '"饭卡怎么退",', 1), "yaml_trailing_comma", 2),
        (CANTEEN.replace("canteen-card", "canteen-card,"), "yaml_trailing_comma", 1),
        (CANTEEN.replace("  answer", "  follow: ［canteen-card］\n  answer"), "yaml_full_width_bracket", 8),
        (b"PK\x03\x04" + b"\0" * 60, "file_office", 1),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 60, "file_office", 1),
        (b"%PDF-1.7\n%\xe2\xe3", "file_office", 1),
    ],
)
def test_text_from_elsewhere_is_named_at_its_line(text: str | bytes, rule: str, line: int) -> None:
    assert mistakes(text) == [(rule, line)]


@pytest.mark.slow
def test_all_of_it_is_told_at_once_by_whoever_checks() -> None:
    text = LIBRARY.replace("早上八点", "**早上八点**") + CANTEEN.replace("食堂", "<b>食堂</b>")
    with pytest.raises(ContentProblem) as refused:
        publish(text)
    assert [(fault.file, fault.line) for fault in refused.value.problems] == [("faq/own.yaml", 9), ("faq/own.yaml", 18)]
    with pytest.raises(ContentProblem) as refused:
        publish(LIBRARY + indent(CANTEEN, 4))
    assert [fault.line for fault in refused.value.problems] == [11]
    assert "缩得太靠右" in str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-8-sig", "gb18030"])
def test_a_file_in_any_encoding_of_windows_is_read(encoding: str) -> None:
    text = LIBRARY.replace("早上", "一早").replace("\n", "\r\n")
    tree = parse_bytes(text.encode(encoding)).tree
    assert tree[0]["answer"].startswith("一早八点开门")


def test_words_with_a_colon_in_an_answer_are_words() -> None:
    text = LIBRARY.replace("晚上", "电话：0550-3055417\n    QQ: 见公告\n    https://www.chsi.com.cn\n    晚上")
    assert mistakes(text) == []


def test_emoji_of_several_signs_are_not_invisible() -> None:
    assert mistakes(LIBRARY.replace("晚上", "👨\u200d👩\u200d👧 ❤\ufe0f 晚上")) == []


def test_a_document_in_a_chat_is_named() -> None:
    with pytest.raises(Refused) as refused:
        decode_text(b"PK\x03\x04" + b"\0" * 60)
    assert refused.value.rule == "office_file"


@pytest.mark.parametrize(("key", "meant"), [("标题", "title"), ("TITLE", "title"), ("答案", "answer"), ("ID", "id")])
def test_a_key_in_chinese_or_in_capitals_is_named_as_it_is_written(key: str, meant: str) -> None:
    with pytest.raises(ContentProblem) as refused:
        load({"faq/own.yaml": CANTEEN.replace(f"{meant}:", f"{key}:", 1)})
    assert f"不认识“{key}”。是不是“{meant}”？" in str(refused.value)
