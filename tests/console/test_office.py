"""What an admin sees and does about everybody: the first page, roles, the record, the settings."""

from __future__ import annotations

from html import unescape

import pytest

from bot.app.build import STAFFED
from bot.app.settings import Settings
from bot.domain.revisions import Drafted
from tests.console.conftest import OWNER, School, Teacher


@pytest.fixture
async def admin(school: School) -> Teacher:
    return await school.let_in("admin", "李老师")


async def test_today_leads_to_what_waits_and_shows_staff_nothing_of_admins(school: School, admin: Teacher) -> None:
    draft = Drafted("0123456789abcdef", {"faq/own.yaml": ""}, 0, admin.user, "改饭卡")
    await school.store.apply([draft], STAFFED, school.clock(), admin.user)
    assert "/knowledge/draft/0123456789abcdef" in await admin.opens()
    assert "当天自动发的提醒" in admin.html
    teacher = await school.let_in()
    assert "改饭卡" not in await teacher.opens()
    assert "/knowledge" not in teacher.html


async def test_an_invitation_is_shown_once_and_taken_in_the_chat(school: School, admin: Teacher) -> None:
    school.service.accounts.addresses[STAFFED] = lambda: "https://t.me/bot"
    await admin.opens("/staff")
    form = {**admin.hidden, "role": "staff", "name": "赵老师", "until": "2014-03-31"}
    answer = await admin.client.post("/console/staff", data=form)
    token = unescape(answer.text).split("https://t.me/bot?start=")[1].split("<")[0].split('"')[0]
    again = await admin.client.post("/console/staff", data=form)
    assert "?start=" not in again.text
    await school.say("911", f"/start {token}")
    (_, member) = await school.store.roles.members(STAFFED)
    assert (member.label, member.added_by) == ("赵老师", admin.user)
    assert member.until is not None
    assert "赵老师" in await admin.opens("/staff")


async def test_without_a_chat_the_link_leads_into_the_console(school: School, admin: Teacher) -> None:
    await admin.opens("/staff")
    await admin.sends("/staff", role="staff", name="钱老师")
    token = admin.html.split("/console/in/")[1].split("<")[0].split('"')[0]
    newcomer = Teacher(school.browser(), "")
    await newcomer.client.post("/console/in", data={"token": token})
    assert "验证码" in await newcomer.opens("/code")
    await admin.opens("/staff")
    await admin.sends("/staff", role="staff", name="钱老师")
    assert "已经有人用了" in admin.html


async def test_owners_are_removed_by_nobody(school: School, admin: Teacher) -> None:
    await admin.opens("/staff")
    for press in (f"staff|remove|{OWNER}", f"staff|remove|{admin.user}", f"staff|branch|{OWNER}"):
        await admin.client.post("/console/press", data={**admin.hidden, "press": press})
        await admin.opens("/staff")
    assert await school.service.acts.find_role(STAFFED, OWNER) == "owner"
    assert await school.service.acts.find_role(STAFFED, admin.user) == "admin"


async def test_the_record_is_found_by_who_and_what_and_saved(school: School, admin: Teacher) -> None:
    await admin.opens("/staff")
    await admin.sends("/staff", role="staff", name="=钱老师")
    await admin.opens(f"/audit?act=console-link&who={admin.user}")
    assert admin.html.count("<tr>") == 2
    assert "console-in" not in admin.html.split("<tbody>")[1]
    assert "没有这样的操作" in await admin.opens("/audit?act=faq%25")
    table = await admin.client.get("/console/audit.csv?act=console-link")
    assert table.headers["content-type"].startswith("text/csv")
    assert "console-link" in table.text
    assert "console-in" not in table.text


async def test_settings_show_rules_and_sentences_and_no_secret(
    school: School, admin: Teacher, tmp_path: object
) -> None:
    assert "改内容要第二个人同意" in await admin.opens("/settings?q=群发")
    assert "phrases.yaml" in admin.html
    secrets = {"telegram_token": "1:abc", "webhook_secret": "w" * 20, "database_url": "postgres://u:pw@h/d"}
    shown = str(Settings(home=tmp_path, **secrets, proxy="http://u:pw2@h:1", owners="7").public)  # type: ignore[arg-type]
    assert "GRADBOT_OWNERS" in shown
    assert not [word for word in ("abc", "www", "pw") if word in shown]
