"""A chromium, the real process that serves the page to it, and what a graduate does there."""

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

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.bot_process import ROOT, warm
from tests.conftest import shipped

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt install chromium)")

PHONE: ViewportSize = {"width": 360, "height": 640}
WATCH = """window.broken = []; addEventListener("securitypolicyviolation", e => broken.push(e.violatedDirective))"""
WORDS = shipped().phrases.web

CLASS = ("专科", "会计电算化")
ENDS = {
    "done": ((*CLASS, "没有，现在注册", "今天"), "做完了"),
    "reported": (("我发现有错", "姓名", *CLASS, "报告过了", "今天"), "已报告学校"),
    "a teacher": (("联系老师",), "电话："),
}
"""What somebody knows of themselves or wants, and what stands on the page at the end."""


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
        home = warm(self.home)
        ours = {"GRADBOT_HOME": str(home), "GRADBOT_WEB": f"127.0.0.1:{self.port}", "GRADBOT_TODAY": "2013-12-05"}
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


def next_button(page: Page, *known: str) -> str:
    """What somebody taps who knows what they study, and else takes what stands out, or comes first."""
    keys = page.locator("section.turn").last.locator(".keys")
    offered = keys.locator("button").all_inner_texts()
    return next(
        iter([words for words in known if words in offered] or keys.locator("button.good").all_inner_texts() or offered)
    )


def is_at(page: Page, end: str) -> bool:
    return bool(page.locator("section.turn").last.get_by_text(end).count())


def said(page: Page) -> list[str]:
    """The person's own words."""
    return [words.inner_text().split("：")[-1].strip() for words in page.locator("#log .said").all()]


def check_for_everybody(page: Page, width: int = PHONE["width"]) -> None:
    """Nothing is too wide, too small to tap or to read, or an obstacle that axe-core knows."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = """[...document.querySelectorAll("button, input[type=text], summary")].filter(e => e.offsetParent)
        .filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"""
    assert page.evaluate(small) == []
    tiny = """[...document.querySelectorAll("body *")].filter(e => e.innerText && e.offsetParent)
        .filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML)"""
    assert page.evaluate(tiny) == []
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
