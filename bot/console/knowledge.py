"""Knowledge: entries with a search, a form for each, the acts of `/faq`; and the days and phones of the notice.

A form becomes an edit of `knowledge.writing`; it is examined like every other, and a draft that a button publishes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, get_args

from starlette.responses import Response

from bot.admin.refusals import REFUSALS, describe_refusal
from bot.console.parts import ConsolePage
from bot.console.visit import Gone, Visit
from bot.content.edit_entry import Value
from bot.content.edit_notice import NoticeFact, list_facts
from bot.content.files import Files
from bot.content.problem import ContentProblem
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role
from bot.knowledge.inbox import find_group, list_groups
from bot.knowledge.publish import Edit
from bot.knowledge.writing import (
    NearEntry,
    NewEntry,
    add_entry,
    change_entry,
    change_fact,
    find_near,
    list_changed_texts,
    read_fact,
    suggest_phrasings,
    suggest_title,
)
from faq.model import Entry, Source

MOST = 100
"""Entries of a page."""
ACTS = ("status", "inbox", "flagged", "lint", "history")
"""Commands of `/faq` that are buttons of the page."""
MOST_TEXTS = 8
"""Texts that a change of a fact shows."""
KINDS = ("deadline", "phone")


async def list_entries(visit: Visit) -> Response:
    """Show the entries whose title or ways of asking hold the words that are looked for."""
    words, after = visit.asked("q").strip(), visit.asked("after")
    every = visit.content.entries.values()
    found = [entry for entry in every if words in entry.title or any(words in line for line in entry.phrasings)]
    at = int(after) if after.isascii() and after.isdecimal() and len(after) < 7 else 0
    shown, more = found[at : at + MOST], at + MOST if len(found) > at + MOST else 0
    return await visit.show("knowledge.html", entries=shown, words=words, count=len(found), more=more, acts=ACTS)


async def ask(visit: Visit) -> Response:
    """Do one of the acts of `/faq`, or explain the answer to a question."""
    act, question = visit.field("act"), " ".join(visit.field("question").split())[:200]
    if act not in ACTS and not (act == "why" and question):
        raise Gone
    await visit.act(visit.incoming(text=f"/faq {act} {question}".strip()))
    return visit.lead("/knowledge")


# The form of an entry


@dataclass(frozen=True)
class EntryForm:
    """The form of an entry as it is shown: what it holds, and the entry as it was when the form was opened (`seen`)."""

    entry: NewEntry
    topic: str = ""
    seen: str = ""

    @classmethod
    def of(cls, entry: Entry) -> EntryForm:
        """Return the form of an entry in force."""
        row = NewEntry(entry.title, entry.answer, entry.phrasings, entry.source, entry.checked_on)
        return cls(row, entry.id, _mark(entry))


def _mark(entry: Entry) -> str:
    """Return what changes with every value of an entry that the form holds."""
    values = (entry.title, entry.answer, entry.phrasings, entry.source, entry.checked_on)
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


async def show_new(visit: Visit) -> Response:
    """Show the form of a new entry, with the words of a group of questions that were not answered."""
    group = find_group(await list_groups(visit.store, visit.at), visit.asked("group") or "-")
    lines = group.lines if group else ()
    title = suggest_title(lines)
    asked = suggest_phrasings(visit.content, title, lines) if lines else ()
    return await _show(visit, EntryForm(NewEntry(title, "", asked)))


async def show_entry(visit: Visit) -> Response:
    """Show the form of an entry."""
    return await _show(visit, EntryForm.of(_find(visit)))


async def _show(visit: Visit, form: EntryForm, status: int = 200, **about: Any) -> Response:
    shown = {"near": (), "is_changed": False, **about}
    return await visit.show("entry.html", status=status, it=form, sources=get_args(Source), **shown)


def _find(visit: Visit) -> Entry:
    entry = visit.content.entries.get(visit.request.path_params["topic"])
    if entry is None:
        raise Gone
    return entry


def _read(visit: Visit, topic: str) -> EntryForm:
    """Return the form as it was sent."""
    lines = (line.strip() for line in visit.field("phrasings").splitlines())
    source = visit.field("source")
    if source not in get_args(Source):
        raise Gone
    row = NewEntry(
        visit.field("title").strip(),
        visit.field("answer").strip(),
        tuple(dict.fromkeys(line for line in lines if line)),
        source,  # type: ignore[arg-type]
        _day(visit.field("checked_on")),
    )
    return EntryForm(row, topic, visit.field("seen"))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


async def add(visit: Visit) -> Response:
    """Examine a new entry; one that is near to another is asked about first."""
    form = _read(visit, "")
    near: Sequence[NearEntry] = () if visit.field("sure") else find_near(visit.content, form.entry)
    if near:
        return await _show(visit, form, 422, near=near)
    return await _draft(visit, form, add_entry(visit.content, form.entry, visit.now.date()))


async def change(visit: Visit) -> Response:
    """Examine the values of an entry that were changed; nothing when somebody else changed it since."""
    entry = _find(visit)
    form = _read(visit, entry.id)
    if form.seen != _mark(entry):
        return await _show(visit, form, 409, is_changed=True)
    return await _draft(visit, form, _edit_of(entry, form.entry, visit.now.date()))


def _edit_of(entry: Entry, form: NewEntry, today: date) -> Edit:
    dated = form.checked_on or (today if form.source == "beyond" else None)
    new: dict[str, Value] = {
        "title": form.title,
        "answer": form.answer,
        "phrasings": form.phrasings,
        "source": form.source,
        "checked_on": dated,
    }
    edits = [change_entry(entry.id, key, value) for key, value in new.items() if value != getattr(entry, key)]

    def edit(files: Files) -> Files:
        for one in edits:
            files = dict(one(files))  # type: ignore[arg-type]
        return files

    return edit


async def _draft(visit: Visit, form: EntryForm, edit: Edit) -> Response:
    """Keep the edit as a draft, and lead to what it changes; what is refused stays in the form."""
    row, kept = form.entry, list[bool]()

    async def decide(incoming: Incoming, _: Role, __: datetime) -> Decision:
        decision = await visit.parts.admin.draft(incoming, edit, row.title)
        kept.append(bool(decision.effects))
        return decision

    text = "\n".join((row.title, row.answer, *row.phrasings))
    answer = await visit.act(visit.incoming(text=text), decide)
    if kept == [True] or not answer.replies:
        return visit.lead("/knowledge")
    return await _show(visit, form, 422, said=answer)


# The notice


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
            return Decision((Reply(visit.rendering.words["knowledge"]["changed"]),))
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
    ConsolePage("GET", "/knowledge", "admin", list_entries),
    ConsolePage("POST", "/knowledge", "admin", ask),
    ConsolePage("GET", "/knowledge/new", "admin", show_new),
    ConsolePage("POST", "/knowledge/new", "admin", add),
    ConsolePage("GET", "/knowledge/entry/{topic}", "admin", show_entry),
    ConsolePage("POST", "/knowledge/entry/{topic}", "admin", change),
    ConsolePage("GET", "/notice", "admin", show_notice),
    ConsolePage("POST", "/notice", "admin", change_notice),
)
