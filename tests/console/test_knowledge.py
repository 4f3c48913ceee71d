"""Knowledge in the console: an answer to a missed question, a mended entry, a moved deadline; all examined first."""

from __future__ import annotations

from html import unescape

import pytest
from sqlalchemy import insert

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
    await admin.sends("/knowledge", act="history")
    await admin.sends("/knowledge", act="why", question=entry.title)
    assert entry.title in unescape(admin.html)


async def test_a_missed_question_gets_an_answer_that_the_bot_gives(school: School, admin: Teacher) -> None:
    row = {"at": "2013-12-05T03:00:00.000+00:00", "topics": "[]", "revision": ""}
    async with school.store._transaction() as connection:
        await connection.execute(insert(misses), [row | {"question": "宿舍的洗衣机几点关门"} for _ in range(2)])
    await admin.opens("/knowledge")
    await admin.sends("/knowledge", act="inbox")
    assert "洗衣机" in admin.html
    await admin.presses("写新")
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


async def test_what_is_refused_and_what_others_changed_stays_in_the_form(school: School, admin: Teacher) -> None:
    topic = topic_of(school)
    path = f"/knowledge/entry/{topic}"
    await admin.opens(path)
    await admin.sends(path, **{**fields_of(school, topic), "answer": "看 {{ nonsense.name }}"})
    assert admin.status == 422
    assert "{{ nonsense.name }}" in admin.html
    stale = {**fields_of(school, topic), "answer": "我写的", "seen": "0" * 16}
    await admin.sends(path, **stale)
    assert (admin.status, "我写的" in admin.html) == (409, True)


async def test_a_deadline_is_moved_after_it_was_shown(school: School, admin: Teacher) -> None:
    await admin.opens("/notice")
    was = admin.form("/notice").split('name="was" value="')[1].split('"')[0]
    await admin.sends("/notice", kind="deadline", place="0", was=was, value="2013-12-30")
    assert "12月30日" in admin.html  # in the texts that change with it
    await admin.presses("发布")
    await school.knowledge.look()
    await admin.opens("/notice")
    assert "2013-12-30" in admin.html


async def test_staff_see_nothing_of_it(school: School) -> None:
    teacher = await school.let_in()
    for path in ("/knowledge", "/knowledge/new", "/notice"):
        await teacher.opens(path)
        assert teacher.status == 403
    await teacher.opens()
    assert "/knowledge" not in teacher.html
    await teacher.client.post("/console/press", data={**teacher.hidden, "press": "know|rollback|0"})
    assert await school.store.knowledge.number() == 0
