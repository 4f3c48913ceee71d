"""The log of commands that should start at once: nothing is imported for it before the first line."""

from __future__ import annotations

import subprocess
import sys

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
             "watchfiles", "pypinyin", "matplotlib", "segno", "bot.commands.faq", "bot.broadcast",
             "bot.admin", "bot.notice_import")  # fmt: skip
    done = run(f"import sys, bot.commands.main; print([m for m in {heavy!r} if m in sys.modules])")
    assert done.stdout == "[]\n"
