"""The bot under 100,000 random updates; the tests do the same with a few hundred.

    python -m bench.fuzz [--updates 100000] [--seed 1]

Half are of the kinds that the bot asks for, a fifth have something broken in them. Exit 1 with any problem.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import structlog

from tests.channels.fuzzing import storm


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--updates", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(storm(Path(folder) / "gradbot.db", given.updates, given.seed))
    for problem in found.problems[:50]:
        print(problem)
    kinds = ", ".join(f"{kind} {count}" for kind, count in found.counts.most_common())
    print(f"{found.counts.total()} updates in {time.perf_counter() - began:.0f} s ({kinds})")
    print(f"{len(found.problems)} problems")
    sys.exit(bool(found.problems))


if __name__ == "__main__":
    main()
