"""`gradbot faq …` and `gradbot notice draft`: what they print, and with which code they end."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
import yaml

from bot.content.sheets import load_sheets
from tests.conftest import NOTICES, CommandResult, Here
from tests.knowledge.test_revisions import OWN


def read(ended: CommandResult) -> tuple[int, Any]:
    """The code, and what was printed as JSON."""
    assert "Traceback" not in ended.err
    return ended.code, json.loads(ended.out)


@pytest.mark.slow
def test_a_revision_from_the_command_line_and_back(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "canteen.yaml"
    file.write_text(OWN, "utf-8")
    code, rehearsed = read(here("faq", "test", str(file), "--json"))
    assert (code, rehearsed["published"], rehearsed["number"]) == (0, False, 0)
    code, told = read(here("faq", "publish", str(file), "--note", "食堂", "--json"))
    assert (code, told["published"], told["number"]) == (0, True, 2)
    assert told["changes"] == [{"what": "entry_added", "title": "食堂的红烧肉", "text": "red-pork"}]
    assert first(here, "红烧肉几点卖") == "red-pork"
    _, differ = read(here("faq", "diff", "1", "2", "--json"))
    assert "+- id: red-pork" in differ["diff"]
    code, back = read(here("faq", "rollback", "1", "--json"))
    assert (code, back["published"], back["number"]) == (0, True, 3)
    assert first(here, "红烧肉几点卖") != "red-pork"
    _, history = read(here("faq", "history", "--json"))
    assert [(one["number"], one["author"]) for one in history["revisions"]] == [
        (3, "command"), (2, "command"), (1, "start"),
    ]  # fmt: skip
    assert here("faq", "rollback", "9").code == 1


def first(here: Here, question: str, **settings: str) -> str:
    """The topic that is nearest to a question."""
    topic: str = read(here("ask", "--json", question, **settings))[1]["topics"][0]["id"]
    return topic


def test_what_is_wrong_ends_with_1_and_shows_the_line(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "canteen.yaml"
    file.write_text(OWN.replace("  title: ", "\ttitle: "), "utf-8")
    code, told, _ = here("faq", "publish", str(file))
    assert code == 1
    assert "faq/canteen.yaml:2:1" in told
    assert "Tab" in told
    assert "^" in told


@pytest.mark.parametrize("words", [("inbox",), ("history",), ("lint",), ("test",)])
def test_every_command_tells_json(words: tuple[str, ...], here: Here) -> None:
    code, told = read(here("faq", *words, "--json"))
    assert code == 0
    assert isinstance(told, dict)


def test_the_sheet_of_all_entries_is_written(here: Here, tmp_path: Path) -> None:
    code, told = read(here("faq", "export", str(tmp_path / "out"), "--xlsx", "--json"))
    assert (code, told["files"]) == (0, ["问答第1版.xlsx"])
    assert (tmp_path / "out" / "问答第1版.xlsx").read_bytes().startswith(b"PK")


@pytest.mark.slow
def test_a_sheet_is_published_as_it_comes_back_from_excel(here: Here, tmp_path: Path) -> None:
    here("faq", "export", str(tmp_path), "--xlsx")
    sheet = tmp_path / "问答第1版.xlsx"
    assert "没有要发布的" in here("faq", "publish", str(sheet))[1]
    rows = [[*row] for row in load_sheets(sheet.read_bytes())[0].rows]
    row = next(row for row in rows if row[0] == "cost")
    row[3] = "一分钱不收。"
    write_rows(sheet, "问答第1版", rows)
    code, told = read(here("faq", "publish", str(sheet), "--json"))
    assert (code, told["published"]) == (0, True)
    assert ["answer_changed", "要不要花钱"] in [[one["what"], one["title"]] for one in told["changes"]]
    row[1] = "长" * 30
    write_rows(sheet, "问答第2版", rows)
    code, out, _ = here("faq", "publish", str(sheet))
    assert (code, "B" in out) == (1, True)
    assert here("faq", "test", str(sheet))[0] == 1


def write_rows(path: Path, name: str, rows: Sequence[Sequence[str]]) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(name)
        for n, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(n, column, cell)


def test_a_notice_in_words_becomes_a_file(here: Here, tmp_path: Path) -> None:
    words, out = NOTICES / "words" / "linhai.txt", tmp_path / "draft.yaml"
    assert here("notice", "draft", str(words), "--out", str(out)) == (0, "", "")
    code, told = read(here("notice", "draft", str(words), "--json"))
    windows = yaml.safe_load(out.read_text("utf-8"))["windows"]
    assert code == 0
    assert [(row["kind"], row["to"]) for row in told["notice"]["windows"]] == [
        (row["kind"], row["to"].isoformat()) for row in windows
    ]


def test_a_draft_is_reviewed_on_the_command_line(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("4\n2\n2026-02-26\n"))
    words, out = NOTICES / "words" / "jiangzhou.txt", tmp_path / "draft.yaml"
    code, _, asked = here("notice", "draft", str(words), "--review", "--out", str(out))
    assert code == 0
    assert "原文是“即日起”" in asked
    made = yaml.safe_load(out.read_text("utf-8"))
    assert "unsure" not in made
    assert made["windows"][2]["from"].isoformat() == "2026-02-26"


def test_why_is_explained(here: Here) -> None:
    code, told = read(here("ask", "--explain", "--json", "密码忘了"))
    assert code == 0
    assert told["near"][0]["id"] == "forgot-password"
    assert told["near"][0]["parts"]


UNUSABLE: dict[str, tuple[str, bytes]] = {
    "not called YAML": ("note.md", OWN.encode()),
    "binary": ("binary.yaml", b"PK\x03\x04\xff\xfe\x00"),
}


@pytest.mark.parametrize("command", ["publish", "test"])
@pytest.mark.parametrize("file", UNUSABLE)
def test_a_file_that_cannot_be_used_is_one_line(file: str, command: str, here: Here, tmp_path: Path) -> None:
    name, content = UNUSABLE[file]
    (tmp_path / name).write_bytes(content)
    code, out, err = here("faq", command, str(tmp_path / name))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert name in err


@pytest.mark.parametrize("words", [("faq", "publish"), ("faq", "test"), ("notice", "draft")])
def test_what_can_not_be_read_is_one_line(words: tuple[str, ...], here: Here, tmp_path: Path) -> None:
    path = tmp_path / "socket.yaml"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        for given in (path, tmp_path, tmp_path / "nothing.yaml"):
            code, out, err = here(*words, str(given))
            assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("content", [b"PK\x03\x04\xff\xfe\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00"])
def test_a_notice_that_is_no_text_is_one_line(content: bytes, here: Here, tmp_path: Path) -> None:
    (tmp_path / "通知.doc").write_bytes(content)
    code, out, err = here("notice", "draft", str(tmp_path / "通知.doc"))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "读不出来" in err


def test_an_export_that_cannot_be_written_is_one_line(here: Here, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("a file", "utf-8")
    code, out, err = here("faq", "export", str(tmp_path / "full" / "inner"))
    assert (code, err) == (1, "")
    assert out.count("\n") == 1
    assert "这个地方写不进去" in out
