"""An admin at work in a real browser on a phone: from a missed question to the answer that is given, and a notice."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.console.test_browser import check_for_everybody, come_in, make_link, open_context
from tests.web.browser import Bot, bot, browser, needs_chromium

pytestmark = needs_chromium
__all__ = ["bot", "browser"]

THREE_MINUTES_S = 180
NOTICE = Path(__file__).parents[1] / "notices" / "words" / "haizhou.txt"


@pytest.mark.slow
def test_a_missed_question_is_answered_within_three_minutes(browser: Browser, bot: Bot) -> None:
    graduate = open_context(browser).new_page()
    graduate.goto(bot.url)
    for _ in range(2):
        graduate.get_by_role("textbox").fill("宿舍的洗衣机几点关门")
        graduate.get_by_role("textbox").press("Enter")
        graduate.wait_for_load_state("networkidle")
    context = open_context(browser)
    page = context.new_page()
    come_in(page, make_link(bot, "admin", "李老师"))
    page.set_default_timeout(60_000)
    began = time.monotonic()
    page.get_by_role("link", name="个问题等着处理").click()
    page.wait_for_url("**/knowledge/inbox*")
    check_for_everybody(page)
    page.get_by_role("link", name="写答案").first.click()
    page.get_by_label("标题").fill("洗衣机几点关")
    page.get_by_label("回答", exact=True).fill("洗衣房开到{{ nonsense }}。")
    expect(page.locator(".remarks")).to_contain_text("nonsense")  # while it is typed
    page.get_by_label("回答", exact=True).fill("洗衣房开到晚上十点。")
    page.get_by_label("学生会怎么问").fill("宿舍的洗衣机几点关门\n洗衣机开到几点\n洗衣房什么时候关")
    expect(page.locator("#look .bubble")).to_contain_text("晚上十点", timeout=60_000)
    check_for_everybody(page)
    page.get_by_role("button", name="检查，先不发布").press("Enter")
    if page.get_by_label("不一样，还是要新写").count():
        page.get_by_label("不一样，还是要新写").check()
        page.get_by_role("button", name="检查，先不发布").press("Enter")
    expect(page.get_by_role("heading", name="草稿")).to_be_visible(timeout=60_000)
    check_for_everybody(page)
    page.get_by_role("button", name="发布").first.press("Enter")
    expect(page.locator("#said")).to_contain_text("洗衣机几点关", timeout=60_000)
    assert time.monotonic() - began < THREE_MINUTES_S
    graduate.get_by_role("textbox").fill("洗衣机开到几点")
    graduate.get_by_role("textbox").press("Enter")
    expect(graduate.get_by_text("洗衣房开到晚上十点。").last).to_be_visible(timeout=60_000)
    assert page.evaluate("window.broken") == []
    context.close()


@pytest.mark.slow
def test_a_deadline_is_moved_and_a_notice_is_drafted_without_scripts(browser: Browser, bot: Bot) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    come_in(page, make_link(bot, "admin", "张老师"))
    page.set_default_timeout(60_000)
    page.get_by_role("link", name="通知", exact=True).click()
    page.get_by_text("网上核对学籍和照片 · 最后一天").click()
    fact = page.locator("details details[open]")
    fact.get_by_label("改成").fill("2013-12-18")
    fact.get_by_role("button", name="检查").press("Enter")
    expect(page.locator("#said")).to_contain_text("12月18日", timeout=60_000)
    page.get_by_role("button", name="发布").press("Enter")
    expect(page.locator("#said")).to_contain_text("12月18日", timeout=60_000)
    page.get_by_role("link", name="通知", exact=True).click()
    page.get_by_label("通知文件").set_input_files(NOTICE)
    page.get_by_role("button", name="起草").press("Enter")
    expect(page.get_by_role("heading", name="拿不准的")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="看看会怎么说").click()
    expect(page.get_by_role("heading", name="会怎么说")).to_be_visible(timeout=60_000)
    context.close()
