"""A graduate uses the page by plain forms, without scripts; and what others try with it."""

from __future__ import annotations

import asyncio
import gzip
import re
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from bot.channels.web.site import Site
from bot.domain.messages import Delivered, Incoming, Outcome, Post
from tests.conftest import shipped
from tests.web.conftest import Place, Visitor, open_place


async def arrives(place: Place) -> Visitor:
    visitor = place.visit()
    await visitor.opens()
    return visitor


def count(tmp_path: Path, table: str) -> int:
    with closing(sqlite3.connect(tmp_path / "gradbot.db")) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def test_whoever_only_looks_leaves_nothing_behind(place: Place, tmp_path: Path) -> None:
    visitor = await arrives(place)
    assert "你好，我是毕业核对助手" in visitor.html
    assert (await visitor.client.get("news", params={"after": "arrival"})).status_code == 204
    assert count(tmp_path, "people") == 0


async def test_a_walk_by_taps_and_words_is_all_there_after_a_reload(place: Place) -> None:
    she = await arrives(place)
    await she.presses("开始核对")
    await she.presses("专科")
    await she.types("要钱吗")
    assert she.said == ["开始核对", "专科", "要钱吗"]
    assert "免费" in she.html or "不收" in she.html
    before = she.html
    await she.opens()
    assert she.said == ["开始核对", "专科", "要钱吗"]
    assert len(she.bubbles) == before.count('class="bubble"')
    assert she.form_of("会计电算化")["press"].split("|")[2] == "m0-major"


async def test_a_screen_reader_is_spared_the_blocks_of_the_bar(place: Place) -> None:
    she = await arrives(place)
    await she.presses("开始核对")
    await she.presses("专科")
    await she.presses("会计电算化")
    bars = re.findall(r'<span aria-hidden="true">([^<]*)</span>', she.html)
    assert bars
    assert all(set(bar) <= {*shipped().phrases.bar} for bar in bars)
    assert not set("".join(shipped().phrases.bar)) & set(re.sub(r"<span aria-hidden.*?</span>", "", she.html))


async def test_a_form_that_is_sent_twice_or_from_an_old_page_moves_once(place: Place, tmp_path: Path) -> None:
    she = await arrives(place)
    form = she.form_of("开始核对")
    answers = await asyncio.gather(*(she.client.post("say", data=form) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    await she.opens()
    assert she.said == ["开始核对"]
    old = she.html
    await she.presses("专科")
    await she.presses("专科", old)  # the very form that was sent: the browser's way back, and the button again
    assert she.said == ["开始核对", "专科"]
    assert count(tmp_path, "step_events") == 2


async def test_two_tabs_show_each_other_what_is_new(place: Place) -> None:
    she = await arrives(place)
    await she.presses("开始核对")
    other_tab = she.hidden('id="composer"')
    await she.presses("专科")
    news = await she.client.get("news", params={"after": other_tab["after"]})
    assert "t-" in news.text
    assert ">开始核对<" not in news.text
    assert "专科" in news.text
    lost = await she.client.get("news", params={"after": "long-ago"})
    assert lost.headers["hx-refresh"] == "true"


async def test_with_scripts_a_turn_is_answered_by_what_is_new(place: Place) -> None:
    she = await arrives(place)
    form = she.form_of("开始核对") | {"after": "arrival"}
    answer = await she.client.post("say", data=form, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert answer.text.count("<section") == 1
    assert "你好，我是毕业核对助手" not in answer.text
    assert len(gzip.compress(answer.content)) < 5_000


async def test_a_vote_changes_the_answer_in_its_place(place: Place) -> None:
    she = await arrives(place)
    await she.types("要钱吗")
    bubbles = len(she.bubbles)
    form = she.form_of(shipped().phrases.opinion.helped)
    answer = await she.client.post("say", data=form | she.hidden('id="composer"'), headers={"hx-request": "true"})
    assert 'hx-swap-oob="true"' in answer.text
    await she.opens()
    assert len(she.bubbles) == bubbles
    assert shipped().phrases.opinion.thanks in she.html


async def test_the_first_load_is_small(place: Place) -> None:
    she = await arrives(place)
    total = 0
    for address in ["", *re.findall(r'(?:src|href)="(static/[^"]*)"', she.html)]:
        answer = await she.client.get(address)
        assert answer.headers["content-encoding"] == "gzip"
        total += int(answer.headers["content-length"])
    assert total < 60_000
    assert "http" not in "".join(re.findall(r'(?:src|href|action)="([^"]*)"', she.html))


# Privacy


async def test_secrets_are_neither_kept_nor_shown_and_numbers_are_masked(place: Place, tmp_path: Path) -> None:
    she = await arrives(place)
    await she.types("我的身份证号是11010519491231002X，对吗")
    assert shipped().phrases.web.unkept in she.said
    await she.types("我叫王小明，学号2010123456，怎么登录")
    assert "2010123456" not in she.html
    with closing(sqlite3.connect(tmp_path / "gradbot.db")) as database:
        kept = "\n".join(database.iterdump())
    assert "11010519491231002" not in kept
    assert "2010123456" not in kept
    assert she.client.cookies["gradbot"] not in kept


async def test_whoever_is_forgotten_has_no_cookie_and_no_talk(place: Place, tmp_path: Path) -> None:
    she = await arrives(place)
    await she.presses("开始核对")
    await she.types("忘记我")
    assert "gradbot" not in she.client.cookies
    assert "composer" not in she.html
    assert [count(tmp_path, table) for table in ("people", "step_events")] == [0, 0]
    await she.opens()
    assert she.said == []
    assert "你好，我是毕业核对助手" in she.html


async def test_files_of_a_talk_are_its_persons_alone(place: Place) -> None:
    she, other = await arrives(place), await arrives(place)
    await she.types("截止日期")
    (address,) = set(re.findall(r'href="(file/[^"]*)"', she.html))
    calendar = await she.client.get(address)
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert calendar.headers["content-disposition"].startswith("attachment")
    assert (await other.client.get(address)).status_code == 404


# Attacks


async def test_what_people_write_is_never_markup(place: Place) -> None:
    she = await arrives(place)
    await she.types("""<img src=x onerror=alert(1)>"'><script>alert(1)</script> &amp;""")
    assert "<img" not in she.html
    assert "<script>alert" not in she.html
    assert she.said[-1].startswith("<img src=x")


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({"form": "0" * 32}, {}, 403),
        ({"form": "词"}, {}, 403),
        ({}, {"origin": "https://evil.example"}, 403),
        ({}, {"origin": "null"}, 403),
        ({}, {"sec-fetch-site": "cross-site"}, 403),
        ({}, {"cookie": "gradbot="}, 400),
        ({}, {"cookie": "gradbot=../../etc"}, 400),
        ({"text": "x" * 70_000}, {}, 413),
        ({"update": "../x"}, {}, 303),
    ],
)
async def test_a_form_of_somebody_else_does_nothing(
    place: Place, tmp_path: Path, change: dict[str, str], headers: dict[str, str], status: int
) -> None:
    she = await arrives(place)
    if "cookie" in headers:
        she.client.cookies.clear()
    form = she.hidden('id="composer"') | {"text": "你好"} | change
    assert (await she.client.post("say", data=form, headers=headers)).status_code == status
    assert count(tmp_path, "people") == 0


async def test_nobody_takes_the_update_of_another(place: Place) -> None:
    she, other = await arrives(place), await arrives(place)
    form = she.hidden('id="composer"') | {"text": "要钱吗"}
    await she.sends(form)
    await other.sends(other.hidden('id="composer"') | {"text": "截止日期", "update": form["update"]})
    assert other.said == ["截止日期"]
    assert she.said == ["要钱吗"]


async def test_the_page_runs_only_its_own_scripts_and_is_framed_by_nobody(place: Place) -> None:
    answer = await place.visit().client.get("")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-robots-tag"] == "noindex"
    for address in ("file/x/0/a", "static/../channel.py", "nowhere", "say"):
        other = await place.visit().client.get(address)
        assert other.status_code in (303, 404)
        assert other.headers["x-content-type-options"] == "nosniff"


async def test_addresses_and_heads_lead_nowhere_else(place: Place) -> None:
    she = await arrives(place)
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example", "referer": "https://evil.example/"}
    form = she.hidden('id="composer"') | {"text": "要钱吗", "after": "//evil.example", "next": "https://evil.example"}
    assert (await she.client.post("say", data=form, headers=evil)).status_code == 400  # no cookie of that host
    del evil["host"]
    answer = await she.client.post("say", data=form, headers=evil)
    assert answer.headers["location"].startswith("./#t-")
    for address in ("//evil.example/", "/%2e%2e/%2e%2e/etc/passwd", "/static/..%2fchannel.py", "/file/%0d%0ax/0/a"):
        lost = await she.client.get(f"{place.url}{address}", headers=evil)
        assert lost.status_code == 404
        assert "evil.example" not in f"{lost.headers}{lost.text}"
    assert "evil.example" not in await she.opens("?start=https://evil.example&next=//evil.example")


async def test_a_browser_keeps_its_own_secret_whoever_offers_one(place: Place) -> None:
    she, other = await arrives(place), await arrives(place)
    await she.types("要钱吗")
    for name, value in {**she.hidden('id="composer"')}.items():  # what a page shows joins no account
        other.client.cookies.set("gradbot", value)
        assert "要钱吗" not in await other.opens(), name
    assert she.client.cookies["gradbot"] not in she.html


async def test_a_flood_is_stopped_and_others_are_heard(open_: AsyncExitStack, tmp_path: Path) -> None:
    place = await open_place(open_, tmp_path / "gradbot.db", clock=lambda: 0.0)
    she, other = await arrives(place), await arrives(place)
    form = she.hidden('id="composer"') | {"text": ""}
    codes = [(await she.client.post("say", data=form)).status_code for _ in range(70)]
    assert codes[0] == 303
    assert codes[-1] == 429
    await other.types("要钱吗")
    assert other.said == ["要钱吗"]


async def test_under_a_path_behind_https_the_cookie_is_for_that_path_alone(
    open_: AsyncExitStack, tmp_path: Path
) -> None:
    site = Site("https://www.example.edu/check", frames=("https://www.example.edu",), is_indexed=True)
    place = await open_place(open_, tmp_path / "gradbot.db", site)
    for path in ("/check/", "/"):  # a proxy may leave the path or take it away
        answer = await place.visit().client.get(path)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Secure-gradbot=")
        assert "Path=/check/;" in cookie
        assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
        assert "frame-ancestors https://www.example.edu" in answer.headers["content-security-policy"]
        assert "x-robots-tag" not in answer.headers


async def test_a_link_opens_what_it_names_by_one_tap(place: Place) -> None:
    she = place.visit()
    await she.opens("?start=faq-cost")
    await she.presses(shipped().phrases.web.open)
    assert she.said == [shipped().phrases.web.open]
    assert shipped().entries["cost"].texts[0][1][:5] in she.html
    assert 'name="start"' not in await place.visit().opens("?start=%22%3E%3Cscript%3E")


# With staff


async def test_a_teacher_answers_a_graduate_in_the_browser(open_: AsyncExitStack, tmp_path: Path) -> None:
    place = await open_place(open_, tmp_path / "gradbot.db", owners=[("telegram", "1")], desks=("telegram",))
    staff: list[Post] = []

    async def deliver(post: Post) -> Delivered:
        staff.append(post)
        return Delivered(Outcome("sent", str(post.number)), "7")

    async def run_desk() -> None:
        for delivery in await place.service.outbox.deliveries("telegram", deliver):
            await delivery

    she = await arrives(place)
    for words in ("联系老师", "请老师联系我"):  # as the page offers it to somebody who was told nothing
        await she.presses(words)
    await she.types("我的专业写错了，找谁")
    await run_desk()
    assert staff[0].user is None
    cursor = she.hidden('id="composer"')["after"]
    await place.service.receive(
        Incoming("telegram", "1", "带上身份证来一趟教务处", update_id="5", place="staff", thread="7")
    )
    await run_desk()
    assert [post.user for post in staff] == [None] * len(staff)  # the answer is no business of Telegram's
    first, again = [await she.client.get("news", params={"after": cursor}) for _ in range(2)]
    assert "带上身份证来一趟教务处" in first.text
    assert first.text.replace("\n", "")[:80] == again.text.replace("\n", "")[:80]  # until the page says what it has
    assert (
        await she.client.get("news", params={"after": re.findall(r"t-(post-\d+)", first.text)[-1]})
    ).status_code == 204
    await she.opens()
    assert she.html.count("带上身份证来一趟教务处") == 1
    assert count(tmp_path, "outbox") == 0


async def test_while_nothing_can_be_saved_nothing_is_lost(place: Place) -> None:
    she = await arrives(place)
    form = she.hidden('id="composer"') | {"text": "要钱吗"}
    await place.store._engine.dispose()
    real = place.store._loading
    place.store._loading = fail  # type: ignore[assignment]
    assert (await she.client.post("say", data=form)).status_code == 503
    place.store._loading = real
    await she.sends(form)
    assert she.said == ["要钱吗"]


async def test_what_is_not_taken_is_said_on_a_page_that_leads_back(place: Place) -> None:
    she = await arrives(place)
    words, form = shipped().phrases.web, she.hidden('id="composer"') | {"text": "要钱吗<b>"}
    real = place.store._loading
    place.store._loading = fail  # type: ignore[assignment]
    await she.sends(form)
    assert words.not_saved in she.html
    assert "要钱吗&lt;b&gt;" in she.html
    place.store._loading = real
    await she.sends(she.hidden('class="keys"'))  # the button of that page sends the same again
    assert she.said == ["要钱吗<b>"]
    place.store._loading = fail  # type: ignore[assignment]
    await she.presses("开始核对")
    assert words.not_saved in she.html
    place.store._loading = real
    await she.sends(she.hidden('class="keys"'))  # and that of a button
    assert she.said == ["要钱吗<b>", "开始核对"]
    lost = await she.client.get("nowhere")
    assert words.gone in lost.text
    assert f'<a href="/">{words.back}</a>' in lost.text
    await she.sends(form | {"form": "0" * 32})
    assert words.stale in she.html
    assert "要钱吗" not in she.html  # nobody else gets a form that sends it


async def test_the_browser_of_wechat_saves_no_file_and_is_told_where_to_go_on(place: Place) -> None:
    she = await arrives(place)
    assert shipped().phrases.web.wechat not in await she.types("截止日期")
    she.client.headers["user-agent"] = "Mozilla/5.0 (Linux; Android 8.0) MicroMessenger/8.0"
    assert shipped().phrases.web.wechat in await she.opens()


async def fail(*_: object) -> None:
    from bot.store import StoreProblem

    raise StoreProblem("locked", "")
