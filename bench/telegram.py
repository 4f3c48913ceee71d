"""Echo by our transport and intake and by a bare python-telegram-bot with its default request: the ratio in one run.

    python -m bench.telegram [--seconds 4] [--people 50]

The crowd and its Telegram (the tests' own) live in this process, each bot in a process of its own. Everybody sends,
waits for the echo, sends again. What counts are updates per second of the bot's CPU time: then the speed of this side
does not matter.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import structlog

from tests.telegram_people import Call
from tests.telegram_server import TelegramServer

WARM_S = 1.0


class Crowd(TelegramServer):
    """A Telegram where everybody who is answered writes again at once."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = 0

    def _sendMessage(self, call: Call) -> Any:  # noqa: N802
        shown = super()._sendMessage(call)
        self.answered += 1
        user = self.users[int(call.parameters["chat_id"])]
        user.messages.clear()
        self.calls.clear()
        user.types("hello there")
        return shown


async def measure(who: str, mode: str, people: int, seconds: float) -> tuple[float, float]:
    """Updates per second of the bot's CPU, and per second."""
    async with Crowd() as telegram:
        bot = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.telegram", "--be", who, "--mode", mode, "--url", telegram.url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )
        assert bot.stdin
        assert bot.stdout

        async def cpu_s() -> float:
            assert bot.stdin
            assert bot.stdout
            bot.stdin.write(b"\n")
            return float(await bot.stdout.readline())

        try:
            await cpu_s()
            for number in range(people):
                telegram.user(f"P{number}").types("hello there")
            await telegram.until(lambda: telegram.answered, 30)
            await asyncio.sleep(WARM_S)
            counted, cpu, began = telegram.answered, await cpu_s(), time.perf_counter()
            await asyncio.sleep(seconds)
            took = time.perf_counter() - began
            done, used = telegram.answered - counted, await cpu_s() - cpu
        finally:
            bot.kill()
            await bot.wait()
        return done / used, done / took


async def be_ours(mode: str, url: str, token: str) -> None:
    from telegram import Update

    from bot.channels.http.pages import listen
    from bot.channels.telegram.bot import make_bot
    from bot.channels.telegram.intake import Intake
    from bot.channels.telegram.polling import Polling
    from bot.channels.telegram.webhook import Webhook

    async with make_bot(token, None, base=url) as bot:

        async def echo(update: Update, _behind: int) -> None:
            assert update.message
            await update.message.reply_text(update.message.text or "")

        async def ready() -> dict[str, bool]:
            return {}

        intake: Intake
        if mode == "polling":
            intake = Polling(bot, ["message"])
        else:
            sock = listen("127.0.0.1", 0)
            address = f"http://127.0.0.1:{sock.getsockname()[1]}/hook"
            intake = Webhook(bot, url=address, secret="bench", sock=sock, allowed=["message"], ready=ready)  # noqa: S106
        await intake.run(echo)


async def be_ptb(mode: str, url: str, token: str) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from telegram import Update
    from telegram.ext import ApplicationBuilder, ContextTypes, MessageHandler, filters

    async def echo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        await update.message.reply_text(update.message.text or "")

    builder = ApplicationBuilder().token(token).base_url(f"{url}/bot").concurrent_updates(True)  # noqa: FBT003
    app = (builder if mode == "polling" else builder.updater(None)).build()
    app.add_handler(MessageHandler(filters.TEXT, echo))
    async with app:
        await app.start()
        if mode == "polling":
            assert app.updater
            await app.updater.start_polling()
            await asyncio.Event().wait()

        async def hook(request: Request) -> Response:
            await app.update_queue.put(Update.de_json(await request.json(), app.bot))
            return Response()

        sock = socket.create_server(("127.0.0.1", 0))
        await app.bot.set_webhook(f"http://127.0.0.1:{sock.getsockname()[1]}/hook", max_connections=100)
        routes = [Route("/hook", hook, methods=["POST"])]
        await uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False)).serve([sock])


def be(who: str, mode: str, url: str) -> None:
    """Serve, and tell on standard output the CPU seconds used so far whenever a line comes in."""
    logging.basicConfig(level=logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

    def tell() -> None:
        sys.stdin.readline()
        print(time.process_time(), flush=True)

    async def serve() -> None:
        asyncio.get_running_loop().add_reader(sys.stdin, tell)
        await (be_ours if who == "ours" else be_ptb)(mode, url, TelegramServer().token)

    if who == "ours":
        import uvloop

        uvloop.run(serve())
    else:
        asyncio.run(serve())


async def compare(people: int, seconds: float, rounds: int) -> None:
    print(f"{people} people, {rounds} rounds of {seconds:g} s; updates per CPU second of the bot (and per second)")
    for mode in ("webhook", "polling"):
        rates: dict[str, list[float]] = {"ptb": [], "ours": []}
        for _ in range(rounds):
            for who, seen in rates.items():
                per_cpu, per_s = await measure(who, mode, people, seconds)
                seen.append(per_cpu)
                print(f"  {mode:8} {who:5} {per_cpu:7.0f} ({per_s:.0f})")
        print(f"{mode}: {statistics.median(rates['ours']) / statistics.median(rates['ptb']):.1f} x the bare bot")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=4.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--be", choices=("ptb", "ours"), help=argparse.SUPPRESS)
    asked.add_argument("--mode", choices=("webhook", "polling"), help=argparse.SUPPRESS)
    asked.add_argument("--url", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.be:
        be(given.be, given.mode, given.url)
        return
    asyncio.run(compare(given.people, given.seconds, given.rounds))


if __name__ == "__main__":
    main()
