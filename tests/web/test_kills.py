"""The real process is killed at every step of a walk, at other moments of each turn: nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing

import httpx
import pytest

from tests.web.browser import Bot
from tests.web.conftest import Visitor

REPORT = ("我发现有错", "姓名", "专科", "会计电算化", "报告过了", "今天")
AFTER_S = (0.0, 0.005, 0.01, 0.02, 0.04, 1.0)
"""Seconds after which the process is killed: before it reads the form, while it decides or saves, and behind that."""


@pytest.mark.slow
async def test_a_kill_at_every_step_loses_nothing_and_repeats_nothing(bot: Bot) -> None:
    async with httpx.AsyncClient(base_url=bot.url, timeout=60) as hers, httpx.AsyncClient(base_url=bot.url) as calm:
        she, other = Visitor(hers), Visitor(calm)
        await she.opens()
        await other.opens()
        for number, (words, after_s) in enumerate(zip(REPORT, AFTER_S, strict=True)):
            form = she.form_of(words)
            sent = asyncio.create_task(hers.post("say", data=form))
            await asyncio.wait({sent}, timeout=after_s)
            await asyncio.to_thread(bot.end, signal.SIGKILL)
            await asyncio.gather(sent, return_exceptions=True)
            await asyncio.to_thread(bot.start)
            await she.sends(form)  # as the page does, until it is answered
            assert she.said == list(REPORT[: number + 1])
            await other.presses(words)
    with closing(sqlite3.connect(bot.home / "gradbot.db")) as database:
        each = "SELECT script, step, kind FROM step_events WHERE person = ? ORDER BY id"
        killed, undisturbed = ([*database.execute(each, (person,))] for person in (1, 2))
    assert killed == undisturbed
    assert len(killed) >= len(REPORT)
