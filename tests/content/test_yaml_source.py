"""Reading YAML: plain data as it was typed, places that point into the file, and never an exception."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from bot.content.encoding import decode
from bot.content.loading import SHIPPED
from bot.content.yaml_source import MAX_DEPTH, Source, parse, read_file
from tests.conftest import effort

SNIPPETS = [
    "a",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "：",
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    "&x",
    "*x",
    "!t ",
    "|",
    ">",
    "#",
    ",",
    "?",
    "%",
    "名",
]
YAML_LIKE = st.lists(st.sampled_from(SNIPPETS), max_size=40).map("".join)


def check_places(text: str, found: Source) -> None:
    lines = text.splitlines() or [""]
    places = [*found.keys.values(), *found.values.values(), *(mistake.place for mistake in found.mistakes)]
    for line, column in places:
        assert 1 <= line <= len(lines) + 1
        assert 1 <= column <= len(lines[line - 1] if line <= len(lines) else "") + 1
    assert found.tree is not None or found.mistakes


@settings(max_examples=effort(25, 300))
@example("[" * 3000)
@example("- " * 3000)
@example("a:\n" * 2 + "\x85 b:\x85")
@example("x: *y\n")
@given(st.one_of(st.text(), YAML_LIKE))
def test_any_text_is_read_and_every_place_is_in_it(text: str) -> None:
    check_places(text, parse(text))


@settings(max_examples=effort(25, 100))
@given(raw=st.one_of(st.binary(max_size=60), st.text().map(lambda text: text.encode("gb18030", "replace"))))
def test_any_bytes_are_read(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    read_file(path)


@cache
def written() -> list[str]:
    """Everyday lines of more than a few characters."""
    files = [*SHIPPED["faq"].glob("*.yaml"), *SHIPPED["notices"].glob("*.yaml"), SHIPPED["phrases.yaml"]]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    return [line for line in lines if sum("一" <= sign <= "龥" for sign in line) > 8]


@settings(max_examples=effort(25, 100))
@given(st.data(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030", "cp950"]))
def test_a_file_is_read_as_it_was_saved(data: st.DataObject, encoding: str) -> None:
    assert len(written()) > 1000
    text = "\n".join(data.draw(st.lists(st.sampled_from(written()), min_size=1, max_size=4)))
    if encoding == "cp950":  # what Big5 lacks is no Chinese of Taiwan or Hong Kong
        text = OpenCC("s2t").convert(text).encode("cp950", "replace").decode("cp950")
    assert decode(text.encode(encoding)) == text


def test_a_damaged_file_in_big5_is_not_misread() -> None:
    assert decode("學籍檔案查詢不到怎麼辦".encode("cp950") + b"\x80\xff") == (1, 1)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85"), max_size=12)
"""Without NEL, which PyYAML's emitter writes bare and no reader can tell from a line end."""

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4), st.dictionaries(TEXTS, inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=effort(25, 200))
@given(PLAIN, st.booleans())
def test_plain_data_comes_back_as_it_was_written(data: Any, flow: bool) -> None:
    text = yaml.safe_dump({"data": data}, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    found = parse(text)
    assert found.tree == {"data": data}
    check_places(text, found)


def test_what_looks_like_something_else_stays_what_was_typed() -> None:
    text = "[是, no, No, on, off, yes, 08:30, 12:30:00, 2013-12-01, 0550, 1e3, 0x1F, 1_000, .inf, ~, null, true]"
    assert parse(text).tree == [*text.strip("[]").split(", ")[:-3], None, None, True]
    assert parse('["no", "null", \'true\']').tree == ["no", "null", "true"]


def test_places_are_those_an_editor_shows() -> None:
    found = parse("学校:\n  单位: 教务处\n  电话: [一, 二]\n")
    assert found.keys[("学校", "电话")] == (3, 3)
    assert found.values[("学校", "电话", 1)] == (3, 11)
    assert found.place(("学校", "电话", 7)) == (3, 7)
    assert found.place(("学校", "单位"), key=True) == (2, 3)
    assert found.place(("无",)) == (1, 1)


def test_prose_in_a_block_is_not_taken_for_keys() -> None:
    text = "answer: |\n  email：写邮件\n  qq:123456\n\n  \t缩进\nim: wechat:chsi_chesicc\n"
    assert parse(text).mistakes == ()
    broken = parse(text + "title: [一\n")
    assert [mistake.rule for mistake in broken.mistakes] == ["yaml_block"]


def test_tabs_and_colons_are_all_told_at_once() -> None:
    found = parse("notice:\n\tid: a\n\ttitle: b\nschool：c\n")
    assert [(mistake.rule, mistake.place) for mistake in found.mistakes] == [
        ("yaml_tab", (2, 1)),
        ("yaml_tab", (3, 1)),
        ("yaml_full_width_colon", (4, 7)),
    ]


def test_depth_has_a_limit() -> None:
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH).mistakes == ()
    assert [mistake.rule for mistake in parse("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)).mistakes] == ["yaml_deep"]


@pytest.mark.parametrize("part", SHIPPED)
def test_what_ships_has_no_mistakes(part: str) -> None:
    path = SHIPPED[part]
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    assert files
    for file in files:
        assert read_file(file).mistakes == ()
        check_places(Path(file).read_text(encoding="utf-8"), read_file(file))
