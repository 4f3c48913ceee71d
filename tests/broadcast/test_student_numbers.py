"""A graduate without a slip agrees that the school's list finds them by student number; the number is kept nowhere."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.broadcast.roster import parse_roster
from bot.content.sheets import Sheet, load_sheets
from bot.domain.join_codes import format_code, parse_code
from bot.domain.student_numbers import StudentKey, parse_student
from tests.broadcast import harness
from tests.broadcast.harness import FIRST, NOTICE, session
from tests.broadcast.test_chat import office
from tests.broadcast.test_unfinished import finished

KEY = StudentKey(b"k" * 32)
NUMBER = "2012345678"
CODE = KEY.code_of(NUMBER) or ""


@given(st.from_regex(r"\A[A-Z]?[0-9]{6,12}\Z"))
def test_a_number_gives_one_code_by_one_key_however_it_is_typed(number: str) -> None:
    code = KEY.code_of(number)
    assert code
    assert parse_code(code) == code
    assert {KEY.code_of(f" {number.lower()} "), KEY.code_of(parse_student(f"我的学号是：{number}") or "")} == {code}
    assert StudentKey(b"j" * 32).code_of(number) != code


def test_a_list_by_student_numbers_gives_codes_and_numbers_of_id_cards_do_not() -> None:
    rows = (
        ("姓名", "学号", "状态"),
        ("张三", f"{NUMBER}.0".removesuffix(".0"), "未核对"),
        ("李四", "2012345679", "已核对"),
    )
    roster = parse_roster([Sheet("S", rows)], "名单.xlsx", KEY)
    assert roster.not_done_codes == (CODE,)
    assert roster.rows[CODE] == 2
    cards = (("姓名", "身份证号", "状态"), ("张三", "110105194912310021", "未核对"))
    assert parse_roster([Sheet("S", cards)], "名单.xlsx", KEY).not_done_codes == ()
    assert parse_roster([Sheet("S", rows)], "名单.xlsx").not_done_codes == ()


async def test_the_number_is_asked_about_first_found_on_the_list_and_kept_nowhere(tmp_path: Path) -> None:
    done = finished(CODE).replace(f'"code": "{CODE}"', '"code": null')
    async with office(tmp_path, [done, session("walking")]) as at:
        at.harness.store.codes.students = lambda: KEY
        ann, eve = (at.harness.telegram.users[FIRST + n] for n in range(2))
        assert "学号我不存" in await at.says(ann, f"学号 {NUMBER}")
        assert CODE.lower() not in str(ann.messages[-1].buttons).lower()
        assert await at.harness.store.codes.holders("telegram", NOTICE) == []
        assert f"编号 {format_code(CODE)} 记下了" in await at.taps(ann, "同意")
        # Somebody else who types the same number learns nothing and takes nothing.
        await at.says(eve, f"学号：{NUMBER}")
        assert "已经有别的聊天在用" in (said := await at.taps(eve, "同意"))
        assert CODE[:4] not in said
        assert "不用再发学号" in await at.says(ann, f"学号 {NUMBER}")
        at.harness.telegram.files["documents/list"] = (
            f"姓名,学号,是否核对\n张三,{NUMBER},未核对\n李四,2012345679,未核对".encode()
        )
        document = {"file_id": "list", "file_unique_id": "list", "file_name": "名单.csv", "file_size": 90}
        assert "1 人退回" in await at.says(at.owner, document=document)
        (table,) = at.harness.telegram.made("sendDocument")[-1].files.values()
        (sheet,) = load_sheets(table[1])
        assert ["2", format_code(CODE)] in [list(row) for row in sheet.rows]
        assert "1 人退回" in await at.taps(at.owner, "确定，退回 1 人并告诉本人")
        said = await at.says(at.owner, "名单")
        assert "说做完了名单上没有 1" in said
        assert "从没来过 1" in said
        kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
        assert kept or harness.BACKEND != "sqlite"
        assert not any(NUMBER.encode() in content for content in kept)
