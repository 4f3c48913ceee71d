"""Two people mean two people: with four eyes nothing comes into force by one, whichever way it is tried."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.content.loading import SHIPPED
from bot.domain.messages import Delivered, Outcome, Post
from bot.knowledge.watcher import FolderWatcher
from tests.admin.admin_area import Newsroom, said, stop, until
from tests.conftest import Here
from tests.knowledge.test_revisions import OWN

PHRASES = SHIPPED["phrases.yaml"].read_text("utf-8")
STRICT = PHRASES.replace("four_eyes: false ", "four_eyes: true ")
OTHER = "22"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    """Two admins; revision 1 is what ships, revision 2 has four eyes."""
    room = await Newsroom.open(tmp_path / "gradbot.db")
    await room.sends("phrases.yaml", STRICT, "/faq")
    link = (await room.says("/invite admin 李老师")).replies[0].link
    await room.says(f"/start {link}", OTHER)
    assert room.knowledge.number == 2
    yield room
    await room.close()


async def find_draft(room: Newsroom) -> str:
    """Return the button 发布 under the newest draft that was sent to an admin."""
    buttons: list[str] = []

    async def deliver(post: Post) -> Delivered:
        rows = post.reply.buttons if post.reply else ()
        buttons.extend(button.id for row in rows for button in row if button.id.startswith("know|publish|"))
        return Delivered(Outcome("sent"))

    while deliveries := await room.service.outbox.deliveries("test", deliver):
        for delivery in deliveries:
            await delivery
    return buttons[-1]


async def test_one_alone_puts_nothing_in_force_and_two_do(room: Newsroom) -> None:
    asked = [
        await room.sends("canteen.yaml", OWN, "/faq"),
        await room.sends("canteen.yaml", OWN),
        await room.sends("phrases.yaml", PHRASES, "/faq"),
        await room.taps("know|rollback|1|5"),
        await room.says("/faq rollback 1"),
    ]
    assert ["两个人" in said(answer) for answer in asked] == [True] * 5
    assert room.knowledge.number == 2
    draft = await find_draft(room)
    assert "另一个管理员" in said(await room.taps(draft))
    assert "已发布" in said(await room.taps(draft, OTHER))
    assert (room.knowledge.number, room.knowledge.content.phrases.admin.four_eyes) == (3, False)


@pytest.mark.slow
async def test_a_rule_of_two_is_weakened_by_two_even_without_four_eyes(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    weaker = PHRASES.replace("approve_above: 200 ", "approve_above: 999 ")
    assert "两个人" in said(await room.sends("phrases.yaml", weaker, "/faq"))
    assert room.knowledge.number == 0
    stronger = PHRASES.replace("approve_above: 200 ", "approve_above: 100 ")
    assert "已发布" in said(await room.sends("phrases.yaml", stronger, "/faq"))
    await room.close()


@pytest.mark.parametrize("words", ["看 https://chsi-login.top/x 。", "看 chsi-login.top 。", "退学费打0550-1234567。"])
async def test_an_answer_with_a_strange_link_or_bait_is_published_by_two(words: str, tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    asked = await room.sends("canteen.yaml", OWN.replace("我只管核对。", f"我只管核对。{words}"), "/faq")
    assert "两个人" in said(asked)
    assert room.knowledge.number == 0
    assert "已发布" in said(await room.sends("canteen.yaml", OWN, "/faq"))
    await room.close()


def watch(room: Newsroom) -> asyncio.Task[None]:
    digest = room.editor.digest
    watcher = FolderWatcher(room.knowledge, digest.report_refusal, digest.accompany, "test")
    return asyncio.create_task(watcher.watch())


async def test_what_is_saved_in_the_folder_waits_for_an_admin(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "phrases.yaml").write_text(STRICT, "utf-8")
    room = await Newsroom.open(tmp_path / "gradbot.db", folder)
    watching = watch(room)
    await until(lambda: room.knowledge.number == 1)
    await stop(watching)
    await room.close()
    (folder / "phrases.yaml").write_text(PHRASES, "utf-8")
    room = await Newsroom.open(tmp_path / "gradbot.db", folder)
    assert room.knowledge.content.phrases.admin.four_eyes, "a restart is no way around it"
    watching = watch(room)
    async with asyncio.timeout(60):
        while await room.store.outbox.next_due("test") is None:  # noqa: ASYNC110 - files and processes wake nobody
            await asyncio.sleep(0.02)
    assert room.knowledge.number == 1
    assert "已发布" in said(await room.taps(await find_draft(room)))
    assert room.knowledge.number == 2
    await stop(watching)
    await room.close()


@pytest.mark.slow
def test_the_command_line_asks_too_and_alone_is_in_the_audit(here: Here, tmp_path: Path) -> None:
    strict, file = tmp_path / "phrases.yaml", tmp_path / "canteen.yaml"
    strict.write_text(STRICT, "utf-8")
    file.write_text(OWN, "utf-8")
    assert here("faq", "publish", str(strict)).code == 0
    ended = here("faq", "rollback", "1", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["published"], told["waiting"], told["number"]) == (1, False, True, 2)
    ended = here("faq", "publish", str(file), "--alone", "--json")
    assert (ended.code, json.loads(ended.out)["number"]) == (0, 3)
    acts = [line.split(",")[2:] for line in here("staff", "audit", "--csv").out.splitlines()]
    assert [act for act, _ in acts] == ["做了什么", "faq-publish", "faq-draft", "faq-publish"]
