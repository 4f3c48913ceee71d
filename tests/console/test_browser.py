"""The console in a real browser, served by the real process: a phone's width, by keyboard, dark, without scripts.

Needs the system's chromium; without one, these tests are skipped.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.bot_process import ROOT, warm
from tests.web.browser import PHONE, WATCH, Bot, bot, browser, needs_chromium, tap, type_in

pytestmark = needs_chromium
__all__ = ["bot", "browser"]


def make_link(bot: Bot, role: str, name: str) -> str:
    """Whoever has the machine asks for a link."""
    ours = {"GRADBOT_HOME": str(warm(bot.home)), "GRADBOT_WEB": f"127.0.0.1:{bot.port}", "PYTHONPATH": str(ROOT)}
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GRADBOT_")} | ours
    command = [sys.executable, "-m", "bot", "console-link", role, name]
    said = subprocess.run(command, cwd=bot.home, env=environment, capture_output=True, text=True, check=True).stdout
    return str(re.findall(r"http\S+", said)[0])


def add_device(context: BrowserContext, page: Page) -> None:
    """The browser gets a device that makes passkeys and says yes."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**device, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )


def come_in(page: Page, link: str) -> None:
    page.set_default_timeout(15_000)
    page.goto(link)
    page.get_by_role("button", name="进入").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_label("验证码").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="今天")).to_be_visible()


def check_for_everybody(page: Page) -> None:
    """Nothing is too wide, too small to tap, or an obstacle that axe-core knows."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
    small = """[...document.querySelectorAll("button, select, textarea, input[type=text]")]
        .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"""
    assert page.evaluate(small) == []
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


def open_context(browser: Browser, **how: Any) -> BrowserContext:
    context = browser.new_context(viewport=PHONE, **how)
    context.add_init_script(WATCH)
    return context


def test_an_admin_comes_in_and_every_page_of_the_menu_is_for_everybody(browser: Browser, bot: Bot) -> None:
    context = open_context(browser, color_scheme="dark")
    page = context.new_page()
    come_in(page, make_link(bot, "admin", "李老师"))
    addresses = page.locator("header nav a").evaluate_all("links => links.map(link => link.href)")
    assert len(addresses) >= 9
    more = ("history", "inbox", "new", "entry/deadline", "entry/deadline?view=yaml")
    for address in (*addresses, *(f"{bot.url}console/knowledge/{path}" for path in more)):
        page.goto(address)
        check_for_everybody(page)
        assert page.evaluate("window.broken") == []  # nothing was asked of the browser that our policy forbids
    context.close()


def test_a_teacher_plans_a_reminder_by_keyboard_without_scripts(browser: Browser, bot: Bot) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    come_in(page, make_link(bot, "staff", "王老师"))
    page.get_by_role("link", name="群发").click()
    page.get_by_label("一句话写群发").fill("提醒没做完的：请今天核对学籍")
    page.get_by_role("button", name="下一步，看过再确认").press("Enter")
    expect(page.get_by_text("请今天核对学籍").first).to_be_visible()
    expect(page.locator(".phone")).to_contain_text("请今天核对学籍")
    page.get_by_role("button", name="退出").press("Enter")
    expect(page.get_by_role("heading", name="你还没有登录")).to_be_visible()
    context.close()


@pytest.mark.slow
def test_the_count_follows_the_boxes_that_are_ticked(browser: Browser, bot: Bot) -> None:
    context = open_context(browser)
    page = context.new_page()
    come_in(page, make_link(bot, "staff", "张老师"))
    page.get_by_role("link", name="群发").click()
    page.wait_for_url("**/broadcasts")
    page.get_by_label("一句话写群发").fill("提醒没做完的：请今天核对学籍")
    expect(page.locator(".phone")).to_contain_text("请今天核对学籍", timeout=15_000)
    expect(page.get_by_role("button", name="下一步")).to_be_in_viewport()  # the preview does not push it away
    page.get_by_role("button", name="自己一项一项填").click()
    page.get_by_label("没开始").check()
    expect(page.locator("#count")).to_contain_text("会收到")
    page.locator("#text").fill("请核对")
    page.locator("form[action$='/text'] button").click()
    expect(page.locator(".phone")).to_contain_text("请核对")
    check_for_everybody(page)
    assert page.evaluate("window.broken") == []
    context.close()


@pytest.mark.slow
def test_a_passkey_is_made_at_the_first_login_and_lets_in_at_the_next(browser: Browser, bot: Bot) -> None:
    context = open_context(browser)
    page = context.new_page()
    page.set_default_timeout(15_000)
    add_device(context, page)
    for button in ("在这台设备上建一个通行密钥", "用通行密钥进入"):
        # A passkey belongs to a name; an address of numbers has none.
        page.goto(make_link(bot, "staff", "赵老师").replace("127.0.0.1", "localhost"))
        page.get_by_role("button", name="进入").click()
        check_for_everybody(page)
        page.get_by_role("button", name=button).press("Enter")
        expect(page.get_by_role("heading", name="今天")).to_be_visible()
        assert page.evaluate("window.broken") == []
        page.get_by_role("button", name="退出").click()
        expect(page.get_by_role("heading", name="你还没有登录")).to_be_visible()
    context.close()
    stranger = open_context(browser)  # with the link, without the device
    page = stranger.new_page()
    page.goto(make_link(bot, "staff", "赵老师").replace("127.0.0.1", "localhost"))
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("button", name="用通行密钥进入")).to_be_visible()
    assert page.locator("#secret").count() == 0
    stranger.close()


@pytest.mark.slow
def test_somebody_with_codes_adds_a_passkey_and_needs_no_code_any_more(browser: Browser, bot: Bot) -> None:
    context = open_context(browser)
    page = context.new_page()
    add_device(context, page)
    come_in(page, make_link(bot, "staff", "钱老师").replace("127.0.0.1", "localhost"))
    page.get_by_role("link", name="我的登录").click()
    page.get_by_role("button", name="在这台设备上建一个通行密钥").click()
    expect(page.get_by_text("你有 1 个通行密钥")).to_be_visible()
    check_for_everybody(page)
    page.get_by_role("button", name="退出").click()
    page.goto(make_link(bot, "staff", "钱老师").replace("127.0.0.1", "localhost"))
    page.get_by_role("button", name="进入").click()
    page.get_by_role("button", name="用通行密钥进入").click()
    expect(page.get_by_role("heading", name="今天")).to_be_visible()
    context.close()


@pytest.mark.slow
def test_without_telegram_a_teacher_answers_a_graduate_of_the_page(browser: Browser, bot: Bot) -> None:
    teacher_context, graduate_context = open_context(browser), open_context(browser)
    teacher, graduate = teacher_context.new_page(), graduate_context.new_page()
    come_in(teacher, make_link(bot, "staff", "孙老师"))
    graduate.goto(bot.url)
    type_in(graduate, "转给老师")
    tap(graduate, "请老师联系我")
    type_in(graduate, "照片怎么是别人的")
    type_in(graduate, "打我电话13800138000")
    teacher.reload()
    teacher.get_by_role("link", name=re.compile("^工单 [0-9A-Z]")).click()
    expect(teacher.get_by_text("照片怎么是别人的")).to_be_visible()
    expect(teacher.get_by_text("13800138000")).to_be_visible()
    teacher.get_by_label("写什么").fill("我看到了，明天带身份证来学工部。")
    teacher.get_by_role("button", name="发送", exact=True).click()
    graduate.reload()
    expect(graduate.get_by_text("明天带身份证来学工部")).to_be_visible()
    teacher.get_by_role("button", name="结束", exact=True).click()
    expect(teacher.get_by_text("13800138000")).to_have_count(0)
    assert teacher.evaluate("window.broken") == graduate.evaluate("window.broken") == []
    for context in (teacher_context, graduate_context):
        context.close()
