"""The time from a content folder that is swapped behind a link until every worker on one PostgreSQL answers from it.

    python -m bench.swapped [--workers 2] [--swaps 20] [--people 0]

As Kubernetes mounts a ConfigMap; each time an entry is changed. `--people` talk meanwhile, again and again, by the
webhook behind nginx. What counts is the moment when a worker's log says that it has taken the revision.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.workers import FIRST, college, talk
from bot.content.files import load_shipped, write_files
from tests.channels.test_desk import WithStaff
from tests.telegram_people import User
from tests.workers import Crew

ENTRY = """- id: red-pork
  title: 食堂的红烧肉
  source: notice
  phrasings: [食堂的红烧肉几点开始卖, 红烧肉几点卖, 食堂红烧肉什么时候有]
  answer: 这个问食堂，我只管核对，第 {} 遍。
"""


def swap(folder: Path, number: int) -> None:
    """Put another version of the folder behind its link, and drop the one before the last."""
    write_files({**load_shipped("faq"), "faq/canteen.yaml": ENTRY.format(number)}, folder / f"..{number}")
    (folder / "..new").symlink_to(f"..{number}")
    (folder / "..new").replace(folder / "..data")
    shutil.rmtree(folder / f"..{number - 2}", ignore_errors=True)


async def until_all_took(workers: Crew, revision: int) -> float:
    """Return the moment when the last worker took a revision."""
    async with asyncio.timeout(60):
        while not all(f"number={revision}" in workers.log(n).replace('"', "") for n in workers.workers):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return time.perf_counter()


async def chatter(telegram: WithStaff, person: User, waits: list[float]) -> None:
    """Talk without an end, with a second between two talks."""
    while True:
        await talk(telegram, person, waits)
        await asyncio.sleep(1)


async def measure(count: int, swaps: int, people: int) -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        swap(folder, 0)
        (folder / "faq").symlink_to("..data/faq")
        async with college(count, CONTENT=str(folder)) as (telegram, workers, _):
            await asyncio.sleep(20)
            waits: list[float] = []
            crowd = [telegram.user(f"P{n}", FIRST + n) for n in range(people)]
            talking = [asyncio.create_task(chatter(telegram, person, waits)) for person in crowd]
            took = []
            for number in range(1, swaps + 1):
                await asyncio.sleep(2)
                began = time.perf_counter()
                swap(folder, number)
                took.append(await until_all_took(workers, number + 1) - began)
            for task in talking:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        took.sort()
        line = f"{count} workers, {people} people, {swaps} swaps: p50 {statistics.median(took):.2f} s, "
        line += f"longest {took[-1]:.2f} s"
        if waits:
            line += f"; {len(waits)} answers meanwhile, p50 {statistics.median(waits) * 1000:.0f} ms, "
            line += f"p99 {statistics.quantiles(waits, n=100)[98] * 1000:.0f} ms"
        print(line, flush=True)


def _main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--swaps", type=int, default=20)
    asked.add_argument("--people", type=int, default=0)
    given = asked.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    asyncio.run(measure(given.workers, given.swaps, given.people))


if __name__ == "__main__":
    _main()
