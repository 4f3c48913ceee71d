"""A work that nobody waits for: what it meets is told, and it goes on."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bot.runtime.crashes import restart_on_error


async def test_a_work_that_fails_is_told_without_anybodys_words_and_begins_again() -> None:
    begun, going = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise ValueError("我的密码是 hello123")
        going.set()
        await asyncio.Event().wait()

    with capture_logs() as log:
        task = asyncio.create_task(restart_on_error(work, again_s=0))
        await asyncio.wait_for(going.wait(), 5)
    task.cancel()
    (told,) = log
    assert (told["event"], told["error"]) == ("work_failed", "ValueError")
    assert any("test_crashes.py" in place for place in told["places"])
    assert "hello123" not in str(log)
