"""The statistics as text, table and chart; numbers of few people are hidden in all of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.broadcast import chart
from bot.broadcast.funnel import Funnel
from bot.broadcast.statistics import draw_in_process
from bot.domain.counts import Day, Group, Questions
from bot.domain.session import Session
from bot.render.reply import Voice
from bot.store import StepEvent
from bot.store.tables import people
from bot.store.times import text_of
from tests.broadcast.harness import FIRST, NOON, NOTICE, Harness, open_harness, session
from tests.broadcast.test_chat import office
from tests.conftest import shipped

WALKING = [session("walking", "m2-site", cohort="zhuanke")] * 7
DONE = [session("done", "m10-done", cohort="ancai")] * 6


def funnel(groups: Sequence[Group], days: Sequence[Day] = (), questions: Sequence[Questions] = ()) -> Funnel:
    local = NOON.replace(tzinfo=None)
    return Funnel(shipped(), Voice(shipped(), Session(NOTICE), local), groups, days, questions)


def rows(shown: Funnel) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in csv.reader(shown.table().lstrip("\ufeff").splitlines()) if row}


def group(cohort: str, state: str, people: int, step: str = "m2-site", *, stuck: bool = False) -> Group:
    return Group(cohort, state, step, stuck, False, people)


async def _events(harness: Harness, *events: tuple[int, int, str]) -> None:
    """Person, days ago, kind."""
    for n, ago, kind in sorted(events, key=lambda event: -event[1]):
        user, at = str(FIRST + n), NOON - timedelta(days=ago)
        stored = await harness.store.load("telegram", user)
        await harness.store.save_turn(
            "telegram",
            user,
            session=stored,
            events=[StepEvent("s", "m2-site", kind)],
            update_id=None,
            turn=None,
            miss=None,
            at=at,
        )
    async with harness.store._transaction() as connection:
        await connection.execute(update(people).values(updated_at=text_of(NOON)))  # nobody is stuck


async def test_staff_see_how_far_everybody_is_and_what_came_by_day(tmp_path: Path) -> None:
    people_ = [*WALKING, *DONE, *[session()] * 5]
    async with office(tmp_path, people_) as at:
        came = [(n, 20, "entered") for n in range(7)] + [(n, 3, "entered") for n in range(7, 13)]
        done = [(n, day, "done") for n in range(7, 13) for day in (2, 1)]  # twice: the first time counts
        await _events(at.harness, *came, *done)
        for _ in range(5):
            await at.says(at.harness.telegram.users[FIRST], "用户名忘了怎么办")
        said = await at.says(at.owner, "/stats")
        assert "共 18 人" in said
        assert "进行中：7" in said
        assert "已完成：6" in said
        assert "打开学信网首页：7" in said or "打开学信网：7" in said
        assert "12-08 来 6 · 做完 0 · 有误 0\n12-09 来 0 · 做完 6 · 有误 0\n\n" in said
        assert "照着做了 0，答上了 5，给了几个让他选 0，没听懂 0" in said
        (_, content) = at.harness.telegram.made("sendDocument")[-1].files["document"]
        assert "专科,0,7,0,0,0,0" in content.decode()


@pytest.mark.slow
async def test_the_picture_is_drawn_with_a_font_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    # What matplotlib learns of the system's fonts takes it long, so it is kept from run to run.
    monkeypatch.setenv("MPLCONFIGDIR", str(pytestconfig.cache.mkdir("matplotlib")))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "fonts").mkdir()
    _font(tmp_path / "fonts" / "every.ttf")
    async with office(tmp_path, [*WALKING, *DONE], draw_in_process) as at:
        at.owner.types("/stats")
        await at.harness.telegram.until(lambda: at.harness.telegram.made("sendPhoto"), 60)
        (name, content) = at.harness.telegram.made("sendPhoto")[-1].files["photo"]
        assert name == "stats.png"
        assert content.startswith(b"\x89PNG\r\n")
        assert len(content) > 10_000
    for shown in (funnel([]), funnel([group("zhuanke", "walking", 6)])):
        panels = chart.lay_out(shown.chart()).axes
        ticks = [tick for axis in (panels[0].xaxis, panels[1].xaxis, panels[2].yaxis) for tick in axis.get_ticklocs()]
        assert all(tick >= 0 and tick == int(tick) for tick in ticks)
    assert chart.draw(replace(funnel([]).chart(), title="\U00020001")) == "font"


async def test_staff_are_told_what_a_picture_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart, "find_spec", lambda _: None)

    async def here(shown: chart.Chart) -> bytes | chart.Missing:
        return chart.draw(shown)

    async with office(tmp_path, [*WALKING, *DONE], here) as at:
        assert "请管理员在服务器上装 matplotlib" in await at.says(at.owner, "/stats")


def _font(path: Path) -> None:
    """Make a font with a box for every Chinese character."""
    pen = import_module("fontTools.pens.ttGlyphPen").TTGlyphPen(None)
    for move, points in (
        ("moveTo", [(0, 0)]),
        ("lineTo", [(0, 800)]),
        ("lineTo", [(800, 800)]),
        ("lineTo", [(800, 0)]),
    ):
        getattr(pen, move)(*points)
    pen.closePath()
    build = import_module("fontTools.fontBuilder").FontBuilder(1000)
    build.setupGlyphOrder([".notdef", "box"])
    every = [*range(0x20, 0x7F), *range(0x2000, 0x2100), *range(0x3000, 0x9FFF), *range(0xFF00, 0xFFEF)]
    build.setupCharacterMap(dict.fromkeys(every, "box"))
    build.setupGlyf({".notdef": pen.glyph(), "box": pen.glyph()})
    build.setupHorizontalMetrics(dict.fromkeys((".notdef", "box"), (1000, 0)))
    build.setupHorizontalHeader(ascent=800, descent=-200)
    build.setupNameTable({"familyName": "Every", "styleName": "Regular"})
    build.setupOS2()
    build.setupPost()
    build.save(path)


def test_numbers_of_few_people_are_nowhere() -> None:
    shown = funnel(
        [group("zhuanke", "walking", 20), group("zhuanke", "done", 3, "m10-done"), group("ancai", "done", 9)]
    )
    assert "已完成：12" in shown.text()
    assert rows(shown)["专科"][:4] == ["0", "不显示", "0", "不显示"]
    assert "共 32 人" in shown.text()
    assert "3" not in {n for row in rows(shown).values() for n in row}


def test_who_is_not_stuck_is_a_group_too() -> None:
    shown = funnel([group("zhuanke", "walking", 20, stuck=True), group("zhuanke", "walking", 2)])
    assert "卡住：不显示" in shown.text()
    assert "进行中：22" in shown.text()


def test_days_and_questions_of_few_are_hidden() -> None:
    today = date(2013, 12, 11)
    days = [Day(today, "came", 9), Day(today, "came", 2), Day(today - timedelta(1), "came", 3), Day(today, "done", 40)]
    asked = [Questions("zhuanke", "answer", 30), Questions("zhuanke", "miss", 2), Questions(None, "answer", 8)]
    shown = funnel([group("zhuanke", "walking", 60)], days, asked)
    assert rows(shown)["12-10"] == ["不显示", "0", "0"]
    assert rows(shown)["12-11"] == ["不显示", "40", "0"]
    assert rows(shown)["总共"] == ["0", "38", "0", "不显示"]


async def test_nobody_yet(tmp_path: Path) -> None:
    async with open_harness(tmp_path, []) as harness:
        assert await harness.store.funnel.groups("telegram", NOTICE, NOON, timedelta(days=3)) == []
    assert "共 0 人" in funnel([]).text()
    assert rows(funnel([]))["总共"] == ["0", "0", "0", "0"]
