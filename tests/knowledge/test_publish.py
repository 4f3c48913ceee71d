"""The rules of publishing are the same in the chat and on the command line: what one refuses, the other refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.content.files import Refused, place_file
from bot.domain.messages import Answer
from bot.domain.revisions import Revised
from bot.knowledge.publish import Publication, prepare, prepare_draft, prepare_rollback, publish
from tests.admin.admin_area import NOON, OWNER, Newsroom, said
from tests.conftest import Here
from tests.knowledge.test_revisions import OWN

BEGS = OWN.replace("我只管核对", "请把你的身份证号发给我")
LOST = OWN.replace("红烧肉几点开始卖呀", "怎么注册学信网账号")


@dataclass(frozen=True)
class Case:
    """The same thing asked of both: a file to publish (name and content), or words of a command."""

    words: str = ""
    name: str = ""
    content: str | bytes = ""
    reason: str = ""
    code: int = 1

    async def in_chat(self, room: Newsroom) -> Answer:
        if self.name:
            return await room.sends(self.name, self.content, "/faq")
        return await room.says(f"/faq {self.words}")

    def as_command(self, folder: Path) -> list[str]:
        if not self.name:
            return self.words.split()
        file = folder / self.name
        file.write_bytes(self.content if isinstance(self.content, bytes) else self.content.encode())
        return ["publish", str(file)]


REFUSED = {
    "yaml": Case(name="canteen.yaml", content=OWN.replace("  title: ", "  title："), reason="全角冒号"),
    "lint": Case(name="canteen.yaml", content=BEGS, reason="个人信息"),
    "lost_line": Case(name="canteen.yaml", content=LOST, reason="red-pork.must_match.1"),
    "same": Case(name="canteen.yaml", content=OWN, reason="和现在用的一样", code=0),
    "name": Case(name="note.md", content=OWN, reason="以 .yaml 结尾", code=2),
    "binary": Case(name="binary.yaml", content=b"PK\x03\x04\xff\xfe\x00", reason="不是文本文件", code=2),
    "no_revision": Case("rollback 9", reason="没有这一版"),
    "rollback_to_the_same": Case("rollback 2", reason="和现在用的一样", code=0),
    "diff": Case("diff 1 9", reason="没有这一版"),
}


def in_chat(folder: Path, act: Callable[[Newsroom], Awaitable[Answer]]) -> Answer:
    async def do() -> Answer:
        room = await Newsroom.open(folder / "gradbot.db")
        try:
            return await act(room)
        finally:
            await room.close()

    return asyncio.run(do())


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in REFUSED.items()])
def test_what_the_chat_refuses_the_command_refuses_for_the_same_reason(case: Case, here: Here, tmp_path: Path) -> None:
    assert "已发布，第 2 版" in said(in_chat(tmp_path, lambda room: room.sends("canteen.yaml", OWN, "/faq")))
    told = said(in_chat(tmp_path, case.in_chat))
    ended = here("faq", *case.as_command(tmp_path))
    assert case.reason in told
    assert told.strip() in ended.out + ended.err
    assert ended.code == case.code
    assert len(json.loads(here("faq", "history", "--json").out)["revisions"]) == 2


@pytest.mark.parametrize("by", ["chat", "command"])
def test_a_rollback_is_not_refused_for_what_lint_finds_in_it_now(by: str, here: Here, tmp_path: Path) -> None:
    async def before_the_rule(room: Newsroom) -> Answer:
        number, old = await room.knowledge.in_force()
        files = place_file(old, "canteen.yaml", BEGS)
        first = Revised(files, max(number, 1), "older", "start")
        await room.store.apply([Revised(old, 0, "oldest", "start"), first], "", NOON)
        await room.knowledge.look()
        return await room.sends("canteen.yaml", OWN, "/faq")

    assert "已发布，第 3 版" in said(in_chat(tmp_path, before_the_rule))
    told = (
        said(in_chat(tmp_path, lambda room: room.says("/faq rollback 2")))
        if by == "chat"
        else here("faq", "rollback", "2").out
    )
    assert "已退回第 2 版的内容（记作第 4 版）" in told
    assert "个人信息" in told, "it is said all the same"


async def test_the_author_of_a_draft_may_not_publish_it_where_two_must_agree(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    await room.sends("canteen.yaml", OWN)
    draft = (await room.store.knowledge.draft(f"last-{OWNER}")) or pytest.fail("no draft")
    phrases = room.knowledge.content.phrases
    strict = phrases.model_copy(update={"admin": phrases.admin.model_copy(update={"four_eyes": True})})
    room.knowledge.content = replace(room.knowledge.content, phrases=strict)
    with pytest.raises(Refused, match="own_draft"):
        await prepare_draft(room.knowledge, draft.key, OWNER)
    assert not (await prepare_draft(room.knowledge, draft.key, "somebody else")).is_refused
    with pytest.raises(Refused, match="gone"):
        await prepare_draft(room.knowledge, "no-such-draft", OWNER)
    await room.close()


async def test_who_publishes_at_the_same_time_begins_again_on_top_of_the_other(tmp_path: Path) -> None:
    one, two = [await Newsroom.open(tmp_path / "gradbot.db") for _ in range(2)]
    tries = 0

    async def overtaken() -> Publication:
        nonlocal tries
        tries += 1
        mine = await prepare(one.knowledge, lambda old: place_file(old, "canteen.yaml", OWN), "one")
        if tries == 1:
            other = OWN.replace("red-pork", "noodles").replace("红烧肉", "牛肉面")
            await publish(
                two.knowledge, lambda: prepare(two.knowledge, lambda old: place_file(old, "noodles.yaml", other), "two")
            )
        return mine

    published = await publish(one.knowledge, overtaken)
    assert (tries, published.number) == (2, 3)
    assert {"red-pork", "noodles"} <= one.knowledge.content.entries.keys()
    await one.close()
    await two.close()


async def test_without_a_number_a_rollback_goes_back_one_revision(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    with pytest.raises(Refused, match="no_revision"):
        await prepare_rollback(room.knowledge, None, OWNER)
    await room.sends("canteen.yaml", OWN, "/faq")
    back = await prepare_rollback(room.knowledge, None, OWNER)
    assert (back.goes_back_to, back.number, back.replaces) == (1, 3, 2)
    await room.close()


async def test_a_file_with_an_id_number_is_refused_and_one_with_a_phone_asks_first(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    refused = said(await room.sends("canteen.yaml", OWN.replace("我只管", "110105 1949 1231 002X 我只管"), "/faq"))
    assert "faq/canteen.yaml" in refused
    assert "身份证号、验证码或密码" in refused
    for wrong in (OWN, OWN.replace("  title: ", "  title：")):  # also where the line of another fault would be quoted
        refused = said(await room.sends("canteen.yaml", wrong.replace("红烧肉\n", "红烧肉 验证码是382910\n"), "/faq"))
        assert "faq/canteen.yaml:2:" in refused
        assert "382910" not in refused
    assert await room.store.knowledge.draft(f"last-{OWNER}") is None
    asked = await room.sends("canteen.yaml", OWN.replace("我只管", "打13812345678，我只管"), "/faq")
    assert "还没有发布" in said(asked)
    assert "是要公开的再发布" in said(asked)
    assert "已发布" in said(await room.presses(asked, "发布"))
    notice = await room.sends("通知.txt", "请核对。\n密码是 abc12345 ，12月20日截止。")
    assert "第2行第5个字起的密码" in said(notice)
    await room.close()
