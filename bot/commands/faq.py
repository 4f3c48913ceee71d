"""`gradbot faq …`: what an admin does in the chat, for whoever has the machine; with `--json` for scripts.

Works on the same database as the bots that run, which take a new revision within two seconds. Whoever may run this is
beyond the rule of four eyes. Imports what it needs in each command: other commands need not wait for it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.admin.cards import Admin
    from bot.knowledge.examine import Report
    from bot.knowledge.revisions import Knowledge
    from bot.store import Store

PROBLEMS = 1
AUTHOR = "command"

faq = typer.Typer(
    help="问答的发布、历史、检查。Publish, look back at and check what the bot knows.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="一个 JSON。One JSON object.")]
Note = Annotated[str, typer.Option("--note", help="为什么改。Why.")]
Number = Annotated[int, typer.Argument(help="第几版。The revision.")]


@asynccontextmanager
async def _house() -> AsyncIterator[tuple[Store, Knowledge]]:
    from bot.knowledge.revisions import Knowledge
    from bot.store import Store

    chosen = _settings()
    store = await Store.open(chosen.database_url)
    try:
        yield store, await Knowledge.open(store, chosen.content, lambda: datetime.now(UTC))
    finally:
        await store.close()


def _settings() -> Any:
    import os

    from bot.app.settings import read_settings

    return read_settings(os.environ, Path.cwd())


def _does(work: Coroutine[Any, Any, bool]) -> None:
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if not asyncio.run(work):
        raise typer.Exit(PROBLEMS)


def _says(knowledge: Knowledge) -> Admin:
    from bot.admin.cards import Admin

    return Admin(knowledge.content, knowledge.number)


def _print(as_json: bool, data: Mapping[str, Any], text: str) -> None:
    print(json.dumps(data, ensure_ascii=False) if as_json else text)


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "problems": [asdict(problem) for problem in report.problems],
        "findings": [{"level": told.level, "rule": told.rule, **asdict(told.problem)} for told in report.findings],
        "lost": [asdict(shift) for shift in report.lost],
        "shifts": [asdict(shift) for shift in report.shifts],
        "changes": [{"what": what, "title": title, "text": text} for what, title, text in report.changes],
        "content": report.revision,
    }


def _in_vain(as_json: bool, trouble: str, text: str) -> bool:
    _print(as_json, {"published": False, "trouble": trouble}, text)
    return False


async def _publish(
    change: Callable[[Mapping[str, str]], Mapping[str, str | bytes]], note: str, *, as_json: bool, at_once: bool = True
) -> bool:
    from bot.store import StoreProblem

    async with _house() as (_, knowledge):
        before, words = knowledge.number, knowledge.content.phrases.admin
        try:
            report = await knowledge.publish(change, AUTHOR, note, at_once=at_once)
        except (TimeoutError, ChildProcessError) as trouble:
            return _in_vain(as_json, type(trouble).__name__, words.took_too_long)
        except OSError as trouble:
            return _in_vain(as_json, str(trouble), words.disk_full.format(why=trouble.strerror))
        except StoreProblem as trouble:
            return _in_vain(as_json, trouble.code, knowledge.content.phrases.store_trouble[trouble.code])
        if report is None:
            _print(as_json, {"published": False, "number": before, "changes": []}, words.nothing_changed)
            return True
        says, done = _says(knowledge), report.good and at_once
        reply = says.show_published(report, knowledge.number, undo=before) if done else says.show_draft(report, "")
        data = {"published": done, "number": knowledge.number, **_as_json(report)}
        _print(as_json, data, (reply if report.good else says.show_refusal(report)).text)
        return report.good


@faq.command()
def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML 文件。A YAML file.")],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """检查并发布一个文件。Check a file and publish it; the old one stays with any problem."""
    from bot.content.files import Refused, place_file, text_of

    try:
        text = text_of(file.read_bytes())
        _does(_publish(lambda old: place_file(old, file.name, text), note, as_json=as_json))
    except Refused as refused:
        from bot.content.loading import load

        raise typer.BadParameter(
            load().phrases.admin.refused[refused.rule].format(**refused.about)  # type: ignore[index]
        ) from None


@faq.command(name="test")
def rehearse(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="YAML 文件。A YAML file.")] = None,
    as_json: Json = False,
) -> None:
    """试一个文件，或现在用的内容：必须答对的句子，哪些答案会变。Rehearse a file or the content in force."""
    from bot.content.files import place_file, text_of

    if file:
        name, text = file.name, text_of(file.read_bytes())
        _does(_publish(lambda old: place_file(old, name, text), "", as_json=as_json, at_once=False))
    else:
        _does(_has_no_errors(as_json=as_json, errors_only=True))


@faq.command()
def lint(as_json: Json = False) -> None:
    """检查现在用的问答。What is allowed and yet unwise in the entries in force."""
    _does(_has_no_errors(as_json=as_json))


async def _has_no_errors(*, as_json: bool, errors_only: bool = False) -> bool:
    from bot.knowledge.examine import Examination, examine

    async with _house() as (_, knowledge):
        _number, files = await knowledge.in_force()
        report = examine(Examination(files, files, datetime.now(UTC).date(), every=True, errors_only=errors_only))
        findings = report.errors if errors_only else report.findings
        says = _says(knowledge)
        text = "\n".join(told.problem.with_caret() for told in findings) or says.show_findings(()).text
        _print(
            as_json, _as_json(report), text if report.good or not report.problems else says.show_refusal(report).text
        )
        return report.good


@faq.command()
def history(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="几版。How many.")] = 20, as_json: Json = False
) -> None:
    """发布过的版本，新的在前。What was in force, newest first."""
    _does(_history(limit, as_json=as_json))


async def _history(limit: int, *, as_json: bool) -> bool:
    async with _house() as (store, knowledge):
        found = await store.knowledge.history(limit)
        data = [
            {"number": o.number, "at": o.at.isoformat(), "author": o.author, "note": o.note, "content": o.content}
            for o in found
        ]
        words, says = knowledge.content.phrases.admin, _says(knowledge)
        lines = [
            words.history_line.format(
                number=one.number,
                when=f"{one.at.astimezone():%Y-%m-%d %H:%M}",
                author=says.author(one.author),
                note=f" · {one.note}" if one.note else "",
            )
            for one in found
        ]
        _print(as_json, {"revisions": data}, "\n".join(lines) or words.never)
        return True


@faq.command()
def diff(old: Number, new: Number, as_json: Json = False) -> None:
    """两版的改动。What changed between two revisions, in words and as a patch."""
    _does(_diff(old, new, as_json=as_json))


async def _diff(old: int, new: int, *, as_json: bool) -> bool:
    from bot.content.files import describe_changes, to_patch
    from bot.content.loading import load

    async with _house() as (store, knowledge):
        was, becomes = await store.knowledge.revision(old), await store.knowledge.revision(new)
        words = knowledge.content.phrases.admin
        if was is None or becomes is None:
            _print(as_json, {"changes": None}, words.gone)
            return False
        changes = describe_changes(load(was.files), load(becomes.files), was.files, becomes.files)
        patch = to_patch(was.files, becomes.files)
        told = [{"what": what, "title": title, "text": text} for what, title, text in changes]
        said = _says(knowledge).changes(changes) if changes else words.diff_same
        _print(as_json, {"changes": told, "diff": patch}, f"{said}\n\n{patch}".rstrip())
        return True


@faq.command()
def rollback(number: Number, as_json: Json = False) -> None:
    """退回到某一版，记作新的一版。The files of an earlier revision come into force again."""
    _does(_rollback(number, as_json=as_json))


async def _rollback(number: int, *, as_json: bool) -> bool:
    async with _house() as (store, knowledge):
        back = await store.knowledge.revision(number)
        if back is None:
            _print(as_json, {"published": False}, knowledge.content.phrases.admin.gone)
            return False
    return await _publish(lambda _: back.files, f"↩ {number}", as_json=as_json)


@faq.command()
def inbox(as_json: Json = False) -> None:
    """没答上来的问题和帮不上忙的答案。Questions without an answer, most asked first; answers that help too few."""
    _does(_inbox(as_json=as_json))


async def _inbox(*, as_json: bool) -> bool:
    from bot.admin.digest import describe_flagged
    from bot.knowledge.inbox import groups
    from bot.knowledge.revisions import REHEARSED
    from bot.render.feedback import find_flagged

    async with _house() as (store, knowledge):
        found = groups(await store.knowledge.list_unanswered(datetime.now(UTC) - REHEARSED))
        opinions, words = await store.knowledge.opinions(), knowledge.content.phrases.admin
        asked = [
            {"count": len(g.numbers), "tied": g.tied, "picked": g.picked, "lines": g.lines, "topics": g.topics}
            for g in found
        ]
        poor = [{"topic": entry.id, **asdict(one)} for entry, one in find_flagged(knowledge.content, opinions)]
        lines = [words.digest_line.format(question=" / ".join(g.lines[:3]), count=len(g.numbers)) for g in found]
        text = "\n".join(lines) or words.inbox_empty
        if poor:
            text += "\n\n" + words.flagged.format(lines="\n".join(describe_flagged(knowledge.content, opinions)))
        _print(as_json, {"groups": asked, "flagged": poor}, text)
        return True


@faq.command()
def export(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="放到哪里。Where to.")], as_json: Json = False
) -> None:
    """把现在用的全部文件写到一个文件夹。Write all files in force into a folder."""
    _does(_export(folder, as_json=as_json))


async def _export(folder: Path, *, as_json: bool) -> bool:
    from bot.content.files import whole, write_files

    async with _house() as (_, knowledge):
        number, files = await knowledge.in_force()
        every, words = whole(files), knowledge.content.phrases.admin
        try:
            write_files(every, folder)
        except OSError as trouble:
            _print(as_json, {"files": [], "trouble": str(trouble)}, words.disk_full.format(why=trouble.strerror))
            return False
        _print(as_json, {"number": number, "files": sorted(every)}, "\n".join(str(folder / name) for name in every))
        return True
