"""The command line. Errors are one line on standard error; exit codes: 0 done, 1 problems, 2 usage or settings."""

from __future__ import annotations

import gc

# No garbage collection during imports: it takes 0.1 s and finds nothing. `main` turns it on.
gc.disable()

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

from bot.app import build
from bot.app.settings import Settings, SettingsProblem
from bot.channels.terminal import replace_bad_characters
from bot.commands.console import link_console
from bot.commands.init import init
from bot.commands.lazy_group import LazyGroup
from bot.content.checks import list_missing_keys
from bot.content.content import Content
from bot.content.own_folder import count_entries, find_unread
from bot.content.problem import ContentProblem
from bot.conversation.decide import decide
from bot.domain.messages import Incoming
from bot.domain.session import Session
from bot.domain.zone import parse_moment
from bot.render.reply import Voice
from bot.store import StoreProblem

PROBLEMS, USAGE = 1, 2

cli = typer.Typer(
    cls=LazyGroup,
    help="毕业核对助手：带毕业生核对学信网上的学籍和照片。\n\nLeads graduates through checking their CHSI record.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cli.command()(init)
cli.command("console-link")(link_console)


def _moment(text: str | datetime) -> datetime:
    try:
        return text if isinstance(text, datetime) else parse_moment(text)
    except ValueError:
        raise typer.BadParameter(f"不是日期 / not a date: {text} (2013-12-05, 2013-12-20T23:50)") from None


Today = Annotated[
    datetime | None,
    typer.Option(
        "--today",
        parser=_moment,
        metavar="DATE",
        help="演练另一天，如 2013-12-05 或 2013-12-20T23:50。Rehearse another day.",
    ),
]
ContentFolder = Annotated[
    Path | None,
    typer.Option("--content", exists=True, file_okay=False, help="内容文件夹，默认自带的。A content folder."),
]
Json = Annotated[bool, typer.Option("--json", help="一行一个 JSON。One JSON object a line.")]


@cli.callback(invoke_without_command=True)
def _gradbot(context: typer.Context) -> None:
    """Without a command: `run`."""
    if context.invoked_subcommand is None:
        _serve(build.settings())


@cli.command()
def run(
    take_over: Annotated[
        bool, typer.Option(help="删掉别的程序给这个机器人设的 webhook / delete a webhook that somebody else set")
    ] = False,
) -> None:
    """启动网页和已配置的渠道，直到收到 SIGTERM。Serve the page and Telegram until SIGTERM or SIGINT."""
    _serve(build.settings(), take_over=take_over)


@cli.command()
def chat(
    user: Annotated[str, typer.Option(help="谁在聊，进度按这个名字存。Whose progress.", show_default="you")] = "",
    today: Today = None,
    as_json: Json = False,
) -> None:
    """在终端里聊天，一行一句，数字按按钮。Talk in the terminal; a number presses a button."""
    _need_streams()
    asyncio.run(build.chat(build.settings(today), user or _me(), as_json=as_json))


@cli.command()
def ask(
    question: Annotated[list[str] | None, typer.Argument(help="问题；不写就一行一个读标准输入。The question.")] = None,
    today: Today = None,
    as_json: Json = False,
    explain: Annotated[bool, typer.Option("--explain", help="为什么这样答。Why it is answered so.")] = False,
) -> None:
    """问一个问题，或从标准输入一行问一个。Ask one question, or one a line from standard input."""
    chosen = build.settings(today)
    if not question:
        _need_streams()
    knowledge = asyncio.run(build.content_in_force(chosen))
    for line in [" ".join(question)] if question else _lines(sys.stdin):
        if explain:
            _explain(knowledge, line, as_json=as_json)
            continue
        started = time.perf_counter()
        match = knowledge.matcher.ask(line)
        spent_ms = (time.perf_counter() - started) * 1000
        if as_json:
            topics = [{"id": topic.id, "score": round(topic.score, 4)} for topic in match.topics]
            found = {"q": line, "verdict": match.verdict, "topics": topics, "ms": round(spent_ms, 3)}
            print(json.dumps(found, ensure_ascii=False), flush=True)
        else:
            _answer(knowledge, chosen, line)


@cli.command()
def check(content: ContentFolder = None) -> None:
    """检查全部内容，一次说出所有毛病。Check every script, notice, FAQ file and phrase."""
    chosen = build.settings(content=content)
    _print_unread(chosen.content)
    knowledge = build.content(chosen, to_publish=True)
    from rich.table import Column, Table

    steps, entries, notices = len(knowledge.script.steps), len(knowledge.entries), len(knowledge.notices)
    screen = _screen()
    for problem in list_missing_keys(knowledge):
        screen.print(problem.with_caret())
    screen.print(knowledge.phrases.check_passed.format(steps=steps, entries=entries, notices=notices))
    if counts := count_entries(chosen.content):
        screen.print(knowledge.phrases.check_entries.format(**asdict(counts)))
    table = Table(*(Column(title, overflow="fold") for title in knowledge.phrases.check_columns), show_lines=True)
    for notice in knowledge.notices.values():
        facts = Voice(knowledge, Session(notice.id), build.local_now(chosen)).facts
        table.add_row(notice.id, facts["windows.list"], facts["clock.short"])
    screen.print(table, soft_wrap=False)


def _print_unread(folder: Path | None) -> None:
    """Print what in a content folder is not read, before what is read is checked."""
    if unread := list(find_unread(folder)) if folder and folder.is_dir() else []:
        from bot.content.loading import load

        sentences, screen = load().phrases.check_unread, _screen()
        for name, rule, better in unread:
            screen.print(sentences[rule].format(name=name, better=better))


@cli.command()
def draw(content: ContentFolder = None) -> None:
    """把流程画成 Mermaid 图。The flow as Mermaid."""
    from flows.draw import mermaid

    knowledge = build.content(build.settings(content=content))
    voice = Voice(knowledge, Session(next(iter(knowledge.notices))), datetime(2000, 1, 1))  # noqa: DTZ001 - no clock shows
    print(mermaid(knowledge.script, voice.fill))


@cli.command()
def links(
    bot: Annotated[
        str, typer.Option(help="机器人的用户名，不写就问 Telegram。The bot's username.", show_default="?")
    ] = "",
    png: Annotated[Path | None, typer.Option(file_okay=False, help="把二维码存进这个文件夹。QR codes here.")] = None,
    posters: Annotated[
        Path | None, typer.Option(file_okay=False, help="把A4海报（网页）存进这个文件夹。Posters to print here.")
    ] = None,
) -> None:
    """打印通知、步骤、问题的链接，可存二维码和海报。Prints deep links; QR codes and posters as files."""
    from bot.render import links as deep  # posters are made seldom

    chosen = build.settings()
    addresses = _addresses(chosen, bot)
    content = asyncio.run(build.content_in_force(chosen))
    for link in deep.list_links(content, build.local_now(chosen)):
        print(*(link.address(address) for address in addresses.values()), link.title, sep="\t")
        try:
            if png:
                deep.draw(link, addresses, png)
            if posters:
                deep.write_poster(content, link, addresses.values(), posters)
        except OSError as trouble:
            raise typer.BadParameter(f"存不了 / cannot write: {trouble.filename}: {trouble.strerror}") from None


def _addresses(chosen: Settings, bot: str) -> dict[str, str]:
    """Return the addresses at which the bot opens, by channel: the page's, where it has a public one, comes first."""
    from bot.channels.telegram import abilities as telegram
    from bot.channels.telegram.links import USERNAME, address_of
    from bot.channels.web import abilities as web

    addresses = {web.NAME: f"{chosen.web_url}/"} if chosen.web_url else {}
    if bot or chosen.telegram_token or not addresses:
        name = USERNAME.fullmatch(bot or _username(chosen))
        if name is None:
            raise typer.BadParameter(f"不是机器人的用户名 / not a bot's username: {bot}")
        addresses[telegram.NAME] = address_of(name[1])
    return addresses


def _username(chosen: Settings) -> str:
    from bot.app import telegram

    return telegram.username(chosen)


def _explain(knowledge: Content, question: str, *, as_json: bool) -> None:
    from bot.admin.cards import Admin
    from bot.knowledge.why import explain

    why = explain(knowledge, question)
    print(json.dumps(why.as_json(), ensure_ascii=False) if as_json else Admin(knowledge, 0).why(why).text, flush=True)


def _answer(knowledge: Content, chosen: Settings, question: str) -> None:
    from rich.text import Text

    screen = _screen()
    known = Session(next(iter(knowledge.notices)))
    for reply in decide(knowledge, known, Incoming("ask", "", question), build.local_now(chosen)).replies:
        screen.print(Text(reply.text))
        for row in reply.buttons:
            screen.print(Text("  ".join(f"[{button.text}]" for button in row), style="cyan"))
        if reply.source:
            screen.print(Text(f"（{reply.source}）", style="dim"))
    screen.print()


def _serve(chosen: Settings, *, take_over: bool = False) -> None:
    if chosen.telegram_token:
        from bot.app import telegram  # the page alone need not wait for its library

        telegram.run(chosen, _tell, take_over=take_over)
    else:
        from bot.app import web  # a chat in the terminal need not wait for a server's libraries

        web.run(chosen, _tell)


def _tell(line: str) -> None:
    print(line, flush=True)


def _screen() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def _lines(stream: Iterable[str]) -> Iterator[str]:
    return (line.strip() for line in stream if line.strip())


def _me() -> str:
    return os.environ.get("USER") or "you"


def main() -> None:
    """Run the command line and exit with its code."""
    gc.freeze()
    gc.enable()
    _replace_closed_streams()
    replace_bad_characters(sys.stdin, sys.stdout, sys.stderr)
    sys.exit(_run())


def _replace_closed_streams() -> None:
    """Put the null device where a standard stream is closed: else the next file, the database, would get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end


def _need_streams() -> None:
    """Refuse a talk that nobody can hold, because `_replace_closed_streams` replaced its input or output."""
    for stream, name in (
        (sys.stdin, "标准输入是关着的 / standard input"),
        (sys.stdout, "标准输出是关着的 / standard output"),
    ):
        if getattr(stream, "name", "") == os.devnull:
            raise typer.TyperException(f"{name} is closed")


def _run() -> int:
    try:
        code = cli(standalone_mode=False) or 0
        sys.stdout.flush()
    except ContentProblem as problem:
        for found in problem.problems:
            print(found.with_caret())
        return PROBLEMS
    except SettingsProblem as problem:
        _say(*map(str, problem.problems))
        return USAGE
    except StoreProblem as problem:
        _say(str(problem))
        return PROBLEMS
    except typer.TyperException as wrong:
        _say(wrong.format_message())
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        return 0
    except BrokenPipeError:
        # The reader of our output left (`gradbot draw | head`): nothing is wrong, and nothing can be said.
        _drop_output()
        return 0
    except OSError as trouble:
        _drop_output()
        _say(f"{trouble.strerror or trouble}" + (f": {trouble.filename}" if trouble.filename else ""))
        return PROBLEMS
    return code


def _drop_output() -> None:
    """Let what could not be written go, so that the end of the process does not try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _say(*lines: str) -> None:
    with suppress(OSError, ValueError):  # nobody can be told
        for line in lines:
            print(f"gradbot: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
