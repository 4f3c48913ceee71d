"""Lists as schools keep them: for each the truth first, then what is read. Nobody who is listed as done is put back."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from bot.broadcast.roster import parse_roster
from bot.content.sheets import Sheet, UnreadableSheet, load_sheets
from bot.domain.join_codes import draw_codes, format_code

A, B, C, D = (format_code(code) for code in draw_codes(4, random.Random(5).randrange))


def sheet(*rows: Sequence[str], name: str = "Sheet1", merged: Sequence[tuple[int, int, int]] = ()) -> Sheet:
    return Sheet(name, rows, merged)


@pytest.mark.parametrize(
    ("sheets", "done", "not_done", "unread"),
    [
        # A sheet for each class.
        (
            [
                sheet(("编号", "状态"), (A, "已核对"), (B, "未核对"), name="一班"),
                sheet(("编号", "状态"), (C, "未核对"), name="二班"),
            ],
            [A],
            [B, C],
            [],
        ),
        # Two sheets that contradict each other.
        (
            [
                sheet(("编号", "状态"), (A, "已核对"), name="旧"),
                sheet(("编号", "状态"), (A, "未核对"), (B, "未核对"), name="新"),
            ],
            [],
            [B],
            [(2, "same", "旧"), (2, "same", "新")],
        ),
        # A head of two rows: both have to be right.
        (
            [
                sheet(
                    ("姓名", "编号", "核对情况", ""),
                    ("", "", "学籍信息", "图像"),
                    ("张", A, "已核对", "已核对"),
                    ("李", B, "已核对", "未核对"),
                )
            ],
            [A],
            [B],
            [],
        ),
        # Two lists side by side.
        (
            [
                sheet(
                    ("序号", "编号", "状态", "序号", "编号", "状态"),
                    ("1", A, "已核对", "2", B, "未核对"),
                    ("3", C, "未核对", "", "", ""),
                )
            ],
            [A],
            [B, C],
            [],
        ),
        # Codes among other words, states with remarks; a remark that takes it back is not read.
        (
            [
                sheet(
                    ("学生", "是否核对"),
                    (f"张三（{A}）", "已核对（本人）"),
                    (f"编号：{B}", "12月5日联系，未核对"),
                    (C, "已核对，图像未核对"),
                    (D, "还没有"),
                )
            ],
            [A],
            [B, D],
            [(4, "state", "")],
        ),
        # A head that asks the other way round; names of classes and lines between.
        (
            [
                sheet(
                    ("编号", "是否未完成"), ("会计1班", ""), (A, "否"), ("---", "---"), (B, "是"), ("班主任签字：", "")
                )
            ],
            [A],
            [B],
            [],
        ),
    ],
)
def test_a_messy_list_is_read_as_it_is_meant(
    sheets: list[Sheet], done: list[str], not_done: list[str], unread: list[tuple[int, str, str]]
) -> None:
    roster = parse_roster(sheets, "名单.xlsx")
    assert sorted(map(format_code, roster.done_codes)) == sorted(done)
    assert sorted(map(format_code, roster.not_done_codes)) == sorted(not_done)
    assert sorted((row.row, row.why, row.sheet) for row in roster.unread) == sorted(unread)


PAGE = """<html><head><meta charset=gb2312></head><table><tr><td colspan=3>校对情况<tr><th>班级<th>编号<th>校对
<tr><td rowspan=2>一班</td><td>{0}</td><td>是</td></tr><tr><td>{1}</td><td>否</td></tr></table>"""
WORKBOOK = """<?xml version="1.0"?><Workbook xmlns="urn:x" xmlns:ss="urn:x"><Worksheet><Table>
<Row><Cell><Data>编号</Data></Cell><Cell><Data>姓名</Data></Cell><Cell><Data>状态</Data></Cell></Row>
<Row><Cell><Data>{0}</Data></Cell><Cell ss:Index="3"><Data>已核对</Data></Cell></Row>
<Row><Cell><Data>{1}</Data></Cell><Cell ss:Index="3"><Data>未核对</Data></Cell></Row></Table></Worksheet></Workbook>"""


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb2312", PAGE),
        ("utf-8", WORKBOOK),
        ("gb18030", "{0} 张㐂 已核对\n{1} 李四 未核对\n"),
        ("cp950", "編號;姓名;核對狀態\n{0};陳;已核對\n{1};李;尚未完成\n"),
        ("utf-16", "班级\t编号\t核对完成时间\n一班\t{0}\t41613.4\n一班\t{1}\t\n"),
        ("utf-8", "编号,状态\n{0},01-已核对\n{1},02-未核对\n"),
        ("utf-8", "编号,完成比例\n{0},100%\n{1},50%\n"),
        ("utf-8", "编号,核对\n{0},2013/12/3已核对\n{1},12月4日电话，未核对\n"),
    ],
)
def test_a_list_is_read_from_every_form_that_it_is_saved_in(encoding: str, text: str) -> None:
    roster = parse_roster(load_sheets(text.format(A, B).encode(encoding)), "名单.xls")
    assert [format_code(code) for code in (*roster.done_codes, *roster.not_done_codes)] == [A, B]
    assert (len(roster.done_codes), roster.unread) == (1, ())


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("编号,核对情况,核对时间\n{0},√,41610\n{1},,41611.5\n", (3, "date")),  # a day, and no word
        ("编号,是否未核对\n{0},否\n{2},是\n{1},\n", (4, "empty")),
        ("编号,核对\n{0},√\n{1},已核对，照片要重传\n", (3, "state")),
        ("{0}张三\n{1}李四已核对\n", (2, "no_status")),
    ],
)
def test_who_may_be_done_is_asked_about_and_never_put_back(text: str, unread: tuple[int, str]) -> None:
    roster = parse_roster(load_sheets(text.format(A, B, C).encode()), "名单.csv")
    assert [(row.row, row.why) for row in roster.unread] == [unread]
    assert B not in map(format_code, roster.not_done_codes)


def test_a_list_with_a_password_is_refused_as_such() -> None:
    with pytest.raises(UnreadableSheet, match="locked"):
        load_sheets(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"))
