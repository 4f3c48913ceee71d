"""The notice: the school's document as a draft, its review value by value, its days and phones, the rendered walk.

What a change does to the sentences is shown before it is published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import yaml
from pydantic import ValidationError
from starlette.responses import Response

from bot.admin.refusals import REFUSALS, describe_refusal
from bot.console.visit import ConsolePage, Gone, Visit
from bot.content.edit_notice import NoticeFact, list_facts
from bot.content.files import diff_names
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.revisions import Drafted
from bot.domain.roles import Role
from bot.knowledge.publish import Edit
from bot.knowledge.writing import change_fact, list_changed_texts, read_fact
from bot.notice_import.facts import HeardFact, list_heard
from bot.notice_import.review import describe_value, list_doubts, list_paths, read_draft, value_at
from bot.render.preview import preview
from flows.notice import Notice

MOST_TEXTS = 8
"""Texts that a change of a fact shows."""
MOST_NOTE = 60
"""Characters of the note of such a change."""


@dataclass(frozen=True)
class FactsShown:
    """The facts of one part of a notice, each with its number among all."""

    notice: str
    section: str
    facts: Sequence[tuple[int, NoticeFact]]

    @property
    def said(self) -> Sequence[tuple[int, NoticeFact]]:
        """Those that the notice says."""
        return [one for one in self.facts if one[1].value]

    @property
    def unsaid(self) -> Sequence[tuple[int, NoticeFact]]:
        """Those that it does not say."""
        return [one for one in self.facts if not one[1].value]


async def show_notice(visit: Visit) -> Response:
    """Show the facts of the notices in force, each with its sentence and a form, and if there is one in review."""
    review = await visit.parts.admin.load_review(visit.who)
    left = len(list_doubts(review)) if review else 0
    notices = [one.notice for one in visit.content.notices.values()]
    parts = groupby(enumerate(await _load_facts(visit)), lambda one: (one[1].notice, str(one[1].loc[0])))
    facts = [FactsShown(*of, [*some]) for of, some in parts]
    return await visit.show("notice.html", facts=facts, has_review=review is not None, left=left, notices=notices)


async def _load_facts(visit: Visit) -> Sequence[NoticeFact]:
    _, files = await visit.parts.knowledge.in_force()
    return await asyncio.to_thread(list_facts, files)


async def change_notice(visit: Visit) -> Response:
    """Examine another value of a fact, or that the notice does not say it; it must still be the one that was shown."""
    was, is_absent = visit.field("was"), visit.field("verdict") == "absent"
    fact = await _find_fact(visit)

    async def decide(incoming: Incoming, _: Role, __: datetime) -> Decision:
        if fact.value != was:
            return Decision((Reply(visit.rendering.words["notice"]["changed"]),))
        try:
            value = None if is_absent else read_fact(fact, visit.field("value"), visit.now.date())
        except REFUSALS as trouble:
            return Decision((Reply(describe_refusal(visit.content, trouble)),))
        edit = change_fact(fact, value)
        said = value or visit.rendering.words["notice"]["no_value"]
        decision = await visit.parts.admin.draft(incoming, edit, f"{fact.label} {said}"[:MOST_NOTE])
        return replace(decision, replies=(*decision.replies, *await _show_texts(visit, edit)))

    await visit.act(visit.incoming(text=visit.field("value")[:80]), decide)
    return visit.lead("/notice")


async def look(visit: Visit) -> Response:
    """Answer with the sentences that another value of a fact would change, as a part of the page."""
    fact = await _find_fact(visit)
    try:
        value = read_fact(fact, visit.field("value"), visit.now.date())
    except REFUSALS as trouble:
        return visit.rendering.page("notice_look.html", wrong=describe_refusal(visit.content, trouble), texts=())
    return visit.rendering.page("notice_look.html", wrong="", texts=await _show_texts(visit, change_fact(fact, value)))


async def _find_fact(visit: Visit) -> NoticeFact:
    place, facts = visit.field("place"), await _load_facts(visit)
    if not place.isascii() or not place.isdecimal() or len(place) > 4 or int(place) >= len(facts):
        raise Gone
    return facts[int(place)]


async def _show_texts(visit: Visit, edit: Edit) -> Sequence[Reply]:
    """Return the sentences that an edit of a fact changes, before and after; none where it is no usable change."""
    _, files = await visit.parts.knowledge.in_force()
    try:
        found = await asyncio.to_thread(list_changed_texts, visit.content, edit(files), visit.now)
    except REFUSALS:
        return ()
    words = visit.rendering.words["notice"]
    lines = [words["change"].format(title=one.title, was=one.was, becomes=one.becomes) for one in found[:MOST_TEXTS]]
    return (Reply("\n\n".join((words["changes"].format(n=len(found)), *lines))),) if found else ()


# The school's document


async def take_document(visit: Visit) -> Response:
    """Draft a notice from the document that was uploaded, and lead to its review."""
    name, raw = visit.upload

    async def decide(incoming: Incoming, _: Role, __: datetime) -> Decision:
        if not raw:
            return Decision((Reply(visit.rendering.words["people"]["no_file"]),))
        decision = await visit.parts.admin.take_document(incoming, raw)
        if not decision.effects:
            return decision
        told = replace(decision.replies[0], text=visit.rendering.words["notice"]["drafted"])
        return replace(decision, replies=(told,))  # the doubts stand on the page itself

    answer = await visit.act(visit.incoming(text=name[:80]), decide)
    is_drafted = any(reply.attachment for reply in answer.replies)
    return visit.lead("/notice/review" if is_drafted else "/notice")


@dataclass(frozen=True)
class ValueShown:
    """A value of a notice in review: its path, name and words, the sentence that it is from, and why it is unsure."""

    path: str
    label: str
    value: str
    sentence: str = ""
    why: str = ""
    may_be_absent: bool = True


async def show_review(visit: Visit) -> Response:
    """Show the values of the notice in review beside their sentences, unsure ones first, each with a form."""
    data = await visit.parts.admin.load_review(visit.who)
    if data is None:
        return visit.lead_away("/notice")
    names = visit.rendering.words["notice"]["paths"]
    doubts = {one["at"]: one for one in list_doubts(data)}
    paths = [*doubts, *(path for path in list_paths(data) if path not in doubts)]
    heard = {one.at: one for one in list_heard(data)}
    shown = [
        ValueShown(
            path,
            _name(data, path, names, heard.get(path)),
            describe_value(data, path),
            doubts.get(path, {}).get("sentence") or (heard[path].quote if path in heard else ""),
            doubts.get(path, {}).get("why", ""),
            path not in heard or heard[path].may_be_absent,
        )
        for path in paths
    ]
    return await visit.show("review.html", values=shown, left=len(doubts), title=data["notice"].get("title") or "")


def _name(data: Mapping[str, Any], path: str, names: Mapping[str, str], heard: HeardFact | None) -> str:
    """Return a path in words: of a row of several its own name."""
    if path in names or "." not in path:
        return names.get(path, path)
    if heard:
        return " · ".join(filter(None, (heard.row or names.get(path.partition(".")[0]), names.get(heard.key))))
    head, _, last = path.rpartition(".")
    return f"{value_at(data, f'{head}.label') or names.get(head, head)} · {names.get(last, last)}"


async def settle(visit: Visit) -> Response:
    """Settle a value of the notice in review, which must still be the one that was shown."""
    path, verdict, words = visit.field("at"), visit.field("verdict"), visit.field("value")[:300]
    if verdict not in ("right", "change", "absent"):
        raise Gone
    is_left = list[bool]()

    async def decide(incoming: Incoming, _: Role, __: datetime) -> Decision:
        data = await visit.parts.admin.load_review(visit.who)
        if data is None or describe_value(data, path) != visit.field("was"):
            return Decision((Reply(visit.rendering.words["notice"]["changed"]),))
        decision = await visit.parts.admin.settle(incoming, path, verdict, words)  # type: ignore[arg-type]
        after = [effect for effect in decision.effects if isinstance(effect, Drafted)]
        is_left.append(not any(name.startswith("notices/") for effect in after for name in effect.files))
        if not after or not is_left[-1]:
            return decision
        return replace(decision, replies=(Reply(visit.rendering.words["notice"]["settled"]),))

    await visit.act(visit.incoming(text=words), decide)
    return visit.lead("/notice/review")


# The rendered walk


async def show_preview(visit: Visit) -> Response:
    """Show what a notice says to whom and when: one in force, the one in review, or that of a draft."""
    chosen = await _find_notice(visit)
    sections = await asyncio.to_thread(preview, visit.content, chosen)
    return await visit.show("preview.html", sections=sections, notice=chosen.notice)


async def _find_notice(visit: Visit) -> Notice:
    key, which = visit.asked("draft"), visit.asked("notice")
    if found := visit.content.notices.get(which):
        return found
    try:
        if key == "review" and (data := await visit.parts.admin.load_review(visit.who)):
            return Notice.model_validate(data)
        draft = await visit.store.knowledge.draft(key)
        _, now = await visit.parts.knowledge.in_force()
        names = [name for name in diff_names(now, draft.files) if name.startswith("notices/")] if draft else []
        if draft and names:
            return Notice.model_validate(read_draft(draft.files[names[-1]]))
    except (ValidationError, KeyError, yaml.YAMLError):
        raise Gone from None
    raise Gone


PAGES = (
    ConsolePage("GET", "/notice", "admin", show_notice),
    ConsolePage("POST", "/notice", "admin", change_notice),
    ConsolePage("POST", "/notice/look", "admin", look),
    ConsolePage("POST", "/notice/document", "admin", take_document),
    ConsolePage("GET", "/notice/review", "admin", show_review),
    ConsolePage("POST", "/notice/review", "admin", settle),
    ConsolePage("GET", "/notice/preview", "admin", show_preview),
)
