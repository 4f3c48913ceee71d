"""The page under a crowd: turns a second and their p99, and the bytes that a browser loads.

    python -m bench.web [--people 1000] [--turns 6] [--at 2013-12-05] [--workers 2 [--kill 3]]

The bot serves from a process of its own, kept to one core where the system can do that; everybody opens the page at the
same moment, and sends the next thing as soon as the last is answered. Bytes are those of answers, compressed, with
their heads. With `--workers` so many serve behind nginx on one PostgreSQL (those of `bench.workers`): every form
is sent twice at once, so that it lands on different workers, and what everybody's page shows in the end is counted;
with `--kill` one of them is killed in the middle and started again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parent.parent
SAID = ("要钱吗", "会计电算化", "照片在哪看", "截止日期", "学校电话多少", "看不懂", "好了")
_HIDDEN = re.compile(r'<input type="hidden" name="(form|update|after)"[^>]*? value="([^"]*)"')
_SAID = re.compile(r'<p class="said">.*?</span>(.*?)</p>', re.DOTALL)
_BUTTON = re.compile(r'name="press" value="([^"]*)"')


class Person:
    """Somebody who opens the page, begins, and then writes by turns."""

    def __init__(self, number: int, session: aiohttp.ClientSession, url: str) -> None:
        self.number, self._session, self._url = number, session, url
        self._cookie: dict[str, str] = {}
        self.took: list[float] = []
        self.said: list[str] = []

    async def walk(self, turns: int, *, twice: bool = False) -> None:
        async with self._session.get(self._url) as page:
            html = await page.text()
            name, value = page.headers["set-cookie"].partition(";")[0].split("=", 1)
            self._cookie = {"cookie": f"{name}={value}"}
        fields = dict(_HIDDEN.findall(html))
        for n in range(turns):
            said = {"press": unescape(_BUTTON.findall(html)[0])} if n == 0 else {}
            said = said or {"text": SAID[(self.number + n) % len(SAID)]}
            update = f"person-{self.number}-turn-{n}"
            began = time.perf_counter()
            form = {"form": fields["form"], "after": fields["after"], "update": update, **said}
            headers = {**self._cookie, "hx-request": "true"}
            sent = [self._send(form, headers) for _ in range(1 + twice)]
            html = max(await asyncio.gather(*sent), key=len)  # who comes second may hear that nothing is new
            self.said.append(said.get("text", ""))
            self.took.append(time.perf_counter() - began)
            fields |= dict(_HIDDEN.findall(html))

    async def _send(self, form: dict[str, str], headers: dict[str, str]) -> str:
        """Send a form, and again where the server says so or is gone, as the page does."""
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                async with self._session.post(f"{self._url}say", data=form, headers=headers) as answer:
                    if answer.status not in (429, 502, 503, 504):
                        assert answer.status in (200, 204), answer.status
                        return await answer.text()
            await asyncio.sleep(1)

    async def count_wrong(self) -> tuple[int, int]:
        """Return how many of the words are not on the page, and how many are there more than once."""
        async with self._session.get(self._url, headers=self._cookie) as page:
            shown = [unescape(words) for words in _SAID.findall(await page.text())]
        missing = [words for words in self.said if words and words not in shown]
        return len(missing) + max(0, len(self.said) - len(shown) - len(missing)), max(0, len(shown) - len(self.said))


def cpu_s(pid: int) -> float:
    """Return the processor's time of a process; 0 where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text("ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def crowd(url: str, people: int, turns: int, bots: Sequence[int], *, twice: bool = False) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        everybody = [Person(n, session, url) for n in range(people)]
        began, used = time.perf_counter(), sum(map(cpu_s, bots))
        await asyncio.gather(*(person.walk(turns, twice=twice) for person in everybody))
        seconds, used = time.perf_counter() - began, sum(map(cpu_s, bots)) - used
        wrong = [await person.count_wrong() for person in everybody]
    took = sorted(one for person in everybody for one in person.took)
    p99 = statistics.quantiles(took, n=100)[98]
    print(f"{people} people at once, {turns} turns each: {len(took) / seconds:.0f} turns a second,")
    print(
        f"{len(took) / used:.0f} of them for each second of the processor, with the page that everybody opens first"
        if used
        else ""
    )
    print(f"lost {sum(lost for lost, _ in wrong)}, doubled {sum(more for _, more in wrong)}")
    print(f"a turn takes {statistics.median(took):.2f} s in the middle, {p99:.2f} s at p99 (everybody waits in line)")


async def measure_bytes(url: str) -> None:
    head = {"accept-encoding": "gzip"}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as plain,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        first = 0
        async with session.get(url) as page:
            html = await page.text()
        for address in ["", *re.findall(r'(?:src|href)="(static/[^"]*)"', html)]:
            async with plain.get(url + address, headers=head) as answer:
                first += len(await answer.read()) + sum(len(k) + len(v) + 4 for k, v in answer.raw_headers)
        sizes = []
        fields = dict(_HIDDEN.findall(html))
        for n, words in enumerate(SAID):
            form = {"form": fields["form"], "after": fields["after"], "update": f"bytes-turn-{n}", "text": words}
            cookie = "; ".join(f"{one.key}={one.value}" for one in session.cookie_jar)
            headers = {**head, "hx-request": "true", "cookie": cookie}
            async with plain.post(f"{url}say", data=form, headers=headers) as answer:
                assert answer.status == 200, answer.status
                raw = await answer.read()
                sizes.append(len(raw) + sum(len(k) + len(v) + 4 for k, v in answer.raw_headers))
    print(f"first load: {first} bytes; a turn: {min(sizes)} to {max(sizes)} bytes")


async def behind_nginx(count: int, people: int, turns: int, kill_s: float) -> None:
    """Let the crowd come to several workers; one is killed after so many seconds (0: none) and started again."""
    from bench.workers import begin, college  # the other way needs neither nginx nor PostgreSQL

    async with college(count, TODAY="2013-12-05") as (_, workers, _):
        url = f"http://127.0.0.1:{workers.balancer.port}/graduation/"
        pids = [] if kill_s else [one.pid for one in workers.workers.values()]

        async def kill() -> None:
            await asyncio.sleep(kill_s)
            victim = min(workers.workers)
            workers.workers[victim].kill()
            workers.workers[victim].wait()
            print(f"worker {victim} was killed after {kill_s:.1f} s")
            await begin(workers, victim)

        killing = asyncio.create_task(kill()) if kill_s else None
        await crowd(url, people, turns, pids, twice=True)
        if killing:
            await killing
        for number in workers.workers:
            print(f"worker {number}: {workers.log(number).count('turn_failed')} turns failed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--at", default="2013-12-05", help="the day on which it happens")
    parser.add_argument("--workers", type=int, default=0, help="behind nginx, on PostgreSQL")
    parser.add_argument("--kill", type=float, default=0, help="seconds after which one of the workers is killed")
    chosen = parser.parse_args()
    if chosen.workers:
        asyncio.run(behind_nginx(chosen.workers, chosen.people, chosen.turns, chosen.kill))
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours = {"GRADBOT_WEB": f"127.0.0.1:{port}", "GRADBOT_TODAY": chosen.at, "PYTHONPATH": str(ROOT)}
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GRADBOT_")}
    with tempfile.TemporaryDirectory() as home:
        bot = subprocess.Popen(
            [sys.executable, "-m", "bot"],
            env=kept | ours | {"GRADBOT_HOME": home},
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert bot.stdout
            bot.stdout.readline()
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(bot.pid, {min(os.sched_getaffinity(0))})
            url = f"http://127.0.0.1:{port}/"
            asyncio.run(measure_bytes(url))
            asyncio.run(crowd(url, chosen.people, chosen.turns, [bot.pid]))
        finally:
            bot.terminate()
            bot.wait(15)


if __name__ == "__main__":
    main()
