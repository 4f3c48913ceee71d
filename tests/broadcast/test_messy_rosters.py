"""Lists as schools keep them: for each the truth first, then what is read. Nobody who is listed as done is put back."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from bot.broadcast.roster import parse_roster
from bot.content.sheets import Sheet
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
