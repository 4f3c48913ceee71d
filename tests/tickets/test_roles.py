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
from tests.tickets.staff_chat import OWNER, Room, at_noon, texts

WORDS = shipped().phrases.staff


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "gradbot.db"


@pytest.fixture
async def room(database: Path) -> AsyncIterator[Room]:
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    yield Room(shipped(), store, at_noon())
    await store.close()


async def invited(room: Room, what: str = "staff 王老师", by: str = OWNER) -> str:
    """The start payload of a new invitation."""
    answer = await room.says(f"/invite {what}", user=by)
    link = answer.replies[0].link
    assert link, texts(answer)
    return link


async def joins(room: Room, user: str, what: str = "staff") -> None:
    await room.says(f"/start {await invited(room, what)}", user=user)


async def acts(room: Room) -> list[tuple[str, str]]:
    async with room.store._reader.connect() as connection:
        rows = await connection.exec_driver_sql("SELECT who, act FROM audit ORDER BY id")
        return [(str(row["who"]), str(row["act"])) for row in rows.mappings()]


async def test_an_invitation_works_once(room: Room) -> None:
    link = await invited(room)
    assert "工作人员" in texts(await room.says(f"/start {link}", user="7"))
    stranger = await room.says(f"/start {link}", user="8")
    assert WORDS.joined.split("{")[0] not in texts(stranger)
    assert (await room.store.load_known("test", "7", None)).role == "staff"
    assert (await room.store.load_known("test", "8", None)).role is None
    assert await acts(room) == [(OWNER, "invite"), ("7", "join")]
    assert [(post.user, post.commands) for post in room.posts] == [("7", "staff")]


async def test_two_with_one_link_at_once(room: Room) -> None:
    link = await invited(room)
    await asyncio.gather(
        *[room.service.receive(Incoming("test", who, f"/start {link}", update_id=who)) for who in ("7", "8", "9")]
    )
    assert len(await room.store.roles.members("test")) == 1


async def test_an_invitation_expires(room: Room) -> None:
    link = await invited(room)
    room.now += timedelta(hours=INVITATION_HOURS, minutes=1)
    await room.says(f"/start {link}", user="7")
    assert (await room.store.load_known("test", "7", None)).role is None


async def test_the_token_is_nowhere(room: Room, database: Path) -> None:
    answer = await room.says("/invite staff", user=OWNER, update="i1")
    token = (answer.replies[0].link or "").removeprefix("join-")
    assert len(token) >= 30
    again = await room.says("/invite staff", user=OWNER, update="i1")
    assert texts(again) == WORDS.invitation_again
    kept = b"".join(path.read_bytes() for path in database.parent.glob("gradbot.db*"))
    assert token.encode() not in kept
    assert await acts(room) == [(OWNER, "invite")]


async def test_whoever_is_removed_loses_it_at_once(room: Room) -> None:
    await joins(room, "7")
    for words in ("阿斯顿发", "去玩儿推", "自行车吧"):
        await room.says(words)
    take = room.button("接手")
    await room.staff(press=take, user="7", thread="500")
    listed = await room.says("/staff", user=OWNER)
    assert "7" in texts(listed)
    answer = await room.presses(buttons(listed.replies)[0].id, user=OWNER)
    assert "已移除" in answer.replies[0].text
    assert shipped().phrases.desk.not_staff in texts(await room.staff("我还在", user="7", thread="500"))
    found = await room.store.desk.find(number=take.split("|")[1])
    assert found
    assert (found.ticket.state, found.ticket.taken_by) == ("open", None)
    assert (OWNER, "remove") in await acts(room)
    assert ("7", "graduate") in [(post.user, post.commands) for post in room.posts]


@pytest.mark.parametrize(
    "words", ["/staff", "/invite staff", "/invite admin 我", "/tickets", "/start join-" + "a" * 32]
)
async def test_graduates_notice_nothing(room: Room, words: str) -> None:
    await joins(room, "7", "staff 王老师")
    assert (await room.says(words, user="lin")).replies == unaware(room, words)
    await room.presses("staff|remove|7", user="lin")
    assert (await room.store.load_known("test", "7", None)).role == "staff"
    assert await acts(room) == [(OWNER, "invite"), ("7", "join")]


async def test_staff_answer_but_do_not_invite(room: Room) -> None:
    await joins(room, "7")
    assert "等着" in texts(await room.says("/tickets", user="7"))
    for words in ("/staff", "/invite staff"):
        assert WORDS.how_to_invite not in texts(await room.says(words, user="7"))
    assert await acts(room) == [(OWNER, "invite"), ("7", "join")]


async def test_admins_invite_and_remove_only_those_below(room: Room) -> None:
    await joins(room, "7", "admin")
    await joins(room, "8", "admin")
    await joins(room, "9", "staff")
    await room.says(f"/start {await invited(room, 'staff', by='7')}", user="10")
    listed = await room.says("/staff", user="7")
    assert {b.id for b in buttons(listed.replies)} == {"staff|remove|9", "staff|remove|10"}
    for forged in ("8", "7"):
        assert texts(await room.presses(f"staff|remove|{forged}", user="7")) == WORDS.may_not_remove
    await room.presses("staff|remove|8", user=OWNER)
    assert {m.user for m in await room.store.roles.members("test")} == {"7", "9", "10"}


async def test_tokens_that_are_guessed_open_nothing_and_are_nowhere(
    room: Room, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = await invited(room)
    for number in range(100):
        guess = f"join-guessed-{number:020}"
        assert (await room.says(f"/start {guess}", user="lin")).replies
    await room.says(f"/start {link[:-1]}{'A' if link[-1] != 'A' else 'B'}", user="lin")
    assert await room.store.roles.members("test") == []
    assert await acts(room) == [(OWNER, "invite")]
    kept = b"".join(path.read_bytes() for path in database.parent.iterdir())
    assert b"guessed" not in kept
    assert "".join(capsys.readouterr()) == ""
    assert "工作人员" in texts(await room.says(f"/start {link}", user="7"))


async def test_a_number_in_a_label_is_masked(room: Room, database: Path) -> None:
    await joins(room, "7", "staff 王老师13812345678")
    assert b"13812345678" not in b"".join(path.read_bytes() for path in database.parent.iterdir())
    (member,) = await room.store.roles.members("test")
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
async def test_forged_data_changes_nothing_for_anybody(room: Room, press: str) -> None:
    await joins(room, "7")
    await room.says("开始核对")
    before, session = await acts(room), await room.store.load("test", "lin")
    for user in ("lin", "7"):
        assert (await room.presses(press, user=user)).replies
    assert await acts(room) == before
    assert await room.store.load("test", "lin") == session
    assert [m.user for m in await room.store.roles.members("test")] == ["7"]
    assert await room.store.desk.pending("test") == []


async def test_an_old_button_of_somebody_who_was_removed_does_nothing(room: Room) -> None:
    await joins(room, "7", "admin")
    await room.says("/desk")
    take = room.button("接手")
    await joins(room, "8")
    await room.presses("staff|remove|7", user=OWNER)
    before = await acts(room)
    await room.presses("staff|remove|8", user="7")
    assert shipped().phrases.desk.not_staff in texts(await room.staff(press=take, user="7", thread="500"))
    assert await acts(room) == before
    assert (await room.store.load_known("test", "8", None)).role == "staff"
    assert [ticket.state for ticket in await room.store.desk.pending("test")] == ["open"]


async def test_a_link_never_lowers_anybody(room: Room) -> None:
    link = await invited(room)
    assert "所有者" in texts(await room.says(f"/start {link}", user=OWNER))
    await joins(room, "7", "admin")
    await room.says(f"/start {link}", user="7")
    assert (await room.store.load_known("test", "7", None)).role == "admin"
    await room.says(f"/start {link}", user="8")
    assert (await room.store.load_known("test", "8", None)).role == "staff"


async def test_how_to_invite(room: Room) -> None:
    for words in ("/invite", "/invite boss", "/invite staff " + "名" * 40):
        assert texts(await room.says(words, user=OWNER)) == WORDS.how_to_invite
    assert texts(await room.says("/staff", user=OWNER)) == WORDS.nobody


@pytest.mark.parametrize("text", ["staff", "/staffs", "/start join-short", "invite staff", "/start faq-deadline", ""])
def test_ordinary_words_are_no_act(text: str) -> None:
    assert parse_request(Incoming("test", "lin", text)) is None


def unaware(room: Room, words: str) -> tuple[Reply, ...]:
    """What the conversation says to somebody new, which has never heard of roles."""
    return decide(room.content, None, Incoming("test", "x", words), room.now, case=Case(None, "")).replies
