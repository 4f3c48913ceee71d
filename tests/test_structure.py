"""The house as the README shows it: pictures, tables and samples are what the product really is and says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.settings import setting_names
from bot.commands.main import cli
from bot.content.loading import load
from bot.render.answers import render_answer
from tests.commands.test_command_line import environment, gradbot

HOUSE = Path(__file__).parents[1]
README = HOUSE / "README.md"
TALLEST = {"bot": 460, "flows": 460, "faq": 460, "tests": 560}
"""Lines of the longest room of a floor; whoever needs more should ask whether it still does one thing."""


def block(before: str, kind: str) -> str:
    """The first fenced block of this kind after some words."""
    after = README.read_text("utf-8").split(before, 1)[1]
    found = re.search(rf"```{kind}\n(.*?)```", after, re.DOTALL)
    assert found, (before, kind)
    return found[1]


def same(request: pytest.FixtureRequest, before: str, kind: str, really: str) -> None:
    shown = block(before, kind)
    if request.config.getoption("--update") and shown != really:
        head, after = README.read_text("utf-8").split(before, 1)
        README.write_text(
            head + before + after.replace(f"```{kind}\n{shown}```", f"```{kind}\n{really}```", 1), "utf-8"
        )
        return
    assert shown == really, "--update rewrites the README from what the product really says"


def test_the_picture_in_the_readme_is_the_script_that_runs(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    same(request, "### The walk", "mermaid", gradbot(tmp_path, "draw").stdout)


def test_the_sample_in_the_readme_is_what_the_bot_says(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    command = block("<!-- sample", "sh").replace("gradbot", f"{shlex.quote(sys.executable)} -m bot", 1)
    done = subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True, env=environment(tmp_path), cwd=tmp_path
    )
    really = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines()) + "\n"
    same(request, "<!-- sample", "text", really)


def test_every_setting_and_command_is_in_the_readme() -> None:
    text = README.read_text("utf-8")
    settings = [name for name in setting_names() if not name.endswith("_FILE")]
    assert len(settings) >= 14
    assert [name for name in settings if f"| `{name}` |" not in text] == []
    commands = [command.name or getattr(command.callback, "__name__", "") for command in cli.registered_commands]
    assert len(commands) >= 5
    assert [name for name in commands if f"| `gradbot {name}" not in text] == []


def test_the_map_shows_the_rooms_that_are_there() -> None:
    shown = set(re.findall(r"bot/[a-z_]+(?:\.py|\.yaml|/)", block("## The house", "text")))
    there = {f"bot/{p.name}" for p in (HOUSE / "bot").glob("*.*") if p.name not in ("__init__.py", "py.typed")}
    there |= {f"bot/{p.name}/" for p in (HOUSE / "bot").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert shown == there


def test_the_readme_says_nothing_of_a_machine() -> None:
    text = README.read_text("utf-8")
    assert re.search(r"(?<![\w.:/])/(?:home|root|tmp|opt|Users)/", text) is None


def test_no_room_has_grown_too_tall() -> None:
    rooms = [(path, most) for floor, most in TALLEST.items() for path in (HOUSE / floor).rglob("*.py")]
    assert len(rooms) > 40
    tall = {str(path): n for path, most in rooms if (n := len(path.read_text("utf-8").splitlines())) > most}
    assert tall == {}


@pytest.mark.parametrize("day", ["2013-11-20", "2013-12-05", "2013-12-25", "2014-03-19", "2026-11-24"])
def test_every_answer_can_be_said_on_every_day(day: str) -> None:
    from datetime import datetime

    from bot.domain.session import Session
    from bot.render.reply import Voice

    content = load()
    voice = Voice(content, Session("2014-autumn"), datetime.fromisoformat(f"{day}T09:00"))
    for entry in content.entries.values():
        text = "".join(reply.text for reply in render_answer(voice, entry))
        assert "{" not in text, entry.id
        assert len(text) <= 600, (entry.id, len(text))
