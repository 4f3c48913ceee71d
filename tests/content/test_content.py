"""Content that is wrong: every rule has a broken folder, and each is told at its place in exact words."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from itertools import islice
from operator import getitem
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from bot.content.files import load_shipped
from bot.content.loading import SHIPPED, load
from bot.content.problem import ContentProblem
from bot.content.yaml_source import MAX_BYTES

BROKEN = Path(__file__).parent / "broken"
FOLDERS = sorted(folder for folder in BROKEN.iterdir() if folder.is_dir())

NO_FOLDER = {
    "file_missing": "test_a_folder_that_is_not_there",
    "file_too_large": "test_a_file_that_is_too_large",
    "unknown_brace": "test_braces_of_the_phrases",
    "broken_brace": "test_braces_of_the_phrases",
    "invalid": "the sentence for a rule of pydantic's that has none of its own",
    "nearest": "a part of other sentences",
    "known_keys": "a part of other sentences",
}
"""Keys under `problems` that have no broken folder, and why."""


def problems(folder: Path) -> str:
    with pytest.raises(ContentProblem) as told:
        load(folder, to_publish=True)
    return f"{told.value}\n"


def test_every_rule_has_a_broken_folder() -> None:
    shown = {folder.name.split("-")[0] for folder in FOLDERS} - {"many"}
    assert shown | set(NO_FOLDER) == set(load().phrases.problems)
    assert not shown & set(NO_FOLDER)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_broken_folder_is_told_in_exact_words(folder: Path) -> None:
    assert problems(folder) == (folder / "expected.txt").read_text(encoding="utf-8")


CARD = """- id: dorm-key
  title: 钥匙交给谁
  source: notice
  phrasings:
    - 宿舍钥匙交给谁
    - 退宿要交钥匙吗
    - 钥匙丢了怎么办
  answer: 交给宿管。
"""
COLON = "这段文字里有冒号加空格"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("- id: dorm", "-id: dorm", [(1, "列表的每一项以半角减号")]),
        ("    - 宿舍", "    -宿舍", [(5, "列表的每一项以半角减号")]),
        ("title: 钥匙", 'title: "钥匙', [(2, "引号没有配对")]),
        ("title: 钥匙交给谁\n  source: notice", 'title: "钥匙交给谁\n  source: "notice"', [(2, "引号没有配对")]),
        ("title: 钥匙交", "title: 钥匙: 交", [(2, COLON)]),
        ("answer: 交给宿管。", "answer:\n    1. 交给宿管。\n    2. 注意: 周末不在。", [(10, COLON)]),
        ("source: notice", "source: {help: 1， notice: 1}", [(3, "方括号、花括号里要用半角逗号")]),
        ("  source: notice", "\tsource：notice", [(3, "这一行用了 Tab"), (3, "这里用了全角冒号")]),
        ("title: 钥匙交给谁", "title = 钥匙交给谁", [(2, "这一行看不出是“键: 值”")]),
        ("answer: 交给宿管。", "answer: `交给宿管。`\n  follow: [cost", [(8, "这个值以特殊"), (9, "方括号、花括号或")]),
        ("phrasings:\n    -", "phrasings：\n    -", [(4, "这里用了全角冒号")]),
        ("answer: 交给宿管。", "answer:", [(8, "“answer”是空的")]),
        ("  answer: 交给宿管。", "  answ", [(8, "这一行看不出是“键: 值”")]),
    ],
)
def test_what_a_teacher_mistypes_is_told_at_its_line_and_nothing_else(
    right: str, wrong: str, told: list[tuple[int, str]]
) -> None:
    assert CARD.count(right) == 1
    with pytest.raises(ContentProblem) as problem:
        load({**load_shipped("faq"), "faq/dorm.yaml": CARD.replace(right, wrong)})
    found = [(one.line, one.text) for one in problem.value.problems]
    assert [line for line, _ in found] == [line for line, _ in told]
    assert all(text.startswith(start) for (_, text), (_, start) in zip(found, told, strict=True))


def test_what_was_published_before_a_rule_was_there_stops_no_start() -> None:
    older = {**load_shipped("faq"), "faq/dorm.yaml": CARD.replace("交给宿管。", "交给宿管。 #注意")}
    assert load(older).entries["dorm-key"].answer == "交给宿管。"
    with pytest.raises(ContentProblem, match="空格后面的 #"):
        load(older, to_publish=True)


def test_words_that_cannot_be_read_make_no_notice_wrong(tmp_path: Path) -> None:
    shipped = SHIPPED["phrases.yaml"].read_text(encoding="utf-8")
    (tmp_path / "phrases.yaml").write_text(shipped + "    - 多出来的一行\n", encoding="utf-8")
    assert {line.split(":")[0] for line in problems(tmp_path).splitlines()} == {"phrases.yaml"}


@pytest.mark.parametrize("name", ["file_encoding", "many-at-once"])
def test_check_prints_the_problems_and_exits_with_1(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot", "check", "--content", str(BROKEN / name)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    told = [line for line in done.stdout.decode().splitlines(keepends=True) if not line.startswith("    ")]
    assert "".join(told) == (BROKEN / name / "expected.txt").read_text(encoding="utf-8")
    assert done.stdout.count(b"^\n") >= len(told) - 1
    assert done.stderr == b""


def test_all_of_many_problems_are_found_in_one_run() -> None:
    told = problems(BROKEN / "many-at-once").splitlines()
    assert len(told) == 40
    assert len({line.split(":")[0] for line in told}) == 4


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert problems(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}:1:1: 找不到这个文件。请检查文件夹和文件名。\n"


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    with (tmp_path / "notices" / "big.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert problems(tmp_path) == (
        f"notices/big.yaml:1:1: 文件太大（{MAX_BYTES + 1} 字节，最多 {MAX_BYTES}）。请拆成几个文件。\n"
    )


def test_an_empty_folder_of_notices_is_no_notice(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    assert problems(tmp_path) == "notices:1:1: 没有在办的通知。请把一份通知的 status 写成 published。\n"


@pytest.mark.parametrize(
    ("sentence", "broken", "told"),
    [
        ("你现在在这里：", "你现在在{{ 哪里 }}：", "没有“哪里”这个花括号名字。请检查拼写。"),
        ("走到：{where}", "走到：{wher}", "没有“{wher}”这个花括号名字。这里可以用：passed、state、where。"),
        ("状态：{state}", "状态：{state", "花括号没有配对。请检查这一句里的 { 和 }。"),
    ],
)
def test_braces_of_the_phrases(sentence: str, broken: str, told: str, tmp_path: Path) -> None:
    shipped = SHIPPED["phrases.yaml"].read_text(encoding="utf-8")
    assert shipped.count(sentence) == 1
    (tmp_path / "phrases.yaml").write_text(shipped.replace(sentence, broken), encoding="utf-8")
    lines = problems(tmp_path).splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == [told]
    assert lines[0].startswith("phrases.yaml:")


def phrases_without(folder: Path, *key: str) -> Path:
    """A folder with the shipped phrases, but for one key."""
    tree = yaml.load(SHIPPED["phrases.yaml"].read_text("utf-8"), Loader=yaml.CBaseLoader)
    inner: Any = reduce(getitem, key[:-1], tree)
    del inner[key[-1]]
    (folder / "phrases.yaml").write_text(yaml.dump(tree, Dumper=yaml.CSafeDumper, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "key", ["greeting", "public", "desk.lost_for_staff.failed", "commands.weekend", "admin.lint.html", "facts.day"]
)
def test_what_an_older_file_of_phrases_lacks_is_said_in_the_shipped_words(key: str, tmp_path: Path) -> None:
    content = load(phrases_without(tmp_path, *key.split(".")))
    assert content.lacking == (key,)
    assert content.phrases == load().phrases


@pytest.mark.parametrize("key", ["telegram.commands.mute", "broadcast.templates.late", "desk.office.holidays"])
def test_what_a_file_of_phrases_leaves_out_on_purpose_stays_out(key: str, tmp_path: Path) -> None:
    content = load(phrases_without(tmp_path, *key.split(".")))
    assert content.lacking == ()
    assert content.phrases != load().phrases


def test_an_older_file_of_phrases_may_hold_nothing_that_is_not_known(tmp_path: Path) -> None:
    file = phrases_without(tmp_path, "greeting") / "phrases.yaml"
    file.write_text(f"greetng: 你好\n{file.read_text('utf-8')}", encoding="utf-8")
    assert "phrases.yaml:1:1 greetng: " in problems(tmp_path)


def test_the_shipped_phrases_have_every_name_that_the_code_asks_for() -> None:
    assert len(list(names(load().phrases))) > 100
    assert [loc for loc, value in names(load().phrases) if loc[-1] not in value] == []


def names(part: BaseModel, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, object]]]:
    """The names of every `Mapping[Literal[…], …]` of the shape, each with what the phrases have in that place."""
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from names(value, (*at, name))
        elif get_origin(field.annotation) is Mapping and get_origin(get_args(field.annotation)[0]) is Literal:
            yield from (((*at, name, key), value) for key in get_args(get_args(field.annotation)[0]))


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    shipped = min(SHIPPED["notices"].glob("*.yaml")).read_text(encoding="utf-8")
    (tmp_path / "notices" / "a.yaml").write_bytes(b"\xef\xbb\xbf" + shipped.replace("\n", "\r\n").encode())
    assert load(tmp_path).notices == load().notices


def test_hidden_files_of_an_editor_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "a.yaml").write_bytes(min(SHIPPED["notices"].glob("*.yaml")).read_bytes())
    (tmp_path / "notices" / "._a.yaml").write_bytes(b"\x00\x05\x16\x07")
    assert load(tmp_path).notices == load().notices


def test_the_same_files_have_the_same_revision_and_others_another(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    shipped = min(SHIPPED["notices"].glob("*.yaml")).read_text(encoding="utf-8")
    (tmp_path / "notices" / "a.yaml").write_text(shipped.replace("0550-3055417", "0550-3055418"), encoding="utf-8")
    assert load().revision == load().revision != load(tmp_path).revision


OWN = """faq:
- id: deadline
  q: [几号截止啊]
  a: "问{{ contact.person }}。"
  verify_with: %s
"""


def test_a_notice_answers_a_question_itself(tmp_path: Path) -> None:
    (tmp_path / "notices").mkdir()
    file = tmp_path / "notices" / "own.yaml"
    shipped = (SHIPPED["notices"] / "2014-autumn.yaml").read_text("utf-8")
    file.write_text(shipped + OWN % "office", "utf-8")
    assert load(tmp_path).entries["deadline"].answer == "问{{ contact.person }}。"
    file.write_text(shipped + OWN % "nobody", "utf-8")
    with pytest.raises(ContentProblem) as found:
        load(tmp_path)
    assert [(p.file, p.where) for p in found.value.problems] == [("notices/own.yaml", "deadline.verify_with")]


def test_a_matcher_stays_with_the_entries_that_it_was_built_of() -> None:
    content = load()
    with_it = content.with_matcher(content.matcher)
    assert with_it == content
    assert with_it.matcher is content.matcher
    assert pickle.loads(pickle.dumps(with_it)).matcher.ask("密码忘了怎么办").verdict == "answer"
    few = dict(islice(content.entries.items(), 3))
    assert replace(with_it, entries=few).matcher is not content.matcher
