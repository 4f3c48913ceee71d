"""The whole bot as a process of its own, with a Telegram of ours: for what only a process can show."""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from tests.conftest import shipped
from tests.telegram_server import TelegramServer

ROOT = Path(__file__).parents[1]


@cache
def _built() -> Path:
    folder = Path(mkdtemp())
    atexit.register(rmtree, folder)
    shipped().keep_built(folder).prepare()
    return folder


def warm(home: Path) -> Path:
    """A home in which a process finds built what is read of the shipped content, as at its second start."""
    home.mkdir(exist_ok=True)
    for file in _built().iterdir():
        if not (home / file.name).exists():
            (home / file.name).symlink_to(file)  # the temporary folders may be on two file systems
    return home


def settings(telegram: TelegramServer, home: Path, **more: str) -> dict[str, str]:
    """The environment of a bot in this home; names in `more` are without GRADBOT_."""
    ours = {
        "TELEGRAM_TOKEN": telegram.token,
        "TELEGRAM_API": telegram.url,
        "HOME": str(warm(home)),
        "TODAY": "2013-12-05",
        "RATE": "100000",
    }
    path = {"PYTHONPATH": str(ROOT)}
    return os.environ | path | {f"GRADBOT_{name}": value for name, value in (ours | more).items()}


@asynccontextmanager
async def bot_process(telegram: TelegramServer, home: Path, *, serves: bool = True, **how: Any) -> AsyncIterator[Any]:
    """A bot in a process, once it polls (with `serves`); ended at the end. `how` is Popen's, `env` included."""
    how.setdefault("env", settings(telegram, home))
    how.setdefault("stderr", subprocess.DEVNULL)
    process = subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=home, **how)  # noqa: ASYNC220 - it is waited for aside
    try:
        if serves:
            await telegram.until(lambda: telegram.made("getUpdates") or process.poll() is not None)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        await asyncio.to_thread(process.wait)


async def ends(process: Any, within_s: float = 10.0) -> int:
    """The exit code of a process that ends by itself."""
    code: int = await asyncio.to_thread(process.wait, within_s)
    return code
