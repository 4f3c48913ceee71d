"""Roles: invitations that work once, removal at once, an audit of every act, nothing for graduates to notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversation.decide import decide
from bot.domain.messages import Incoming, Reply
from bot.store import Store
from bot.tickets.graduate import Case
from bot.tickets.roles import INVITATION_HOURS, parse_request
from tests.conftest import shipped
from tests.person import buttons
from tests.tickets.staff_chat import OWNER, Chats, at_noon, join_texts

WORDS = shipped().phrases.staff


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Path:
    if backend != "sqlite":
        pytest.skip("looks into SQLite's file")
    return tmp_path / "gradbot.db"


@pytest.fixture
async def chats(database_url: str) -> AsyncIterator[Chats]:
    store = await Store.open(database_url)
    yield Chats(shipped(), store, at_noon())
    await store.close()


async def invite(chats: Chats, what: str = "staff 王老师", by: str = OWNER) -> str:
    """Create an invitation and return its start payload."""
    answer = await chats.say(f"/invite {what}", user=by)
    link = answer.replies[0].link
    assert link, join_texts(answer)
    return link


async def join(chats: Chats, user: str, what: str = "staff") -> None:
    await chats.say(f"/start {await invite(chats, what)}", user=user)


async def list_acts(chats: Chats) -> list[tuple[str, str]]:
    async with chats.store._reader.connect() as connection:
        rows = await connection.exec_driver_sql("SELECT who, act FROM audit ORDER BY id")
        return [(str(row["who"]), str(row["act"])) for row in rows.mappings()]


async def test_an_invitation_works_once(chats: Chats) -> None:
    link = await invite(chats)
    assert "工作人员" in join_texts(await chats.say(f"/start {link}", user="7"))
    stranger = await chats.say(f"/start {link}", user="8")
    assert WORDS.joined.split("{")[0] not in join_texts(stranger)
    assert (await chats.store.load_known("test", "7", None)).role == "staff"
    assert (await chats.store.load_known("test", "8", None)).role is None
    assert await list_acts(chats) == [(OWNER, "invite"), ("7", "join")]
    assert [(post.user, post.commands) for post in chats.posts if post.commands] == [("7", "staff")]


async def test_two_with_one_link_at_once(chats: Chats) -> None:
    link = await invite(chats)
    await asyncio.gather(
        *[chats.service.receive(Incoming("test", who, f"/start {link}", update_id=who)) for who in ("7", "8", "9")]
    )
    assert len(await chats.store.roles.members("test")) == 1


async def test_an_invitation_expires(chats: Chats) -> None:
    link = await invite(chats)
    chats.now += timedelta(hours=INVITATION_HOURS, minutes=1)
    await chats.say(f"/start {link}", user="7")
    assert (await chats.store.load_known("test", "7", None)).role is None


async def test_the_token_is_nowhere(chats: Chats, database: Path) -> None:
    answer = await chats.say("/invite staff", user=OWNER, update="i1")
    token = (answer.replies[0].link or "").removeprefix("join-")
    assert len(token) >= 30
    again = await chats.say("/invite staff", user=OWNER, update="i1")
    assert join_texts(again) == WORDS.invitation_again
    kept = b"".join(path.read_bytes() for path in database.parent.glob("gradbot.db*"))
    assert token.encode() not in kept
    assert await list_acts(chats) == [(OWNER, "invite")]


async def test_whoever_is_removed_loses_it_at_once(chats: Chats) -> None:
    await join(chats, "7")
    await chats.say("学生证丢了去哪补")
    await chats.press("cmd|desk")
    take = chats.find_button("接手")
    await chats.act_as_staff(press=take, user="7", thread="500")
    listed = await chats.say("/staff", user=OWNER)
    assert "7" in join_texts(listed)
    answer = await chats.press(buttons(listed.replies)[0].id, user=OWNER)
    assert "已移除" in answer.replies[0].text
    assert chats.texts_to("7").count(WORDS.removed_told) == 1
    assert shipped().phrases.desk.not_staff in join_texts(await chats.act_as_staff("我还在", user="7", thread="500"))
    found = await chats.store.tickets.find(number=take.split("|")[1])
    assert found
    assert (found.ticket.state, found.ticket.taken_by) == ("open", None)
    assert (OWNER, "remove") in await list_acts(chats)
    assert ("7", "graduate") in [(post.user, post.commands) for post in chats.posts]


@pytest.mark.parametrize(
    "words", ["/staff", "/invite staff", "/invite admin 我", "/tickets", "/start join-" + "a" * 32]
)
async def test_graduates_notice_nothing(chats: Chats, words: str) -> None:
    await join(chats, "7", "staff 王老师")
    assert (await chats.say(words, user="lin")).replies == reply_to_stranger(chats, words)
    await chats.press("staff|remove|7", user="lin")
    assert (await chats.store.load_known("test", "7", None)).role == "staff"
    assert await list_acts(chats) == [(OWNER, "invite"), ("7", "join")]


async def test_staff_answer_but_do_not_invite(chats: Chats) -> None:
    await join(chats, "7")
    assert "等着" in join_texts(await chats.say("/tickets", user="7"))
    for words in ("/staff", "/invite staff"):
        assert WORDS.how_to_invite not in join_texts(await chats.say(words, user="7"))
    assert await list_acts(chats) == [(OWNER, "invite"), ("7", "join")]


async def test_admins_invite_and_remove_only_those_below(chats: Chats) -> None:
    await join(chats, "7", "admin")
    await join(chats, "8", "admin")
    await join(chats, "9", "staff")
    await chats.say(f"/start {await invite(chats, 'staff', by='7')}", user="10")
    listed = await chats.say("/staff", user="7")
    assert {b.id for b in buttons(listed.replies)} == {"staff|remove|9", "staff|remove|10"}
    for forged in ("8", "7"):
        assert join_texts(await chats.press(f"staff|remove|{forged}", user="7")) == WORDS.may_not_remove
    await chats.press("staff|remove|8", user=OWNER)
    assert {m.user for m in await chats.store.roles.members("test")} == {"7", "9", "10"}


async def test_tokens_that_are_guessed_open_nothing_and_are_nowhere(
    chats: Chats, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = await invite(chats)
    for number in range(100):
        guess = f"join-guessed-{number:020}"
        assert (await chats.say(f"/start {guess}", user="lin")).replies
    await chats.say(f"/start {link[:-1]}{'A' if link[-1] != 'A' else 'B'}", user="lin")
    assert await chats.store.roles.members("test") == []
    assert await list_acts(chats) == [(OWNER, "invite")]
    kept = b"".join(path.read_bytes() for path in database.parent.iterdir())
    assert b"guessed" not in kept
    assert "".join(capsys.readouterr()) == ""
    assert "工作人员" in join_texts(await chats.say(f"/start {link}", user="7"))


async def test_a_number_in_a_label_is_masked(chats: Chats, database: Path) -> None:
    await join(chats, "7", "staff 王老师13812345678")
    assert b"13812345678" not in b"".join(path.read_bytes() for path in database.parent.iterdir())
    (member,) = await chats.store.roles.members("test")
    assert member.label.startswith("王老师")


@pytest.mark.parametrize(
    "press",
    [
        "staff|remove|1",
        "staff|remove|７",
        "staff|remove|" + "9" * 19,
        "staff|add|lin",
        "desk|BCDFG|close",
        "desk|bcdfg|take",
        "desk|BCDFG|say|deadline",
        "cmd|staff",
        "cmd|invite",
        "cmd|tickets",
        "2|archive-check|m0-who|0|yes",
        "1|archive-check|m10-done|0|jump|x",
        "1|archive-check|m3-account|9999999|done",
        "faq|../../etc",
        "\0",
        "｜" * 21,
        "",
    ],
)
async def test_forged_data_changes_nothing_for_anybody(chats: Chats, press: str) -> None:
    await join(chats, "7")
    await chats.say("开始核对")
    before, session = await list_acts(chats), await chats.store.load("test", "lin")
    for user in ("lin", "7"):
        assert (await chats.press(press, user=user)).replies
    assert await list_acts(chats) == before
    assert await chats.store.load("test", "lin") == session
    assert [m.user for m in await chats.store.roles.members("test")] == ["7"]
    assert await chats.store.tickets.pending() == []


async def test_an_old_button_of_somebody_who_was_removed_does_nothing(chats: Chats) -> None:
    await join(chats, "7", "admin")
    await chats.say("/desk")
    take = chats.find_button("接手")
    await join(chats, "8")
    await chats.press("staff|remove|7", user=OWNER)
    before = await list_acts(chats)
    await chats.press("staff|remove|8", user="7")
    assert shipped().phrases.desk.not_staff in join_texts(await chats.act_as_staff(press=take, user="7", thread="500"))
    assert await list_acts(chats) == before
    assert (await chats.store.load_known("test", "8", None)).role == "staff"
    assert [ticket.state for ticket in await chats.store.tickets.pending()] == ["open"]


async def test_a_link_never_lowers_anybody(chats: Chats) -> None:
    link = await invite(chats)
    assert "所有者" in join_texts(await chats.say(f"/start {link}", user=OWNER))
    await join(chats, "7", "admin")
    await chats.say(f"/start {link}", user="7")
    assert (await chats.store.load_known("test", "7", None)).role == "admin"
    await chats.say(f"/start {link}", user="8")
    assert (await chats.store.load_known("test", "8", None)).role == "staff"


async def test_how_to_invite(chats: Chats) -> None:
    for words in ("/invite", "/invite boss", "/invite staff " + "名" * 40):
        assert join_texts(await chats.say(words, user=OWNER)) == WORDS.how_to_invite
    assert join_texts(await chats.say("/staff", user=OWNER)) == WORDS.nobody


@pytest.mark.parametrize("text", ["staff", "/staffs", "/start join-short", "invite staff", "/start faq-deadline", ""])
def test_ordinary_words_are_no_act(text: str) -> None:
    assert parse_request(Incoming("test", "lin", text)) is None


def reply_to_stranger(chats: Chats, words: str) -> tuple[Reply, ...]:
    """Return the reply of the conversation to somebody new; it knows no roles."""
    return decide(chats.content, None, Incoming("test", "x", words), chats.now, case=Case(None, "")).replies


async def test_owners_hear_of_every_invitation_that_is_used_and_can_undo_it(chats: Chats) -> None:
    await join(chats, "7", "admin 李老师")
    await chats.say(f"/start {await invite(chats, 'staff 张老师', by='7')}", user="8")
    (*_, news) = [post.reply for post in chats.posts if post.user == OWNER and post.reply]
    assert "张老师（8）用邀请链接成了工作人员，邀请的人：李老师" in news.text
    listed = join_texts(await chats.say("/staff", user=OWNER))
    assert "张老师 8 · 工作人员" in listed
    assert "李老师邀请" in listed
    assert "所有者 1邀请" in listed
    await chats.press(news.buttons[0][0].id, user=OWNER)
    assert [member.user for member in await chats.store.roles.members("test")] == ["7"]


async def test_with_somebody_go_those_whom_they_let_in(chats: Chats) -> None:
    await join(chats, "7", "admin")
    await chats.say(f"/start {await invite(chats, 'admin 二', by='7')}", user="8")
    await chats.say(f"/start {await invite(chats, 'staff 三', by='8')}", user="9")
    await join(chats, "10")
    removed = await chats.press("staff|remove|7", user=OWNER)
    assert "他还邀请过：二、三" in join_texts(removed)
    await chats.press(next(b.id for b in buttons(removed.replies) if "2 人" in b.text), user="10")
    assert len(await chats.store.roles.members("test")) == 3, "staff cannot"
    await chats.press("staff|branch|7", user=OWNER)
    assert [member.user for member in await chats.store.roles.members("test")] == ["10"]


async def test_a_role_ends_at_the_end_of_its_last_day(chats: Chats) -> None:
    assert "已经过去" in join_texts(await chats.say("/invite staff until 2013-12-04", user=OWNER))
    for wrong in ("until 2013-13-40", "王 until soon"):
        assert not (await chats.say(f"/invite staff {wrong}", user=OWNER)).replies[0].link
    await join(chats, "7", "staff 王老师 until 2013-12-06")
    assert "王老师 7 · 工作人员 · 2013-12-05起，到2013-12-06" in join_texts(await chats.say("/staff", user=OWNER))
    chats.now = chats.now.replace(day=6, hour=23, minute=59)
    assert "等着" in join_texts(await chats.say("/tickets", user="7"))
    chats.now += timedelta(minutes=2)
    assert "等着" not in join_texts(await chats.say("/tickets", user="7"))
    assert "王老师" not in join_texts(await chats.say("/staff", user=OWNER))
    await chats.service.end_roles()
    assert await chats.store.roles.members("test") == []
    assert (OWNER, "role-end") in await list_acts(chats)


async def test_the_audit_says_who_did_what_when_also_as_a_table(chats: Chats) -> None:
    await join(chats, "7", "staff 王老师")
    shown = (await chats.say("/audit", user=OWNER)).replies[0]
    assert "2013-12-05 12:00:00 · 王老师 · 加入 · staff" in shown.text
    assert shown.attachment
    head, first, *_ = shown.attachment.content.splitlines()
    assert head == "\ufeff时间,谁,做了什么,关于"
    assert first.split(",")[1:3] == ["王老师", "join"]
    assert "加入" not in join_texts(await chats.say("/audit", user="7"))


async def test_whoever_reads_tickets_without_a_role_is_named_to_the_owners_once(chats: Chats) -> None:
    await join(chats, "7")
    await chats.act_as_staff("7 王老师\n8 路人", other="arrived")
    for _ in range(2):
        await chats.act_as_staff("大家好", user="9")
        await chats.act_as_staff("大家好", user="7")
    told = [
        post.reply.text for post in chats.posts if post.user == OWNER and post.reply and "工作群" in post.reply.text
    ]
    assert [text.split("）")[0] for text in told] == ["路人（8", "9（9"]


async def test_staff_have_their_own_help_and_type_in_chinese(chats: Chats) -> None:
    await join(chats, "7")
    assert "群发：写一条" in join_texts(await chats.say("/help", user="7"))
    assert "/invite" not in join_texts(await chats.say("/help", user="7"))
    assert "/invite" in join_texts(await chats.say("/help", user=OWNER))
    assert shipped().phrases.desk.none_open in join_texts(await chats.say("工单", user="7"))
    assert shipped().phrases.desk.none_open not in join_texts(await chats.say("工单"))
