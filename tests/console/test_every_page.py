"""Every page of the console, with something on it, in a browser on a phone: no obstacle that axe-core knows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bot.channels import web
from bot.console.app import PAGES
from tests.broadcast.harness import FIRST
from tests.console.conftest import School, Teacher, open_school
from tests.console.test_browser import check_for_everybody, open_context
from tests.console.test_knowledge import fields_of, topic_of
from tests.console.test_people import enrol
from tests.web.browser import CHROMIUM, needs_chromium

pytestmark = [needs_chromium, pytest.mark.slow]

NOTICE = Path(__file__).parents[1] / "notices" / "words" / "haizhou.txt"


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[School]:
    """A console with something on every page."""
    async with AsyncExitStack() as stack:
        school = await open_school(stack, f"sqlite+aiosqlite:///{tmp_path / 'gradbot.db'}")
        await enrol(school, *["walking"] * 8, *["done"] * 6, "reported", major="会计学")
        await school.say(str(FIRST), press="cmd|desk")
        await school.say(str(FIRST), "照片怎么是别人的")
        for _ in range(2):
            await school.say("777", "宿舍的洗衣机几点关门")
        yield school


async def work(school: School, owner: Teacher) -> dict[str, str]:
    """Do something on every page; return what stands in the addresses for their ids."""
    number = (await school.store.tickets.page(("open",), 9))[0].ticket.number
    await owner.opens(f"/tickets/{number}")
    form = {**owner.hidden, "kind": "answer", "text": "请填这张表"}
    await owner.client.post(f"/console/tickets/{number}/say", data=form, files={"file": ("表.pdf", b"x")})
    await owner.opens("/broadcasts")
    await owner.sends("/broadcasts", sentence="明早8点提醒会计学没做完的")
    await owner.presses("确定")
    await owner.opens("/saved")
    await owner.sends("/saved", kind="常用", title="带身份证", text="请带身份证来一趟。")
    await owner.opens("/notice")
    sent = await owner.client.post(
        "/console/notice/document", data=owner.hidden, files={"file": ("通知.txt", NOTICE.read_bytes())}
    )
    assert sent.status_code == 303
    topic, key = topic_of(school), ""
    for answer in ("答案一，打电话问。", "答案二，打电话问。"):
        await owner.opens(f"/knowledge/entry/{topic}")
        await owner.sends(f"/knowledge/entry/{topic}", **{**fields_of(school, topic), "answer": answer})
        key = re.findall(r'action="/console/knowledge/draft/([0-9a-f]{16})"', owner.html)[0]
        if answer.startswith("答案一"):
            await owner.presses("发布")
            await school.knowledge.look()
    return {"{number}": number, "{topic}": topic, "{key}": key}


def list_addresses(ids: dict[str, str]) -> list[str]:
    """Every address that shows a page."""
    paths = []
    for page in PAGES:
        if page.method == "GET" and not page.is_polled and not re.search(r"\.|/file|/count", page.path):
            place = {"/broadcasts/{number}": "1", "/knowledge/history/{number}": "2"}.get(page.path, "")
            path = page.path.replace("{number}", place or ids["{number}"])
            for name, value in ids.items():
                path = path.replace(name, value)
            paths.append(path)
    more = ["/knowledge?only=tasks", "/knowledge?q=没有这个词", "/notice/preview?notice=2014-autumn", "/nothing"]
    more += ["/tickets?state=closed", "/settings?q=照片", "/tickets/ZZZZZZ"]
    more += [f"/knowledge/entry/{ids['{topic}']}?view=yaml"]
    return [*paths, *more]


def borrow(context: BrowserContext, school: School, teacher: Teacher) -> Page:
    """A page in which somebody is in who came in elsewhere."""
    htmx = Path(web.__file__).parent / "static" / "htmx.min.js"  # which the page of the graduates serves
    context.route(f"{school.url}/static/htmx.min.js*", lambda route: route.fulfill(path=htmx))
    name = "gradbot-console"
    context.add_cookies([{"name": name, "value": teacher.client.cookies[name], "url": f"{school.url}/console"}])
    return context.new_page()


def edit_together(page: Page, other: Page, address: str) -> None:
    """Two people change the same answer; the second one chooses."""
    for one in (page, other):
        one.goto(address)
    other.get_by_label("回答", exact=True).fill("别人的答案，去办公室问。")
    other.get_by_role("button", name="检查，先不发布").click()
    other.get_by_role("button", name="发布", exact=True).first.click()
    expect(other.locator("#said")).to_be_visible()
    page.get_by_label("回答", exact=True).fill("我的答案，打电话问。")
    page.get_by_role("button", name="检查，先不发布").click()
    expect(page.get_by_text("用我写的")).to_be_visible()
    check_for_everybody(page)


def edit_yaml(page: Page, address: str) -> None:
    """A mistake in the YAML stands at its line, in an editor that the keyboard comes out of."""
    page.goto(f"{address}?view=yaml")
    editor = page.get_by_role("textbox", name="这一条的 YAML")
    expect(editor).to_be_visible()
    editor.press("ControlOrMeta+End")
    editor.press_sequentially("  answr: x")
    expect(page.locator(".remarks .error").first).to_be_visible()
    expect(page.locator(".cm-lint-marker-error").first).to_be_attached()
    check_for_everybody(page)
    editor.press("Tab")
    assert page.evaluate("document.activeElement.id") == "tail"
    page.get_by_role("button", name="检查，先不发布").click()
    expect(page.locator(".cm-lint-marker-error").first).to_be_attached()  # what was sent came from the editor


def look_at_all(school: School, owner: Teacher, other: Teacher, ids: dict[str, str]) -> None:
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context, another = open_context(browser), open_context(browser)
        page, colleague = borrow(context, school, owner), borrow(another, school, other)
        for path in list_addresses(ids):
            page.goto(f"{school.url}/console{path}")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            check_for_everybody(page)
            page.emulate_media(media="print")
            check_for_everybody(page)
            page.emulate_media(media="screen")
            assert page.evaluate("window.broken") == [], path
        address = f"{school.url}/console/knowledge/entry/{ids['{topic}']}"
        edit_yaml(page, address)
        edit_together(page, colleague, address)
        assert page.evaluate("window.broken") == []
        browser.close()


async def test_every_page_is_for_everybody_on_a_phone_and_in_print(busy: School) -> None:
    owner, other = await busy.let_in("owner", "院长"), await busy.let_in("admin", "李老师")
    ids = await work(busy, owner)
    await asyncio.to_thread(look_at_all, busy, owner, other, ids)
