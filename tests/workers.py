"""Several workers of one bot on one PostgreSQL, behind a load balancer."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Self

from sqlalchemy.engine import make_url

from tests.bot_process import ROOT, settings
from tests.telegram_server import TelegramServer


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
        return port


class Proxy:
    """Takes connections on `port` and hands each to the next of `targets` that answers; may swallow what passes."""

    def __init__(self, *targets: int | str) -> None:
        self.targets = list(targets)
        self.port = free_port()
        self.is_silent = False
        self._turns: Iterator[int] = itertools.count()
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """End every connection."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            first = next(self._turns)
            for n in range(len(self.targets)):
                with contextlib.suppress(OSError):
                    there, back = await _connect(self.targets[(first + n) % len(self.targets)])
                    self._open.add(back)
                    await asyncio.wait(
                        [asyncio.create_task(self._pass(*way)) for way in ((reader, back), (there, writer))],
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    back.transport.abort()
                    self._open.discard(back)
                    break
        finally:
            writer.transport.abort()
            self._open.discard(writer)

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if not self.is_silent:
                    to.write(data)
                    await to.drain()


async def _connect(target: int | str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(target, int):
        return await asyncio.open_connection("127.0.0.1", target)
    return await asyncio.open_unix_connection(target)


def proxy_of(database: str) -> tuple[Proxy, str]:
    """A way to a database that can be cut, and the address by it."""
    address = make_url(database)
    host, port = address.query.get("host", address.host), address.port or 5432
    proxy = Proxy(f"{host}/.s.PGSQL.{port}" if str(host).startswith("/") else port)
    by_it = address.set(host="127.0.0.1", port=proxy.port, query={})
    return proxy, by_it.render_as_string(hide_password=False)


class Nginx:
    """The nginx of this machine, set up by `deploy/nginx.conf`: the webhook at `port`, the page under a path of it."""

    def __init__(self, folder: Path, *targets: int) -> None:
        self.targets = list(targets)
        self.pages = [free_port() for _ in targets]
        self.port = free_port()
        self.path = "/graduation/"
        self._folder = folder

    async def __aenter__(self) -> Self:
        site = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
        for name, ports in {"webhook": self.targets, "page": self.pages}.items():
            there = "\n".join(f"server 127.0.0.1:{port} max_fails=2 fail_timeout=5s;" for port in ports)
            site = re.sub(rf"(upstream gradbot_{name} {{)(\s+server .*)+", rf"\1\n{there}", site)
        site = re.sub(r"ssl_certificate.*", "", site).replace("listen 443 ssl", f"listen 127.0.0.1:{self.port}")
        site = site.replace("location = /telegram", "location = /hook").replace(
            "location / {", f"location {self.path} {{"
        )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = " ".join(f"{kind}_temp_path {self._folder}/{kind};" for kind in kinds)
        whole = self._folder / "nginx.conf"
        whole.write_text(
            f"daemon off; worker_processes 1; pid {self._folder}/nginx.pid; error_log stderr error;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {paths}\n{site}\n}}\n"
        )
        with (self._folder / "nginx.log").open("a") as log:
            self._server = subprocess.Popen(["nginx", "-c", str(whole), "-p", str(self._folder)], stderr=log)  # noqa: ASYNC220
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.terminate()
        await asyncio.to_thread(self._server.wait)


class Crew:
    """Workers by number, behind a balancer; each has a home and a log of its own."""

    def __init__(self, telegram: TelegramServer, folder: Path, database: str, count: int, **more: str) -> None:
        ports = [free_port() for _ in range(count)]
        self.balancer: Nginx | Proxy = Nginx(folder, *ports) if shutil.which("nginx") else Proxy(*ports)
        self.pages = [free_port() for _ in range(count)]
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self._begun: dict[int, int] = {}
        self._telegram, self._folder, self._more = telegram, folder, {"DATABASE_URL": database, **more}

    def start(self, number: int) -> subprocess.Popen[bytes]:
        if number in self.workers:
            self.workers[number].wait(10)
        home = self._folder / f"worker{number}"
        home.mkdir(exist_ok=True)
        listen = {
            "WEBHOOK_URL": f"http://127.0.0.1:{self.balancer.port}/hook",
            "WEBHOOK_SECRET": "a-secret-of-the-test",
            "LISTEN": f"127.0.0.1:{self.balancer.targets[number]}",
            "PAGES": f"127.0.0.1:{self.pages[number]}",
        }
        if isinstance(self.balancer, Nginx):
            listen["WEB"] = f"127.0.0.1:{self.balancer.pages[number]}"
            listen["WEB_URL"] = f"http://127.0.0.1:{self.balancer.port}{self.balancer.path.rstrip('/')}"
            listen["WEB_PROXIES"] = "127.0.0.1"
        env = settings(self._telegram, home, **(listen | self._more))
        with (home / "log").open("a") as log:
            self._begun[number] = len(self.log(number))
            worker = subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=home, env=env, stdout=log, stderr=log)
        self.workers[number] = worker
        return worker

    def log(self, number: int) -> str:
        return (self._folder / f"worker{number}" / "log").read_text()

    async def until_logged(self, number: int, line: str) -> None:
        """Wait for a line of the log that came since this worker was started last."""
        worker = self.workers[number]
        await self._telegram.until(lambda: line in self._since(number) or worker.poll() is not None)
        assert line in self._since(number), self.log(number)

    def _since(self, number: int) -> str:
        return self.log(number)[self._begun[number] :]


@asynccontextmanager
async def crew(
    telegram: TelegramServer, folder: Path, database: str, count: int = 2, **more: str
) -> AsyncIterator[Crew]:
    """Workers that all serve; killed at the end."""
    ours = Crew(telegram, folder, database, count, **more)
    async with ours.balancer:
        try:
            for number in range(count):
                ours.start(number)
                await ours.until_logged(number, "serving")
            yield ours
        finally:
            for worker in ours.workers.values():
                worker.kill()
                await asyncio.to_thread(worker.wait)
