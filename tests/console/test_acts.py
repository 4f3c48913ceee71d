"""Every form and button of the console is pressed by some test; what was done stands in the record in words."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import insert

import bot
from bot.app.build import STAFFED
from bot.console import app, knowledge, tickets
from bot.domain.console import ConsoleKeyDropped, Passkey
from bot.domain.lifecycle import BroadcastState
from bot.domain.revisions import Drafted
from bot.store.tables import misses
from tests.conftest import shipped
from tests.console.conftest import School, Teacher
from tests.console.test_knowledge import fields_of, topic_of
from tests.console.test_tickets import deliver_to_graduates, open_ticket

ROOT = Path(bot.__file__).parent
_BUTTON = re.compile(r'<button[^>]*name="(?:act|verdict|do|press)"[^>]*value="([a-z]+(?:\|[a-z]+)?)["|]')
_ACT = re.compile(r'Audited\("([a-z -]+)"|_audit\(context, "([a-z]+)"|_change\([^"]*"([a-z]+)", words')

PRESSED = {
    "/tickets/{number}": "a_ticket_is_found_taken_answered_and_closed",
    "take close": "a_ticket_is_found_taken_answered_and_closed",
    "drop reopen": "a_ticket_is_given_back_and_opened_again",
    "say": "an_answer_of_the_faq_is_sent_as_it_is",
    "fill": "an_answer_of_the_faq_can_be_changed_before_it_goes",
    "/tickets/{number}/say": "a_ticket_is_found_taken_answered_and_closed",
    "/broadcasts": "a_class_is_reminded_tomorrow_at_eight_by_one_sentence",
    "/broadcasts/{number}/{part}": "a_draft_is_filled_in_by_forms_counted_and_sent",
    "bc|": "a_draft_takes_the_words_of_a_template",
    "/knowledge flagged lint status export": "what_an_admin_asks_of_the_knowledge_is_answered",
    "why": "an_entry_is_mended_shown_published_and_taken_back",
    "/knowledge/draft/{key}": "the_yaml_of_an_entry_keeps_its_comments_and_is_tried_before_it_is_published",
    "know|publish": "an_entry_is_mended_shown_published_and_taken_back",
    "know|rollback": "a_way_back_that_needs_two_waits_for_the_second",
    "know|drop": "a_draft_is_dropped",
    "know|add know|ignore know|out": "a_missed_question_belongs_to_an_entry_or_to_none",
    "/knowledge/history/{number}": "what_a_revision_changed_is_said_in_words",
    "/knowledge/new": "a_missed_question_gets_an_answer_that_the_bot_gives",
    "/knowledge/entry/{topic} look check": "what_is_refused_stays_in_the_form_with_its_line",
    "/broadcasts/look /broadcasts/{number}/look": "what_is_written_is_shown_as_a_graduate_reads_it_before_it_is_kept",
    "/notice/look": "what_another_day_would_say_is_shown_while_it_is_typed",
    "/knowledge/look": "the_checker_says_of_one_entry_what_is_wrong",
    "/notice change absent": "an_office_gets_its_room_and_what_is_not_said_is_taken_back",
    "/notice/document /notice/review right": "a_document_is_drafted_reviewed_value_by_value_and_published",
    "/people": "a_class_is_found_and_what_each_answered_last",
    "/people/roster /people/roster/apply /people/roster/undo": "the_schools_list_is_checked_applied_and_undone",
    "/people/codes /people/calls /people/called": "calls_are_listed_and_noted_and_codes_drawn",
    "/saved saved|drop": "a_saved_answer_is_made_used_and_deleted",
    "/figures": "figures_hide_small_groups_as_in_chat",
    "/staff": "a_class_teacher_is_invited_with_their_class",
    "staff|remove": "an_admin_sees_who_did_what_and_removes_only_whom_they_may",
    "/press": "a_class_is_reminded_tomorrow_at_eight_by_one_sentence",
    "/sessions/{number} /out": "a_session_ends_when_it_is_idle_old_or_sent_out",
    "/passkeys/drop": "a_passkey_of_a_lost_device_is_deleted_and_never_the_last_way_in",
    "/passkeys": "somebody_with_codes_adds_a_passkey_and_needs_no_code_any_more",
}
"""The test that presses each form and button."""


def test_every_form_and_button_is_pressed_by_a_test() -> None:
    pages = {page.path for page in app.PAGES if page.method == "POST"}
    html = "".join(path.read_text("utf-8") for path in (ROOT / "console" / "templates").glob("*.html"))
    pressed = {act for row in PRESSED for act in row.split()}
    buttons = {*_BUTTON.findall(html), *knowledge.ACTS, *tickets.ACTS}
    assert buttons | pages <= pressed | {"bc"}
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in PRESSED.values() if f"def test_{name}(" not in tests] == []


def test_every_privileged_act_has_words_in_the_record() -> None:
    words = shipped().phrases.staff.audit_acts
    sources = "".join(path.read_text("utf-8") for path in ROOT.rglob("*.py"))
    acts = {first or (f"broadcast {second}" if second else third) for first, second, third in _ACT.findall(sources)}
    acts |= {
        f"broadcast {state}" for state in get_args(BroadcastState) if state not in ("freezing", "done", "scheduled")
    }
    assert len(acts) > 25
    assert acts - {*words} == set()


@pytest.fixture
async def admin(school: School) -> Teacher:
    return await school.let_in("admin", "李老师")


async def test_a_ticket_is_given_back_and_opened_again(school: School) -> None:
    address = f"/tickets/{await open_ticket(school)}"
    teacher = await school.let_in()
    await teacher.opens(address)
    for act, offered in (("take", "drop"), ("drop", "take"), ("close", "reopen"), ("reopen", "drop")):
        await teacher.sends(address, act=act)
        assert f'value="{offered}"' in teacher.html


async def test_an_answer_of_the_faq_is_sent_as_it_is(school: School) -> None:
    address = f"/tickets/{await open_ticket(school)}"
    teacher = await school.let_in()
    await teacher.opens(address)
    topic = topic_of(school)
    await teacher.sends(address, act="say", topic=topic)
    answer = school.service.content.entries[topic].answer.splitlines()[0][:10]
    assert any(answer in text for text in await deliver_to_graduates(school))


async def test_what_an_admin_asks_of_the_knowledge_is_answered(school: School, admin: Teacher) -> None:
    await admin.opens("/knowledge")
    for act in knowledge.ACTS:
        await admin.sends("/knowledge", act=act)
        assert 'id="said"' in admin.html, act


async def test_a_missed_question_belongs_to_an_entry_or_to_none(school: School, admin: Teacher) -> None:
    topic = topic_of(school)
    rows = [("洗衣机坏了找谁修", f'["{topic}"]'), ("食堂几点开门呢", "[]"), ("校车在哪里坐", "[]")]
    row = {"at": "2013-12-05T03:00:00.000+00:00", "revision": ""}
    async with school.store._transaction() as connection:
        await connection.execute(insert(misses), [row | {"question": one, "topics": near} for one, near in rows])
    for act in (r"know\|add\|\d+\|[a-z0-9-]+", r"know\|ignore\|\d+", r"know\|out\|\d+"):
        await admin.opens("/knowledge/inbox")
        await admin.sends(
            "/press", press=unescape(re.findall(f'value="({act})"', admin.html)[0]), back="/knowledge/inbox"
        )
        await school.knowledge.look()
    assert await school.store.questions.count_unanswered(school.clock().replace(year=2012)) == 0
    assert "洗衣机坏了找谁修" in school.service.content.entries[topic].phrasings


async def publish_change(school: School, admin: Teacher, answer: str) -> str:
    """An admin publishes another answer of the first entry; return the one before."""
    topic = topic_of(school)
    before = school.service.content.entries[topic].answer
    await admin.opens(f"/knowledge/entry/{topic}")
    await admin.sends(f"/knowledge/entry/{topic}", **{**fields_of(school, topic), "answer": answer})
    await admin.presses("发布")
    await school.knowledge.look()
    return before


async def test_a_way_back_that_needs_two_waits_for_the_second(school: School, admin: Teacher) -> None:
    before, topic = await publish_change(school, admin, "先看学信网，再问学院。"), topic_of(school)
    content = school.service.content
    phrases = content.phrases.model_copy(update={"admin": content.phrases.admin.model_copy(update={"four_eyes": True})})
    school.knowledge.content = school.service.content = replace(content, phrases=phrases)
    await admin.opens("/knowledge/history/1")
    await admin.presses("退回")
    await school.knowledge.look()
    assert school.service.content.entries[topic].answer != before
    other = await school.let_in("admin", "张老师")
    await other.opens()
    (draft,) = re.findall(r'href="/console(/knowledge/draft/\w+)"', other.html)
    await other.opens(draft)
    await other.presses("发布")
    await school.knowledge.look()
    assert school.service.content.entries[topic].answer == before


async def test_a_draft_is_dropped(school: School, admin: Teacher) -> None:
    draft = Drafted("0123456789abcdef", {"faq/own.yaml": ""}, 0, admin.user, "改饭卡")
    await school.store.apply([draft], STAFFED, school.clock(), admin.user)
    await admin.opens("/knowledge/draft/0123456789abcdef")
    await admin.sends("/press", press="know|drop|0123456789abcdef")
    assert await school.store.knowledge.list_drafts(9) == []


async def test_what_a_revision_changed_is_said_in_words(school: School, admin: Teacher) -> None:
    await publish_change(school, admin, "先看学信网，再问学院。")
    await admin.opens("/knowledge/history/2")
    await admin.sends("/knowledge/history/2")
    assert school.service.content.entries[topic_of(school)].title in unescape(admin.html.split('id="said"')[1])


async def test_the_checker_says_of_one_entry_what_is_wrong(school: School, admin: Teacher) -> None:
    topic = topic_of(school)
    await admin.opens(f"/knowledge/entry/{topic}")
    wrong = {**fields_of(school, topic), "answer": "看 {{ nonsense.name }}", "topic": topic}
    found = await admin.client.post("/console/knowledge/look", data={**admin.hidden, **wrong})
    assert "nonsense.name" in found.text


async def test_a_draft_takes_the_words_of_a_template(school: School) -> None:
    teacher = await school.let_in()
    await teacher.opens("/broadcasts")
    await teacher.sends("/broadcasts")
    press = re.findall(r'value="(bc\|\d+\|template\|\w+)"', teacher.html)[0]
    await teacher.sends("/press", press=press)
    words = school.service.content.phrases.broadcast.templates[press.rpartition("|")[2]].text
    assert words.split("{")[0][:6] in unescape(teacher.html)
    shown = teacher.html.split('class="phone"')[1].split("</section>")[0]
    assert "截止" in shown or "2013年12月" in shown
    assert "[[" not in shown
    assert "|" not in shown


async def test_a_class_teacher_is_invited_with_their_class(school: School, admin: Teacher) -> None:
    school.service.accounts.addresses[STAFFED] = lambda: "https://t.me/bot"
    await admin.opens("/staff")
    form = {**admin.hidden, "role": "teacher", "name": "周老师", "classes": "会计电算化"}
    said = unescape((await admin.client.post("/console/staff", data=form)).text)
    await school.say("912", f"/start {re.findall(r'[?]start=([A-Za-z0-9_-]+)', said)[0]}")
    (_, member) = await school.store.roles.members(STAFFED)
    assert member.label == "周老师"
    assert member.classes
    assert member.classes.describe(school.service.content.notices) in said
    await admin.opens("/audit?act=invite")
    assert "发邀请" in admin.html


async def test_a_passkey_of_a_lost_device_is_deleted_and_never_the_last_way_in(school: School) -> None:
    teacher, other = await school.let_in(), await school.let_in("staff", "张老师")
    rows, who = school.store.console, (STAFFED, teacher.user)
    session = next(one for one in await rows.all(STAFFED, school.clock()) if one.user == teacher.user)
    for name in ("b25l", "dHdv"):
        assert await rows.add_passkey(session, Passkey(name, "a2V5", 0), school.clock())
    await other.opens("/sessions")
    await other.client.post("/console/passkeys/drop", data={**other.hidden, "credential": "b25l"})
    await teacher.opens("/sessions")
    assert teacher.html.count("/passkeys/drop") == 2
    await teacher.client.post("/console/passkeys/drop", data={**teacher.hidden, "credential": "b25l"})
    assert [one.credential for one in await rows.passkeys(*who)] == ["dHdv"]
    await school.store.apply([ConsoleKeyDropped(teacher.user)], STAFFED, school.clock())  # and with it all passkeys
    for name in ("b25l", "dHdv"):
        assert await rows.add_passkey(session, Passkey(name, "a2V5", 0), school.clock())
    assert await rows.drop_passkey(session, "dHdv")
    assert not await rows.drop_passkey(session, "b25l")
    assert len(await rows.passkeys(*who)) == 1
