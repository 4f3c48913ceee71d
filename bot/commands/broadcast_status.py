"""`gradbot broadcast status | report | verify`: how far a broadcast is, and the proof of it."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.app.build import Workspace
from bot.broadcast import report as reports
from bot.commands.broadcast_group import Number, broadcast, get, show
from bot.commands.workspace import Json, run
from bot.domain.proof import Chain, Record

MAX_LISTED = 20


@broadcast.command()
def status(
    number: Annotated[int | None, typer.Argument(help="不写就列出最近的。Its number.", min=1)] = None,
    as_json: Json = False,
) -> None:
    """现在怎么样。Where it stands."""
    if number is not None:
        show(number, as_json=as_json)
        return
    for it in reversed(run(lambda workspace: workspace.store.broadcasts.all(most=MAX_LISTED))):
        show(it.number, as_json=as_json)


@broadcast.command()
def report(
    number: Number,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="存成文件；不写就打印。A file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="每人一行 JSON。A line of JSON for each.")] = False,
) -> None:
    """每一位收件人的结果和原因（CSV）。Every recipient's outcome, as CSV or JSON."""

    async def work(workspace: Workspace) -> None:
        await get(workspace, number)
        words = workspace.content.phrases.broadcast
        labels = reports.label_classes(workspace.content.notices)
        encoding = "utf-8" if as_json else "utf-8-sig"  # a spreadsheet wants its mark
        with out.open("w", encoding=encoding, newline="") if out else nullcontext(sys.stdout) as target:
            writer = csv.writer(target)
            if not as_json:
                writer.writerow(words.csv)
            async for row in workspace.store.ledger.report(number):
                if as_json:
                    print(json.dumps({name: row[name] for name in reports.COLUMNS}, ensure_ascii=False), file=target)
                else:
                    writer.writerow(reports.to_row(words, row, labels))

    run(work)


@broadcast.command()
def verify(
    number: Annotated[int | None, typer.Argument(help="导出这一条的记录。Export this one's records.", min=1)] = None,
    as_json: Json = False,
) -> None:
    """检查送达记录有没有被动过；加编号就导出那一条。Check the chain of proof; with a number, export its records."""

    async def work(workspace: Workspace) -> int:
        chain, words = Chain(), workspace.content.phrases.broadcast
        async for page in workspace.store.proofs.pages():
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
