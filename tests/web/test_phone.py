"""A graduate who was told nothing, on a small old phone: by taps, without scripts, by the keyboard alone, magnified.

Needs the system's chromium; without one, these tests are skipped.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Literal

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.bot_process import ROOT
from tests.web.browser import (
    ENDS,
    PHONE,
    WORDS,
    Bot,
    check_for_everybody,
    is_at,
    needs_chromium,
    next_button,
    tap,
    type_in,
)

pytestmark = needs_chromium


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


def tab_to(page: Page, words: str) -> None:
    """Come to a button or link by Tab alone, and see that it is there."""
    for _ in range(24):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            break
    assert page.evaluate("document.activeElement.textContent.trim()") == words
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


@pytest.mark.parametrize("end", ["done", "a teacher", pytest.param("reported", marks=pytest.mark.slow)])
def test_told_nothing_by_the_keyboard_alone_to_each_end(page: Page, end: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    known, mark = ENDS[end]
    for turns in range(2, 40):
        words = next_button(page, *known)
        known = tuple(one for one in known if one != words)
        tab_to(page, words)
        page.keyboard.press("Enter")
        expect(page.locator("section.turn")).to_have_count(turns)
        expect(page.locator("section.turn").last).to_be_focused()  # the next Tab leads to what is new
        top = page.evaluate("document.querySelector('section.turn:last-of-type').getBoundingClientRect().top")
        assert -1 < top < 200
        if is_at(page, mark):
            break
    else:
        raise AssertionError("not there after 40 turns")
    if end != "done":
        number = page.locator("section.turn").last.locator("a[href^='tel:']").first.inner_text()
        tab_to(page, number)  # Enter would call
    check_for_everybody(page)


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
def test_told_nothing_by_typing_alone_to_each_end(page: Page, end: str) -> None:
    known, mark = ENDS[end]
    for _ in range(40):
        words = next_button(page, *known)
        known = tuple(one for one in known if one != words)
        type_in(page, words)
        if is_at(page, mark):
            return
    raise AssertionError("not there after 40 turns")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "scheme", "width"),
    [("done", "dark", 360), ("done", "light", 180), ("reported", "light", 360), ("a teacher", "dark", 360)],
)
def test_told_nothing_by_what_a_screen_reader_hears_to_each_end(
    browser: Browser, bot: Bot, end: str, scheme: Literal["dark", "light"], width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 640}, color_scheme=scheme)
    page = context.new_page()
    page.goto(bot.url)
    known, mark = ENDS[end]
    for turns in range(2, 40):
        check_for_everybody(page, width)
        heard = page.locator("body").aria_snapshot()
        places = [
            heard.index(part) for part in ("heading", "log ", f'textbox "{WORDS.place}"', f'button "{WORDS.send}"')
        ]
        assert places == sorted(places)  # the title, the talk, and then where to write
        assert "□" not in heard  # a bar would be heard block by block
        assert not re.search(r"- (button|link|textbox)(:|$)", heard, re.MULTILINE)  # everything has a name
        words = next_button(page, *known)
        known = tuple(one for one in known if one != words)
        offered = page.locator("section.turn").last.get_by_role("button", name=words, exact=True)
        assert heard.index(f'button "{words}"') < heard.index(f'textbox "{WORDS.place}"')
        offered.press("Enter")
        expect(page.locator("section.turn")).to_have_count(turns)
        expect(page.locator("#announcer")).not_to_be_empty()
        if is_at(page, mark):
            break
    else:
        raise AssertionError("not there after 40 turns")
    if end != "done":
        number = page.locator("section.turn").last.locator("a[href^='tel:']").first.inner_text()
        assert f'link "{number}"' in page.locator("section.turn").last.aria_snapshot()
        expect(page.locator("#announcer")).to_contain_text(number)
    context.close()


def test_without_scripts_on_a_small_phone_until_it_is_reported(browser: Browser, bot: Bot) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(bot.url)
    for words in ("我发现有错", "姓名", "专科", "会计电算化", "报告过了", "今天"):
        page.locator("section.turn").last.get_by_role("button", name=words, exact=True).click()
    assert "已报告学校" in page.locator("section.turn").last.inner_text()
    with context.expect_page() as opened:
        page.get_by_role("link", name="看图").click()
    assert opened.value.locator("img").count() == 1
    context.close()


def test_a_teacher_is_named_with_a_number_to_call_by_one_tap(page: Page) -> None:
    type_in(page, "看不懂，我要找老师")
    assert page.locator("section.turn").last.locator("a[href^='tel:']").count()
    type_in(page, "我的情况有点复杂" * 150)  # a wall of words does not hide what is said to it
    expect(page.locator("section.turn").last.locator(".bubble").first).to_be_in_viewport()


def test_buttons_below_a_long_answer_are_one_tap_away(page: Page) -> None:
    below = page.get_by_role("button", name=WORDS.below)
    page.emulate_media(reduced_motion="reduce")
    for words in ("我发现有错", "姓名", "专科", "会计电算化"):
        tap(page, words)
    expect(page.locator("section.turn").last.locator(".said")).to_be_in_viewport()  # it is read from its beginning
    expect(below).to_be_visible()
    below.click()
    expect(page.get_by_role("button", name="报告过了")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="报告过了")).to_be_focused()
    expect(below).to_be_hidden()


def test_magnified_to_twice_the_size(browser: Browser, bot: Bot) -> None:
    context = browser.new_context(viewport={"width": 180, "height": 320}, device_scale_factor=2)
    page = context.new_page()
    page.goto(bot.url)
    for words in ("我发现有错", "姓名"):
        tap(page, words)
        check_for_everybody(page, 180)
    page.get_by_label(WORDS.place).focus()
    expect(page.get_by_label(WORDS.place)).to_be_in_viewport(ratio=1)
    context.close()


SLOW = {
    "4G on an old phone": (4, 150, 200_000, 1_000),
    "slow 3G on an older one": (6, 400, 50_000, 2_500),
}
"""Times slower of the processor, milliseconds there and back, bytes a second, milliseconds until the first paint.

Chromium waits three times there and back (connection, page, style) and once more for each turn; what is left is painted
before any script is loaded.
"""


@pytest.mark.parametrize("profile", SLOW)
def test_the_first_load_is_small_and_painted_early(
    context: BrowserContext, bot: Bot, profile: str, record_property: Callable[[str, object], None]
) -> None:
    times_slower, latency_ms, bytes_s, most_ms = SLOW[profile]
    page = context.new_page()
    slow = context.new_cdp_session(page)
    slow.send("Network.enable")
    slow.send("Emulation.setCPUThrottlingRate", {"rate": times_slower})
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": latency_ms, "downloadThroughput": bytes_s, "uploadThroughput": bytes_s / 2},
    )
    page.goto(bot.url)
    assert {httpx.URL(name).host for name, _ in transfers(page)} == {"127.0.0.1"}
    first = sum(size for _, size in transfers(page))
    (painted_ms,) = page.evaluate("performance.getEntriesByName('first-contentful-paint').map(e => e.startTime)")
    tap(page, "开始核对")
    turn = next(size for name, size in transfers(page) if name.endswith("/say"))
    record_property(profile, {"first paint, ms": painted_ms, "first load, bytes": first, "a turn, bytes": turn})
    assert first < 30_000
    assert turn < 5_000
    assert painted_ms < most_ms


def transfers(page: Page) -> list[tuple[str, int]]:
    """The addresses that the page loaded, and the bytes of each with its head."""
    kinds = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    return [(name, size) for name, size in page.evaluate(f"{kinds}.map(e => [e.name, e.transferSize])")]


DESKTOP: ViewportSize = {"width": 900, "height": 640}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["page", "page-dark", "desk", "desk-dark"])
def test_the_readme_shows_the_page(browser: Browser, bot: Bot, name: str, request: pytest.FixtureRequest) -> None:
    shot = ROOT / "examples" / f"{name}.webp"
    if request.config.getoption("--update"):
        is_phone = name.startswith("page")
        scheme: Literal["dark", "light"] = "dark" if name.endswith("dark") else "light"
        context = browser.new_context(
            viewport=PHONE if is_phone else DESKTOP, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(bot.url)
        for words in ("开始核对", "专科", "会计电算化", "对"):
            tap(page, words)
        if not is_phone:
            type_in(page, "要钱吗")
        with Image.open(io.BytesIO(page.screenshot())) as picture:
            picture.save(shot, quality=70, method=6)
        context.close()
    assert 5_000 < shot.stat().st_size < 37_000  # all four: less than 150 KB
    assert f"(examples/{shot.name})" in (ROOT / "README.md").read_text("utf-8")
