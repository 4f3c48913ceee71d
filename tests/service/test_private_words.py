"""Private words reach no table of the real database file, wherever they are typed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.content.content import Content
from bot.domain.messages import Answer, Incoming
from bot.service.turns import Service
from bot.store import Store
from tests.admin.admin_area import OWNER, Newsroom
from tests.conftest import effort, shipped
from tests.secrets import make_secrets
from tests.tickets.staff_chat import Chats, at_noon

NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)
PRIVATE = (
    ("87654321", "食堂的红烧肉{}几点开始卖"),
    ("138 8888，6666", "食堂的红烧肉打{}订吗"),
    ("幺三八八八八八六六六六", "食堂订红烧肉打{}吗"),
    ("I38OO88OO66", "食堂订红烧肉打{}吗"),
    ("7654", "我学号{}食堂几点开"),
    ("E87654321", "护照{}能在食堂吃饭吗"),
    ("1307654", "考生号{}能去食堂吗"),
    ("7.6.5.4.3", "准考证号{}食堂几点开"),
    ("7654", "报名序号：{}食堂的红烧肉"),
    ("4321", "军官证{}食堂打折吗"),
    ("7654321", "QQ{}食堂的红烧肉"),
    ("wang_87", "加我微信{}食堂见"),
    ("欧阳小芳", "我叫{}，食堂几点开"),
    ("欧阳小芳", "姓名是{}，食堂几点开"),
    ("滁州市丰乐路", "住址是{}食堂旁边"),
    ("7654", "后四位{}食堂几点开"),
    ("65432X", "后六位{}食堂几点开"),
    ("Abc", "密码{}食堂几点开"),
    ("hunter", "password: {} 食堂"),
    ("张三@qq.com", "食堂红烧肉发到{}"),
    ("zhang at qq dot com", "食堂红烧肉发到 {}"),
    ("zhang艾特qq点com", "食堂红烧肉发到{}"),
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "gradbot.db"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite+aiosqlite:///{database}")
    yield opened
    await opened.close()


def read_tables(database: Path) -> dict[str, str]:
    """Return the rows of every table as one text each, by the table's name."""
    raw = sqlite3.connect(database)
    names = [name for (name,) in raw.execute("select name from sqlite_master where type = 'table'")]
    rows = {name: str(raw.execute(f'select * from "{name}"').fetchall()) for name in names}
    raw.close()
    return rows


def find_tables(database: Path, private: str) -> list[str]:
    """Return the names of the tables and files that hold this text."""
    files = {path.name: path.read_bytes().decode(errors="replace") for path in database.parent.glob("gradbot.db*")}
    return [name for name, text in (read_tables(database) | files).items() if private in text]


async def say(service: Service, text: str, number: int, **about: str) -> Answer:
    return await service.receive(Incoming("test", "lin", text, update_id=str(number), **about))  # type: ignore[arg-type]


def serve(content: Content, store: Store, desks: tuple[str, ...]) -> Service:
    return Service(content, store, lambda: NOON, desks=desks)


@pytest.mark.parametrize("desks", [(), ("test",)], ids=["alone", "with a desk"])
async def test_no_kind_of_private_words_reaches_a_table(store: Store, database: Path, desks: tuple[str, ...]) -> None:
    service = serve(shipped(), store, desks)  # nothing is delivered, so that the outbox keeps its rows
    await say(service, "开始核对", 0)
    for number, (private, sentence) in enumerate(PRIVATE, 1):
        await say(service, sentence.format(private), number)
    assert "食堂" in read_tables(database)["misses"]
    await service.receive(Incoming("test", "lin", press="cmd|desk", update_id="desk"))
    for number, (private, sentence) in enumerate(PRIVATE, 1000):  # to staff, where there are any
        await say(service, sentence.format(private), number)
    tables = read_tables(database)
    assert not desks or "食堂" in tables["outbox"]
    assert [(private, found) for private, _ in PRIVATE if (found := find_tables(database, private))] == []


async def test_thousands_of_private_sentences_leave_nothing(store: Store, database: Path) -> None:
    service, secrets = serve(shipped(), store, ("test",)), make_secrets(effort(300, 2000), seed=40)
    await say(service, "开始核对", 0)
    for number, secret in enumerate(secrets, 1):
        await say(service, secret.sentence, number)
    kept = "".join(read_tables(database).values())
    alone = [re.compile(rf"(?<![0-9A-Za-z]){re.escape(secret.secret)}(?![0-9A-Za-z])") for secret in secrets]
    # Not as a part of another word: four digits are in many a random number.
    assert [secret for secret, pattern in zip(secrets, alone, strict=True) if pattern.search(kept)] == []


@pytest.mark.parametrize("step", ["m4-code", "m4-enter"])
@pytest.mark.parametrize("code", ["3829", "382 910", "收到了38291047", "２０１３", "是三八二九一零吗"])
async def test_bare_digits_where_a_code_is_entered_are_withdrawn_and_not_kept(
    store: Store, database: Path, step: str, code: str
) -> None:
    service = serve(shipped(), store, ("test",))
    await say(service, f"/start step-{step}", 1)
    answer = await say(service, code, 2)
    assert answer.withdraw
    assert answer.step == step
    assert find_tables(database, code) == []
    assert not (await say(service, "等了10分钟还没来", 3)).withdraw
    await say(service, "/start step-m5-login", 4)
    assert not (await say(service, "3829", 5)).withdraw


@pytest.mark.parametrize("number", ["103571201306000123", "0876543", "８７６５４３"])
async def test_a_certificate_number_is_not_kept_with_the_answer_that_repeats_it(
    store: Store, database: Path, number: str
) -> None:
    service = serve(shipped(), store, ())
    await say(service, "/start step-p3-numbers", 1)
    answer = await say(service, f"证书编号{number}", 2)
    assert not answer.withdraw
    assert answer.step == "p3-numbers"
    for private in (number, number.lstrip("0"), "876543"):
        assert find_tables(database, private) == []
    again = await say(service, f"证书编号{number}", 2)
    assert len(again.replies) == len(answer.replies)


async def test_words_of_staff_are_masked_where_they_are_kept(database: Path, store: Store) -> None:
    chats = Chats(shipped(), store, at_noon())
    await chats.service.receive(Incoming("test", "1", "/invite staff 王7654321", update_id="1"))
    assert find_tables(database, "7654321") == []


async def test_what_an_admin_asks_why_about_is_kept_masked(tmp_path: Path, database: Path) -> None:
    newsroom = await Newsroom.open(database)
    await newsroom.says("/faq why 我学号7654的照片不对", OWNER)
    assert find_tables(database, "7654") == []
    await newsroom.close()
