"""The way into the console, and everybody who must stay out."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import insert, update

from bot.app.build import STAFFED
from bot.console.app import PAGES
from bot.console.login import find_step
from bot.console.sealing import Seal
from bot.domain.console import Passkey
from bot.domain.roles import Removed, Role
from bot.store.console_tables import console_keys, console_passkeys
from bot.tickets.roles import RANK
from tests.console.conftest import OWNER, School, Teacher

ROLES: tuple[Role, ...] = ("staff", "admin", "owner")


async def test_a_link_of_the_chat_and_a_code_lead_in_and_neither_twice(school: School) -> None:
    said = (await school.say(OWNER, "/console")).replies[0].text
    address = re.findall(r"http\S+/console(/in/\S+)", said)[0]
    browser = Teacher(school.browser(), OWNER)
    await browser.opens(address)
    await browser.opens(address)  # looking at it, as link previews do, does not use it up
    token = address.rpartition("/")[2]
    first = await browser.client.post("/console/in", data={"token": token})
    assert first.status_code == 303
    assert (await school.browser().post("/console/in", data={"token": token})).status_code == 403
    await browser.opens("")
    assert "工单" not in browser.html  # the code is still missing
    await browser.opens("/code")
    secret = re.findall(r'id="secret">([A-Z2-7]+)<', browser.html)[0]
    before = browser.client.cookies["gradbot-console"]
    code = pyotp.TOTP(secret).at(school.clock())
    assert "今天" in await browser.sends("/code", code=code)
    assert browser.client.cookies["gradbot-console"] != before  # whoever knew the cookie before is not in

    again = Teacher(school.browser(), OWNER)
    await again.client.post("/console/in", data={"token": await school.link(OWNER)})
    assert "secret" not in await again.opens("/code")  # it is shown once
    await again.sends("/code", code=code)
    assert again.status == 403  # nobody comes in by a code that was used
    school.clock.pass_(minutes=1)
    assert "今天" in await again.sends("/code", code=pyotp.TOTP(secret).at(school.clock()))
    acts = [one.act for one in await school.store.roles.acts(STAFFED, 9)]
    assert acts.count("console-in") == 2
    kept = [row for row in await school.store.export(STAFFED, OWNER) if token in str(row)]
    assert kept == []


async def test_a_link_ends_after_ten_minutes_and_after_five_wrong_codes(school: School) -> None:
    user = await school.employ("staff", "王老师")
    late = await school.link(user)
    school.clock.pass_(minutes=11)
    assert (await school.browser().post("/console/in", data={"token": late})).status_code == 403
    browser = Teacher(school.browser(), user)
    await browser.client.post("/console/in", data={"token": await school.link(user)})
    await browser.opens("/code")
    secret = re.findall(r'id="secret">([A-Z2-7]+)<', browser.html)[0]
    right = pyotp.TOTP(secret).at(school.clock())
    for _ in range(5):
        await browser.sends("/code", code=f"{(int(right) + 1) % 1_000_000:06}")
    answer = await browser.client.post("/console/code", data={**browser.hidden, "code": right})
    assert answer.status_code == 401


async def test_a_code_of_another_half_minute_beside_it_is_taken_and_no_other() -> None:
    secret, now = pyotp.random_base32(), 1_386_216_000.0
    codes = {step: pyotp.TOTP(secret).at(int(now) + step * 30) for step in (-2, -1, 0, 1, 2)}
    found = {step: find_step(secret, code, now) for step, code in codes.items()}
    assert [step for step, one in found.items() if one is not None] == [-1, 0, 1]
    assert find_step(secret, "１２３４５６", now) is None


async def test_whoever_is_removed_is_out_at_once(school: School) -> None:
    teacher = await school.let_in()
    assert "今天" in await teacher.opens()
    await school.store.apply([Removed(teacher.user)], STAFFED, school.clock(), OWNER)
    await teacher.opens()
    assert (teacher.status, "工单" in teacher.html) == (401, False)


async def test_a_session_ends_when_it_is_idle_old_or_sent_out(school: School) -> None:
    teacher, admin = await school.let_in(), await school.let_in("admin", "李老师")
    await teacher.opens("/sessions")
    assert teacher.html.count("/console/sessions/") == 0  # staff see their own alone
    await admin.opens("/sessions")
    theirs = re.findall(r"/console(/sessions/\d+)", admin.html)
    await admin.sends(theirs[0])
    await teacher.opens()
    assert teacher.status == 401
    school.clock.pass_(hours=13)
    await admin.opens()
    assert admin.status == 401


@pytest.mark.parametrize("role", ROLES)
async def test_every_page_asks_for_the_role_that_its_row_names(school: School, role: Role) -> None:
    assert len(PAGES) >= 10
    teacher = await school.let_in(role)
    await teacher.opens()
    forms = {key: teacher.hidden[key] for key in ("form",)}
    for page in PAGES:
        path = f"/console{re.sub(r'{[^}]*}', '999', page.path)}"
        if page.path == "/out":
            continue
        sent = {**forms, "update": "x" * 20}
        how = {"data": sent} if page.method == "POST" else {}
        answer = await teacher.client.request(page.method, path, **how)  # type: ignore[arg-type]
        is_kept_out = RANK[role] < RANK[page.role]
        assert answer.status_code < 500, page
        if is_kept_out:
            assert answer.status_code == 403, page
        if page.method == "POST":
            forged = await teacher.client.post(path, data={**sent, "form": "0" * 32})
            assert forged.status_code == 403, page
            for head in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
                foreign = await teacher.client.post(path, data=sent, headers=head)
                assert foreign.status_code == 403, (page, head)


async def test_a_stranger_sees_no_page_and_nobody_frames_one(school: School) -> None:
    stranger = school.browser()
    for page in PAGES:
        path = f"/console{re.sub(r'{[^}]*}', '999', page.path)}"
        answer = await stranger.request(page.method, path, data={"update": "x" * 20} if page.method == "POST" else None)
        assert answer.status_code == 401, page
        assert "x-frame-options" in answer.headers


async def test_a_graduate_with_a_session_of_old_is_no_member_of_staff(school: School) -> None:
    token = await school.link("4711")  # nobody with a role
    assert (await school.browser().post("/console/in", data={"token": token})).status_code == 403
    assert "控制台" not in (await school.say("4711", "/console")).replies[0].text


async def test_the_database_alone_gives_no_code(school: School) -> None:
    teacher = await school.let_in()
    stored = await school.store.console.find_key(STAFFED, teacher.user)
    assert stored
    assert teacher.secret not in stored
    assert Seal.of_token("7:token").open(stored) == teacher.secret
    assert Seal.of_token("8:another").open(stored) is None
    async with school.store._transaction() as connection:  # as it was kept before there were seals
        await connection.execute(update(console_keys).values(secret=teacher.secret))
    school.clock.pass_(minutes=1)
    again = Teacher(school.browser(), teacher.user)
    await again.client.post("/console/in", data={"token": await school.link(teacher.user)})
    await again.opens("/code")
    assert "今天" in await again.sends("/code", code=pyotp.TOTP(teacher.secret).at(school.clock()))
    assert await school.store.console.find_key(STAFFED, teacher.user) != teacher.secret


async def test_a_key_that_is_gone_asks_for_help_and_lets_nobody_set_up_another(school: School) -> None:
    teacher = await school.let_in()
    async with school.store._transaction() as connection:
        await connection.execute(update(console_keys).values(secret=Seal.of_token("8:another").close(teacher.secret)))
    again = Teacher(school.browser(), teacher.user)
    await again.client.post("/console/in", data={"token": await school.link(teacher.user)})
    assert "--new-code" in await again.opens("/code")
    assert 'id="secret"' not in again.html
    await again.sends("/code", code=pyotp.TOTP(teacher.secret).at(school.clock()))
    assert again.status == 403


def test_the_key_of_a_home_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = Seal.of_home(tmp_path), Seal.of_home(tmp_path)
    assert second.open(first.close("x")) == "x"
    assert (tmp_path / "console.key").stat().st_mode & 0o077 == 0
    assert first.open("box:not base64 at all!") is None


async def test_nobody_with_a_second_factor_is_offered_another_before_they_are_in(school: School) -> None:
    teacher = await school.let_in()
    passkey = Passkey("Y3JlZA", "a2V5", 0)
    (session,) = await school.store.console.all(STAFFED, school.clock())
    assert await school.store.console.add_passkey(session, passkey, school.clock())
    again = Teacher(school.browser(), teacher.user)
    await again.client.post("/console/in", data={"token": await school.link(teacher.user)})
    named = school.url.replace("127.0.0.1", "localhost")  # a passkey belongs to a name
    again.client.headers.update({"host": named.removeprefix("http://"), "origin": named})
    await again.opens("/code")
    assert ('data-passkey="get"' in again.html, 'id="secret"' in again.html) == (True, False)
    for forged in ("", "{}", "[]", '{"id": "Y3JlZA"}', "x" * 50_000):
        answer = await again.client.post("/console/code/passkey", data={**again.hidden, "credential": forged})
        assert answer.status_code == 403, forged[:20]
    assert (await again.client.get("/console")).status_code == 401  # five tries, and the link is void
    only = await school.employ("staff", "李老师")
    first = Teacher(school.browser(), only)
    await first.client.post("/console/in", data={"token": await school.link(only)})
    await first.opens("/code")
    secret = re.findall(r'id="secret">([A-Z2-7]+)<', first.html)[0]
    async with school.store._transaction() as connection:  # a passkey was set up meanwhile, in another browser
        row = {"channel": STAFFED, "user_id": only, "credential": "b3RoZXI", "key": "a2V5", "count": 0, "since": ""}
        await connection.execute(insert(console_passkeys), row)
    await first.sends("/code", code=pyotp.TOTP(secret).at(school.clock()))
    assert first.status == 403
