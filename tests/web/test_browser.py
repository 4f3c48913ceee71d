"""The page in a real browser, served by the real process: taps, no scripts, no network, two tabs, kill -9.

Needs the system's chromium; without one, these tests are skipped.
"""

from __future__ import annotations

import signal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.conftest import shipped
from tests.web.browser import ENDS, PHONE, WORDS, Bot, is_at, needs_chromium, next_button, said, tap, type_in

pytestmark = needs_chromium


def test_without_scripts_at_every_step_with_reload_and_back(browser: Browser, bot: Bot) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(bot.url)
    for words in ("开始核对", "专科", "会计电算化"):
        page.locator("section.turn").last.get_by_role("button", name=words, exact=True).click()
        expect(page.locator("#log .said").last).to_contain_text(words)
        page.reload()
        page.go_back()
        page.go_forward()
    page.get_by_label(WORDS.place).fill("要钱吗")
    page.get_by_role("button", name=WORDS.send).click()
    assert said(page) == ["开始核对", "专科", "会计电算化", "要钱吗"]
    assert page.get_by_role("button", name="完成了").count() == 1
    context.close()


@pytest.mark.slow
def test_without_scripts_until_done_with_reload_back_and_double_submit_at_every_step(
    browser: Browser, bot: Bot
) -> None:
    """And in another tab, which still shows the step before, the same is tapped."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page, other = context.new_page(), context.new_page()
    page.goto(bot.url)
    known, mark = ENDS["done"]
    tapped: list[str] = []
    for _ in range(40):
        words = next_button(page, *known)
        known = tuple(one for one in known if one != words)
        other.goto(bot.url)
        before = page.url, other.url
        page.locator("section.turn").last.get_by_role("button", name=words, exact=True).dblclick()
        expect(page).not_to_have_url(before[0])
        other.locator("section.turn").last.get_by_role("button", name=words, exact=True).click()  # moves nothing
        expect(other).not_to_have_url(before[1])
        tapped += [words, words]
        page.reload()
        page.go_back()
        page.go_forward()
        page.reload()
        assert said(page)[-6:] == tapped[-6:]
        if is_at(page, mark):
            break
    else:
        raise AssertionError("not there after 40 turns")
    context.close()


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
    expect(other.locator("#log .said").last).to_contain_text("专科")
    tap(other, "会计电算化")
    page.get_by_role("button", name="上一步").click()  # made for where she was before: moves nothing
    expect(page.locator("section.turn")).to_have_count(5)
    assert said(page) == ["开始核对", "专科", "会计电算化", "上一步"]
    assert shipped().phrases.stale in page.locator("section.turn").last.inner_text()
    other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # looked at again: no need to wait
    expect(other.locator("#log .said").last).to_contain_text("上一步")


def test_a_kill_in_the_middle_loses_nothing(page: Page, bot: Bot) -> None:
    tap(page, "开始核对")
    bot.end(signal.SIGKILL)
    page.locator("section.turn").last.get_by_role("button", name="专科", exact=True).click()
    expect(page.get_by_text(WORDS.offline)).to_be_visible()
    bot.start()
    page.clock.run_for(27_000)  # the longest wait between two tries: a bot that was slow to start missed some
    expect(page.locator("#log .said").last).to_contain_text("专科")
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
