"""Metrics tell an operator how things stand, at the price of one statement."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event

from bot.app import build
from bot.app.build import Workspace
from bot.app.metrics import Metrics
from bot.app.settings import read_settings
from bot.domain.messages import Incoming, Reply
from bot.domain.outbox import Queued
from tests.bot_process import ROOT

TABLE = re.compile(r"^\| `(gradbot_\w+)`", re.MULTILINE)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def own_metrics() -> set[str]:
    """The names of our metrics as Prometheus has them."""
    import_module("bot.app.telegram")  # every module that has some
    families = [family for family in REGISTRY.collect() if family.name.startswith("gradbot_")]
    return {family.name + ("_total" if family.type == "counter" else "") for family in families}


@pytest.fixture
async def workspace(database_url: str, tmp_path: Path) -> AsyncIterator[Workspace]:
    chosen = read_settings({"GRADBOT_DATABASE_URL": database_url}, tmp_path)
    async with build.open_workspace(chosen) as opened:
        yield opened


async def test_they_show_what_waits_what_happened_and_what_was_not_understood(workspace: Workspace) -> None:
    service, at = await build.start_service(workspace), workspace.at
    metrics = Metrics(workspace, service)
    counted: tuple[tuple[str, dict[str, str], int], ...] = (
        ("gradbot_turns_total", {"outcome": "answered"}, 3),
        ("gradbot_turns_repeated_total", {}, 1),
        ("gradbot_acts_total", {"kind": "question"}, 1),
        ("gradbot_typed_messages_total", {"became": "miss"}, 1),
    )
    before = [value(name, **labels) for name, labels, _ in counted]
    for words, user in (("老师电话是多少", "7"), ("老师电话是多少", "7"), ("论文查重在哪做", "8")):
        await service.receive(Incoming("telegram", user, words, update_id=user))
    for (name, labels, more), was in zip(counted, before, strict=True):
        assert value(name, **labels) - was == more, name
    waits = (
        Queued("staff", reply=Reply("a")),
        Queued("user", user="7", reply=Reply("b"), planned_at=at + timedelta(days=1)),
    )
    await workspace.store.apply(waits, "telegram", at - timedelta(seconds=90))
    lines: list[str] = []
    event.listen(workspace.store._engine.sync_engine, "before_cursor_execute", lambda *args: lines.append(args[2]))
    seen = value("gradbot_database_statement_seconds_count")
    await metrics.read()
    assert len(lines) == 1, lines
    assert value("gradbot_database_statement_seconds_count") == seen + 1
    assert value("gradbot_outbox_messages", state="due") == 1
    assert value("gradbot_outbox_messages", state="planned") == 1
    assert 90 <= value("gradbot_outbox_oldest_age_seconds") < 150
    assert value("gradbot_database_up") == 1
    # A try that failed does not make a message young.
    (post,) = await workspace.store.outbox.claim("telegram", workspace.at, "w")
    assert post.reply
    await metrics.read()
    assert value("gradbot_outbox_oldest_age_seconds") >= 90


async def test_trouble_with_the_database_is_a_metric_and_no_error(workspace: Workspace) -> None:
    metrics = Metrics(workspace, await build.start_service(workspace))
    state = "" if workspace.store._dialect == "sqlite" else "42P01"
    errors = {"code": "not_a_database", "sqlstate": state}
    before = value("gradbot_database_errors_total", **errors)
    async with workspace.store._transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE reminders RENAME TO gone")
    await metrics.read()
    assert value("gradbot_database_up") == 0
    assert math.isnan(value("gradbot_outbox_oldest_age_seconds"))
    assert value("gradbot_database_errors_total", **errors) - before == 1


def test_the_table_names_every_metric_and_no_other() -> None:
    listed = TABLE.findall((ROOT / "deploy" / "README.md").read_text("utf-8"))
    assert len(listed) == len(set(listed))
    assert set(listed) == own_metrics()
