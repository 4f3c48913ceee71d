"""The forms of an entry: its values, or its YAML as it is written; checked while somebody types, merged when sent.

A form becomes an edit of the entry's own lines; it is examined like every other, and a draft that a button publishes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, get_args

from starlette.responses import Response

from bot.admin.writing_cards import WritingCards
from bot.console.visit import ConsolePage, Gone, Visit
from bot.content.add_line import NoSuchList
from bot.content.content import Content
from bot.content.edit_entry import Value, render_entry
from bot.content.entry_part import CheckedPart, Clashed, Written, check_part, find_part, with_part, write_part
from bot.content.files import Files
from bot.content.merging import Conflict, Side
from bot.domain.areas import Decision
from bot.domain.messages import Answer, Incoming, Reply
from bot.domain.roles import Role
from bot.knowledge.inbox import find_group, list_groups
from bot.knowledge.publish import Edit
from bot.knowledge.writing import (
    NearEntry,
    NewEntry,
    add_entry,
    find_near,
    name_entry,
    suggest_phrasings,
    suggest_title,
)
from faq.model import Entry, Source

MOST_PART = 60_000
"""Characters of the text of an entry that a form sends."""
KEYS = ("title", "answer", "phrasings", "source", "checked_on")
"""The values that the form holds."""


@dataclass(frozen=True)
class EntryForm:
    """The form of an entry as it is shown: how it `was` written when it was opened (empty for a new one), the values,
    and `typed`, the texts that somebody edits instead of them.
    """

    entry: NewEntry
    topic: str = ""
    was: Written = field(default_factory=Written)
    typed: Written | None = None

    @property
    def written(self) -> Written:
        """The entry as somebody wrote it. NoSuchList where that cannot be written."""
        return self.typed or write_part(self.was, self.topic, _row(self.entry))


def _row(entry: NewEntry) -> dict[str, Value]:
    return {key: getattr(entry, key) for key in KEYS}


async def show_new(visit: Visit) -> Response:
    """Show the form of a new entry, with the words of a group of questions that were not answered."""
    number = visit.asked("group")
    group = find_group(await list_groups(visit.store, visit.at), number) if number else None
    lines = group.lines if group else ()
    title = suggest_title(lines)
    asked = suggest_phrasings(visit.content, title, lines) if lines else ()
    return await _show(visit, EntryForm(NewEntry(title, "", asked)), asked=lines)


async def show_entry(visit: Visit) -> Response:
    """Show the form of an entry, by its values or as YAML."""
    entry = visit.content.entries.get(visit.request.path_params["topic"])
    if entry is None:
        raise Gone
    was = await _load_written(visit, entry.id)
    row = NewEntry(entry.title, entry.answer, entry.phrasings, entry.source, entry.checked_on)
    return await _show(visit, EntryForm(row, entry.id, was, was if visit.asked("view") == "yaml" else None))


async def _load_written(visit: Visit, topic: str) -> Written:
    """Return an entry in force as it is written; empty where a notice answers the question itself."""
    _, files = await visit.parts.knowledge.in_force()
    try:
        return find_part(files, topic).written
    except NoSuchList:
        return Written()


async def _show(visit: Visit, form: EntryForm, status: int = 200, **about: Any) -> Response:
    shown = {"near": (), "clashes": (), "asked": (), "looked": None, "is_gone": False, **about}
    rows = len(form.typed.text.splitlines()) + 1 if form.typed else 0
    sources = visit.content.phrases.admin.writing.sources
    return await visit.show("entry.html", status=status, it=form, sources=sources, rows=rows, **shown)


def _read(visit: Visit, topic: str) -> EntryForm:
    """Return the form as it was sent."""
    was = Written(visit.field("was"), visit.field("was_tail"))
    typed = Written(visit.field("yaml"), visit.field("tail")) if "yaml" in visit.form else None
    if max(len(text) for one in (was, typed or was) for text in (one.text, one.tail)) > MOST_PART:
        raise Gone
    source = visit.field("source") or "beyond"
    if source not in get_args(Source):
        raise Gone
    lines = (line.strip() for line in visit.field("phrasings").splitlines())
    day = _day(visit.field("checked_on")) or (visit.now.date() if source == "beyond" else None)
    row = NewEntry(
        visit.field("title").strip(),
        visit.field("answer").strip(),
        tuple(dict.fromkeys(line for line in lines if line)),
        source,  # type: ignore[arg-type]
        day,
    )
    return EntryForm(row, topic, was, typed)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


# While somebody types


@dataclass(frozen=True)
class FormLook:
    """What is said of a form before it is sent: remarks, and the answer as a graduate sees it."""

    checked: CheckedPart
    is_yaml: bool
    bubble: Sequence[Reply] = ()


async def look(visit: Visit) -> Response:
    """Answer with the remarks on a form and the bubble of its answer, as a part of the page."""
    form = _read(visit, visit.field("topic"))
    return visit.rendering.page("look.html", looked=await _look(visit, form))


async def _look(visit: Visit, form: EntryForm) -> FormLook:
    return await asyncio.to_thread(_look_at, visit.content, form, visit.now.date(), visit.at)


def _look_at(content: Content, form: EntryForm, today: date, at: datetime) -> FormLook:
    try:
        written = form.written if form.topic else Written(render_entry(_new_row(content, form.entry)))
    except NoSuchList:
        written = Written(render_entry({"id": form.topic, **_row(form.entry)}))
    checked = check_part(written, content, today, form.topic)
    return FormLook(checked, form.typed is not None, _draw(content, checked.entry, at) if checked.entry else ())


def _new_row(content: Content, entry: NewEntry) -> dict[str, Value]:
    return {"id": name_entry(content, entry.title or "new"), **_row(entry)}


def _draw(content: Content, entry: Entry, at: datetime) -> Sequence[Reply]:
    """Return the answer as a graduate sees it; nothing while a placeholder has no value."""
    try:
        return WritingCards(content).bubble(entry, at)[1:]
    except (KeyError, ValueError):
        return ()


# When it is sent


async def add(visit: Visit) -> Response:
    """Examine a new entry; one that is near to another is asked about first."""
    form = _read(visit, "")
    if visit.field("do") == "look":
        return await _show(visit, form, looked=await _look(visit, form))
    near: Sequence[NearEntry] = () if visit.field("sure") else find_near(visit.content, form.entry)
    if near:
        return await _show(visit, form, 422, near=near)
    return await _draft(visit, form, add_entry(visit.content, form.entry, visit.now.date()))


async def change(visit: Visit) -> Response:
    """Examine what was changed of an entry, merged with what others changed since; what both changed is asked about."""
    topic = visit.request.path_params["topic"]
    form = _read(visit, topic)
    if topic not in visit.content.entries:
        return await _show(visit, replace(form, topic="", was=Written(), typed=None), 409, is_gone=True)
    if visit.field("do") == "look":
        return await _show(visit, form, looked=await _look(visit, form))
    try:
        return await _draft(visit, form, _edit_of(form, _read_decided(visit)))
    except Clashed as clash:
        return await _show(visit, form, 409, clashes=[_describe(one) for one in clash.conflicts])
    except NoSuchList:
        raise Gone from None


def _read_decided(visit: Visit) -> dict[str, Side]:
    """Return whose text stays, by key."""
    chosen = {name.removeprefix("keep-"): visit.field(name) for name in visit.form if name.startswith("keep-")}
    return {key: "theirs" if side == "theirs" else "mine" for key, side in chosen.items() if side}


def _edit_of(form: EntryForm, decided: Mapping[str, Side]) -> Edit:
    mine = form.written

    def edit(files: Files) -> Files:
        return with_part(files, form.topic, form.was, mine, decided)

    return edit


@dataclass(frozen=True)
class ClashShown:
    """A value that two people changed: its key, and both texts."""

    key: str
    mine: str
    theirs: str


def _describe(conflict: Conflict) -> ClashShown:
    return ClashShown(conflict.path[-1], conflict.mine, conflict.theirs)


async def _draft(visit: Visit, form: EntryForm, edit: Edit) -> Response:
    """Keep the edit as a draft, and lead to it; what is refused stays in the form."""
    row, kept = form.entry, list[str]()
    name = row.title or form.topic

    async def decide(incoming: Incoming, _: Role, __: datetime) -> Decision:
        decision = await visit.parts.admin.draft(incoming, edit, name)
        kept.extend(getattr(effect, "key", "") for effect in decision.effects)
        return decision

    typed = form.typed or Written("\n".join((row.title, row.answer, *row.phrasings)))
    text = f"{typed.text}\n{typed.tail}"
    answer = await visit.act(visit.incoming(text=text), decide)
    if kept or not answer.replies:
        key = next((key for key in kept if key and not key.startswith("last-")), "")
        return visit.lead(f"/knowledge/draft/{key}" if key else "/knowledge")
    looked = await _look(visit, form)
    if any(one.level == "error" for one in looked.checked.remarks):  # each stands at its line of the form
        answer = Answer((Reply(visit.rendering.words["knowledge"]["marked"]),))
    return await _show(visit, form, 422, said=answer, looked=looked)


PAGES = (
    ConsolePage("GET", "/knowledge/new", "admin", show_new),
    ConsolePage("POST", "/knowledge/new", "admin", add),
    ConsolePage("POST", "/knowledge/look", "admin", look),
    ConsolePage("GET", "/knowledge/entry/{topic}", "admin", show_entry),
    ConsolePage("POST", "/knowledge/entry/{topic}", "admin", change),
)
