"""One turn of one person, on a real database: order, repetition, errors, forgetting."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from bot.content.content import Content
from bot.content.loading import load
from bot.domain.messages import Answer, Capabilities, Incoming
from bot.service.turns import Service
from bot.store import Store
from tests.person import at
from tests.secrets import make_secrets

NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def content() -> Content:
    return load()


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Path:
    if backend != "sqlite":
        pytest.skip("looks into SQLite's file")
    return tmp_path / "gradbot.db"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def service(content: Content, store: Store) -> Service:
    return Service(content, store, lambda: NOON, channels={"test": Capabilities(at_machine=True)})


async def says(service: Service, text: str, user: str = "lin", update: str | None = None) -> Answer:
    return await service.receive(Incoming("test", user, text, update_id=update))


async def presses(service: Service, answer: Answer, words: str, user: str = "lin", update: str | None = None) -> Answer:
    found = [b.id for reply in answer.replies for row in reply.buttons for b in row if words in b.text]
    assert found, f"no button {words} under {answer.replies[-1]}"
    return await service.receive(Incoming("test", user, press=found[0], update_id=update))


@pytest.mark.parametrize("can_post", [True, False])
async def test_a_reminder_is_promised_only_where_it_can_be_sent(content: Content, store: Store, can_post: bool) -> None:
    service = Service(content, store, lambda: NOON, at("2013-12-05"), channels={"test": Capabilities(posts=can_post)})
    await says(service, "你好")
    for words in ("/start step-m2-site", "截止日期", "稍后继续"):
        answer = await says(service, words)
        buttons = [button.text for reply in answer.replies for row in reply.buttons for button in row]
        assert any("提醒" in text for text in buttons) is can_post
    assert ("日历文件" in str(await says(service, "提醒我"))) is not can_post


async def test_comes_back_after_a_restart_and_stands_where_she_was(content: Content, database_url: str) -> None:
    first = await Store.open(database_url)
    service = Service(content, first, lambda: NOON)
    answer = await presses(service, await says(service, "开始核对"), "专科")
    await first.close()
    second = await Store.open(database_url)
    again = await Service(content, second, lambda: NOON).receive(Incoming("test", "lin"))
    await second.close()
    assert again.step == answer.step == "m0-major"
    assert content.phrases.welcome_back in again.replies[0].text


async def test_the_same_update_twice_is_answered_alike_and_moves_once(service: Service, store: Store) -> None:
    start = await says(service, "开始核对", update="1")
    once = await presses(service, start, "专科", update="2")
    twice = await presses(service, start, "专科", update="2")
    assert once == twice
    events = (await store.export("test", "lin"))["step_events"]
    assert [event["step"] for event in events] == ["m0-who", "m0-major"]


async def test_an_update_from_before_the_last_turn_was_answered_then_and_is_silent_now(service: Service) -> None:
    await says(service, "要钱吗", update="1")
    last = await says(service, "截止到什么时候", update="2")
    assert (await says(service, "要钱吗", update="1")).replies == ()
    assert await says(service, "截止到什么时候", update="2") == last


async def test_a_double_tap_moves_once(service: Service) -> None:
    start = await says(service, "开始核对")
    taps = await asyncio.gather(*(presses(service, start, "专科") for _ in range(4)))
    assert {tap.step for tap in taps} == {"m0-major"}
    stale = [tap for tap in taps if service.content.phrases.stale in tap.replies[0].text]
    assert len(stale) == 3


async def test_two_people_do_not_wait_for_each_other_nor_mix(service: Service) -> None:
    names = [f"p{n}" for n in range(20)]
    starts = await asyncio.gather(*(says(service, "开始核对", name) for name in names))
    majors = ["会计电算化", "市场营销"]
    for n, name in enumerate(names):
        await says(service, majors[n % 2], name)
    assert len({start.step for start in starts}) == 1
    for n, name in enumerate(names):
        told = (await says(service, "我的进度", name)).replies[-1].text
        assert "第3/29步" in told, (n, told)


async def test_forgets_at_once_and_says_what(service: Service, store: Store, database: Path) -> None:
    await presses(service, await says(service, "开始核对", update="1"), "专科", update="2")
    await says(service, "会计电算化", update="3")
    gone = await says(service, "忘记我", update="4")
    assert "3条" in gone.replies[0].text
    assert await store.export("test", "lin") == {}
    repeated = await says(service, "忘记我", update="4")
    assert repeated.replies[0].text == service.content.phrases.forgotten_before
    assert "会计电算化".encode() not in database.read_bytes()
    fresh = await says(service, "你好")
    assert fresh.state == "new"


async def test_exports_everything_that_is_kept(service: Service) -> None:
    await says(service, "开始核对")
    answer = await says(service, "导出我的数据")
    file = answer.replies[-1].attachment
    assert file
    kept = json.loads(file.content)
    assert kept["people"][0]["session"]["walks"]["2014-autumn"]["step"] == "m0-who"
    assert [event["step"] for event in kept["step_events"]] == ["m0-who"]
    assert "0550-3055417" in kept["card"][0]


async def test_thousand_secrets_reach_neither_database_nor_log_nor_export(
    service: Service, store: Store, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    secrets = make_secrets(1000, seed=13)
    await says(service, "开始核对")
    for n in range(0, len(secrets), 8):
        some = secrets[n : n + 8]
        answer = await says(service, "\n".join(secret.sentence for secret in some), update=str(n))
        assert answer.withdraw, some
        assert not any(secret.secret in reply.text for reply in answer.replies for secret in some), some
    answer = await says(service, "导出我的数据")
    exported = answer.replies[-1].attachment.content if answer.replies[-1].attachment else ""
    files = b"".join(path.read_bytes() for path in database.parent.iterdir()).decode(errors="replace")
    files = files.replace(service.content.revision, "")  # a hash of the content, which may hold any four digits
    logged = "".join(capsys.readouterr())
    structlog.reset_defaults()
    for secret in secrets:
        for place in (files, logged, exported):
            assert secret.secret not in place, secret
    assert exported


async def test_an_unanswered_question_is_kept_masked(service: Service, database: Path) -> None:
    await says(service, "学生证丢了去哪补")
    with sqlite3.connect(database) as raw:
        rows = raw.execute("select question from misses").fetchall()
    raw.close()
    assert rows == [("学生证丢了去哪补",)]


async def test_a_bug_is_said_kindly_and_logged_without_words(
    content: Content, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service(content, store, lambda: NOON)
    await says(service, "开始核对")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("红烧肉")

    monkeypatch.setattr("bot.service.turns.decide", broken)
    answer = await says(service, "红烧肉", update="9")
    assert answer.replies[0].text == content.phrases.trouble_of_ours
    logged = "".join(capsys.readouterr())
    assert "turn_failed" in logged
    assert "RuntimeError" in logged
    assert "红烧肉" not in logged


async def test_a_store_in_trouble_is_told_in_words(content: Content, store: Store, database: Path) -> None:
    service = Service(content, store, lambda: NOON, channels={"test": Capabilities(at_machine=True)})
    await says(service, "开始核对")
    await store.close()
    database.write_bytes(b"this is no database, and it is long enough to be read as one" * 100)
    answer = await says(service, "1")
    assert answer.replies[0].text == content.phrases.store_trouble["not_a_database"]


async def test_a_graduate_on_telegram_is_not_told_to_mend_the_database(
    content: Content, store: Store, database: Path
) -> None:
    service = Service(content, store, lambda: NOON, channels={"test": Capabilities(posts=True)})
    await store.close()
    database.write_bytes(b"this is no database, and it is long enough to be read as one" * 100)
    answer = await says(service, "1")
    assert answer.replies[0].text == content.phrases.trouble_of_ours


@pytest.mark.parametrize("broken", ['{"walks": 3}', "{", "[]", '{"walks": {"2014-autumn": 1}}'])
async def test_an_unreadable_session_is_kept_beside_the_new_one_and_that_is_said(
    content: Content, service: Service, store: Store, database: Path, broken: str
) -> None:
    await says(service, "开始核对")
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("update people set session = ?", (broken,))
        raw.commit()
    answer = await says(service, "菜单")
    assert answer.state == "new"
    assert answer.replies[0].text == content.phrases.session_broken
    assert content.phrases.session_broken not in (await says(service, "菜单")).replies[0].text
    (kept,) = (await store.export("test", "lin"))["broken_sessions"]
    assert kept["session"] in (broken, json.loads(broken) if broken != "{" else broken)
    assert content.phrases.pick_notice not in answer.replies[-1].text


async def test_who_blocks_the_bot_is_out_of_reach_until_they_write_again(service: Service, store: Store) -> None:
    async def reachable() -> object:
        return (await store.export("test", "lin"))["people"][0]["reachable"]

    await says(service, "开始核对")
    assert await reachable()
    assert await service.receive(Incoming("test", "lin", other="left")) == Answer(())
    assert not await reachable()
    await service.receive(Incoming("test", "lin", other="returned"))
    assert await reachable()
    await service.receive(Incoming("test", "lin", other="left"))
    await says(service, "菜单")
    assert await reachable()
    await service.receive(Incoming("test", "nobody", other="left"))
    assert await store.export("test", "nobody") == {}


async def test_rehearses_another_day_with_a_banner(content: Content, store: Store) -> None:
    service = Service(content, store, lambda: NOON, today=at("2014-03-19"))
    answer = await says(service, "截止日期")
    assert answer.replies[0].text.startswith("〔演练：按2014年3月19日")
    assert "还有1天" in answer.replies[-1].text
