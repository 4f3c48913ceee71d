"""Two admins edit one file at once, each from the same revision, by any way: nothing is lost, nothing reverted."""

from __future__ import annotations

import pickle
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.content.files import Files, place_file
from bot.content.own_folder import insert_saved
from bot.knowledge.examine import Examination, Report
from bot.knowledge.publish import prepare, publish
from bot.knowledge.revisions import FOLDER
from bot.store.knowledge import text_hash
from tests.admin.admin_area import Newsroom
from tests.conftest import shipped
from tests.databases import BACKENDS, make_database

FIRST, SECOND = "1", "7"
PORK = """\
- id: red-pork  # 每学期问一次食堂
  title: 食堂的红烧肉
  source: notice
  phrasings:
    - 食堂的红烧肉几点开始卖
    - 红烧肉几点卖
    - 食堂红烧肉什么时候有
  answer: 红烧肉十一点开卖。
"""
KEY = """\
- id: gym-key
  title: '体育馆的钥匙'
  source: notice
  phrasings: [体育馆的钥匙找谁拿, 体育馆钥匙在哪借, 借体育馆钥匙找谁]
  answer: 钥匙找王师傅。
"""
MORE = """\
- id: {0}
  title: {1}的事
  source: notice
  phrasings: [{1}几点开, {1}在哪里, 去{1}怎么走]
  answer: {1}在北门。
"""
BASE = f"{PORK}\n{KEY}"


@dataclass(frozen=True)
class Crossing:
    """What the first and the second admin make of BASE, what must be there then; `clashes`: both changed the same."""

    first: str
    second: str
    there: tuple[str, ...]
    gone: tuple[str, ...] = ()
    clashes: bool = False


NOON, KEY_LI = BASE.replace("十一点", "十二点"), BASE.replace("王师傅", "李师傅")
CROSSINGS = {
    "two entries": Crossing(NOON, KEY_LI, ("十二点", "李师傅"), ("十一点", "王师傅")),
    "two keys of one": Crossing(
        NOON, BASE.replace("title: 食堂的红烧肉", "title: 红烧肉"), ("十二点", "title: 红烧肉")
    ),
    "the same key": Crossing(NOON, BASE.replace("十一点", "一点"), ("十二点",), ("一点开",), clashes=True),
    "one away, one changed": Crossing(PORK, NOON, ("十二点",), ("gym-key",)),
    "changed and taken away": Crossing(NOON, KEY, ("十二点", "gym-key"), clashes=True),
    "two new ones": Crossing(
        f"{BASE}\n{MORE.format('bath', '浴室')}",
        f"{BASE}\n{MORE.format('shop', '小卖部')}",
        ("bath", "shop", "红烧肉", "gym-key"),
    ),
}


async def _pass(draft: Examination) -> Report:
    """An examination in which everything passes: here it is about what is merged."""
    return Report(revision=text_hash(repr(draft.files))[:12], packed=pickle.dumps(replace(shipped())))


async def _by_chat(room: Newsroom, name: str, text: str) -> bool:
    return "用我写的" in str(await room.sends(name, text, "/faq", SECOND))


async def _by_command(room: Newsroom, name: str, text: str) -> bool:
    def edit(old: Files) -> Files:
        return place_file(old, name, text)

    return (await publish(room.knowledge, lambda: prepare(room.knowledge, edit, "cli:li"))).undecided is not None


async def _by_folder(room: Newsroom, name: str, text: str) -> bool:
    def edit(old: Files) -> Mapping[str, str | bytes]:
        return insert_saved(old, {f"faq/{name}": text})

    return (await publish(room.knowledge, lambda: prepare(room.knowledge, edit, FOLDER))).undecided is not None


WAYS: Mapping[str, Callable[[Newsroom, str, str], Awaitable[bool]]] = {
    SECOND: _by_chat,
    "cli:li": _by_command,
    FOLDER: _by_folder,
}


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("author", WAYS)
async def test_nobody_loses_anything_whichever_way_and_worker_the_second_comes(
    author: str, backend: str, tmp_path: Path
) -> None:
    address = await make_database(backend, tmp_path)
    room, other = [await Newsroom.open(address, examiner=_pass) for _ in range(2)]
    link = (await room.says("/invite admin 小王")).replies[0].link
    await room.says(f"/start {link}", SECOND)
    for n, (kind, crossing) in enumerate(CROSSINGS.items()):
        name = f"canteen-{n}.yaml"
        await room.sends(name, BASE, "/faq")
        await room.sends(name, crossing.first, "/faq", FIRST)
        # The worker of the second has not yet heard of what the first published.
        asked = await WAYS[author](other, name, crossing.second)
        assert asked is crossing.clashes, kind
        _, files = await room.knowledge.in_force()
        text = files[f"faq/{name}"]
        assert [words for words in crossing.there if words not in text] == [], (kind, text)
        assert [words for words in crossing.gone if words in text] == [], (kind, text)
        assert ("每学期问一次食堂" in text) is ("red-pork" in text), "its comment stays with it"
        history = [one.author for one in await room.store.knowledge.history(2)]
        assert history == ([FIRST, FIRST] if crossing.clashes else [author, FIRST]), kind
        await room.knowledge.look()
        assert room.knowledge.number == await room.store.knowledge.number(), kind
    await other.close()
    await room.close()
