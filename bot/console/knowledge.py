"""Knowledge: entries with a search, drafts, missed questions, the history; the acts are those of `/faq`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from bot.console.visit import ConsolePage, Gone, Visit
from bot.content.files import diff_names, to_patch
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.roles import Role
from bot.knowledge.inbox import QuestionGroup, list_groups
from faq.model import Entry

MOST = 100
"""Entries of a page."""
ACTS = ("flagged", "lint", "status", "export")
"""Commands of `/faq` that are buttons of the page."""
MOST_GROUPS, MOST_REVISIONS, MOST_DRAFTS = 20, 50, 20
"""Groups of questions, revisions and drafts of a page."""
MOST_PATCH = 60_000
"""Characters of a difference that is shown."""
_KEY = re.compile(r"[0-9a-f]{16}", re.ASCII)


async def list_entries(visit: Visit) -> Response:
    """Show the entries that hold the words that are looked for, or those that want work, and the drafts."""
    words, only = visit.asked("q").strip(), visit.asked("only")
    tasks = await visit.parts.admin.list_tasks() if only == "tasks" else []
    why = {entry.id: reason for entry, reason in tasks}
    every = [entry for entry, _ in tasks] if only == "tasks" else visit.content.entries.values()
    found = [entry for entry in every if _holds(entry, words)]
    at = _place(visit.asked("after"))
    shown, more = found[at : at + MOST], at + MOST if len(found) > at + MOST else 0
    drafts = await visit.store.knowledge.list_drafts(MOST_DRAFTS)
    about: dict[str, Any] = {"entries": shown, "words": words, "count": len(found), "more": more, "acts": ACTS}
    about["sources"] = visit.content.phrases.admin.writing.sources
    who = await visit.parts.names()
    return await visit.show("knowledge.html", why=why, only=only, drafts=drafts, names=who, **about)


def _holds(entry: Entry, words: str) -> bool:
    return words in entry.title or words in entry.answer or any(words in line for line in entry.phrasings)


def _place(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


async def ask(visit: Visit) -> Response:
    """Do one of the acts of `/faq`, or explain the answer to a question."""
    act, question = visit.field("act"), " ".join(visit.field("question").split())[:200]
    if act not in ACTS and not (act == "why" and question):
        raise Gone
    await visit.act(visit.incoming(text=f"/faq {act} {question}".strip()))
    return visit.lead("/knowledge")


# Drafts


async def show_draft(visit: Visit) -> Response:
    """Show what a draft changes, with a question to try on it, and the buttons that publish and drop it."""
    draft = await visit.store.knowledge.draft(_key(visit))
    if draft is None:
        return visit.lead_away("/knowledge")
    parent = await visit.store.knowledge.revision(draft.parent)
    before = parent.files if parent else (await visit.parts.knowledge.in_force())[1]
    patch = to_patch(before, draft.files)
    has_notice = any(name.startswith("notices/") for name in diff_names(before, draft.files))
    about: dict[str, Any] = {"draft": draft, "patch": patch[:MOST_PATCH], "is_cut": len(patch) > MOST_PATCH}
    return await visit.show("draft.html", has_notice=has_notice, names=await visit.parts.names(), **about)


def _key(visit: Visit) -> str:
    key: str = visit.request.path_params["key"]
    if not _KEY.fullmatch(key):
        raise Gone
    return key


async def rehearse(visit: Visit) -> Response:
    """Answer a question as the draft would."""
    key, question = _key(visit), " ".join(visit.field("question").split())[:200]

    async def decide(incoming: Incoming, _: Role, at: datetime) -> Decision:
        decision = await visit.parts.admin.rehearse(incoming, key, question, at)
        return replace(decision, replies=tuple(replace(reply, buttons=()) for reply in decision.replies))

    await visit.act(visit.incoming(text=question), decide)
    return visit.lead(f"/knowledge/draft/{key}")


# Questions that were missed


@dataclass(frozen=True)
class GroupShown:
    """A group of questions with the entries that may be meant, each with the beginning of its answer."""

    group: QuestionGroup
    near: tuple[Entry, ...]

    @property
    def number(self) -> int:
        return max(self.group.numbers)


async def show_inbox(visit: Visit) -> Response:
    """Show the questions that were not answered, those that were asked most first."""
    words, only = visit.asked("q").strip(), visit.asked("only")
    groups = [
        group
        for group in await list_groups(visit.store, visit.at)
        if (not words or any(words in line for line in group.lines))
        and (only != "week" or (group.latest and visit.at - group.latest <= timedelta(days=7)))
    ]
    at, entries = _place(visit.asked("after")), visit.content.entries
    shown = [
        GroupShown(group, tuple(entries[topic] for topic in group.topics if topic in entries))
        for group in groups[at : at + MOST_GROUPS]
    ]
    more = at + MOST_GROUPS if len(groups) > at + MOST_GROUPS else 0
    about: dict[str, Any] = {"groups": shown, "count": len(groups), "words": words, "only": only, "more": more}
    return await visit.show("inbox.html", skips=_is_next_group, **about)


def _is_next_group(reply: Reply) -> bool:
    """Return whether a reply is the chat's view of the next group, which stands on the page anyway."""
    return any(button.id.startswith("know|give|") for row in reply.buttons for button in row)


# History


async def show_history(visit: Visit) -> Response:
    """Show who published what, newest first, each with its difference and the way back to it."""
    found = await visit.store.knowledge.history(MOST_REVISIONS)
    return await visit.show("history.html", revisions=found, names=await visit.parts.names())


async def show_revision(visit: Visit) -> Response:
    """Show what a revision changed in the one before it."""
    number, rows = visit.number("number"), visit.store.knowledge
    new, old = await rows.revision(number), await rows.revision(number - 1)
    if new is None:
        raise Gone
    patch = to_patch(old.files, new.files) if old else ""
    about: dict[str, Any] = {
        "it": new,
        "patch": patch[:MOST_PATCH],
        "is_cut": len(patch) > MOST_PATCH,
        "has_before": old is not None,
    }
    is_newest = number == await rows.number()
    return await visit.show("revision.html", is_newest=is_newest, names=await visit.parts.names(), **about)


async def compare(visit: Visit) -> Response:
    """Say in words what a revision changed."""
    number = visit.number("number")
    await visit.act(visit.incoming(text=f"/faq diff {number}"))
    return visit.lead(f"/knowledge/history/{number}")


PAGES = (
    ConsolePage("GET", "/knowledge", "admin", list_entries),
    ConsolePage("POST", "/knowledge", "admin", ask),
    ConsolePage("GET", "/knowledge/draft/{key}", "admin", show_draft),
    ConsolePage("POST", "/knowledge/draft/{key}", "admin", rehearse),
    ConsolePage("GET", "/knowledge/inbox", "admin", show_inbox),
    ConsolePage("GET", "/knowledge/history", "admin", show_history),
    ConsolePage("GET", "/knowledge/history/{number}", "admin", show_revision),
    ConsolePage("POST", "/knowledge/history/{number}", "admin", compare),
)
