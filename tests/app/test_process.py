"""The bot as its operator has it: a process with a log, signals and a terminal that goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot_process import ROOT, bot_process, ends
from tests.telegram_server import TelegramServer


@pytest.mark.slow
async def test_the_reader_of_the_log_goes_and_people_are_answered_until_the_terminal_hangs_up(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        ann, before = telegram.user("Ann"), 0
        async with bot_process(telegram, tmp_path, stderr=subprocess.PIPE, stdin=subprocess.PIPE) as bot:
            bot.stderr.close()
            bot.stdin.close()
            for words in ("/start", "x" * 600, "帮助"):
                ann.types(words)
                await telegram.until(lambda: not telegram.pending and len(ann.messages) > before)  # noqa: B023
                before = len(ann.messages)
            bot.send_signal(signal.SIGHUP)
            assert await ends(bot) == 0


def test_a_chat_without_a_terminal_ends_with_a_line(tmp_path: Path) -> None:
    shell = ["sh", "-c", f'exec "{sys.executable}" -m bot chat <&- >&-']
    environment = os.environ | {"GRADBOT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(shell, check=False, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_full_device_ends_a_command_with_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "--help"],
            cwd=tmp_path,
            env=os.environ | {"GRADBOT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
