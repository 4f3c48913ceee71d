"""Broadcasts in the console: from a sentence or by form, with the chat's own rules about two people and versions."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from bot.content.sheets import load_sheets
from bot.domain.broadcast import Broadcast
from bot.render.sheet import make_sheet
from tests.broadcast.harness import add_people, session
from tests.console.conftest import School, Teacher


async def newest(school: School) -> Broadcast:
    return (await school.store.broadcasts.all(most=1))[0]


@pytest.fixture
async def teacher(school: School) -> Teacher:
    await add_people(school.store, [session("walking", cohort="zhuanke") for _ in range(12)])
    return await school.let_in()


async def test_a_class_is_reminded_tomorrow_at_eight_by_one_sentence(school: School, teacher: Teacher) -> None:
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts", sentence="明早8点提醒没做完的")
    assert "12月6日 08:00" in teacher.html
    await teacher.presses("确定")
    made = await newest(school)
    assert (made.state, made.made_by) == ("scheduled", teacher.user)
    assert made.due_at
    assert made.due_at.isoformat() == "2013-12-06T00:00:00+00:00"
    assert f"#{made.number}" in await teacher.opens()


async def test_a_sentence_that_is_not_clear_is_asked_back(school: School, teacher: Teacher) -> None:
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts", sentence="提醒火星人")
    assert 'id="said"' in teacher.html
    assert await school.store.broadcasts.all() == []


async def test_a_draft_is_filled_in_by_forms_counted_and_sent(school: School, teacher: Teacher) -> None:
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts")
    number = (await newest(school)).number
    address = f"/broadcasts/{number}"
    await teacher.sends(f"{address}/text", text="请今天核对 <b>学籍</b>")
    assert "&lt;b&gt;学籍" in teacher.html
    await teacher.sends(f"{address}/who", cohort=["zhuanke"], state=["没开始", "进行中"])
    assert re.findall(r'value="zhuanke" checked', teacher.html)
    counted = await teacher.client.get(f"/console{address}/count", params={"state": "进行中"})
    assert "大约 10 人" in counted.text
    few = await teacher.client.get(f"/console{address}/count", params={"state": "完成"})
    assert "不到 5 人" in few.text
    assert "认不出" in (await teacher.client.get(f"/console{address}/count", params={"rule": "火星"})).text
    await teacher.presses("现在发送")
    await teacher.presses("确定发送")
    assert (await newest(school)).state in ("freezing", "running")


async def test_an_edit_of_an_older_version_changes_nothing(school: School, teacher: Teacher) -> None:
    other = await school.let_in("staff", "李老师")
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts")
    number = (await newest(school)).number
    await other.opens(f"/broadcasts/{number}")
    await teacher.sends(f"/broadcasts/{number}/text", text="第一个")
    await other.sends(f"/broadcasts/{number}/text", text="第二个")
    assert "第一个" in (await newest(school)).draft
    assert "改过" in other.html


async def test_strange_links_need_a_second_person_and_nobody_agrees_to_their_own(
    school: School, teacher: Teacher
) -> None:
    other = await school.let_in("staff", "李老师")
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts")
    number = (await newest(school)).number
    await teacher.sends(f"/broadcasts/{number}/text", text="点 http://evil.example/x 登录")
    await teacher.presses("现在发送")
    digest = re.findall(r"bc\|\d+\|send\|(\w+)", teacher.html)
    assert digest == []
    forged = {**teacher.hidden, "press": f"bc|{number}|approve"}
    await teacher.client.post("/console/press", data=forged)
    assert (await newest(school)).state == "draft"
    await other.opens(f"/broadcasts/{number}")
    await other.presses("同意")
    await other.presses("同意")
    assert (await newest(school)).state == "approved"


async def test_a_broadcast_of_another_channel_is_not_there(school: School, teacher: Teacher) -> None:
    number = await school.store.broadcasts.make("web", "{}", "1", school.clock())
    await teacher.opens(f"/broadcasts/{number}")
    assert teacher.status == 404
    await teacher.opens("/broadcasts/99999999999")
    assert teacher.status == 404
    await teacher.opens()
    await teacher.client.post("/console/press", data={**teacher.hidden, "press": f"bc|{number}|drop"})
    assert (await school.store.broadcasts.get(number or 0)).state == "draft"  # type: ignore[union-attr]


async def test_secrets_are_written_by_nobody(school: School, teacher: Teacher) -> None:
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts")
    number = (await newest(school)).number
    await teacher.sends(f"/broadcasts/{number}/text", text="他的身份证 11010519491231002X")
    assert "11010519491231002X" not in (await newest(school)).draft + teacher.html


async def test_the_calendar_shows_what_is_set_and_what_the_plan_sends(school: School, teacher: Teacher) -> None:
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts", sentence="明早8点提醒没做完的")
    await teacher.presses("确定")
    number = (await newest(school)).number
    days = dict(re.findall(r'<p class="day">(\d+/\d+).*?</p>(.*?)</td>', await teacher.opens("/calendar"), re.DOTALL))
    assert f'08:00 <a href="/console/broadcasts/{number}">' in days["12/6"]
    assert "自动提醒" in days["12/6"]  # two weeks before the last day
    assert "最后一天" in days["12/20"]
    assert f"/broadcasts/{number}" not in await teacher.opens("/calendar?month=2014-01")
    for odd in ("2013-13", "0000-01", "x' --"):
        await teacher.opens(f"/calendar?month={odd}")
        assert (teacher.status, "2013年12月" in teacher.html) == (200, True)


async def test_what_became_of_a_broadcast_is_a_workbook(school: School, teacher: Teacher) -> None:
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts")
    sent = await teacher.client.get(f"/console/broadcasts/{(await newest(school)).number}/report.xlsx")
    (sheet,) = load_sheets(sent.content)
    assert sheet.rows[0][0] == "编号"


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    risky = ["=1+1", "+1", "-1", "@SUM(A1)", "http://x", "\t=1"]
    book = make_sheet("表", ["甲"] * len(risky), [risky])
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert list(load_sheets(book)[0].rows[1])[:4] == risky[:4]


async def test_what_is_written_is_shown_as_a_graduate_reads_it_before_it_is_kept(
    school: School, teacher: Teacher
) -> None:
    await teacher.opens("/broadcasts")
    asked = await teacher.client.post("/console/broadcasts/look", data={**teacher.hidden, "sentence": "提醒火星人"})
    assert "phone" not in asked.text
    look = {**teacher.hidden, "sentence": "明早8点提醒没做完的"}
    seen = (await teacher.client.post("/console/broadcasts/look", data=look)).text
    for said in ("12月6日 08:00", "约10人", "没做完", "phone"):
        assert said in seen
    assert await school.store.broadcasts.all() == []
    await teacher.sends("/broadcasts")
    address = f"/broadcasts/{(await newest(school)).number}"
    text = {**teacher.hidden, "text": "截止：{{ deadline }} <b>"}
    filled = (await teacher.client.post(f"/console{address}/look", data=text)).text
    assert re.search(r"截止：2013年12月20日.*&lt;b&gt;", filled)
    unknown = (await teacher.client.post(f"/console{address}/look", data={**text, "text": "{{ nothing }}"})).text
    assert "bubble" not in unknown
    assert "nothing" in unknown
    await teacher.opens(address)
    await teacher.sends(f"{address}/text", text="截止：{{ deadline }}")
    for path in ("", "/broadcasts", address):
        page = re.sub(r"<textarea.*?</textarea>|<p class=.hint.*?</p>", "", await teacher.opens(path), flags=re.DOTALL)
        assert "截止：2013年12月20日" in page, path
        assert "{{" not in page, path
