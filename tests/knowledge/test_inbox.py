"""What nobody could answer becomes something the bot knows, by a tap; and can be taken back."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot import reading
from bot.admin.cards import Admin
from bot.content.files import load_shipped
from bot.content.loading import SHIPPED
from bot.domain.questions import Unanswered
from bot.knowledge.inbox import group_questions
from bot.knowledge.why import explain
from tests.admin.admin_area import Newsroom, said
from tests.commands.test_command_line import environment
from tests.conftest import shipped

AT = datetime(2013, 12, 5, tzinfo=UTC)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    opened = await Newsroom.open(tmp_path / "gradbot.db")
    for n, question in enumerate(["学籍卡在哪里领", "请问学籍卡在哪里领", "毕业论文什么时候交"]):
        await opened.says("你好", f"p{n}")
        await opened.says(question, f"p{n}")
    yield opened
    await opened.close()


def test_the_same_question_is_one_group_the_most_asked_first() -> None:
    asked = [("操场几点关灯", ("a",)), ("红烧肉几点卖", ("b",)), ("红烧肉几点卖呀？", ("b", "c"))]
    first, second = group_questions(Unanswered(n, AT, *one) for n, one in enumerate(asked, start=1))
    assert first.numbers == [2, 3]
    assert first.topics == ["b", "c"]
    assert second.lines == ["操场几点关灯"]


def test_what_people_took_of_a_choice_goes_before_what_came_nearest() -> None:
    asked = [Unanswered(n, AT, "注册不了", ("a", "b", "c"), tied=True) for n in range(5)]
    group = group_questions([*asked, Unanswered(5, AT, "注册不了呀", ("a", "b", "c"), tied=True, picked="c")])[0]
    assert group.topics == ["c", "a", "b"]
    assert (group.tied, group.picked) == (6, {"c": 1})


async def test_a_near_tied_question_waits_with_what_was_picked(room: Newsroom) -> None:
    await room.says("登录不上去", "p0")
    offered = await room.says("登录不上去", "p1")
    assert "你想问的是哪一个" in said(offered)
    third = offered.replies[0].buttons[2][0]
    await room.presses(offered, third.text, "p1")
    tied = [one for one in await room.store.questions.list_unanswered(AT) if one.tied]
    earlier = ["请问学籍卡在哪里领", "学籍卡在哪里领"]
    assert [one.question for one in tied] == ["登录不上去", "登录不上去", *earlier]
    assert [one.picked for one in tied[:2]] == [third.id.rsplit("|", 1)[1], None]
    card = await room.says("/faq inbox")
    card = card if "登录不上去" in said(card) else await room.presses(card, "下一组")
    assert f"2 次是几条一样像，让他选的；选了“{third.text}” 1 次" in said(card)
    assert card.replies[0].buttons[0][0].text == f"算作：{third.text}"


async def test_what_is_picked_after_a_miss_is_a_hint_as_well(room: Newsroom) -> None:
    missed = await room.says("学位英语怎么报名", "p3")
    assert "我没有把握" in said(missed)
    near = missed.replies[-1].buttons[0][0]
    await room.presses(missed, near.text, "p3")
    newest = (await room.store.questions.list_unanswered(AT))[0]
    assert (newest.tied, newest.picked) == (False, near.id.rsplit("|", 1)[1])


async def test_a_tap_makes_it_a_phrasing_and_another_takes_it_back(room: Newsroom) -> None:
    card = await room.says("/faq inbox")
    assert "问了 2 次" in said(card)
    told = await room.presses(card, "算作")
    assert "加了问法：" in said(told), said(told)
    assert "学籍卡" not in said(await room.says("/faq inbox"))
    number, files = await room.knowledge.in_force()
    assert number == 2
    own = load_shipped("faq")
    changed = [name for name, text in files.items() if text != own[name]]
    assert [name.rsplit("/", 1)[0] for name in changed] == ["faq/phrasings"]
    more = set(files[changed[0]].splitlines()) - set(own[changed[0]].splitlines())
    assert len(more) == 1
    assert files[changed[0]].replace(f"{more.pop()}\n", "") == own[changed[0]]
    await room.presses(told, "撤销")
    assert "学籍卡" in said(await room.says("/faq inbox"))


async def test_ignored_is_gone(room: Newsroom) -> None:
    card = await room.says("/faq inbox")
    await room.presses(card, "忽略")
    assert "已经处理过了" in said(await room.presses(card, "忽略"))
    assert "学籍卡" not in said(await room.says("/faq inbox"))


def test_what_is_asked_in_other_words_is_one_group_and_other_things_of_it_are_others() -> None:
    asked = ["学士服去哪里领", "请问学士服到哪领啊", "学士服在什么地方领取", "学士服怎么退", "学士服押金多少钱"]
    groups = group_questions(Unanswered(n, AT, line, ()) for n, line in enumerate(asked))
    assert [len(group.numbers) for group in groups] == [3, 1, 1]


async def test_why_says_which_phrasing_and_mends_by_a_tap(room: Newsroom) -> None:
    told = await room.says("/faq why 食堂红烧肉几点开始卖呀")
    assert "像在：" in said(told)
    assert "不像在：" in said(told)
    assert "在菜单里打这句话，读成：和核对无关的事" in said(told)
    assert "加了问法：食堂红烧肉几点开始卖呀" in said(await room.presses(told, "算作"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("用户名忘了怎么办", "问“忘了用户名怎么办”"),
        ("我要人工", "要“找老师”"),
        ("学位英语没过能毕业吗", "问一件没有问答的事"),
    ],
)
def test_a_typed_message_is_explained_in_words(typed: str, read: str) -> None:
    why = explain(shipped(), typed)
    assert f"读成：{read}" in Admin(shipped(), 0).why(why).text


def test_every_command_of_the_reader_has_words() -> None:
    phrases = shipped().phrases
    commands = yaml.safe_load(Path(reading.__file__).with_name("words.yaml").read_text("utf-8"))["command"]
    assert set(commands) <= {*phrases.admin.act_commands, *phrases.buttons}


async def test_the_week_is_told(room: Newsroom) -> None:
    told = (await room.editor.digest.week(room.now + timedelta(days=1))).text
    assert "没答上来或拿不准的问题 3 次，分成 2 组" in told


@pytest.mark.slow
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
