"""kill -9 while it sends: nobody is lost, nobody gets it twice, and what is in doubt is reported."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.broadcast.harness import open_harness, session
from tests.broadcast.kill_sender import run_with_kills
from tests.conftest import effort


@pytest.mark.slow
async def test_killed_in_the_middle_again_and_again(tmp_path: Path) -> None:
    async with open_harness(tmp_path, [session()] * 800, seen=datetime.now(UTC)) as harness:
        harness.telegram.fault("slow", "sendMessage", times=100_000, seconds=0.1)  # a kill finds some in flight
        account = await run_with_kills(harness, tmp_path, effort(1, 3), random.Random(7))
        assert account.sound, account
        assert account.totals["sent"] > 600
        assert all(account.at_kill), account
