"""`gradbot staff texts | save`: saved answers and templates for whoever has the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.commands.broadcast import broadcast
from bot.commands.staff import staff


def test_texts_are_saved_refused_listed_and_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADBOT_HOME", str(tmp_path))
    run = CliRunner()
    assert "存好了" in run.invoke(staff, ["save", "answer", "补照片", "请来办公室。"]).output
    refused = run.invoke(staff, ["save", "answer", "坏的", "点 http://evil.example/x 登录"])
    assert refused.exit_code == 1
    listed = json.loads(run.invoke(staff, ["texts", "--json"]).output)
    assert [(one["kind"], one["title"]) for one in listed] == [("answer", "补照片")]
    assert "删掉了" in run.invoke(staff, ["texts", "--drop", str(listed[0]["number"])]).output
    assert json.loads(run.invoke(staff, ["texts", "--json"]).output) == []


def test_codes_become_slips_and_calls_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADBOT_HOME", str(tmp_path))
    run, sheet = CliRunner(), tmp_path / "slips.html"
    asked = ["codes", "2", "--sheet", str(sheet), "--title", "会计1班", "--address", "https://t.me/some_bot"]
    drawn = run.invoke(broadcast, asked).output.split()
    assert all(code in sheet.read_text("utf-8") for code in drawn)
    assert "还没有人可以列" in run.invoke(broadcast, ["calls"]).output
    unknown = run.invoke(broadcast, ["called", "reached", drawn[0]])
    assert (unknown.exit_code, "没有找到" in unknown.output) == (1, True)
