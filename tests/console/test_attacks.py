"""Whoever wishes the console ill: what they send is refused, shown as text, or does nothing."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import AsyncIterator

import pyotp
import pytest
from sqlalchemy import update

from bot.app.build import STAFFED
from bot.console.app import PAGES
from bot.domain.classes import Classes, dump
from bot.domain.roles import Role
from bot.store.tables import staff
from tests.broadcast.harness import FIRST
from tests.console.conftest import School, Teacher
from tests.console.test_people import enrol
from tests.console.test_tickets import open_ticket

MARK = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7*7 }}"


async def test_a_cookie_that_was_planted_before_the_code_lets_nobody_in_after_it(school: School) -> None:
    user = await school.employ("staff", "王老师")
    victim, thief = Teacher(school.browser(), user), Teacher(school.browser(), user)
    await victim.client.post("/console/in", data={"token": await school.link(user)})
    planted = victim.client.cookies["gradbot-console"]
    thief.client.cookies.set("gradbot-console", planted, domain="127.0.0.1", path="/console")
    await victim.opens("/code")
    secret = re.findall(r'id="secret">([A-Z2-7]+)<', victim.html)[0]
    await victim.sends("/code", code=pyotp.TOTP(secret).at(school.clock()))
    assert "今天" in victim.html
    await thief.opens()
    assert thief.status == 401
    made_up = Teacher(school.browser(), user)
    made_up.client.cookies.set("gradbot-console", "A" * 32, domain="127.0.0.1", path="/console")
    await made_up.opens()
    assert made_up.status == 401


async def test_nothing_that_anybody_writes_is_markup_on_any_page(school: School) -> None:
    codes = await enrol(school, *["walking"] * 6)
    number = await open_ticket(school, words=MARK)
    owner = await school.let_in("owner", MARK[:20])
    owner.client.headers["user-agent"] = MARK
    await owner.opens(f"/tickets/{number}")
    await owner.sends(f"/tickets/{number}/say", kind="note", text=MARK)
    form = {**owner.hidden, "kind": "answer", "text": "表"}
    file = {"file": (f"{MARK[:30]}.pdf", b"x")}
    await owner.client.post(f"/console/tickets/{number}/say", data=form, files=file)
    await owner.opens("/broadcasts")
    await owner.sends("/broadcasts", sentence=MARK)
    await owner.opens("/broadcasts")
    await owner.sends("/broadcasts")
    address = owner_address(owner)
    await owner.sends(f"{address}/text", text=MARK)
    await owner.sends(f"{address}/who", rule=MARK, cohort=MARK, major=MARK)
    await owner.opens(address)
    await owner.sends(f"{address}/at", at=MARK)
    rows = f"编号,是否完成\n{MARK},{MARK}\n{codes[0]},{MARK}\n"
    shown = [owner.html]
    await owner.opens("/people")
    sent = await owner.client.post("/console/people/roster", data=owner.hidden, files={"file": (f"{MARK}.csv", rows)})
    shown.append(sent.text)
    asked = "&".join(
        f"{name}={MARK}" for name in ("q", "state", "notice", "month", "before", "after", "done", "major", "with")
    )
    ids = {"number": number, "file": "1", "place": "0", "topic": "deadline-when"}
    for page in (page for page in PAGES if page.method == "GET"):
        path = re.sub(r"{(\w+)}", lambda found: ids.get(found[1], "1"), page.path)
        paths = [path, path.replace(number, "1"), f"{path}?{asked}"]
        shown += [await owner.opens(one) for one in paths if not re.search(r"\.(xlsx|csv)", one) and "/file" not in one]
    for html in shown:
        assert "<img src=x" not in html
        assert "<script>alert" not in html


def owner_address(owner: Teacher) -> str:
    return str(re.findall(r'action="/console(/broadcasts/\d+)/text"', owner.html)[0])


def make_bomb(megabytes: int) -> bytes:
    """A workbook whose sheet is a thousand times larger than its file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(megabytes):
                sheet.write(b"<row><c><v>1</v></c></row>" * 40_000)
    return out.getvalue()


@pytest.mark.parametrize("path", ["/people/roster", "/tickets/{number}/say"])
async def test_uploads_that_would_fill_memory_are_refused_before_they_are_read(school: School, path: str) -> None:
    path = path.format(number=await open_ticket(school))
    teacher = await school.let_in()
    await teacher.opens(path.removesuffix("/say").removesuffix("/roster"))
    began = time.process_time()
    large = await teacher.client.post(
        f"/console{path}", data=teacher.hidden, files={"file": ("a.xlsx", b"x" * 50_000_000)}
    )
    assert large.status_code == 413

    async def drip() -> AsyncIterator[bytes]:  # of no length that is said
        for _ in range(20):
            yield b"x" * 1_000_000

    head = {"content-type": "multipart/form-data; boundary=b"}
    endless = await teacher.client.post(f"/console{path}", content=drip(), headers=head)
    assert endless.status_code == 413
    many = {f"f{n}": "x" for n in range(300)}
    assert (
        await teacher.client.post(f"/console{path}", data={**teacher.hidden, **many}, files={"file": ("a", b"x")})
    ).status_code == 413
    assert time.process_time() - began < 5


async def test_a_workbook_that_is_a_bomb_is_refused_and_the_console_goes_on(school: School) -> None:
    teacher = await school.let_in()
    await teacher.opens("/people")
    bomb = make_bomb(300)
    assert len(bomb) < 5_000_000
    sent = await teacher.client.post("/console/people/roster", data=teacher.hidden, files={"file": ("a.xlsx", bomb)})
    assert sent.status_code == 422
    assert "今天" in await teacher.opens()


ROLES: tuple[Role, ...] = ("owner", "admin", "staff")
BUTTONS = (
    "know|publish|1",
    "know|back|1",
    "know|confirm|x",
    "know|inbox",
    "know|lint",
    "staff|remove|{owner}",
    "staff|remove|7",
)


async def test_nobody_presses_a_button_of_a_higher_role_and_the_last_owner_stays(school: School) -> None:
    owner, admin, teacher = [await school.let_in(role, role) for role in ROLES]
    for visitor in (teacher, admin, owner):
        await visitor.opens()
        for button in BUTTONS:
            press = button.format(owner=owner.user)
            answer = await visitor.client.post(
                "/console/press",
                data={**visitor.hidden, "update": f"{hash(press):032}"[:32].replace("-", "x"), "press": press},
            )
            assert answer.status_code < 500, press
            if visitor is teacher:
                assert answer.status_code == 403, press
    assert "今天" in await owner.opens()
    members = {one.user for one in await school.store.roles.members(STAFFED)}
    assert {owner.user, admin.user, teacher.user} <= members


async def test_a_class_teacher_reaches_nothing_of_another_class_by_any_id(school: School) -> None:
    await enrol(school, *["walking"] * 12, major="会计学")
    await school.say(str(FIRST), press="cmd|desk")
    await school.say(str(FIRST), "照片怎么是别人的")
    (ticket,) = await school.store.tickets.page(("open",), 9)
    number = ticket.ticket.number
    colleague, teacher = await school.let_in("staff", "李老师"), await school.let_in("staff", "王老师")
    await colleague.opens(f"/tickets/{number}")
    form = {**colleague.hidden, "kind": "answer", "text": "表"}
    file = {"file": ("表.pdf", b"secret form")}
    await colleague.client.post(f"/console/tickets/{number}/say", data=form, files=file)
    await colleague.opens("/broadcasts")
    await colleague.sends("/broadcasts", sentence="明早8点提醒会计学没做完的")
    kept = (await school.store.tickets.files(number))[0].id
    async with school.store._transaction() as connection:
        mine = update(staff).where(staff.c.user_id == teacher.user)
        await connection.execute(mine.values(classes=dump(Classes("2014-autumn", ("ancai:工商管理",)))))
    theirs = (f"/tickets/{number}", f"/tickets/{number}/files/{kept}", "/broadcasts/1", "/broadcasts/1/count")
    for path in (*theirs, "/broadcasts/1/report.xlsx"):
        await teacher.opens(path)
        assert teacher.status == 404, path
        await colleague.opens(path)
        assert colleague.status == 200, path
    for path in ("", "/tickets", "/broadcasts", "/calendar", "/people", "/figures"):
        shown = await teacher.opens(path)
        assert number not in shown, path
        assert "/broadcasts/1" not in shown, path
    forged = {**teacher.hidden, "text": "x", "act": "take", "version": "1", "kind": "answer", "at": "2013-12-06T08:00"}
    for path in (f"/tickets/{number}", f"/tickets/{number}/say", "/broadcasts/1/text", "/broadcasts/1/at"):
        answer = await teacher.client.post(f"/console{path}", data=forged)
        assert answer.status_code == 404, path
    for press in ("bc|1|start", "bc|1|cancel", "bc|1|delete", "bc|1|exact"):
        await teacher.opens()
        await teacher.client.post("/console/press", data={**teacher.hidden, "press": press})
    assert [words.side for words in await school.store.tickets.words(number, 9)] == ["graduate", "staff"]
    (made,) = await school.store.broadcasts.all()
    assert (made.state, made.version) == ("draft", 1)
