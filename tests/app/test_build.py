"""The composition root: workspace, service, and who is forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import build
from bot.app.build import idle_limit
from bot.app.settings import read_settings
from bot.content.loading import load


def test_nobody_is_forgotten_while_the_last_window_and_its_grace_run() -> None:
    content = load()
    last_window = datetime(2014, 3, 20, tzinfo=UTC)
    assert idle_limit(content, datetime(2013, 12, 5, tzinfo=UTC)) is None
    assert idle_limit(content, last_window + timedelta(days=60)) is None
    long_after = last_window + timedelta(days=200)
    assert idle_limit(content, long_after) == long_after - timedelta(days=60)


async def test_whoever_stays_away_too_long_is_forgotten_also_by_a_bot_that_is_never_restarted(tmp_path: Path) -> None:
    long_ago = datetime(2014, 1, 1, tzinfo=UTC)
    async with build.open_workspace(read_settings({}, tmp_path)) as workspace:
        serving = await build.start_service(workspace)
        await serving.store.save_turn(
            "test", "ann", session="{}", events=(), update_id=None, turn=None, miss=None, at=long_ago
        )
        forgetting = asyncio.create_task(build.forget_hourly(serving, every_s=0.01))
        async with asyncio.timeout(5):
            while await serving.store.load("test", "ann"):  # noqa: ASYNC110 - the database wakes nobody
                await asyncio.sleep(0)
        forgetting.cancel()
        await asyncio.wait({forgetting})


def test_who_is_served_where_staff_are_and_where_broadcasts_go_follow_from_the_table_of_channels(
    tmp_path: Path,
) -> None:
    token, page = {"GRADBOT_TELEGRAM_TOKEN": "7:token"}, {"GRADBOT_WEB": "127.0.0.1:8000"}
    for given, served, staffed in (
        ({}, ("web",), "web"),
        (token, ("telegram",), "telegram"),
        (token | page, ("telegram", "web"), "telegram"),
    ):
        chosen = read_settings(given, tmp_path)
        assert build.list_served(chosen) == build.find_reach(chosen).channels == served
        assert build.find_staffed(chosen) == staffed
