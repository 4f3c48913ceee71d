"""All entries as one sheet: what was not touched stays byte for byte, what is wrong is named by its cell."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from bot.content.entry_sheet import SheetEdit, apply_sheet, find_base, neutralise, write_sheet
from bot.content.files import load_shipped
from bot.content.loading import load
from bot.content.sheets import load_sheets
from tests.conftest import shipped

TODAY = date(2013, 12, 5)
Rows = list[list[str]]


def edited(change: Callable[[Rows], object]) -> SheetEdit:
    """Export, change the rows as somebody does in a program, and read them back."""
    rows = [[*row] for row in load_sheets(write_sheet(shipped(), 7))[0].rows]
    change(rows)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("问答第7版")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    assert find_base(out.getvalue()) == 7
    return apply_sheet((out.getvalue(), {}, TODAY))


def test_what_nobody_touched_changes_no_file() -> None:
    edit = edited(lambda rows: None)
    assert (edit.files, edit.problems, edit.rule) == ({}, (), "")


def test_an_answer_and_a_phrasing_change_their_lines_alone_and_a_new_row_is_a_new_entry() -> None:
    def change(rows: Rows) -> None:
        row = next(row for row in rows if row[0] == "forgot-password")
        row[3], row[2] = "点忘记密码。", f"{row[2]}\n密码忘光光了"
        rows.append(
            [
                "",
                "学士服在哪领",
                "学士服在哪领\n学士服去哪领\n领学士服",
                "图书馆一楼。",
                "学校通知",
                "",
                "忘了密码怎么办",
                "",
            ]
        )

    edit = edited(change)
    assert edit.problems == ()
    tail = "faq/phrasings/forgot-password.txt"
    assert sorted(edit.files) == ["faq/account.yaml", "faq/own.yaml", tail]
    assert edit.files[tail] == f"{load_shipped('faq')[tail]}密码忘光光了\n"
    was, becomes = load_shipped("faq")["faq/account.yaml"].splitlines(), edit.files["faq/account.yaml"].splitlines()
    answer = shipped().entries["forgot-password"].answer.splitlines()
    assert {line.strip() for line in set(was) - set(becomes)} <= {"answer: |", *answer}
    assert {line.strip() for line in set(becomes) - set(was)} == {"answer: 点忘记密码。"}
    content = load({**load_shipped("faq"), **edit.files})
    entry = content.entries["xue-shi-fu-zai-na-ling"]
    assert (entry.source, entry.follow, entry.phrasings[2]) == ("notice", ("forgot-password",), "领学士服")


def test_everything_wrong_is_named_by_its_cell() -> None:
    def change(rows: Rows) -> None:
        rows[1][1] = "长" * 30
        rows[2][2] = "只有一种"
        rows[3][4] = "网上"
        rows[4][5] = "去年"
        rows[5][6] = "没有的问答"
        rows[6][0] = rows[5][0]
        rows[7][3] = ""

    found = [(one.cell, one.rule) for one in edited(change).problems]
    assert found == [
        ("B2", "size_title"), ("C3", "size_phrasings"), ("E4", "source"), ("F5", "checked_on"), ("G6", "follow"),
        ("A7", "id_twice"), ("D8", "size_answer"),
    ]  # fmt: skip


def test_a_sheet_without_its_first_row_or_none_at_all_is_told() -> None:
    assert edited(lambda rows: rows.pop(0)).problems[0].rule == "columns"
    assert apply_sheet((b"PK\x03\x04rubbish", {}, TODAY)).rule == "broken"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_what_a_program_may_take_for_a_formula_is_text(sign: str) -> None:
    assert neutralise(f"{sign}cmd|' /C calc'!A0") == f"'{sign}cmd|' /C calc'!A0"

    def change(rows: Rows) -> None:
        rows[1][3] = f"'{sign}1+1 是这样算的。"

    (text,) = edited(change).files.values()
    assert f"{sign}1+1 是这样算的。".strip() in text


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_what_libreoffice_saves_again_changes_no_file_and_what_is_edited_there_its_line_alone(tmp_path: Path) -> None:
    def save_as(kind: str, source: str) -> bytes:
        command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/home", "--headless", "--convert-to", kind]
        made = [*command, "--outdir", str(tmp_path), str(tmp_path / source)]
        subprocess.run(made, check=True, capture_output=True, timeout=180)
        return (tmp_path / f"a.{kind}").read_bytes()

    files, line = load_shipped("faq"), shipped().entries["capture-where"].phrasings[1]
    (tmp_path / "a.xlsx").write_bytes(write_sheet(shipped(), 3))
    sheet = save_as("fods", "a.xlsx").decode()
    raw = save_as("xlsx", "a.fods")
    assert find_base(raw) == 3
    edit = apply_sheet((raw, files, TODAY))
    assert (edit.files, edit.problems, edit.rule) == ({}, (), "")
    assert sheet.count(f">{line}<") == 1
    (tmp_path / "a.fods").write_text(sheet.replace(f">{line}<", f">同学问{line}<"))
    edit = apply_sheet((save_as("xlsx", "a.fods"), files, TODAY))
    assert not edit.problems
    assert len(edit.files) == 1
    for name, text in edit.files.items():
        assert f"    - 同学问{line}\n" in str(text)
        assert str(text).replace(f"    - 同学问{line}\n", "") == files[name].replace(f"    - {line}\n", "")
