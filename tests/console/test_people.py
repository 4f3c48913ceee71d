"""Graduates, the school's list, figures, staff and the audit in the console."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import unquote

from sqlalchemy import insert, update

from bot.app.build import STAFFED
from bot.content.sheets import load_sheets
from bot.domain.accounts import PersonKey
from bot.domain.classes import Classes, dump
from bot.domain.join_codes import draw_codes, format_code
from bot.store.broadcast_tables import recipients
from bot.store.tables import join_codes
from bot.store.tables import staff as staff_table
from tests.broadcast.harness import FIRST, add_people, session
from tests.console.conftest import School, Teacher

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


async def enrol(school: School, *states: str, major: str = "") -> list[str]:
    """Add a graduate with a code in each of these states, of a major of those who study up to a bachelor."""
    codes = draw_codes(len(states), make_lot())
    answers = {"cohort": "ancai", "major": major} if major else {}
    steps = ["m9-report" if state == "done" else "m1-phone" for state in states]
    pairs = zip(states, steps, strict=True)
    stored = [json.loads(session(state, step, reminders=True, **answers)) for state, step in pairs]
    await add_people(school.store, [json.dumps({**one, "code": code}) for one, code in zip(stored, codes, strict=True)])
    async with school.store._transaction() as connection:
        rows = [{"channel": STAFFED, "code": code, "person": n} for n, code in enumerate(codes, 1)]
        await connection.execute(insert(join_codes), rows)
    return codes


def make_lot() -> Callable[[int], int]:
    drawn = iter(n % 23 for n in range(5, 10_000, 7))
    return lambda most: next(drawn) % most


async def test_who_never_finished_is_found_by_state_and_code(school: School) -> None:
    codes = await enrol(school, "walking", "done")
    teacher = await school.let_in()
    await teacher.opens("/people?state=walking")
    assert format_code(codes[0]) in teacher.html
    assert format_code(codes[1]) not in teacher.html
    await teacher.opens(f"/people?q={codes[1].lower()}")
    assert format_code(codes[1]) in teacher.html
    await teacher.opens("/people?state=open")
    sent = await teacher.client.post("/console/people", data=dict(HIDDEN.findall(teacher.form("/people"))))
    (sheet,) = load_sheets(sent.content)
    assert [row[0] for row in sheet.rows] == ["编号", format_code(codes[0])]


async def test_a_class_is_found_and_what_each_answered_last(school: School) -> None:
    codes = await enrol(school, "walking", "walking", major="会计学")
    teacher = await school.let_in()
    await teacher.opens("/people?class=ancai:会计学")
    assert format_code(codes[0]) in teacher.html
    await teacher.opens("/people?class=ancai:工商管理")
    assert format_code(codes[0]) not in teacher.html
    made = [await school.store.broadcasts.make(STAFFED, "{}", teacher.user, school.clock()) for _ in range(2)]
    async with school.store._transaction() as connection:
        who = {"reason": "", "attempts": 1, "not_before": "", "lease_until": ""}
        for number, ack in ((1, "known"), (2, None)):
            row = {**who, "broadcast": made[number - 1], "who": number, "state": "sent", "ack": ack}
            await connection.execute(insert(recipients), row)
    ann, eve = (PersonKey(STAFFED, str(FIRST + n)) for n in range(2))
    answers = await school.store.ledger.latest([ann, eve, PersonKey(STAFFED, "nobody"), PersonKey("web", ann.user)])
    assert answers == {ann: ("sent", "known"), eve: ("sent", None)}
    assert "已知晓" in await teacher.opens("/people")


async def test_a_class_teacher_finds_their_class_alone(school: School) -> None:
    codes = await enrol(school, "walking", "done", major="会计学")
    teacher = await school.let_in()
    classes = Classes("2014-autumn", ("ancai:工商管理",))
    async with school.store._transaction() as connection:
        await connection.execute(update(staff_table).values(classes=dump(classes)))
    for path in ("/people", "/people?class=ancai", "/people?class=ancai:会计学", f"/people?q={codes[0]}"):
        assert format_code(codes[0]) not in await teacher.opens(path), path
        sent = await teacher.client.post("/console/people", data={**teacher.hidden, "class": "ancai:会计学"})
        assert len(load_sheets(sent.content)[0].rows) == 1
    await teacher.opens("/figures")
    assert not re.findall(r"<td>[1-9]", teacher.html)


async def test_the_schools_list_is_checked_applied_and_undone(school: School) -> None:
    codes = await enrol(school, "done", "done", "walking")
    teacher = await school.let_in("staff")
    await teacher.opens("/people")
    rows = f"编号,是否完成\n{format_code(codes[0])},未完成\n{format_code(codes[1])},已完成\n"
    sent = await teacher.client.post(
        "/console/people/roster", data=teacher.hidden, files={"file": ("名单.csv", rows.encode())}
    )
    teacher.html = sent.text
    assert "1 人退回" in teacher.html
    await teacher.sends("/people/roster/apply")
    state = {it.code: it.state for it in await school.store.codes.page(STAFFED, "2014-autumn", (), 9)}
    assert [state[code] for code in codes] == ["walking", "done", "walking"]
    await teacher.presses("撤回这份名单")
    state = {it.code: it.state for it in await school.store.codes.page(STAFFED, "2014-autumn", (), 9)}
    assert state[codes[0]] == "done"
    await teacher.opens("/people")
    assert "已经撤回过" in await teacher.sends("/people/roster/undo", number="1")


async def test_a_file_that_is_no_list_or_too_large_is_refused(school: School) -> None:
    teacher: Teacher = await school.let_in()
    await teacher.opens("/people")
    for content, status in ((b"PK\x03\x04" + b"\0" * 100, 422), (b"", 422), (b"x" * 9_500_000, 413)):
        sent = await teacher.client.post(
            "/console/people/roster", data=teacher.hidden, files={"file": ("a.xlsx", content)}
        )
        assert sent.status_code == status


async def test_an_admin_sees_who_did_what_and_removes_only_whom_they_may(school: School) -> None:
    admin, teacher = await school.let_in("admin", "李老师"), await school.let_in()
    owner = await school.let_in("owner", "院长")
    await admin.opens("/staff")
    assert f"staff|remove|{teacher.user}" in admin.html
    assert f"staff|remove|{owner.user}" not in admin.html
    forged = {**admin.hidden, "press": f"staff|remove|{owner.user}"}
    await admin.client.post("/console/press", data=forged)
    assert "今天" in await owner.opens()
    await admin.opens("/staff")
    await admin.sends("/press", press=f"staff|remove|{teacher.user}")
    await teacher.opens()
    assert teacher.status == 401
    await admin.opens("/audit")
    assert "remove" in admin.html
    table = await admin.client.get("/console/audit.csv")
    assert "操作记录.csv" in unquote(table.headers["content-disposition"])
    assert "remove" in table.text


async def test_figures_hide_small_groups_as_in_chat(school: School) -> None:
    await enrol(school, *["walking"] * 12, "done", "reported")
    teacher = await school.let_in()
    await teacher.opens("/figures")
    assert teacher.html.count('role="img"') == 3
    cells = re.findall(r"<td>([^<]*)</td>", teacher.html)
    assert "不显示" in cells
    assert not {"1", "2"} & {*cells}  # the one who is done, and the one who reported a mistake
    await teacher.sends("/figures")
    assert "统计.csv" in teacher.html


async def test_calls_are_listed_and_noted_and_codes_drawn(school: School) -> None:
    codes = await enrol(school, "walking", "new", major="会计学")
    teacher = await school.let_in()
    await teacher.opens("/people")
    said = await teacher.sends("/people/calls")
    assert "还没开始 1" in said
    assert "打电话名单.xlsx" in said
    assert "记下了" in await teacher.sends("/people/called", codes=format_code(codes[0]), outcome="handled")
    await teacher.sends("/people/called", codes="没有这个", outcome="handled")
    assert teacher.status == 422
    await teacher.opens("/people")
    assert "要打电话的编号有 1 个" in await teacher.sends("/people/calls")
    assert "抽好了 2 个编号（会计1班）" in await teacher.sends("/people/codes", count="2", title="会计1班")
    acts = [one.act for one in await school.store.roles.acts(STAFFED, 9)]
    assert acts[:2] == ["codes", "unfinished"]
