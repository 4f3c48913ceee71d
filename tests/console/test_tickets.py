"""Tickets in the console: everything that the staff chat can do, by its rules, and nothing that it refuses."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

from bot.app.build import STAFFED
from bot.domain.messages import Delivered, Incoming, Outcome, Post, Sent
from bot.domain.tickets import MOST_FILE, MOST_FILES
from tests.console.conftest import School, Teacher


async def open_ticket(school: School, user: str = "501", words: str = "照片怎么是别人的") -> str:
    """A graduate asks for a person; return the ticket's number."""
    await school.say(user, "/start")
    await school.say(user, press="cmd|desk")
    await school.say(user, words)
    return next(one.ticket.number for one in await school.store.tickets.page(("open",), 9))


async def deliver_to_graduates(school: School) -> list[str]:
    """Deliver everything that waits; return the texts that went to graduates."""
    posts: list[Post] = []

    async def deliver(post: Post) -> Delivered:
        posts.append(post)
        return Delivered(Outcome("sent", str(len(posts))))

    while deliveries := await school.service.outbox.deliveries(STAFFED, deliver):
        await asyncio.gather(*deliveries)
    return [post.reply.text for post in posts if post.user and post.reply]


async def test_a_ticket_is_found_taken_answered_and_closed(school: School) -> None:
    number = await open_ticket(school)
    teacher = await school.let_in()
    assert number in await teacher.opens()
    assert "照片怎么是别人的" in await teacher.opens("/tickets")
    address = f"/tickets/{number}"
    await teacher.opens(address)
    await teacher.sends(address, act="take")
    assert "王老师" in teacher.html
    await teacher.sends(f"{address}/say", kind="note", text="找过辅导员了")
    await teacher.sends(f"{address}/say", kind="answer", text="我查一下，明天回你。")
    said = re.findall(r'<li class="(\w+)">', teacher.html)
    assert said == ["graduate", "note", "staff"]
    assert "找过辅导员了" in teacher.html
    await teacher.sends(address, act="close")
    told = " ".join(await deliver_to_graduates(school))
    assert "我查一下，明天回你。" in told
    assert "找过辅导员了" not in told
    assert number in await teacher.opens("/tickets?state=closed")
    acts = [one.act for one in await school.store.roles.acts(STAFFED, 9)]
    assert acts[:4] == ["close", "answer", "note", "take"]


async def test_a_form_that_is_sent_twice_answers_once(school: School) -> None:
    number = await open_ticket(school)
    teacher = await school.let_in()
    await teacher.opens(f"/tickets/{number}")
    form = {**teacher.hidden, "kind": "answer", "text": "收到。"}
    for _ in range(2):
        assert (await teacher.client.post(f"/console/tickets/{number}/say", data=form)).status_code == 303
    assert sum(words.side == "staff" for words in await school.store.tickets.words(number, 9)) == 1


async def test_what_the_chat_refuses_stays_in_the_field_and_is_not_sent(school: School) -> None:
    number = await open_ticket(school)
    teacher = await school.let_in()
    address = f"/tickets/{number}"
    await teacher.opens(address)
    await teacher.sends(f"{address}/say", kind="answer", text="身份证号 11010519491231002X")
    assert teacher.status == 422
    await teacher.sends(f"{address}/say", kind="answer", text="点这个 http://evil.example/x 登录")
    assert teacher.status == 422
    assert "http://evil.example/x" in teacher.html
    other = await school.let_in("staff", "李老师")
    assert [words.side for words in await school.store.tickets.words(number, 9)] == ["graduate"]
    await other.opens(address)
    await other.sends(f"{address}/say", kind="answer", text="点这个 http://evil.example/x 登录")
    assert other.status == 200  # two people said it


async def test_what_people_wrote_is_never_markup(school: School) -> None:
    number = await open_ticket(school, words="<script>alert(1)</script><b onload=x>照片")
    teacher = await school.let_in("staff", "<i>王</i>")
    for page in ("", "/tickets", f"/tickets/{number}", "/sessions"):
        shown = await teacher.opens(page)
        assert "<script>alert" not in shown
        assert "<b onload" not in shown
        assert "<i>王" not in shown


async def test_an_unknown_ticket_or_answer_is_nowhere(school: School) -> None:
    teacher: Teacher = await school.let_in()
    for path in ("/tickets/ZZZZZZ", "/tickets/1%27--", "/file/0", "/file/9999999999999", "/tickets?before=x"):
        await teacher.opens(path)
        assert teacher.status == (200 if "?" in path else 404), path


FORM = b"%PDF-1.4 a form"


async def answer_with_file(teacher: Teacher, number: str, name: str, content: bytes, **fields: str) -> None:
    await teacher.opens(f"/tickets/{number}")
    form = {**teacher.hidden, "kind": "answer", "text": "请填好带来。", **fields}
    sent = await teacher.client.post(
        f"/console/tickets/{number}/say", data=form, files={"file": (name, content)}, follow_redirects=True
    )
    teacher.html, teacher.status = sent.text, sent.status_code


async def test_an_answer_brings_a_form_that_the_graduate_gets_after_the_ticket_is_closed(school: School) -> None:
    number = await open_ticket(school)
    teacher = await school.let_in()
    await answer_with_file(teacher, number, "C:\\桌面\\更正<b>表.pdf", FORM)
    assert "更正&lt;b&gt;表.pdf" in teacher.html
    address = re.findall(r'href="/console(/tickets/\w+/files/\d+)"', teacher.html)[0]
    got = await teacher.client.get(f"/console{address}")
    assert (got.content, got.headers["content-type"]) == (FORM, "application/octet-stream")
    await teacher.sends(f"/tickets/{number}", act="close")
    posts: list[Post] = []

    async def deliver(post: Post) -> Delivered:
        posts.append(post)
        return Delivered(Outcome("sent", str(len(posts))))

    while deliveries := await school.service.outbox.deliveries(STAFFED, deliver):
        await asyncio.gather(*deliveries)
    (file,) = [post.reply.attachment for post in posts if post.reply and post.reply.attachment]
    assert file.name == "更正<b>表.pdf"
    assert await school.store.tickets.load_file(file.kept) == FORM
    await school.store.lives.prune(school.clock() + timedelta(days=31))
    assert await school.store.tickets.load_file(file.kept) is None
    await teacher.opens(address)
    assert teacher.status == 404


async def test_a_file_is_refused_by_kind_size_and_count_and_never_with_a_note(school: School) -> None:
    number = await open_ticket(school)
    teacher = await school.let_in()
    for name, content, more in (
        ("a.html", b"<script>", {}),
        ("a.pdf", b"", {}),
        ("a.pdf", b"x" * (MOST_FILE + 1), {}),
        ("a.pdf", FORM, {"kind": "note"}),
        ("身份证11010519491231002X.pdf", FORM, {}),
    ):
        await answer_with_file(teacher, number, name, content, **more)
        assert teacher.status == 422, name
        assert "请填好带来。" in teacher.html
    for _ in range(MOST_FILES + 1):
        await answer_with_file(teacher, number, "a.pdf", FORM)
    assert teacher.status == 422
    assert len(await school.store.tickets.files(number)) == MOST_FILES
    other = await open_ticket(school, "502")
    kept = (await school.store.tickets.files(number))[0]
    await teacher.opens(f"/tickets/{other}/files/{kept.id}")
    assert teacher.status == 404  # of another ticket


async def test_a_file_of_the_graduate_is_there_until_the_ticket_closes(school: School) -> None:
    number = await open_ticket(school)
    sent = Incoming(STAFFED, "501", other="document", file=Sent("document", "id7", "证明.pdf", 9), update_id="f1")
    await school.service.receive(sent)
    await school.say("501", press="cmd|pass")
    teacher = await school.let_in()
    await teacher.opens(f"/tickets/{number}")
    assert "证明.pdf" in teacher.html
    assert [one.source for one in await school.store.tickets.files(number)] == ["id7"]
    await teacher.sends(f"/tickets/{number}", act="close")
    assert await school.store.tickets.files(number) == []


async def test_an_answer_of_the_faq_can_be_changed_before_it_goes(school: School) -> None:
    number = await open_ticket(school)
    teacher = await school.let_in()
    await teacher.opens(f"/tickets/{number}")
    topic = re.findall(r'<option value="([a-z0-9-]+)"', teacher.html)[0]
    await teacher.sends(f"/tickets/{number}", act="fill", topic=topic)
    assert re.findall(r"<textarea[^>]*>([^<]{10,})", teacher.html)
    assert [words.side for words in await school.store.tickets.words(number, 9)] == ["graduate"]


async def test_a_saved_answer_is_made_used_and_deleted(school: School) -> None:
    number = await open_ticket(school)
    teacher = await school.let_in()
    await teacher.opens("/saved")
    assert "存好了" in await teacher.sends("/saved", kind="常用", title="补照片", text="请带着身份证来办公室。")
    await teacher.sends("/saved", kind="模板", title="最后几天", text="只剩几天了。")
    await teacher.opens(f"/tickets/{number}")
    saved = next(one for one in await school.store.saved_texts.list(STAFFED, None, "answer"))
    await teacher.sends(f"/tickets/{number}", act="say", topic=saved.key)
    assert "请带着身份证来办公室。" in " ".join(await deliver_to_graduates(school))
    await teacher.opens("/saved")
    await teacher.sends("/saved", press=f"saved|drop|{saved.number}")
    assert [one.title for one in await school.store.saved_texts.list(STAFFED, None)] == ["最后几天"]
