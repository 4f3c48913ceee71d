"""Fixtures that many tests share: the shipped content, a second notice of another kind, a person who talks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog
from hypothesis import settings

from bot.content import yaml_source
from bot.content.content import Content
from bot.content.loading import load
from flows.agreement import find_disagreements
from flows.notice import Notice
from tests.databases import BACKENDS, make_database
from tests.person import Person, at

THOROUGH = bool(os.environ.get("TEST_THOROUGH"))
"""Everything is tried, as `.ci/run` does; else, in `make test`, less of what is tried at random or again and again."""
settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=100, deadline=None)
settings.load_profile("thorough" if THOROUGH else "quick")

NOTICES = Path(__file__).parent / "notices"
IN_MEMORY = Path("/dev/shm")
"""A disk in memory, where the system has one: every turn waits until its database is synced."""
if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > 2 * 1024**3:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))

Meets = Callable[..., Person]


class CommandResult(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


Here = Callable[..., CommandResult]


def effort(quick: int, thorough: int) -> int:
    """Return how often something is tried."""
    return thorough if THOROUGH else quick


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="slow: runs in .ci/run, and with TEST_THOROUGH=1")
    for item in items:
        if not THOROUGH and item.get_closest_marker("slow"):
            item.add_marker(skip)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database: tests that ask for it run on both."""
    return str(request.param)


@pytest.fixture
async def database_url(backend: str, tmp_path: Path) -> str:
    """An empty database."""
    return await make_database(backend, tmp_path)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden talks and the pages")


@cache
def shipped() -> Content:
    """Return the content that ships, read once."""
    return load()


@cache
def another_notice() -> Notice:
    """Return a notice unlike the shipped one: several windows and contacts, 采集码, two verdict buttons, hours."""
    notice = Notice.model_validate(yaml_source.read_file(NOTICES / "2015-spring.yaml").tree)
    assert list(find_disagreements(notice)) == []
    return notice


@cache
def both_notices() -> Content:
    """Return the shipped content with both notices in force."""
    content, other = shipped(), another_notice()
    return replace(content, notices={**content.notices, other.id: other})


@cache
def only_another() -> Content:
    """Return the shipped content with the other notice alone in force."""
    return replace(shipped(), notices={another_notice().id: another_notice()})


@pytest.fixture(scope="session")
def content() -> Content:
    return shipped()


@pytest.fixture
def meets() -> Meets:
    """Return a maker of new people: `meets("2013-12-05")`, under other content: `meets(day, content)`."""
    return lambda day="2013-12-05", among=None: Person(among or shipped(), at(day))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """Return a caller of the command line in this process and an empty folder.

    `here("ask", "--json", "…", GRADBOT_TODAY="…")`: words as arguments, settings by name.
    """
    from bot.commands.main import main

    for name in [name for name in os.environ if name.startswith("GRADBOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GRADBOT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*words: str, **more: str) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["gradbot", *words])
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as done:
            main()
        assert isinstance(done.value.code, int)
        return CommandResult(done.value.code, *capsys.readouterr())

    yield run
    structlog.reset_defaults()  # a command logs to the standard error of its own test
