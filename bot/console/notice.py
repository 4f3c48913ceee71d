"""The notice: its days and phones, each with a form; what a change does to the sentences is shown first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from starlette.responses import Response

from bot.admin.refusals import REFUSALS, describe_refusal
from bot.console.parts import ConsolePage
from bot.console.visit import Gone, Visit
from bot.content.edit_notice import NoticeFact, list_facts
from bot.content.problem import ContentProblem
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role
from bot.knowledge.publish import Edit
from bot.knowledge.writing import change_fact, list_changed_texts, read_fact

MOST_TEXTS = 8
"""Texts that a change of a fact shows."""
KINDS = ("deadline", "phone")


async def show_notice(visit: Visit) -> Response:
    """Show the days and phones of the notices, each with a form."""
    return await visit.show("notice.html", facts=await _load_facts(visit))


async def _load_facts(visit: Visit) -> dict[str, Sequence[NoticeFact]]:
    _, files = await visit.parts.knowledge.in_force()
    return {kind: list_facts(files, kind) for kind in KINDS}  # type: ignore[arg-type]


async def change_notice(visit: Visit) -> Response:
    """Examine another value of a fact, which must still be the one that was shown."""
    place, was = visit.field("place"), visit.field("was")
    facts = (await _load_facts(visit)).get(visit.field("kind"), ())
    if not place.isascii() or not place.isdecimal() or len(place) > 4 or int(place) >= len(facts):
        raise Gone
    fact = facts[int(place)]

    async def decide(incoming: Incoming, _: Role, __: datetime) -> Decision:
        if fact.value != was:
            return Decision((Reply(visit.rendering.words["notice"]["changed"]),))
        try:
            value = read_fact(fact, visit.field("value"), visit.now.date())
        except REFUSALS as trouble:
            return Decision((Reply(describe_refusal(visit.content, trouble)),))
        edit = change_fact(fact, value)
        decision = await visit.parts.admin.draft(incoming, edit, f"{fact.label} {value}")
        return replace(decision, replies=(*decision.replies, *await _show_texts(visit, edit)))

    await visit.act(visit.incoming(text=visit.field("value")[:80]), decide)
    return visit.lead("/notice")


async def _show_texts(visit: Visit, edit: Edit) -> Sequence[Reply]:
    """Return the sentences that an edit of a fact changes, before and after; none where it is no usable change."""
    _, files = await visit.parts.knowledge.in_force()
    try:
        found = await asyncio.to_thread(list_changed_texts, visit.content, edit(files), visit.now)
    except (*REFUSALS, ContentProblem):
        return ()
    words = visit.rendering.words["notice"]
    lines = [words["change"].format(title=one.title, was=one.was, becomes=one.becomes) for one in found[:MOST_TEXTS]]
    return (Reply("\n\n".join((words["changes"].format(n=len(found)), *lines))),) if found else ()


PAGES = (
    ConsolePage("GET", "/notice", "admin", show_notice),
    ConsolePage("POST", "/notice", "admin", change_notice),
)
