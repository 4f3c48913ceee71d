"""The content changes while the bot runs: published, refused, looked back at, undone; by admins and by nobody else."""

from __future__ import annotations

import asyncio
import gc
import signal
import tempfile
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial, reduce
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import structlog

from bot.content.files import Files, load_shipped, place_file, with_shipped, write_files
from bot.content.loading import SHIPPED
from bot.content.yaml_source import MAX_BYTES
from bot.domain.messages import Delivered, Incoming, NotSaved, Outcome
from bot.knowledge.examine import Examination, Report, examine
from bot.knowledge.publish import prepare, publish
from bot.knowledge.watcher import FolderWatcher
from bot.runtime.process import run_aside
from bot.store import Store, StoreProblem
from tests.admin.admin_area import GRADUATE, OWNER, Newsroom, said, stop, until
from tests.examined import load_once

OWN = """- id: red-pork
  title: 食堂的红烧肉
  source: beyond
  checked_on: 2013-12-01
  references: [https://www.chsi.com.cn/]
  phrasings: [食堂的红烧肉几点开始卖, 红烧肉几点卖, 食堂红烧肉什么时候有, 几点能买到红烧肉, 红烧肉卖到几点]
  must_match: [红烧肉几点开始卖呀]
  answer: 这个问食堂，我只管核对。
"""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    opened = await Newsroom.open(tmp_path / "gradbot.db")
    yield opened
    await opened.close()


async def test_a_file_with_faq_is_in_force_at_once_and_undone_by_a_tap(room: Newsroom) -> None:
    assert "食堂" not in await room.asks("红烧肉几点卖")
    told = await room.sends("canteen.yaml", OWN, "/faq 食堂的问题")
    assert "已发布，第 2 版" in said(told)
    assert "加了问答“食堂的红烧肉”" in said(told)
    assert "只管核对" in await room.asks("红烧肉几点卖")
    assert "食堂的问题" in said(await room.says("/faq"))
    assert "第 1 版" in said(await room.says("/faq history"))
    undone = await room.presses(told, "撤销")
    assert "已退回第 1 版" in said(undone)
    assert "只管核对" not in await room.asks("红烧肉几点卖")
    assert "食堂的红烧肉" in said(await room.says("/faq diff 1 2"))


async def test_what_is_no_longer_in_force_leaves_memory(room: Newsroom) -> None:
    await room.sends("canteen.yaml", OWN, "/faq")
    assert "只管核对" in await room.asks("红烧肉几点卖")
    before = weakref.ref(room.knowledge.content)
    await room.says("/faq rollback 1")
    gc.collect()
    assert before() is None


async def test_published_phrases_that_lack_what_a_newer_gradbot_says_stay_in_force(tmp_path: Path) -> None:
    room = await Newsroom.open(tmp_path / "gradbot.db")
    shipped = SHIPPED["phrases.yaml"].read_text("utf-8").replace("greeting: ", "greeting: 同学好！", 1)
    older = "".join(line for line in shipped.splitlines(keepends=True) if not line.startswith("stale: "))
    assert "缺 1 处，先用自带的：stale" in said(await room.sends("phrases.yaml", older, "/faq"))
    await room.close()
    with structlog.testing.capture_logs() as logs:
        again = await Newsroom.open(tmp_path / "gradbot.db")
    assert {"event": "phrases_lacking", "keys": ("stale",), "log_level": "warning"} in logs
    assert again.knowledge.number == 2
    assert "同学好！" in said(await again.says("你好", "new"))
    await again.close()


async def test_without_faq_it_is_a_draft_that_is_looked_at_tried_and_published(room: Newsroom) -> None:
    shown = await room.sends("canteen.yaml", OWN)
    assert "还没有发布" in said(shown)
    assert "只管核对" not in await room.asks("红烧肉几点卖")
    assert "只管核对" in said(await room.says("/faq try 红烧肉几点卖"))
    patch = (await room.presses(shown, "看改动")).replies[0].attachment
    assert patch
    assert "+- id: red-pork" in patch.content
    await room.presses(shown, "试答")
    assert "〔草稿〕这个问食堂" in said(await room.says("红烧肉几点卖"))
    assert "只管核对" not in await room.asks("红烧肉几点卖")
    await room.says("/faq try off")
    assert "〔草稿〕" not in said(await room.says("红烧肉几点卖"))
    assert "已发布" in said(await room.presses(shown, "发布"))
    assert "只管核对" in await room.asks("红烧肉几点卖")


async def test_what_is_wrong_is_told_with_its_line_and_the_old_one_stays(room: Newsroom) -> None:
    before = await room.asks("怎么注册")
    told = said(await room.sends("canteen.yaml", OWN.replace("  title: ", "  title："), "/faq"))
    assert "没有发布，旧的第 1 版继续用" in told
    assert "faq/canteen.yaml:2:8" in told
    assert "全角冒号" in told
    assert "title：食堂的红烧肉" in told
    lost = said(await room.sends("canteen.yaml", OWN.replace("红烧肉几点开始卖呀", "怎么注册学信网账号"), "/faq"))
    assert "red-pork.must_match.1" in lost
    assert "“怎么注册学信网账号”：怎么注册" in lost
    begs = said(await room.sends("canteen.yaml", OWN.replace("我只管核对", "请把你的身份证号发给我"), "/faq"))
    assert "个人信息" in begs
    assert room.knowledge.number == 0
    assert await room.asks("怎么注册") == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("../../etc/a.yaml", OWN, "不要带路径"),
        ("faq/..%2fa.yaml", OWN, "不要带路径"),
        (".hidden.yaml", OWN, "不能用"),
        ("bomb.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "引用"),
        ("tag.yaml", "- !!python/object/apply:os.system [echo]\n", "标记"),
        ("deep.yaml", "[" * 3000, "层次太深"),
        ("binary.yaml", b"PK\x03\x04\xff\xfe\x00\x00\xff", "不是文本文件"),
        ("empty.yaml", "", "空的"),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_what_means_harm_is_refused(room: Newsroom, name: str, content: str | bytes, word: str) -> None:
    assert word in said(await room.sends(name, content, "/faq"))
    assert room.knowledge.number == 0


async def test_a_full_disk_is_said_and_the_old_one_stays_in_force(room: Newsroom) -> None:
    much = f"{OWN}#{'x' * 100_000}\n"
    put = partial(place_file, name="canteen.yaml", text=much)
    link = (await room.says("/invite admin 李老师")).replies[0].link
    await room.says(f"/start {link}", "li")
    async with no_more_room(room.store):
        for admin in (OWNER, "li"):
            with pytest.raises(NotSaved):  # the document comes again, and waits until there is room
                await room.sends("canteen.yaml", much, "/faq", admin)
        with pytest.raises(StoreProblem, match="disk_full"):
            await publish(room.knowledge, lambda: prepare(room.knowledge, put, "command"))
    assert (await room.knowledge.in_force())[0] == room.knowledge.number == 0
    assert "只管核对" not in await room.asks("红烧肉几点卖")
    assert "已发布" in said(await room.sends("canteen.yaml", much, "/faq"))


async def test_an_examination_that_is_killed_or_takes_too_long_is_said(room: Newsroom) -> None:
    async def killed(_: Examination) -> Report:
        await run_aside(signal.raise_signal, signal.SIGKILL)
        raise AssertionError("it went on")

    async def hurried(draft: Examination) -> Report:
        return await run_aside(examine, draft, 0.01)

    for examines in (killed, hurried):
        room.knowledge.examiner = examines
        assert "检查没有做完，旧的继续用" in said(await room.sends("canteen.yaml", OWN, "/faq"))
    assert room.knowledge.number == 0


@asynccontextmanager
async def no_more_room(store: Store) -> AsyncIterator[None]:
    """The disk is full for as long as this lasts, whichever connection writes."""
    async with AsyncExitStack() as every:
        pool = [await every.enter_async_context(store._reader.connect()) for _ in range(5)]
        pages = (await pool[0].exec_driver_sql("PRAGMA page_count")).scalar()
        for connection in pool:
            await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    yield
    async with AsyncExitStack() as every:
        for connection in [await every.enter_async_context(store._reader.connect()) for _ in range(5)]:
            await connection.exec_driver_sql("PRAGMA max_page_count=1000000")


async def test_a_file_of_fifty_megabytes_is_not_even_fetched(room: Newsroom) -> None:
    room.editor._publishing._fetch = None  # type: ignore[assignment]
    assert "太大" in said(await room.sends("big.yaml", OWN, "/faq", size=50_000_000))
    assert MAX_BYTES < 50_000_000


async def test_who_is_no_admin_is_answered_as_if_there_were_no_such_thing(room: Newsroom) -> None:
    shown = await room.sends("canteen.yaml", OWN)
    link = (await room.says("/invite staff 王老师")).replies[0].link
    await room.says(f"/start {link}", "33")
    for user in (GRADUATE, "33", "stranger"):
        await room.asks("谢谢", user)
    for user in (GRADUATE, "33", "stranger"):
        unknown = said(await room.says("/nosuch", user))
        assert said(await room.says("/faq", user)) == unknown
        assert "文件我不打开" in said(await room.sends("canteen.yaml", OWN, "/faq", user))
        gone = said(await room.presses(shown, "发布", user))
        assert "按钮是以前的" in gone
    assert room.knowledge.number == 0


async def test_an_admin_who_is_removed_can_do_nothing_any_more(room: Newsroom) -> None:
    link = (await room.says("/invite admin 李老师")).replies[0].link
    await room.says(f"/start {link}", "22")
    assert "现在用的是第 1 版" in said(await room.says("/faq", "22"))
    await room.presses(await room.says("/staff"), "移除")
    assert "现在用的是" not in said(await room.says("/faq", "22"))


@pytest.mark.parametrize("name", ["faq-account.yaml", "account (1).yaml", "account(2).yaml"])
async def test_an_exported_file_comes_back_to_its_place_however_it_is_called_by_then(name: str, room: Newsroom) -> None:
    own = next(r.attachment for r in (await room.says("/faq export")).replies if r.text == "faq/account.yaml")
    assert own
    assert "和现在用的一样" in said(await room.sends(name, own.content, "/faq"))


async def test_many_files_are_exported_as_one_archive_that_lacks_none(room: Newsroom) -> None:
    more = {f"thing-{n}.yaml": _thing(n) for n in range(9)}

    def put(old: Files) -> Files:
        return reduce(lambda files, one: place_file(files, *one), more.items(), old)

    await publish(room.knowledge, lambda: prepare(room.knowledge, put, "x"))
    told = await room.says("/faq export")
    _, files = await room.knowledge.in_force()
    assert f"{len(with_shipped(files))} 个文件，都在这个压缩包里" in said(told)
    assert [reply.attachment.name for reply in told.replies if reply.attachment] == ["全部文件.zip"]
    archive = ZipFile(BytesIO(told.replies[0].attachment.data))  # type: ignore[union-attr]
    held = {name: archive.read(name).decode() for name in archive.namelist()}
    assert sorted(held.values()) == sorted(with_shipped(files).values())
    assert "和现在用的一样" in said(await room.sends("faq-thing-8.yaml", held["faq-thing-8.yaml"], "/faq"))


def _thing(number: int) -> str:
    """An entry that is like no other."""
    return OWN.replace("red-pork", f"thing-{number}").replace("红烧肉", "甲乙丙丁戊己庚辛壬"[number] * 3 + "饭")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("/FAQ", "现在用的是第 1 版"),
        ("/faq帮助", "现在用的是第 1 版"),
        ("/faq diff 3 5", "没有这一版"),
        ("/faq rollback 7", "没有这一版"),
        ("/faq publish", "草稿已经不在了"),
    ],
)
async def test_a_slip_of_an_admin_is_told_what_to_do(words: str, told: str, room: Newsroom) -> None:
    assert told in said(await room.says(words))


async def test_a_damaged_notice_in_word_is_told_how_to_send_it(room: Newsroom) -> None:
    assert "把通知的文字直接粘贴过来" in said(await room.sends("通知.docx", b"PK\x03\x04"))


async def test_two_pairs_of_eyes(room: Newsroom) -> None:
    phrases = SHIPPED["phrases.yaml"].read_text("utf-8").replace("four_eyes: false ", "four_eyes: true ")
    await room.sends("phrases.yaml", phrases, "/faq")
    link = (await room.says("/invite admin 李老师")).replies[0].link
    await room.says(f"/start {link}", "22")
    asked = await room.sends("canteen.yaml", OWN, "/faq", "22")
    assert "两个人" in said(asked)
    publish = ""
    while not publish:  # what is owed comes one after the other, the news of who joined first
        (post,) = [post for post in await room.store.outbox.claim("test", room.now) if post.user == OWNER]
        assert post.reply
        publish = next((b.id for row in post.reply.buttons for b in row if "publish" in b.id), "")
        await room.store.outbox.settle(post, Delivered(Outcome("sent")), room.now)
    own = await room.service.receive(Incoming("test", "22", press=publish))
    assert "另一个管理员" in said(own)
    other = await room.service.receive(Incoming("test", OWNER, press=publish))
    assert "已发布" in said(other)
    history = said(await room.says("/faq history"))
    assert "李老师 · canteen.yaml" in history
    assert "负责人 · phrases.yaml" in history
    await room.knowledge.look()
    assert "只管核对" in await room.asks("红烧肉几点卖")


async def test_every_worker_has_it_and_a_restart_keeps_it_without_room_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = [await Newsroom.open(tmp_path / "gradbot.db") for _ in range(2)]
    following = asyncio.create_task(two.knowledge.follow())
    await one.sends("canteen.yaml", OWN, "/faq")
    await until(lambda: two.knowledge.number == 2)
    following.cancel()
    assert "只管核对" in await two.asks("红烧肉几点卖", "other")
    await one.close()
    await two.close()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    three = await Newsroom.open(tmp_path / "gradbot.db")
    assert three.knowledge.number == 2
    assert "只管核对" in await three.asks("红烧肉几点卖", "third")
    await three.close()


async def test_a_saved_file_is_published_a_broken_one_is_told_and_the_folder_shows_what_others_publish(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "content"
    folder.mkdir()
    write_files(load_shipped("faq"), folder)
    room = await Newsroom.open(tmp_path / "gradbot.db", folder)
    told: list[str] = []
    watching = asyncio.create_task(FolderWatcher(room.knowledge, _hears(room, told)).watch())
    await asyncio.sleep(0.3)
    (folder / "faq" / "canteen.yaml").write_bytes(OWN.encode("gbk"))
    await until(lambda: room.knowledge.number == 2)
    assert "只管核对" in await room.asks("红烧肉几点卖")
    (folder / "faq" / "canteen.yaml").write_text(OWN.replace("title:", "titel:"), "utf-8")
    await until(lambda: told)
    assert "是不是“title”" in told[0]
    assert room.knowledge.number == 2
    await room.sends("canteen.yaml", OWN.replace("我只管", "我只会"), "/faq")
    assert "我只会核对" in await room.asks("红烧肉几点卖")
    assert "titel:" in (folder / "faq" / "canteen.yaml").read_text("utf-8"), "somebody is still at that file"
    await stop(watching)
    await room.close()
    again = await Newsroom.open(tmp_path / "gradbot.db", folder)
    assert "我只会核对" in await again.asks("红烧肉几点卖")
    await again.close()


@pytest.mark.no_cover  # the time is the bot's, not that of who counts its lines
async def test_a_folder_that_is_swapped_behind_a_link_is_published_within_two_seconds(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: links into `..data`, itself a link that is replaced."""
    folder, files = tmp_path / "content", load_shipped("faq")

    def put(version: str, more: dict[str, str]) -> None:
        write_files({**files, **{f"faq/{name}": text for name, text in more.items()}}, folder / version)
        (folder / "..new").symlink_to(version)
        (folder / "..new").replace(folder / "..data")

    put("..1", {"gone.yaml": OWN.replace("红烧肉", "豆腐").replace("red-pork", "tofu")})
    (folder / "faq").symlink_to("..data/faq")
    room = await Newsroom.open(tmp_path / "gradbot.db", folder)
    assert "只管核对" in await room.asks("豆腐几点卖")
    watching = asyncio.create_task(FolderWatcher(room.knowledge, _hears(room, [])).watch())
    await asyncio.sleep(0.3)
    load_once((await room.knowledge.in_force())[1]).matcher  # noqa: B018 - as it is where one publishes all day
    put("..2", {"canteen.yaml": OWN})
    began = time.process_time()  # others use this machine too
    await until(lambda: room.knowledge.number == 2)
    assert time.process_time() - began < 2
    assert "只管核对" in await room.asks("红烧肉几点卖")
    assert room.knowledge.content.entries.keys() & {"red-pork", "tofu"} == {"red-pork"}
    await stop(watching)
    await room.close()


def _hears(room: Newsroom, told: list[str]) -> Callable[[Report], Awaitable[None]]:
    """What goes to the admins' chats, as they read it."""
    tell = room.editor.digest.report_refusal

    async def hear(report: Report) -> None:
        await tell(report)
        posts = await room.store.outbox.claim("test", room.now)
        told.extend(post.reply.text for post in posts if post.reply)

    return hear
