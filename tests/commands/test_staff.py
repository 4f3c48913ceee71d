"""`gradbot staff texts | save`: saved answers and templates for whoever has the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

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
