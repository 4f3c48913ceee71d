"""What nobody could answer becomes something the bot knows, by a tap; and can be taken back."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.content import SHIPPED
from bot.effects import Voted
from bot.inbox import flagged, groups
from tests.bot.newsroom import Newsroom, said
from tests.test_command_line import environment

AT = datetime(2013, 12, 5, tzinfo=UTC)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    opened = await Newsroom.open(tmp_path / "gradbot.db")
    for n, question in enumerate(["你们食堂的红烧肉几点开始卖", "食堂红烧肉几点开始卖呀", "操场几点关灯"]):
        await opened.says("你好", f"p{n}")
        await opened.says(question, f"p{n}")
    yield opened
    await opened.close()


def test_the_same_question_is_one_group_the_most_asked_first() -> None:
    asked = [(1, AT, "操场几点关灯", ("a",)), (2, AT, "红烧肉几点卖", ("b",)), (3, AT, "红烧肉几点卖呀？", ("b", "c"))]
    first, second = groups(asked)
    assert first.numbers == [2, 3]
    assert first.topics == ["b", "c"]
    assert second.lines == ["操场几点关灯"]


def test_an_answer_that_too_few_found_helpful_is_flagged() -> None:
    assert flagged({"a": (11, 20), "b": (12, 20), "c": (0, 19), "d": (1, 20)}) == ["d", "a"]


async def test_a_tap_makes_it_a_phrasing_and_another_takes_it_back(room: Newsroom) -> None:
    card = await room.says("/faq inbox")
    assert "问了 2 次" in said(card)
    told = await room.presses(card, "算作")
    assert "加了问法：" in said(told), said(told)
    assert "红烧肉" not in said(await room.says("/faq inbox"))
    number, files = await room.knowledge.in_force()
    assert number == 2
    own = {f"faq/{f.name}": f.read_text("utf-8") for f in SHIPPED["faq"].glob("*.yaml")}
    changed = [name for name, text in files.items() if text != own[name]]
    assert len(changed) == 1
    more = set(files[changed[0]].splitlines()) - set(own[changed[0]].splitlines())
    assert len(more) == 1
    assert files[changed[0]].replace(f"{more.pop()}\n", "") == own[changed[0]]
    await room.presses(told, "撤销")
    assert "红烧肉" in said(await room.says("/faq inbox"))


async def test_ignored_is_gone_and_a_new_entry_comes_as_a_file(room: Newsroom) -> None:
    card = await room.says("/faq inbox")
    file = (await room.presses(card, "写新问答")).replies[0].attachment
    assert file
    assert "红烧肉" in file.content
    refused = said(await room.sends(file.name, file.content, "/faq"))
    assert "没有发布" in refused
    await room.presses(card, "忽略")
    assert "红烧肉" not in said(await room.says("/faq inbox"))


async def test_why_says_which_phrasing_and_mends_by_a_tap(room: Newsroom) -> None:
    told = await room.says("/faq why 食堂红烧肉几点开始卖呀")
    assert "没有一条合适的可能" in said(told)
    assert "最近的问法" in said(told)
    assert "加了问法：食堂红烧肉几点开始卖呀" in said(await room.presses(told, "算作"))


async def test_the_week_is_told(room: Newsroom) -> None:
    told = (await room.editor.digest.week(room.now + timedelta(days=1))).text
    assert "没答上来的问题 3 次，分成 2 组" in told


@pytest.mark.parametrize("after_s", [0.9, 1.4])
def test_a_kill_while_publishing_leaves_the_old_or_the_new(after_s: float, tmp_path: Path) -> None:
    text = (SHIPPED["faq"] / "diploma.yaml").read_text("utf-8")
    file, out = tmp_path / "diploma.yaml", tmp_path / "out"
    file.write_text(f"{text}# new\n", "utf-8")
    gradbot = [sys.executable, "-m", "bot", "faq"]
    child = subprocess.Popen([*gradbot, "publish", str(file)], env=environment(tmp_path), cwd=tmp_path)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(after_s)
    child.kill()
    child.wait()
    subprocess.run([*gradbot, "export", str(out)], env=environment(tmp_path), cwd=tmp_path, check=True)
    assert (out / "faq" / "diploma.yaml").read_text("utf-8") in (text, f"{text}# new\n")


async def test_votes_are_one_for_each_person_and_go_with_them(room: Newsroom) -> None:
    for helped in (True, False):
        effects = (Voted("deadline", "r1", helped, "没看懂"),)
        await room.store.save_turn(
            "test", "p0", session=None, events=(), update_id=None, turn=None, miss=None, at=AT, effects=effects
        )
    opinion = (await room.store.knowledge.opinions())["deadline"]
    assert (opinion.helped, opinion.of, opinion.reasons) == (0, 1, ("没看懂",))
    await room.says("忘记我", "p0")
    assert await room.store.knowledge.opinions() == {}
