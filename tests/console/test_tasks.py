"""A teacher's errands on a phone, without a manual: each in the real browser, by what is written on the page.

Needs the system's chromium; without one, these tests are skipped.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pyotp
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, async_playwright, expect

from bot.app.build import STAFFED
from bot.domain.join_codes import draw_codes, format_code
from tests.console.conftest import School
from tests.console.test_people import enrol, make_lot
from tests.console.test_tickets import open_ticket
from tests.web.browser import CHROMIUM, WATCH, needs_chromium

pytestmark = needs_chromium


@pytest.fixture
async def phone(school: School) -> AsyncIterator[Page]:
    """A teacher's phone, in the console."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 390, "height": 800})
        await page.add_init_script(WATCH)
        page.set_default_timeout(15_000)
        await page.goto(f"{school.url}/console/in/{await school.link(await school.employ('staff', '王老师'))}")
        await page.get_by_role("button", name="进入").click()
        secret = await page.locator("#secret").inner_text()
        await page.get_by_label("验证码").fill(pyotp.TOTP(secret).at(school.clock()))
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="今天")).to_be_visible()
        yield page
        assert await page.evaluate("window.broken") == []
        await browser.close()


async def check_for_everybody(page: Page) -> None:
    """Nothing is too wide for the phone, or an obstacle that axe-core knows."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    found = (await Axe().run(page)).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


@pytest.mark.slow
async def test_a_class_is_reminded_tomorrow_at_eight(school: School, phone: Page) -> None:
    await enrol(school, *["walking"] * 12, major="会计学")
    await phone.get_by_role("link", name="群发", exact=True).click()
    await phone.get_by_label("一句话写群发").fill("明早8点提醒会计学没做完的")
    await phone.get_by_role("button", name="下一步，看过再确认").click()
    await expect(phone.locator(".said")).to_contain_text("会计学")
    await check_for_everybody(phone)
    await expect(phone.locator(".said button.good")).to_contain_text("确定")  # not "send now", which stands below
    await phone.get_by_role("button", name="确定").click()
    (planned,) = await school.store.broadcasts.all(channel=STAFFED)
    assert planned.due_at
    assert (planned.state, planned.due_at.isoformat()[:16]) == ("scheduled", "2013-12-06T00:00")  # 8 in Shanghai
    await phone.get_by_role("link", name="群发", exact=True).click()
    await phone.get_by_role("link", name="日历").click()
    await expect(phone.get_by_role("cell", name="12/6 周五")).to_contain_text("08:00 #1")
    await check_for_everybody(phone)


@pytest.mark.slow
async def test_a_question_is_answered_with_a_form(school: School, phone: Page) -> None:
    number = await open_ticket(school, words="更正要填什么表？")
    await phone.reload()
    await phone.get_by_role("link", name=number).click()
    await phone.get_by_label("写什么").fill("填好这张表，明天带来。")
    form = {"name": "更正申请表.docx", "mimeType": "application/octet-stream", "buffer": b"PK a form"}
    await phone.get_by_label("附一个文件").set_input_files(form)  # type: ignore[arg-type]
    await phone.get_by_role("button", name="发送", exact=True).click()
    await expect(phone.locator(".thread .staff").last).to_contain_text("下载 更正申请表.docx")
    await check_for_everybody(phone)
    await phone.get_by_role("button", name="结束").click()
    await phone.get_by_role("link", name="工单", exact=True).click()
    await expect(phone.get_by_text("没有这样的工单")).to_be_visible()


def make_list(codes: list[str], states: list[str]) -> bytes:
    """The school's list as it comes out of Excel: a heading over the table, names beside the codes."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("2012级会计学")
        sheet.write_string(0, 0, "毕业生图像核对情况表")
        rows = [("序号", "姓名", "核对编号", "是否完成")]
        rows += [
            (str(n), f"学生{n}", code, state) for n, (code, state) in enumerate(zip(codes, states, strict=True), 1)
        ]
        for number, row in enumerate(rows, 2):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    return out.getvalue()


@pytest.mark.slow
async def test_the_class_list_says_who_is_to_be_put_back_and_who_never_came(school: School, phone: Page) -> None:
    codes = await enrol(school, "done", "done", "walking", major="会计学")
    never = format_code(draw_codes(4, make_lot())[3])
    listed = make_list([*map(format_code, codes), never], ["未完成", "已完成", "未完成", "未完成"])
    await phone.get_by_role("link", name="学生", exact=True).click()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    await phone.get_by_label("名单文件").set_input_files({"name": "名单.xlsx", "mimeType": kind, "buffer": listed})
    await phone.get_by_role("button", name="看会改什么").click()
    await expect(phone.locator(".said")).to_contain_text("1 人退回")
    await expect(phone.locator(".said")).to_contain_text(f"没有来过的：1 个编号\n{never}")
    await check_for_everybody(phone)
    await phone.get_by_role("button", name="确定").click()
    await expect(phone.locator(".said")).to_contain_text("已告诉本人")
    await expect(phone.get_by_role("button", name="撤回这份名单")).to_be_visible()
    await phone.get_by_label("专业").select_option("会计学")
    await phone.get_by_label("状态").select_option("进行中")
    await phone.get_by_role("button", name="找", exact=True).click()
    await expect(phone.locator("tbody tr")).to_have_count(2)
    await check_for_everybody(phone)
