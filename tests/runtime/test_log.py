"""The log of commands that should start at once: nothing is imported for it before the first line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.runtime.log import LogStream

SCRIPT = """
import logging, sys
from bot.runtime.log import LazyLogger, configure_log
log = LazyLogger()
configure_log("json", logging.ERROR)
assert "structlog" not in sys.modules
log.error("store_problem", code="disk_full")
log.warning("not_important")
configure_log("json")
log.info("opening", content="x")
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], check=True, text=True, capture_output=True)


def test_a_line_is_written_as_the_log_was_configured_before_it_was_imported() -> None:
    done = run(SCRIPT)
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert '"code": "disk_full"' in first
    assert '"level": "error"' in first
    assert '"event": "opening"' in second


def test_a_chat_in_the_terminal_imports_no_server_and_no_other_command() -> None:
    heavy = ("structlog", "aiohttp", "uvicorn", "starlette", "uvloop", "prometheus_client", "telegram", "alembic",
             "watchfiles", "pypinyin", "matplotlib", "segno", "PIL", "openpyxl", "icalendar", "jinja2",
             "bot.commands.faq", "bot.broadcast", "bot.admin", "bot.notice_import")  # fmt: skip
    done = run(f"import sys, bot.commands.main; print([m for m in {heavy!r} if m in sys.modules])")
    assert done.stdout == "[]\n"


def test_a_log_that_takes_no_more_loses_lines_and_says_so_later() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as read, os.fdopen(writer, "wb") as written:
        log = LogStream(written)
        for number in range(3000):  # far more than a pipe holds; nobody reads
            log.write(f"{number:>99}\n")
        held = 0
        while held < 10_000:
            held += len(read.readline())
        log.write("again\n")
        written.close()
        rest = read.read().decode().splitlines()
    assert rest[-1] == "again"
    assert re.fullmatch(r"log_lines_lost count=\d{4}", rest[-2])


@pytest.mark.parametrize("how", ["full device", "reader gone", "closed", "absent"])
def test_a_log_that_cannot_be_written_raises_nothing(how: str) -> None:
    log = LogStream(None)
    if how == "full device":
        log = LogStream(Path("/dev/full").open("wb", buffering=0))  # noqa: SIM115 - closed at the end
    elif how != "absent":
        reader, writer = os.pipe()
        os.close(reader)
        log = LogStream(os.fdopen(writer, "wb", buffering=0))
        if how == "closed":
            log._stream.close()
    log.write("a line\n")
    log.write("a line\n")
    if how != "absent":
        log._stream.close()


def test_what_a_library_logs_is_a_line_of_ours_without_its_data() -> None:
    done = run(
        'from bot.runtime.log import configure_log; configure_log("json"); import structlog, logging;'
        'from bot.runtime.log import _configure; _configure("json", 20);'
        "logging.getLogger('uvicorn').warning('Invalid %s', 'words of a person')"
    )
    assert '"said": "Invalid %s"' in done.stderr
    assert "person" not in done.stderr
