"""The files of `deploy/` are what the programs that read them accept, and speak of what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import make_url

from bot.app.settings import setting_names
from bot.store import Store
from tests.app.test_metrics import own_metrics
from tests.bot_process import ROOT
from tests.databases import POSTGRES, make_database

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yaml"
TEXTS = {str(path.relative_to(DEPLOY)): path.read_text("utf-8") for path in sorted(DEPLOY.rglob("*")) if path.is_file()}


def accept(*command: str | Path, **more: str) -> None:
    """Assert that a program of this machine finds no fault; skip where it is not here."""
    if not shutil.which(str(command[0])):
        pytest.skip(f"no {command[0]} here")
    done = subprocess.run(
        [*map(str, command)], check=False, capture_output=True, text=True, cwd=DEPLOY, env=os.environ | more
    )
    assert done.returncode == 0, done.stdout + done.stderr


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def test_every_yaml_and_json_can_be_read() -> None:
    read = {name: list(yaml.safe_load_all(text)) for name, text in TEXTS.items() if name.endswith((".yaml", ".json"))}
    assert len(read) >= 6
    assert all(all(parts) for parts in read.values())


def test_every_metric_and_every_setting_that_is_named_exists() -> None:
    metrics, settings = own_metrics(), {*setting_names(), "GRADBOT_"}
    for name, text in TEXTS.items():
        if name.endswith("README.md") or name.startswith(("prometheus", "grafana")):
            found = re.findall(r"\bgradbot_[a-z_]+", text) if not name.endswith(".md") else []
            bare = {re.sub(r"_(bucket|sum|count)$", "", one) for one in found}
            assert bare <= metrics, name
        assert {*re.findall(r"\bGRADBOT_[A-Z_]*", text)} <= settings, name


def test_the_dashboard_shows_every_metric_that_can_wake_somebody() -> None:
    board = json.loads(TEXTS["grafana/gradbot.json"])
    shown = {
        one
        for panel in board["panels"]
        for target in panel["targets"]
        for one in re.findall(r"gradbot_[a-z_]+|\bup\b", target["expr"])
    }
    assert len(board["panels"]) > 20
    watched = {one for rule in alerts() for one in re.findall(r"gradbot_[a-z_]+", rule["expr"])}
    assert watched - shown <= {"gradbot_webhook_last_error_timestamp_seconds"}


def test_the_runbook_has_every_alert_and_no_other() -> None:
    listed = re.findall(r"^### (Gradbot\w+)", TEXTS["README.md"], re.MULTILINE)
    assert listed == [rule["alert"] for rule in alerts()]


def test_the_ports_and_secrets_of_compose_are_those_of_the_image() -> None:
    services = yaml.safe_load(TEXTS["compose.yaml"])["services"]
    workers = [one for one in services.values() if one.get("image") == "gradbot"]
    assert len(workers) == 2
    assert len({str(one["volumes"]) for one in workers}) == 2, "each worker has a home of its own"
    for port in re.findall(r"bot\d:(\d+)", TEXTS["Caddyfile"]):
        assert port in re.findall(r"EXPOSE (.*)", TEXTS["Containerfile"])[0]
    for file in re.findall(r"^COPY (?!--from)(.*) \S+$", TEXTS["Containerfile"], re.MULTILINE):
        assert all((ROOT / one).exists() for one in file.split()), file


def test_the_image_pins_the_driver_of_postgresql() -> None:
    """The line of `sed` in the Containerfile, as it runs there."""
    (line,) = re.findall(r"RUN (sed .*) >postgres.txt", TEXTS["Containerfile"])
    found = subprocess.run(["sh", "-c", line], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.match(r"asyncpg==\S+ ", found)
    assert found.count("==") == 1
    assert found.count("--hash=sha256:") > 5


def test_prometheus_accepts_the_rules() -> None:
    accept("promtool", "check", "rules", RULES)
    accept("promtool", "check", "config", DEPLOY / "prometheus" / "prometheus.yaml")
    accept("promtool", "test", "rules", DEPLOY / "prometheus" / "alerts.test.yaml")


def test_systemd_accepts_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "gradbot@1.service"
    text = TEXTS["systemd/gradbot@.service"]
    unit.write_text(text.replace("/opt/gradbot/bin/gradbot", sys.executable), "utf-8")
    accept("systemd-analyze", "verify", unit)
    accept("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)


def test_caddy_accepts_its_file() -> None:
    accept("caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile", DOMAIN="bot.example.edu")


def back_up(where: dict[str, str]) -> int:
    return subprocess.run(["sh", DEPLOY / "backup" / "backup.sh"], env=os.environ | where, check=False).returncode


@pytest.mark.skipif(not (POSTGRES and shutil.which("pg_dump")), reason="needs PostgreSQL and its programs")
async def test_a_backup_is_kept_when_it_can_be_read_and_old_ones_go(tmp_path: Path) -> None:
    url = await make_database("postgresql", tmp_path)
    address = make_url(url)
    old = tmp_path / "gradbot-2013-01-01T000000.dump"
    old.write_text("old")
    os.utime(old, (0, 0))
    where = {
        "PGHOST": str(address.query.get("host") or address.host),
        "PGPORT": str(address.port or 5432),
        "PGUSER": address.username or "",
        "PGPASSWORD": address.password or "",
        "PGDATABASE": address.database or "",
        "BACKUPS": str(tmp_path),
    }
    assert back_up(where) != 0, "it is empty"
    assert [*tmp_path.glob("*")] == [old]
    await (await Store.open(url)).close()
    assert back_up(where) == 0
    (kept,) = tmp_path.glob("*")
    assert kept.suffix == ".dump"
    assert kept != old
    assert kept.stat().st_mode & 0o077 == 0
