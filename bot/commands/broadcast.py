"""`gradbot broadcast …`: the same as in the chat, for scripts and for whoever sits at the machine.

Whoever has the command line has the database, so nobody else is asked; what is started here is written down as `cli`.
"""

from __future__ import annotations

import asyncio
import csv
import getpass
import html
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from bot.app import build
from bot.broadcast import draft as drafts
from bot.broadcast import report as reports
from bot.broadcast.compose import Composer
from bot.broadcast.draft import BroadcastDraft, Rendering
from bot.broadcast.starting import Starting
from bot.content.content import Content
from bot.domain.audience import Audience, Wrong, parse_audience
from bot.domain.broadcast import STATES, Act, Broadcast, Cancelled, Moved, Rewritten, Totals
from bot.domain.effects import Effect, Outdated
from bot.domain.lifecycle import ENDED, BroadcastState, can_move
from bot.domain.proof import Chain, Record
from bot.domain.session import Session
from bot.knowledge.folder import preview
from bot.store import Store

LOOK_S = 0.5
"""Seconds between looks while something is sent."""

broadcast = typer.Typer(help="群发和提醒。Broadcasts.", no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[int, typer.Argument(help="群发的编号。Its number.", min=1)]
Json = Annotated[bool, typer.Option("--json", help="一行 JSON。One line of JSON.")]
Channel = Annotated[str, typer.Option(hidden=True)]
R = TypeVar("R")

Command = Literal["start", "pause", "resume", "cancel", "again"]
MOVED_BY: Mapping[BroadcastState, Command] = {"paused": "pause", "running": "resume", "cancelled": "cancel"}
"""The command that moves a broadcast there."""


@dataclass
class Workspace:
    """The open store, the content, and the moments of a command."""

    store: Store
    content: Content
    local: Callable[[], datetime]

    @property
    def at(self) -> datetime:
        return datetime.now(UTC)

    async def get(self, number: int) -> Broadcast:
        found = await self.store.broadcasts.get(number)
        if found is None:
            raise typer.TyperException(f"#{number}: {self.content.phrases.broadcast.gone}")
        return found

    async def apply(self, of: Broadcast, *effects: Effect) -> None:
        try:
            await self.store.desk.apply(effects, of.channel, self.at)
        except Outdated:
            raise typer.TyperException(f"#{of.number}: {self.content.phrases.broadcast.changed}") from None

    def notice(self, name: str) -> str:
        """The notice of that name, or the first; a wrong name is said."""
        if name and name not in self.content.notices:
            raise self.wrong("rule", name, ", ".join(self.content.notices))
        return name or next(iter(self.content.notices))

    def starting(self, of: Broadcast) -> Starting:
        return Starting(self.content, of, self.local(), self.at)

    def wrong(self, code: str, about: str = "", known: str = "") -> typer.TyperException:
        return typer.TyperException(self.content.phrases.broadcast.wrong[code].format(about=about, known=known))

    def impossible(self, command: Command, of: Broadcast) -> typer.TyperException:
        """Why a command can do nothing with this broadcast now."""
        words = self.content.phrases.broadcast
        said = words.impossible[command].format(number=of.number, state=words.states[of.state])
        return typer.TyperException(said)


@asynccontextmanager
async def _open_workspace() -> AsyncIterator[Workspace]:
    chosen = build.settings()
    store = await Store.open(chosen.database_url)
    try:
        yield Workspace(store, await preview(store, chosen.content), lambda: build.present(chosen))
    finally:
        await store.close()


def content() -> Content:
    """What the bot answers from."""
    return asyncio.run(build.content_in_force(build.settings()))


def run(work: Callable[[Workspace], Coroutine[Any, Any, R]]) -> R:
    """What a command does in the open house."""

    async def whole() -> R:
        async with _open_workspace() as house:
            return await work(house)

    return asyncio.run(whole())


def _audience(house: Workspace, rule: str, notice: str, *, late: bool) -> Audience:
    chosen = house.content.notices[house.notice(notice)]
    found = parse_audience(rule, chosen, tuple(house.content.script.by_id), late)
    if isinstance(found, Wrong):
        raise house.wrong("rule", found.word, "、".join(found.known[:20]))
    return found


@broadcast.command()
def new(
    text: Annotated[str, typer.Option(help="内容，可用 {{ deadline }} 等名字。The text.")] = "",
    template: Annotated[str, typer.Option(help="phrases.yaml 里的模板，如 t7。A template.")] = "",
    audience: Annotated[str, typer.Option(help="发给谁，如 “-完成 专业=会计学”。To whom.")] = "",
    notice: Annotated[str, typer.Option(help="哪一份通知，默认第一份。Which notice.")] = "",
    button: Annotated[list[str] | None, typer.Option(help="acks、step:ID、faq:ID。Buttons.")] = None,
    late: Annotated[bool, typer.Option("--late", help="时间已过的人也发。Also after the deadline.")] = False,
    loud: Annotated[bool, typer.Option("--loud", help="安静时段也发。Also in the quiet hours.")] = False,
    channel: Channel = build.TELEGRAM,
    as_json: Json = False,
) -> None:
    """写一条群发，打印编号。A new draft; prints its number."""

    async def work(house: Workspace) -> int:
        templates = house.content.phrases.broadcast.templates
        if template and template not in templates:
            raise house.wrong("rule", template, ", ".join(templates))
        said = html.escape(text, quote=False) or (templates[template].text if template else "")
        draft = BroadcastDraft(
            said, None, tuple(button or ("acks",)), _audience(house, audience, notice, late=late), loud
        )
        for code, about in Rendering(house.content, draft, house.local()).problems():
            raise house.wrong(code, about)
        made = await house.store.broadcasts.make(channel, drafts.dump(draft), f"cli:{getpass.getuser()}", house.at)
        assert made
        return made

    number = run(work)
    print(json.dumps({"number": number}) if as_json else number)


@broadcast.command(context_settings={"ignore_unknown_options": True})  # a rule may begin with a minus
def audience(
    number: Number,
    rule: Annotated[str | None, typer.Argument(help="新的条件；不写就只看。A new rule.")] = None,
    late: Annotated[bool, typer.Option("--late", help="时间已过的人也发。Also after the deadline.")] = False,
    as_json: Json = False,
) -> None:
    """看或改发给谁，数一数人，看五个样例。Who gets it, how many, and five samples."""

    async def work(house: Workspace) -> tuple[Any, list[str]]:
        it = await house.get(number)
        draft = drafts.load(it.draft)
        if rule is not None:
            notice = draft.audience.notice if draft.audience else ""
            draft = replace(draft, audience=_audience(house, rule, notice, late=late))
            await house.apply(it, Rewritten(number, it.version, drafts.dump(draft)))
            it = await house.get(number)
        search = house.starting(it).search
        if search is None:
            raise house.wrong("nobody")
        sessions = [_session(stored) for stored in await house.store.broadcasts.some(search)]
        rendering = Rendering(house.content, draft, house.local())
        shown = [drafts.plain(rendering.bulletin(session).html) for session in sessions]
        return await house.store.broadcasts.count(search), shown

    count, samples = run(work)
    if as_json:
        print(json.dumps({**asdict(count), "samples": samples}, ensure_ascii=False))
        return
    print(content().phrases.broadcast.reach.format(**asdict(count)))
    for sample in dict.fromkeys(samples):
        print(f"---\n{sample}")


@broadcast.command()
def start(
    number: Number,
    at: Annotated[str, typer.Option(help="什么时候，如 “12-10 9:00”“截止前3天 9:00”。When.")] = "",
    here: Annotated[bool, typer.Option("--here", help="没有机器人在运行时，由这个命令来发。Send from here.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="不等它发完。Do not wait.")] = False,
    as_json: Json = False,
) -> None:
    """开始发（由运行着的机器人发），看着进度。Start; the running bot sends, and the progress is shown."""

    async def begin(house: Workspace) -> None:
        it = await house.get(number)
        if it.state in ("freezing", "running") and here:
            return  # go on with what another process began
        starting = house.starting(it)
        for code, about in starting.problems:
            raise house.wrong(code, about)
        if it.state not in ("draft", "approved", "scheduled"):
            raise house.impossible("start", it)
        if not at:
            await house.apply(it, starting.start("cli"))
            return
        composing = Composer(house.content, it, "cli", house.local(), house.at)
        when = composing.moment(at)
        if composing.is_rehearsal:
            raise house.wrong("rehearsed")
        if when is None or when <= house.at:
            raise house.wrong("time")
        if starting.search and starting.needs_second(count := await house.store.broadcasts.count(starting.search)):
            words = house.content.phrases.broadcast
            said = words.second.format(number=number, left=count.left, most=words.habits.approve_above)
            raise typer.TyperException(said)
        await house.apply(it, Moved(number, it.state, "scheduled", {"due_at": when}))

    run(begin)
    if at or detach:
        _show(number, as_json=as_json)
    else:
        (_send if here else _watch)(number, as_json=as_json)
        _show(number, as_json=as_json)


def _send(number: int, *, as_json: bool) -> None:
    """Send in this process until it is over or stands still."""
    from bot.app import telegram

    async def work() -> None:
        async with telegram.sending(build.settings()) as (house, sender):
            watching = [] if as_json else [asyncio.create_task(_bar(house.store, number))]
            while (it := await house.store.broadcasts.get(number)) and it.state in ("freezing", "running"):
                await sender.once(number)
                await asyncio.sleep(LOOK_S)
            for task in watching:
                await task

    with asyncio.Runner(loop_factory=telegram.loop()) as runner:
        runner.run(work())


def _watch(number: int, *, as_json: bool) -> None:
    """Look on while the running bot sends."""

    async def work(house: Workspace) -> None:
        if not as_json:
            print(house.content.phrases.broadcast.watching, file=sys.stderr)
        await _bar(house.store, number, quiet=as_json)

    run(work)


async def _bar(store: Store, number: int, *, quiet: bool = False) -> None:
    """A bar on standard error until it is over."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("")
        while True:
            totals, it = await store.ledger.totals(number), await store.broadcasts.get(number)
            said = " ".join(f"{state} {n}" for state, n in totals.states.items())
            bar.update(task, completed=totals.finished, total=totals.total, description=said)
            if it is None or it.state in ENDED or it.state == "paused":
                return
            await asyncio.sleep(LOOK_S)


def _steer(number: int, target: BroadcastState, *, as_json: bool) -> None:
    async def work(house: Workspace) -> None:
        it = await house.get(number)
        if not can_move(it.state, target):
            raise house.impossible(MOVED_BY[target], it)
        if target == "cancelled":
            await house.apply(it, Cancelled(number, it.state))
        else:
            why = {"why": "staff" if target == "paused" else "", "resume_at": None}
            await house.apply(it, Moved(number, it.state, target, why))

    run(work)
    _show(number, as_json=as_json)


@broadcast.command()
def pause(number: Number, as_json: Json = False) -> None:
    """暂停。Pause."""
    _steer(number, "paused", as_json=as_json)


@broadcast.command()
def resume(number: Number, as_json: Json = False) -> None:
    """继续发。Go on."""
    _steer(number, "running", as_json=as_json)


@broadcast.command()
def cancel(number: Number, as_json: Json = False) -> None:
    """取消，还没发的不再发。Cancel; what was not sent is not sent any more."""
    _steer(number, "cancelled", as_json=as_json)


@broadcast.command()
def again(
    number: Number,
    act: Annotated[str, typer.Option(help="send：失败和不确定的再发；delete：收回。What to do.")] = "send",
    as_json: Json = False,
) -> None:
    """给失败和不确定的人再写一条，或收回。A new draft for those who failed or are unsure, or to take it back."""

    async def work(house: Workspace) -> int:
        it = await house.get(number)
        if it.state not in ENDED or it.act != "send" or act not in ("send", "delete"):
            raise house.impossible("again", it)
        kind: Act = "send" if act == "send" else "delete"
        made = await house.store.broadcasts.make(
            it.channel, it.draft, f"cli:{getpass.getuser()}", house.at, act=kind, parent=number
        )
        assert made
        return made

    made = run(work)
    print(json.dumps({"number": made}) if as_json else made)


@broadcast.command()
def status(
    number: Annotated[int | None, typer.Argument(help="不写就列出最近的。Its number.", min=1)] = None,
    as_json: Json = False,
) -> None:
    """现在怎么样。Where it stands."""
    if number is not None:
        _show(number, as_json=as_json)
        return
    for it in reversed(run(lambda house: house.store.broadcasts.all(most=20))):
        _show(it.number, as_json=as_json)


def _show(number: int, *, as_json: bool) -> None:
    async def work(house: Workspace) -> tuple[Broadcast, Totals]:
        return await house.get(number), await house.store.ledger.totals(number)

    it, totals = run(work)
    if as_json:
        shown: dict[str, Any] = {
            "number": number,
            "act": it.act,
            "state": it.state,
            "why": it.why,
            "resume_at": it.resume_at.isoformat() if it.resume_at else None,
            "total": totals.total,
            **{state: totals[state] for state in STATES},
            "acks": dict(totals.acks),
        }
        print(json.dumps(shown, ensure_ascii=False))
    else:
        print(reports.progress(content().phrases.broadcast, it, totals))


@broadcast.command()
def report(
    number: Number,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="存成文件；不写就打印。A file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="每人一行 JSON。A line of JSON for each.")] = False,
) -> None:
    """每一位收件人的结果和原因（CSV）。Every recipient's outcome, as CSV or JSON."""

    async def work(house: Workspace) -> None:
        await house.get(number)
        words = house.content.phrases.broadcast
        encoding = "utf-8" if as_json else "utf-8-sig"  # a spreadsheet wants its mark
        with out.open("w", encoding=encoding, newline="") if out else nullcontext(sys.stdout) as target:
            writer = csv.writer(target)
            if not as_json:
                writer.writerow(words.csv)
            async for row in house.store.ledger.report(number):
                if as_json:
                    print(json.dumps({name: row[name] for name in reports.COLUMNS}, ensure_ascii=False), file=target)
                else:
                    writer.writerow(reports.line(words, row))

    run(work)


@broadcast.command()
def verify(
    number: Annotated[int | None, typer.Argument(help="导出这一条的记录。Export this one's records.", min=1)] = None,
    as_json: Json = False,
) -> None:
    """检查送达记录有没有被动过；加编号就导出那一条。Check the chain of proof; with a number, export its records."""

    async def work(house: Workspace) -> int:
        chain, words = Chain(), house.content.phrases.broadcast
        async for page in house.store.proofs.pages():
            if broken := chain.find_break(page):
                print(json.dumps({"broken": broken.id}) if as_json else words.broken.format(id=broken.id))
                return 1
            for record in page:
                if number and record.broadcast == number:
                    print(_export_record(record))
        if as_json:
            print(json.dumps({"records": chain.count, "hash": chain.last}))
        elif not number:
            print(words.verified.format(count=chain.count, hash=chain.last))
        return 0

    if code := run(work):
        raise typer.Exit(code)


def _export_record(record: Record) -> str:
    return json.dumps({**asdict(record), "body": json.loads(record.body)}, ensure_ascii=False)


def _session(stored: str | None) -> Session:
    from bot.domain.session import session_of

    return session_of(stored)
