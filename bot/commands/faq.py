"""`gradbot faq …`: the use cases of the knowledge for whoever has the machine; with `--json` for scripts.

Works on the same database as the running bots, which take a new revision within two seconds. Each command imports what
it needs, so that the others start at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.content.merging import Side
from bot.runtime.log import configure_log

if TYPE_CHECKING:
    from bot.admin.cards import Admin
    from bot.content.files import Change
    from bot.knowledge.examine import Report
    from bot.knowledge.publish import Edit, Publication
    from bot.knowledge.revisions import Knowledge

PROBLEMS = 1
AUTHOR = "command"

faq = typer.Typer(
    help="问答的发布、历史、检查。Publish, look back at and check what the bot knows.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="一个 JSON。One JSON object.")]
Note = Annotated[str, typer.Option("--note", help="为什么改。Why.")]
Number = Annotated[int, typer.Argument(help="第几版。The revision.")]
Alone = Annotated[bool, typer.Option("--alone", help="规定要两个人时也不等，记进审计。Ask nobody; it is audited.")]
YamlFile = typer.Argument(exists=True, dir_okay=False, help="YAML、问法或 Excel 文件。A file of the FAQ.")
SHEETS = (".xlsx", ".xls", ".ods")


@dataclass(frozen=True, slots=True)
class Printout:
    """The output of a command: `data` with --json, else `text`. Without `is_done` it ends with PROBLEMS."""

    data: dict[str, Any]
    text: str
    is_done: bool = True


def _run(work: Callable[[Knowledge], Awaitable[Printout]], *, as_json: bool) -> None:
    """Do something with the knowledge and print the result, or the sentence of the refusal."""
    configure_log("console", logging.ERROR)
    result = asyncio.run(_do(work))
    print(json.dumps(result.data, ensure_ascii=False) if as_json else result.text)
    if not result.is_done:
        raise typer.Exit(PROBLEMS)


async def _do(work: Callable[[Knowledge], Awaitable[Printout]]) -> Printout:
    from bot.admin.refusals import REFUSALS, describe_refusal, name_refusal
    from bot.store import StoreProblem

    async with _open_knowledge() as knowledge:
        try:
            return await work(knowledge)
        except (*REFUSALS, StoreProblem) as trouble:
            name = name_refusal(trouble)
            data = {"published": False, "number": knowledge.number, "trouble": name}
            # Publishing the same again is no failure of a script.
            return Printout(data, describe_refusal(knowledge.content, trouble), is_done=name == "nothing_changed")


@asynccontextmanager
async def _open_knowledge() -> AsyncIterator[Knowledge]:
    from bot.app import build
    from bot.knowledge.examine import examine_in_thread

    async with build.open_workspace(build.settings(), examine=examine_in_thread) as workspace:
        yield workspace.knowledge


def _cards(knowledge: Knowledge) -> Admin:
    from bot.admin.cards import Admin

    return Admin(knowledge.content, knowledge.number)


def _report_as_json(report: Report) -> dict[str, Any]:
    return {
        "problems": [asdict(problem) for problem in report.problems],
        "findings": [{"level": one.level, "rule": one.rule, **asdict(one.problem)} for one in report.findings],
        "lost": [asdict(shift) for shift in report.lost],
        "shifts": [asdict(shift) for shift in report.shifts],
        "changes": _changes_as_json(report.changes),
        "content": report.revision,
    }


def _changes_as_json(changes: tuple[Change, ...]) -> list[dict[str, str]]:
    return [{"what": what, "title": title, "text": text} for what, title, text in changes]


def _describe(knowledge: Knowledge, publication: Publication, *, published: bool) -> Printout:
    """Return the result of a publication that was written, or only prepared."""
    from bot.admin.history import describe_rollback

    cards, report = _cards(knowledge), publication.report
    if publication.is_refused:
        text = cards.show_refusal(report).text
    elif not published:
        text = cards.show_draft(report, "").text
    elif publication.waiting:
        text = cards.show_pending_approval().text
    elif publication.goes_back_to is not None:
        text = describe_rollback(cards, publication)
    else:
        text = cards.show_published(report, publication.number, undo=publication.replaces).text
    if publication.behind:
        text += f"\n{knowledge.content.phrases.admin.behind.format(count=publication.behind)}"
    waits = published and publication.waiting is not None
    done = published and not publication.is_refused and not waits
    data = {"published": done, "waiting": waits, "number": knowledge.number, "behind": publication.behind}
    return Printout(data | _report_as_json(report), text, is_done=not publication.is_refused and not waits)


async def _write(knowledge: Knowledge, prepare: Callable[[], Awaitable[Publication]]) -> Publication:
    """Publish, or ask the admins to, with a line of the audit."""
    from bot.admin.digest import Digest
    from bot.app import build
    from bot.commands.workspace import author
    from bot.knowledge.publish import publish

    chosen = build.settings()
    owners = [str(owner) for owner in chosen.owners] if chosen.telegram_token else []
    staffed = build.find_staffed(chosen)
    digest = Digest(knowledge, knowledge.store, staffed, owners)
    return await publish(knowledge, prepare, digest.accompany, channel=staffed, by=author())


def _read_given(file: Path) -> Callable[[Knowledge], Awaitable[Edit | Printout]]:
    """Return how a file becomes an edit of the files in force; a sheet with something wrong becomes what to print."""
    from bot.commands.input_file import read_bytes, read_text_file
    from bot.content.files import place_file

    if file.suffix.lower() not in SHEETS:
        text = read_text_file(file, is_yaml=True)

        async def place(_: Knowledge) -> Edit:
            return lambda old: place_file(old, file.name, text)

        return place
    raw = read_bytes(file)

    async def read(knowledge: Knowledge) -> Edit | Printout:
        from bot.admin.sheets import describe_sheet_problems, edit_of_sheet, read_sheet
        from bot.content.files import Refused

        edit, words = await read_sheet(knowledge, raw), knowledge.content.phrases.admin.sheet
        lines = [words.unreadable[edit.rule]] if edit.rule else describe_sheet_problems(knowledge.content, edit)  # type: ignore[index]
        if lines:
            problems = [{"cell": one.cell, "rule": one.rule} for one in edit.problems]
            return Printout({"published": False, "cells": problems}, "\n".join(lines), is_done=False)
        if not edit.files:
            raise Refused("nothing_changed")
        return edit_of_sheet(edit)

    return read


@faq.command()
def publish(
    file: Annotated[Path, YamlFile],
    note: Note = "",
    alone: Alone = False,
    keep: Annotated[
        Side | None, typer.Option(help="两个人改了同一条时用哪边的：mine 文件里的，theirs 现在用的。Whose text stays.")
    ] = None,
    as_json: Json = False,
) -> None:
    """检查并发布一个文件：YAML、问法或 Excel 表。Check a file and publish it; the old one stays with any problem."""
    from bot.knowledge.publish import prepare

    read = _read_given(file)

    async def work(knowledge: Knowledge) -> Printout:
        edit = await read(knowledge)
        if isinstance(edit, Printout):
            return edit
        publication = await _write(knowledge, lambda: prepare(knowledge, edit, AUTHOR, note, alone=alone, side=keep))
        return _describe(knowledge, publication, published=True)

    _run(work, as_json=as_json)


@faq.command(name="test")
def rehearse(file: Annotated[Path | None, YamlFile] = None, as_json: Json = False) -> None:
    """试一个文件，或现在用的内容：必须答对的句子，哪些答案会变。Rehearse a file or the content in force."""
    from bot.knowledge.publish import prepare

    if file is None:
        _run(lambda knowledge: _lint(knowledge, errors_only=True), as_json=as_json)
        return
    read = _read_given(file)

    async def work(knowledge: Knowledge) -> Printout:
        edit = await read(knowledge)
        if isinstance(edit, Printout):
            return edit
        return _describe(knowledge, await prepare(knowledge, edit, AUTHOR), published=False)

    _run(work, as_json=as_json)


@faq.command()
def lint(as_json: Json = False) -> None:
    """检查现在用的问答。What is allowed and yet unwise in the entries in force."""
    _run(lambda knowledge: _lint(knowledge, errors_only=False), as_json=as_json)


async def _lint(knowledge: Knowledge, *, errors_only: bool) -> Printout:
    report, cards = await knowledge.lint(errors_only=errors_only), _cards(knowledge)
    if report.problems:
        text = cards.show_refusal(report).text
    else:
        text = "\n".join(one.problem.with_caret() for one in report.findings) or cards.show_findings(()).text
    return Printout(_report_as_json(report), text, is_done=report.is_publishable)


@faq.command()
def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="几版。How many.")] = 20, as_json: Json = False
) -> None:
    """发布过的版本，新的在前。What was in force, newest first."""
    from bot.admin.history import format_revision

    async def work(knowledge: Knowledge) -> Printout:
        words, cards = knowledge.content.phrases.admin, _cards(knowledge)
        revisions = await knowledge.store.knowledge.history(limit)
        data = [
            {"number": r.number, "at": r.at.isoformat(), "author": r.author, "note": r.note, "content": r.content}
            for r in revisions
        ]
        lines = [format_revision(words.history_line, one, cards.author(one.author)) for one in revisions]
        return Printout({"revisions": data}, "\n".join(lines) or words.never)

    _run(work, as_json=as_json)


@faq.command()
def diff(old: Number, new: Number, as_json: Json = False) -> None:
    """两版的改动。What changed between two revisions, in words and as a patch."""
    from bot.knowledge.history import compare

    async def work(knowledge: Knowledge) -> Printout:
        found = await compare(knowledge, old, new)
        words = knowledge.content.phrases.admin
        text = _cards(knowledge).changes(found.changes) if found.changes else words.diff_same
        data = {"changes": _changes_as_json(found.changes), "diff": found.patch}
        return Printout(data, f"{text}\n\n{found.patch}".rstrip())

    _run(work, as_json=as_json)


@faq.command()
def rollback(number: Number, alone: Alone = False, as_json: Json = False) -> None:
    """退回到某一版，记作新的一版。The files of an earlier revision come into force again."""
    from bot.knowledge.publish import prepare_rollback

    async def work(knowledge: Knowledge) -> Printout:
        publication = await _write(knowledge, lambda: prepare_rollback(knowledge, number, AUTHOR, alone=alone))
        return _describe(knowledge, publication, published=True)

    _run(work, as_json=as_json)


@faq.command()
def inbox(as_json: Json = False) -> None:
    """没答上来的问题和帮不上忙的答案。Questions without an answer, most asked first; answers that help too few."""
    _run(_list_inbox, as_json=as_json)


async def _list_inbox(knowledge: Knowledge) -> Printout:
    from bot.admin.digest import describe_flagged
    from bot.knowledge.inbox import list_groups
    from bot.render.feedback import find_flagged

    content, words = knowledge.content, knowledge.content.phrases.admin
    groups = await list_groups(knowledge.store, knowledge.present())
    opinions = await knowledge.store.questions.opinions()
    asked = [
        {"count": len(g.numbers), "tied": g.tied, "picked": g.picked, "lines": g.lines, "topics": g.topics}
        for g in groups
    ]
    poor = [{"topic": entry.id, **asdict(opinion)} for entry, opinion in find_flagged(content, opinions)]
    lines = [words.digest_line.format(question=" / ".join(g.lines[:3]), count=len(g.numbers)) for g in groups]
    text = "\n".join(lines) or words.inbox_empty
    if poor:
        text += "\n\n" + words.flagged.format(lines="\n".join(describe_flagged(content, opinions)))
    return Printout({"groups": asked, "flagged": poor}, text)


@faq.command()
def export(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="放到哪里。Where to.")],
    xlsx: Annotated[bool, typer.Option("--xlsx", help="一张 Excel 表。One sheet of all entries instead.")] = False,
    as_json: Json = False,
) -> None:
    """把现在用的全部文件写到一个文件夹。Write all files in force into a folder."""
    from bot.content.entry_sheet import write_sheet
    from bot.content.files import write_files
    from bot.knowledge.history import export as list_files

    async def work(knowledge: Knowledge) -> Printout:
        number, files = await list_files(knowledge)
        if xlsx:
            name = knowledge.content.phrases.admin.sheet.file.format(number=max(number, 1))
            sheet = write_sheet(knowledge.content, max(number, 1))
            write_files({name: sheet}, folder)
            return Printout({"number": number, "files": [name]}, str(folder / name))
        write_files(files, folder)
        return Printout({"number": number, "files": sorted(files)}, "\n".join(str(folder / name) for name in files))

    _run(work, as_json=as_json)
