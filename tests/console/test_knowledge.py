"""Knowledge in the console: an answer to a missed question, a mended entry, a moved deadline; all examined first."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert

from bot.app.build import STAFFED
from bot.content.entry_part import find_part
from bot.domain.revisions import Drafted
from bot.store.knowledge import text_hash
from bot.store.tables import misses
from tests.console.conftest import School, Teacher


@pytest.fixture
async def admin(school: School) -> Teacher:
    return await school.let_in("admin", "李老师")


def topic_of(school: School) -> str:
    return next(iter(school.service.content.entries))


def fields_of(school: School, topic: str) -> dict[str, str]:
    entry = school.service.content.entries[topic]
    dated = str(entry.checked_on or "")
    lines = "\n".join(entry.phrasings)
    return {
        "title": entry.title, "answer": entry.answer, "phrasings": lines, "source": entry.source, "checked_on": dated,
    }  # fmt: skip


async def test_an_entry_is_mended_shown_published_and_taken_back(school: School, admin: Teacher) -> None:
    topic = topic_of(school)
    entry = school.service.content.entries[topic]
    assert entry.title in unescape(await admin.opens(f"/knowledge?q={entry.title}"))
    path = f"/knowledge/entry/{topic}"
    await admin.opens(path)
    changed = f"{entry.answer}\n请带学生证。"
    await admin.sends(path, **{**fields_of(school, topic), "answer": changed})
    assert school.service.content.entries[topic].answer == entry.answer  # not in force yet
    await admin.presses("发布")
    await school.knowledge.look()
    assert school.service.content.entries[topic].answer == changed
    assert re.findall(r"/knowledge/history/\d+", await admin.opens("/knowledge/history"))
    await admin.opens("/knowledge/history/2")
    assert "<ins>+    请带学生证。</ins>" in admin.html
    await admin.opens("/knowledge/history/1")
    await admin.presses("退回")
    await school.knowledge.look()
    assert school.service.content.entries[topic].answer == entry.answer
    await admin.opens("/knowledge")
    await admin.sends("/knowledge", act="why", question=entry.title)
    assert entry.title in unescape(admin.html)


async def test_a_missed_question_gets_an_answer_that_the_bot_gives(school: School, admin: Teacher) -> None:
    row = {"at": "2013-12-05T03:00:00.000+00:00", "topics": "[]", "revision": ""}
    async with school.store._transaction() as connection:
        await connection.execute(insert(misses), [row | {"question": "宿舍的洗衣机几点关门"} for _ in range(2)])
    await admin.opens("/knowledge/inbox")
    (address,) = re.findall(r'href="/console(/knowledge/new\?group=\d+)"', admin.html)
    await admin.opens(address)
    assert "洗衣机" in admin.html.split("<textarea")[-1]
    entry = {
        "title": "洗衣机几点关",
        "answer": "洗衣房开到晚上十点，问宿管。",
        "source": "beyond",
        "checked_on": "2013-12-05",
        "phrasings": "宿舍的洗衣机几点关门\n洗衣机开到几点\n洗衣房什么时候关",
    }
    await admin.sends("/knowledge/new", **entry, sure="1")
    await admin.presses("发布")
    await school.knowledge.look()
    said = await school.say("903", "洗衣机开到几点")
    assert any("晚上十点" in reply.text for reply in said.replies)


async def test_what_is_refused_stays_in_the_form_with_its_line(school: School, admin: Teacher) -> None:
    topic = topic_of(school)
    path = f"/knowledge/entry/{topic}"
    await admin.opens(path)
    wrong = {**fields_of(school, topic), "answer": "先看\n再看 {{ nonsense.name }}"}
    await admin.sends(path, **wrong)
    assert admin.status == 422
    assert "{{ nonsense.name }}" in admin.html
    assert "回答第 2 行" in admin.html
    await admin.sends(path, **wrong, do="look")  # what htmx asks for while somebody types
    assert (admin.status, "回答第 2 行" in admin.html, "学生会看到" in admin.html) == (200, True, False)
    await admin.sends(path, **{**wrong, "answer": "先看，带学生证"}, do="look")
    assert "先看，带学生证" in admin.html.split("学生会看到")[1]
    secret = {**wrong, "answer": "我的身份证号是 11010519491231002X"}
    await admin.sends(path, **secret)
    assert await school.store.knowledge.list_drafts(9) == []


async def test_two_people_who_edit_an_entry_lose_nothing(school: School, admin: Teacher) -> None:
    topic, other = topic_of(school), await school.let_in("admin", "张老师")
    path, fields = f"/knowledge/entry/{topic}", fields_of(school, topic)
    _, files = await school.knowledge.in_force()
    before = find_part(files, topic)
    for one in (admin, other):
        await one.opens(path)
    asked = f"{fields['phrasings']}\n张老师想到的问法"
    await other.sends(path, **{**fields, "answer": "张老师写的答案，去学院办公室问。", "phrasings": asked})
    await other.presses("发布")
    await school.knowledge.look()
    mine = {**fields, "answer": "李老师写的答案，打电话问。", "title": "李老师的标题"}
    await admin.sends(path, **mine)
    assert admin.status == 409
    for text in ("李老师写的答案", "张老师写的答案", "用我写的"):
        assert text in admin.html
    await admin.sends(path, **mine, **{"keep-answer": "mine"})
    await admin.presses("发布")
    await school.knowledge.look()
    entry = school.service.content.entries[topic]
    assert (entry.title, entry.answer) == ("李老师的标题", "李老师写的答案，打电话问。")
    assert "张老师想到的问法" in entry.phrasings
    _, files = await school.knowledge.in_force()
    after = find_part(files, topic)
    assert (after.before, after.after) == (before.before, before.after)


async def test_the_yaml_of_an_entry_keeps_its_comments_and_is_tried_before_it_is_published(
    school: School, admin: Teacher
) -> None:
    topic = topic_of(school)
    path = f"/knowledge/entry/{topic}"
    await admin.opens(f"{path}?view=yaml")
    text = unescape(admin.html.split('name="yaml"')[1].split(">\n", 1)[1].split("</textarea>")[0])
    await admin.sends(path, yaml=text.replace("  answer:", "  # 老师的话\n  answr:"))
    assert (admin.status, "answer" in admin.html) == (422, True)
    wanted = text.replace("  answer:", "  # 老师的话\n  answer:")
    answer = school.service.content.entries[topic].answer
    wanted = wanted.replace(answer[:6], f"草稿里的话。{answer[:6]}")
    await admin.sends(path, yaml=wanted)
    assert "# 老师的话" in admin.html
    place = re.findall(r'action="/console(/knowledge/draft/[0-9a-f]{16})"', admin.html)[0]
    await admin.sends(place, question=school.service.content.entries[topic].phrasings[0])
    assert "草稿里的话" in admin.html.split('id="said"')[1].split("</section>")[0]
    await admin.presses("发布")
    await school.knowledge.look()
    _, files = await school.knowledge.in_force()
    assert find_part(files, topic).written.text == wanted


def find_fact(html: str, label: str) -> tuple[str, str]:
    """The place and the value of the fact with this label."""
    form = html.split(f"<summary>{label}：", 1)[1]
    place, was = (unescape(re.findall(f'name="{name}" value="([^"]*)"', form)[0]) for name in ("place", "was"))
    return place, was


async def test_a_deadline_is_moved_after_it_was_shown(school: School, admin: Teacher) -> None:
    await admin.opens("/notice")
    place, was = find_fact(admin.html, "网上核对学籍和照片 · 最后一天")
    await admin.sends("/notice", place=place, was=was, value="2013-12-30")
    assert "12月30日" in admin.html  # in the texts that change with it
    await admin.presses("发布")
    assert "<h1>通知</h1>" in admin.html  # where they came from
    await school.knowledge.look()
    await admin.opens("/notice")
    assert "2013-12-30" in admin.html


async def test_an_office_gets_its_room_and_what_is_not_said_is_taken_back(school: School, admin: Teacher) -> None:
    for label, change in (
        ("成教部学籍管理办公室 张老师 · 地点", {"value": "行政楼 203"}),
        ("账号 · 浏览器", {"verdict": "absent"}),
    ):
        await admin.opens("/notice")
        place, was = find_fact(admin.html, label)
        await admin.sends("/notice", place=place, was=was, **change)
        await admin.presses("发布")
        await school.knowledge.look()
    notice = school.service.content.notices["2014-autumn"]
    assert (notice.contacts[0].room, notice.account.browser) == ("行政楼 203", None)
    assert "行政楼 203" in "".join(reply.text for reply in (await school.say("600", "联系老师")).replies)


async def test_a_draft_with_doubts_or_a_form_of_the_chat_is_not_published_by_a_forged_button(
    school: School, admin: Teacher
) -> None:
    for key, name in (("n", "notice.yaml"), ("w", "form.json")):
        kept = Drafted(f"{key}{text_hash(admin.user)[:15]}", {name: "unsure: []"}, 0, admin.user)
        await school.store.apply([kept], STAFFED, school.clock(), admin.user)
        await admin.opens("/knowledge/inbox")
        await admin.client.post("/console/press", data={**admin.hidden, "press": f"know|publish|{kept.key}"})
        await school.knowledge.look()
        assert await school.store.knowledge.number() == 0


async def test_a_document_is_drafted_reviewed_value_by_value_and_published(school: School, admin: Teacher) -> None:
    await admin.opens("/notice")
    raw = (Path(__file__).parents[1] / "notices" / "words" / "haizhou.txt").read_bytes()
    sent = await admin.client.post("/console/notice/document", data=admin.hidden, files={"file": ("通知.txt", raw)})
    await admin.opens(sent.headers["location"].removeprefix("/console"))
    assert "拿不准的" in admin.html
    for _ in range(40):
        if "拿不准的" not in admin.html:
            break
        form = admin.form("/notice/review")
        path, was = (unescape(re.findall(f'name="{name}" value="([^"]*)"', form)[0]) for name in ("at", "was"))
        said = await admin.sends("/notice/review", at=path, was=was, verdict="right", value="")
        if "这一处不能空着" in said:
            words = {"contacts": "教务处 张老师 0550-1234567"}.get(path, "2013-12-20")
            await admin.sends("/notice/review", at=path, was=was, verdict="change", value=words)
    await admin.presses("发布")
    await school.knowledge.look()
    assert len(school.service.content.notices) == 2
    name = list(school.service.content.notices)[-1]
    assert "没有东西" not in await admin.opens(f"/notice/preview?notice={name}")
    assert admin.status == 200


async def test_staff_see_nothing_of_it(school: School) -> None:
    teacher = await school.let_in()
    for path in ("/knowledge", "/knowledge/new", "/notice"):
        await teacher.opens(path)
        assert teacher.status == 403
    await teacher.opens()
    assert "/knowledge" not in teacher.html
    await teacher.client.post("/console/press", data={**teacher.hidden, "press": "know|rollback|0"})
    assert await school.store.knowledge.number() == 0


async def test_what_another_day_would_say_is_shown_while_it_is_typed(school: School) -> None:
    admin = await school.let_in("admin", "李老师")
    await admin.opens("/notice")
    place = re.findall(
        r'name="place" value="(\d+)"[^>]*><input type="hidden" name="was" value="2013-12-20"', admin.html
    )[0]
    form = {**admin.hidden, "place": place}
    seen = await admin.client.post("/console/notice/look", data={**form, "value": "2013-12-25"})
    assert "12月25日" in seen.text
    strange = await admin.client.post("/console/notice/look", data={**form, "value": "下个月"})
    assert (strange.status_code, "bad" in strange.text) == (200, True)
    assert await school.store.knowledge.list_drafts(9) == []
