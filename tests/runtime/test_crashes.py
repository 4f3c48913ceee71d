"""A background task that fails is logged and restarted."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bot.runtime.crashes import restart_on_error


async def test_a_task_that_fails_is_logged_without_its_message_and_restarted() -> None:
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
    (line,) = log
    assert (line["event"], line["error"]) == ("work_failed", "ValueError")
    assert any("test_crashes.py" in place for place in line["places"])
    assert "hello123" not in str(log)
