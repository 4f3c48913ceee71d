"""The page in a real browser, served by the real process: taps, keys, no scripts, no network, two tabs, kill -9.

Needs the system's chromium; without one, these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect, sync_playwright

from tests.bot_process import ROOT
from tests.conftest import shipped

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt install chromium)")

PHONE: ViewportSize = {"width": 360, "height": 640}
WATCH = """window.broken = []; addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective))"""
WORDS = shipped().phrases.web


@dataclass
class Bot:
    """A bot that serves the page from a home; it can be killed and started again at the same address."""

    home: Path
    port: int
    process: subprocess.Popen[str] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        ours = {"GRADBOT_HOME": str(self.home), "GRADBOT_WEB": f"127.0.0.1:{self.port}", "GRADBOT_TODAY": "2013-12-05"}
        environment = {name: text for name, text in os.environ.items() if not name.startswith("GRADBOT_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot"],
            cwd=self.home,
            env=environment | ours | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout
        assert self.url in self.process.stdout.readline()

    def end(self, how: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(how)
        self.process.wait(15)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    bot = Bot(tmp_path_factory.mktemp("page"), port)
    bot.start()
    yield bot
    bot.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, permissions=["clipboard-read", "clipboard-write"])
    context.add_init_script(WATCH)
    yield context
    for page in context.pages:
        assert page.evaluate("window.broken") == []  # nothing was asked of the browser that our policy forbids
    context.close()


@pytest.fixture
def page(context: BrowserContext, bot: Bot) -> Page:
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.clock.install()
    page.goto(bot.url)
    return page


def tap(page: Page, words: str) -> None:
    """Tap a live button, and wait for the turn that follows."""
    turns = page.locator("section.turn").count()
    page.locator("section.turn").last.get_by_role("button", name=words, exact=True).click()
    expect(page.locator("section.turn")).to_have_count(turns + 1)


def type_in(page: Page, words: str) -> None:
    turns = page.locator("section.turn").count()
    page.get_by_label(WORDS.place).fill(words)
    page.keyboard.press("Enter")
    expect(page.locator("section.turn")).to_have_count(turns + 1)


def said(page: Page) -> list[str]:
    """The person's own words."""
    return [words.inner_text().split("：")[-1].strip() for words in page.locator("#log .said").all()]


def check_for_everybody(page: Page) -> None:
    """Nothing is too wide, too small to tap or to read, or an obstacle that axe-core knows."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small = """[...document.querySelectorAll("button, input[type=text]")].filter(e => e.offsetParent)
        .filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"""
    assert page.evaluate(small) == []
    tiny = """[...document.querySelectorAll("body *")].filter(e => e.innerText && e.offsetParent)
        .filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML)"""
    assert page.evaluate(tiny) == []
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_walk_by_taps_and_words_on_a_small_phone(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    check_for_everybody(page)
    for words in ("开始核对", "专科", "会计电算化", "对", "完成了", "完成了"):
        tap(page, words)
    type_in(page, "号码一样")
    type_in(page, "照片在哪看")
    expect(page.locator("#announcer")).to_contain_text("照片")
    expect(page.get_by_label(WORDS.place)).to_have_value("")
    expect(page.get_by_label(WORDS.place)).to_be_focused()
    check_for_everybody(page)
    shown = page.locator("#log").inner_text()
    page.reload()
    assert page.locator("#log").inner_text() == shown


def test_without_scripts_at_every_step_with_reload_and_back(browser: Browser, bot: Bot) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(bot.url)
    for words in ("开始核对", "专科", "会计电算化"):
        page.locator("section.turn").last.get_by_role("button", name=words, exact=True).click()
        expect(page.locator(".said").last).to_contain_text(words)
        page.reload()
        page.go_back()
        page.go_forward()
    page.get_by_label(WORDS.place).fill("要钱吗")
    page.get_by_role("button", name=WORDS.send).click()
    assert said(page) == ["开始核对", "专科", "会计电算化", "要钱吗"]
    assert page.get_by_role("button", name="完成了").count() == 1
    context.close()


def test_by_the_keyboard_alone(page: Page) -> None:
    def go_to(words: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == words:
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
        raise AssertionError(f"the keyboard does not reach {words}")

    for turns, words in enumerate(("开始核对", "专科", "会计电算化"), 2):
        go_to(words)
        page.keyboard.press("Enter")
        expect(page.locator("section.turn")).to_have_count(turns)
        expect(page.locator("section.turn").last).to_be_focused()  # the next Tab leads to what is new


def test_offline_everything_waits_in_order_and_is_sent_once(context: BrowserContext, page: Page) -> None:
    tap(page, "开始核对")
    context.set_offline(True)
    page.locator("section.turn").last.get_by_role("button", name="专科", exact=True).dblclick()
    for words in ("要钱吗", "照片在哪看"):
        page.get_by_label(WORDS.place).fill(words)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
    expect(page.get_by_text(WORDS.offline)).to_be_visible()
    expect(page.locator("#unsent .said")).to_have_count(3)
    page.clock.run_for(4000)
    expect(page.get_by_text(WORDS.offline)).to_be_visible()
    context.set_offline(False)
    expect(page.locator("#log .said").last).to_contain_text("照片在哪看")
    expect(page.get_by_text(WORDS.offline)).to_be_hidden()
    expect(page.locator("#unsent")).to_be_hidden()
    page.reload()
    assert said(page) == ["开始核对", "专科", "要钱吗", "照片在哪看"]


def test_what_is_sent_faster_than_it_is_answered_arrives_in_order(page: Page) -> None:
    words = ["要钱吗", "截止日期", "照片在哪看", "打不开网站怎么办", "电话多少"]
    box = page.get_by_label(WORDS.place)
    for one in words:
        box.fill(one)
        box.press("Enter")
    expect(page.locator("#unsent")).to_be_hidden()
    assert said(page) == words


def test_a_reload_keeps_what_was_not_sent(context: BrowserContext, page: Page) -> None:
    tap(page, "开始核对")
    lost = True

    def drop(route: Route) -> None:
        if not lost:
            route.continue_()
        elif "%E9%92%B1" in (route.request.post_data or ""):
            httpx.post(route.request.url, content=route.request.post_data_buffer, headers=route.request.all_headers())
            route.abort()  # it arrives, and the answer is lost on the way
        else:
            route.abort()

    page.route("**/say", drop)
    for words in ("要钱吗", "照片在哪看"):
        page.get_by_label(WORDS.place).fill(words)
        page.keyboard.press("Enter")
    expect(page.get_by_text(WORDS.offline)).to_be_visible()
    lost = False
    page.reload()
    expect(page.locator("#log .said").last).to_contain_text("照片在哪看")
    page.reload()
    assert said(page) == ["开始核对", "要钱吗", "照片在哪看"]
    assert page.evaluate("sessionStorage.getItem('gradbot-unsent')") is None


def test_what_is_refused_goes_back_into_the_line(context: BrowserContext, page: Page) -> None:
    tap(page, "开始核对")
    context.clear_cookies()
    page.get_by_label(WORDS.place).fill("要钱吗")
    page.keyboard.press("Enter")
    expect(page.get_by_text(WORDS.no_cookie)).to_be_visible()
    expect(page.get_by_label(WORDS.place)).to_have_value("要钱吗")


def test_a_second_tab_learns_what_the_first_one_did(context: BrowserContext, page: Page, bot: Bot) -> None:
    tap(page, "开始核对")
    other = context.new_page()
    other.clock.install()
    other.goto(bot.url)
    tap(page, "专科")
    other.clock.run_for(26_000)
    expect(other.locator(".said").last).to_contain_text("专科")
    tap(other, "会计电算化")
    page.get_by_role("button", name="上一步").click()  # made for where she was before: moves nothing
    expect(page.locator("section.turn")).to_have_count(5)
    assert said(page) == ["开始核对", "专科", "会计电算化", "上一步"]
    assert shipped().phrases.stale in page.locator("section.turn").last.inner_text()


def test_a_kill_in_the_middle_loses_nothing(page: Page, bot: Bot) -> None:
    tap(page, "开始核对")
    bot.end(signal.SIGKILL)
    page.locator("section.turn").last.get_by_role("button", name="专科", exact=True).click()
    expect(page.get_by_text(WORDS.offline)).to_be_visible()
    bot.start()
    page.clock.run_for(3500)
    expect(page.locator(".said").last).to_contain_text("专科")
    page.reload()
    assert said(page) == ["开始核对", "专科"]


def test_what_is_to_be_copied_is_copied_by_a_tap(page: Page) -> None:
    tap(page, "开始核对")
    tap(page, "专科")
    tap(page, "会计电算化")
    type_in(page, "姓名错了")
    type_in(page, "名字是我自己改的")
    page.locator(".copy button").first.click()
    expect(page.locator(".copy button").first).to_have_text(WORDS.copied)
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".copy span").first.inner_text()


def test_the_first_load_is_small_and_painted_at_once_on_an_old_phone(context: BrowserContext, bot: Bot) -> None:
    page = context.new_page()
    slow = page.context.new_cdp_session(page)
    slow.send("Network.enable")
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000},
    )
    page.goto(bot.url)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(e => [e.name, e.transferSize])")
    assert {httpx.URL(name).host for name, _ in loaded} == {"127.0.0.1"}
    (own,) = page.evaluate("performance.getEntriesByType('navigation').map(e => e.transferSize)")
    assert own + sum(size for _, size in loaded) < 60_000
    (painted_ms,) = page.evaluate("performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)")
    assert painted_ms < 3_000  # within one second on a machine that does nothing else
