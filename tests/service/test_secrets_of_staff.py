"""Secrets that people with a role type: warned of as anybody's, deleted, and in no table."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bot.admin.area import AdminArea
from bot.broadcast.area import BroadcastArea
from bot.domain.areas import StaffArea
from bot.domain.messages import Answer, Capabilities, Incoming, Sent
from bot.domain.privacy import Kind
from bot.domain.zone import local
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store
from tests.conftest import shipped
from tests.secrets import make_secrets
from tests.tickets.staff_chat import Chats, at_noon
from tests.tickets.test_tickets import open_by_misses

OWNER = "boss"
NOW = datetime(2013, 12, 11, 4, tzinfo=UTC)
FORBIDDEN = [secret for secret in make_secrets(140, seed=9) if secret.kind not in (Kind.MOBILE, Kind.MAIL)]
"""Kinds that staff may not write either."""


@dataclass
class Office:
    """An owner in a private chat with the bot, with all areas that there are."""

    service: Service
    folder: Path
    _updates: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def says(self, text: str, file: Sent | None = None) -> Answer:
        number = str(next(self._updates))
        kind = "document" if file else ""
        return await self.service.receive(Incoming("test", OWNER, text, other=kind, update_id=number, file=file))

    async def press(self, button: str) -> Answer:
        return await self.service.receive(Incoming("test", OWNER, press=button, update_id=str(next(self._updates))))

    def database(self) -> str:
        """The bytes of the database and of its log, as text."""
        return b"".join(path.read_bytes() for path in self.folder.glob("gradbot.db*")).decode("utf-8", "replace")


def _letters() -> Iterator[str]:
    return ("".join(letters) for letters in itertools.product("abcdefgh", repeat=8))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    # Ids of letters alone: among random digits a code of four stands by chance.
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}", new_member=partial(next, _letters()))
    knowledge = Knowledge(store, shipped(), 0, None, lambda: NOW)

    async def fetch(_: str) -> bytes:
        raise ConnectionError

    areas: list[StaffArea] = [
        AdminArea(knowledge, store, fetch, "test", [OWNER]),
        BroadcastArea(store, shipped, lambda: local(NOW, None), fetch),
    ]
    service = Service(
        shipped(),
        store,
        lambda: NOW,
        owners=[("test", OWNER)],
        channels={"test": Capabilities(posts=True)},
        areas=areas,
    )
    yield Office(service, tmp_path)
    await store.close()


def _text(answer: Answer) -> str:
    return "\n".join(reply.text for reply in answer.replies)


async def test_why_an_id_is_answered_so_is_not_asked(office: Office) -> None:
    answer = await office.says("/faq why 我的身份证号是341102199212121233")
    assert answer.withdraw
    assert "身份证号" in _text(answer)
    assert "没有保存" in _text(answer)
    assert "341102199212121233" not in _text(answer)
    assert "341102199212121233" not in office.database()


@pytest.mark.parametrize(
    "act", ["/faq why ", "/faq try ", "/staff ", "/invite staff ", "/stats 未核对 ", "/broadcast ", ""]
)
async def test_no_act_of_staff_takes_a_secret(office: Office, act: str) -> None:
    for secret in FORBIDDEN:
        answer = await office.says(act + secret.sentence)
        assert answer.withdraw, secret
        assert secret.secret not in _text(answer)
    kept = office.database()
    assert [secret.secret for secret in FORBIDDEN if secret.secret in kept] == []


async def test_the_text_of_a_broadcast_may_name_a_phone_and_no_password(office: Office) -> None:
    await office.press("bc|0|new")
    secret = next(secret for secret in FORBIDDEN if secret.kind is Kind.PASSWORD)
    assert (await office.says(secret.sentence)).withdraw
    assert secret.secret not in office.database()
    answer = await office.says("请打王老师13812345678，或写信到 office@school.edu.cn")
    assert not answer.withdraw
    assert "13812345678" in office.database()


async def test_the_caption_of_a_file_is_looked_at_too(office: Office) -> None:
    answer = await office.says("/faq 密码是Abc12345", Sent("document", "1", "canteen.yaml", 10))
    assert answer.withdraw
    assert "Abc12345" not in office.database()


async def test_an_invitation_is_no_secret(office: Office) -> None:
    invitation = (await office.says("/invite staff 王老师")).replies[0]
    assert invitation.link


@pytest.fixture
async def chats(tmp_path: Path) -> AsyncIterator[Chats]:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}")
    yield Chats(shipped(), store, at_noon())
    await store.close()


@pytest.mark.parametrize("before", ["", "// "])
async def test_in_the_staff_chat_a_secret_is_deleted_and_a_phone_is_not(chats: Chats, before: str) -> None:
    await open_by_misses(chats)
    thread = next(iter(chats._threads.values()))
    answer = await chats.act_as_staff(f"{before}身份证341102199212121233不对", thread=thread)
    assert answer.withdraw
    assert "身份证号" in _text(answer)
    answer = await chats.act_as_staff(f"{before}请打13812345678", thread=thread)
    assert not answer.withdraw
    if not before:
        assert "第1行第3个字起的手机号" in _text(answer)
        answer = await chats.act_as_staff("请打13812345678", thread=thread)
    assert answer.replies == ()


async def test_a_strange_link_reaches_a_graduate_when_two_say_it(chats: Chats) -> None:
    await open_by_misses(chats)
    link = (await chats.say("/invite staff 王老师", user="1")).replies[0].link
    await chats.say(f"/start {link}", user="7")
    thread, words = next(iter(chats._threads.values())), "请点 https://chsi-login.top/x 核对"

    def arrived() -> bool:
        return any(post.reply and post.reply.text.startswith("老师回复") for post in chats.posts)

    for _ in range(2):
        assert "另一位工作人员" in _text(await chats.act_as_staff(words, thread=thread))
    assert not arrived()
    assert (await chats.act_as_staff(words, thread=thread, user="7")).replies == ()
    assert arrived()


async def test_a_secret_in_the_name_of_a_file_is_refused_and_kept_nowhere(office: Office) -> None:
    answer = await office.says("", Sent("document", "1", "11010519491231002X.yaml"))
    assert answer.withdraw
    assert "第2行第1个字起的身份证号" in _text(answer)
    assert "19491231" not in office.database()
