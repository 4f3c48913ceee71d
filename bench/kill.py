"""kill -9 on the bot, many times, while many people walk and ask, by polling and by webhook.

    python -m bench.kill [--people 50] [--kills 20] [--seed 1]

Ends with a TimeoutError or an AssertionError when anybody was left without an answer, moved twice or lost a step.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from tests.channels.slaughter import Slaughter


async def main(people: int, kills: int, seed: int) -> None:
    for webhook in (False, True):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as home:
            slaughter = Slaughter(Path(home), webhook, people, kills, seed)
            await slaughter.run()
        mode = "webhook" if webhook else "polling"
        took = time.perf_counter() - began
        print(f"{mode}: {kills} kills, {people} people at the end, {slaughter.repeated} answers repeated, {took:.0f} s")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=50)
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    asyncio.run(main(given.people, given.kills, given.seed))
