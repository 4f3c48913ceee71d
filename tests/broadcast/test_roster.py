"""The school's own list as it comes: Excel, CSV, any header, any words for done. Nobody listed as done is put back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bot.broadcast.roster import Roster, parse_roster, parse_unfinished
from bot.broadcast.roster_acts import Undone, apply_roster, check_roster, undo_roster
from bot.content.sheets import Sheet, UnreadableSheet, load_sheets
from bot.domain.join_codes import format_code
from tests.broadcast.harness import FIRST, NOTICE, Harness, open_harness
from tests.broadcast.test_unfinished import DRAWN, coded, finished

A, B, C, D, E = (format_code(code) for code in DRAWN)


def read(text: str, name: str = "名单.csv", encoding: str = "utf-8") -> Roster:
    return parse_roster(load_sheets(text.encode(encoding)), name)


def seen(roster: Roster) -> tuple[Sequence[int], Sequence[int], Sequence[tuple[int, str]]]:
    return roster.done, roster.not_done, [(row.row, row.why) for row in roster.unread]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_list_in_any_encoding_with_title_header_and_total(encoding: str, separator: str) -> None:
    rows = [
        ["滁州职业技术学院成教院2014届核对情况一览"],
        [],
        ["序号", "学号", "姓名", "班级", "编号", "完成情况", "完成日期"],
        ["1", "２０１２０１", "王一", "会计学1班", A, "已完成", "2013-12-05"],
        ["2", "201202", "王二", "会计学1班", B.lower(), "未完成", ""],
        ["3", "201203", "王三", "会计学1班", C.replace("-", ""), "", ""],
        ["会计学2班"],
        ["4", "201204", "王四", "会计学2班", "ABCD-EFGH", "未完成", ""],
        ["5", "201205", "王五", "会计学2班", "", "未完成", ""],
        ["6", "201206", "王六", "会计学2班", D, "请假", ""],
        ["7", "201207", "王七", "会计学2班", E, "√", ""],
        ["合计", "7", "", "", "", "2"],
        ["制表人：张老师"],
    ]
    found = read("\n".join(separator.join(row) for row in rows), encoding=encoding)
    assert seen(found) == ((4, 11), (5, 6), [(8, "code"), (9, "no_code"), (10, "state")])
    assert (found.done_codes, found.not_done_codes) == ((DRAWN[0], DRAWN[4]), (DRAWN[1], DRAWN[2]))
    assert found.columns["status"] == "完成情况"


@pytest.mark.parametrize(
    ("header", "done", "not_done"),
    [
        ("是否核对", "是", "否"),
        ("核对状态", "√", "×"),
        ("学信网核对情况", "核对无误", "未核对"),
        ("完成（是/否）", "Ｙ", "Ｎ"),
        ("未完成", "", "√"),
        ("状态", "已完成核对", "核对中"),
        ("核对日期", "2013年12月5日", ""),
        ("核对", "1", "0"),
        ("备注", "已核对", "没做"),
    ],
)
def test_a_school_has_its_own_words(header: str, done: str, not_done: str) -> None:
    found = read(f"姓名,编号,{header},是否缴费\n甲,{A},{done},否\n乙,{B},{not_done},是\n")
    assert (found.done, found.not_done) == ((2,), (3,))


def test_a_list_without_states_goes_by_its_title_or_changes_nothing() -> None:
    assert read(f"{A}\n{B}\n").not_done == (1, 2)
    assert read(f"姓名,编号\n甲,{A}\n", "未核对名单.csv").not_done == (2,)
    assert read(f"已核对学生名单\n姓名,编号\n甲,{A}\n").done == (3,)
    assert seen(read(f"姓名,编号\n甲,{A}\n", "花名册.csv")) == ((), (), [(2, "no_status")])


def test_who_is_listed_twice_is_put_back_by_neither_row_that_differs() -> None:
    found = read(f"编号,状态\n{A},已完成\n{B},未完成\n{A},未完成\n{B},未完成\n")
    assert seen(found) == ((), (3, 5), [(2, "same"), (4, "same")])
    assert found.not_done_codes == (DRAWN[1],)


def test_a_state_over_merged_cells_counts_for_each_row() -> None:
    rows = [["编号", "状态"], [A, "已完成"], [B, ""], [C, "未完成"], [D, ""]]
    found = parse_roster([Sheet("", rows, [(1, 1, 2), (1, 3, 4)])])
    assert (found.done, found.not_done) == ((2, 3), (4, 5))
    only_negatives = parse_roster([Sheet("", [["编号", "状态"], [A, "未完成"], [B, ""]])])
    assert seen(only_negatives) == ((), (2,), [(3, "empty")])


def workbook(rows: Sequence[Sequence[str]], merged: str = "") -> bytes:
    """Return a small .xlsx file."""
    cells = "".join(
        f'<row r="{n}">'
        + "".join(
            f'<c r="{chr(64 + m)}{n}" t="inlineStr"><is><t>{cell}</t></is></c>' for m, cell in enumerate(row, 1) if cell
        )
        + "</row>"
        for n, row in enumerate(rows, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    span = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{spreadsheet}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{spreadsheet}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData>{span}</worksheet>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return packed.getvalue()


def test_a_workbook_keeps_the_numbers_of_its_rows_and_its_merged_states() -> None:
    rows = [["", ""], ["", ""], ["编号", "核对情况"], [A, "已核对"], [B, ""], [C, "未核对"]]
    found = parse_roster(load_sheets(workbook(rows, "B4:B5")))
    assert (found.done, found.not_done) == ((4, 5), (6,))
    for broken in (b"PK\x03\x04 no workbook", b"\xd0\xcf\x11\xe0 no workbook", b""):
        with pytest.raises(UnreadableSheet):
            load_sheets(broken)


async def test_a_list_puts_back_whom_it_lists_as_not_done_and_can_be_undone(tmp_path: Path) -> None:
    people = [finished(DRAWN[0]), finished(DRAWN[1]), coded(DRAWN[2], "walking"), finished(DRAWN[3])]
    async with open_harness(tmp_path, people) as harness:
        store, content, now, at = harness.store, harness.content, harness.local(), harness.now
        given = read(f"编号,状态\n{A},已完成\n{B},未完成\n{C},未完成\n{E},未完成\n{D},没做\n")
        dry_run = await check_roster(store, "telegram", NOTICE, given)
        assert ({h.code for h in dry_run.reset}, dry_run.unchanged) == ({DRAWN[1], DRAWN[3]}, 3)
        number, _ = await apply_roster(store, content, "telegram", NOTICE, given, now, at, "cli:x")
        assert await states(harness) == ["done", "walking", "walking", "walking"]
        assert await undo_roster(store, content, number, now, at + timedelta(hours=25), "cli:x") == "late"
        assert await undo_roster(store, content, number, now, at, "cli:x") == Undone(2, 0)
        assert await states(harness) == ["done", "done", "walking", "done"]
        assert await undo_roster(store, content, number, now, at, "cli:x") == "already"
        assert await undo_roster(store, content, 99, now, at, "cli:x") == "gone"
        assert (await store.forget("telegram", str(FIRST + 1), update_id=None, turn=None, at=at)).counts["people"] == 1


async def states(harness: Harness) -> list[str]:
    holders = await harness.store.codes.holders("telegram", NOTICE)
    return [holder.state for holder in sorted(holders, key=lambda holder: int(holder.who.user))]


def test_the_list_of_those_who_are_not_done_leaves_alone_whom_it_lists_as_done() -> None:
    found = parse_unfinished(f"姓名,编号,状态\n甲,{A},已完成\n乙,{B},未完成\n丙,ABCD-EFGH,未完成\n".encode("gb18030"))
    assert (found.codes, found.strange) == ((DRAWN[1],), ((4, "ABCD-EFGH"),))
    assert parse_unfinished(f"编号\n{A} 甲\n{B} 乙".encode()).codes == (DRAWN[0], DRAWN[1])
    assert parse_unfinished(workbook([["编号", "姓名"], [A, "甲"]])).codes == (DRAWN[0],)
