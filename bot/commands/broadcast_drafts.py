"""`gradbot broadcast new | audience`: drafts, and who gets them."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from bot.app.build import Workspace
from bot.broadcast import draft as drafts
from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.broadcast.reach import count_told, describe_left
from bot.commands.broadcast_group import (
    Channel,
    Number,
    apply,
    broadcast,
    choose_notice,
    get,
    prepare_start,
    problem,
)
from bot.commands.workspace import Json, author, content_in_force, refuse_secrets, run
from bot.domain.audience import Audience, Wrong, parse_audience
from bot.domain.broadcast import Broadcast, Rewritten
from bot.domain.roles import Audited
from bot.domain.session import session_of


def _parse_audience(workspace: Workspace, rule: str, notice: str, *, late: bool) -> Audience:
    chosen = workspace.content.notices[choose_notice(workspace, notice)]
    audience = parse_audience(
        rule, chosen, tuple(workspace.content.script.by_id), late, workspace.content.phrases.broadcast.channels
    )
    if isinstance(audience, Wrong):
        raise problem(workspace, "rule", audience.word, "、".join(audience.known[:20]))
    return audience


@broadcast.command()
def new(
    text: Annotated[str, typer.Option(help="内容，可用 {{ deadline }} 等名字。The text.")] = "",
    template: Annotated[str, typer.Option(help="phrases.yaml 里的模板，如 t7。A template.")] = "",
    audience: Annotated[str, typer.Option(help="发给谁，如 “-完成 专业=会计学”。To whom.")] = "",
    notice: Annotated[str, typer.Option(help="哪一份通知，默认第一份。Which notice.")] = "",
    button: Annotated[list[str] | None, typer.Option(help="acks、step:ID、faq:ID。Buttons.")] = None,
    late: Annotated[bool, typer.Option("--late", help="时间已过的人也发。Also after the deadline.")] = False,
    loud: Annotated[bool, typer.Option("--loud", help="安静时段也发。Also in the quiet hours.")] = False,
    *,
    channel: Channel,
    as_json: Json = False,
) -> None:
    """写一条群发，打印编号。A new draft; prints its number."""

    async def work(workspace: Workspace) -> int:
        refuse_secrets(workspace.content, text)
        templates = workspace.content.phrases.broadcast.templates
        if template and template not in templates:
            raise problem(workspace, "rule", template, ", ".join(templates))
        words = html.escape(text, quote=False) or (templates[template].text if template else "")
        chosen = _parse_audience(workspace, audience, notice, late=late)
        draft = BroadcastDraft(words, None, tuple(button or ("acks",)), chosen, loud)
        for code, about in Renderer(
            workspace.content, draft, workspace.local(), workspace.store.broadcasts.reach.page
        ).find_problems():
            raise problem(workspace, code, about)
        made = await workspace.store.broadcasts.make(channel, drafts.dump(draft), author(), workspace.at)
        assert made
        return made

    number = run(work)
    print(json.dumps({"number": number}) if as_json else number)


@broadcast.command(context_settings={"ignore_unknown_options": True})  # a rule may begin with a minus
def audience(
    number: Number,
    rule: Annotated[str | None, typer.Argument(help="新的条件；不写就只看。A new rule.")] = None,
    late: Annotated[bool, typer.Option("--late", help="时间已过的人也发。Also after the deadline.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="确切的人数和样例，记在操作记录里。Exact, audited.")] = False,
    as_json: Json = False,
) -> None:
    """看或改发给谁，数一数人，看五个样例；人数是约数。Who gets it, about how many, and five samples."""

    async def work(workspace: Workspace) -> tuple[Any, list[str]]:
        it = await get(workspace, number)
        if rule is not None:
            it = await _change_audience(workspace, it, rule, late=late)
        search = prepare_start(workspace, it).search
        if search is None:
            raise problem(workspace, "nobody")
        rows = workspace.store.broadcasts
        told = None if exact else await count_told(rows, search)
        if exact:
            await workspace.store.apply((Audited("exact count", str(number)),), it.channel, workspace.at, author())
        sessions = [session_of(s) for s in await rows.some(search)] if told is None or told.left else []
        renderer = Renderer(workspace.content, drafts.load(it.draft), workspace.local(), it.reach.page)
        shown = [drafts.strip_tags(renderer.render(session).html) for session in sessions]
        return replace(told, told=told) if told else await rows.count(search), shown

    count, samples = run(work)
    if as_json:
        print(json.dumps({**asdict(replace(count, told=None)), "samples": samples}, ensure_ascii=False))
        return
    words = content_in_force().phrases.broadcast
    print(describe_left(words, count))
    for sample in dict.fromkeys(samples):
        print(f"---\n{sample}")


async def _change_audience(workspace: Workspace, it: Broadcast, rule: str, *, late: bool) -> Broadcast:
    draft = drafts.load(it.draft)
    notice = draft.audience.notice if draft.audience else ""
    draft = replace(draft, audience=_parse_audience(workspace, rule, notice, late=late))
    draft = replace(draft, by=author())
    await apply(workspace, it, Rewritten(it.number, it.version, drafts.dump(draft)), "audience")
    return await get(workspace, it.number)
