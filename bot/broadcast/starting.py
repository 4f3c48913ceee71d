"""The start of a broadcast, by staff, the command line or the scheduler: problems, audience, record. Pure."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from bot.broadcast import draft as drafts
from bot.broadcast.draft import BroadcastDraft, Renderer
from bot.content.content import Content
from bot.domain.audience import Count, Search, search
from bot.domain.broadcast import Broadcast, RowState, Started
from bot.domain.staff_texts import find_risks

_LINK = re.compile('href="([^"]*)"')

AGAIN: tuple[RowState, ...] = ("failed", "unsure")
"""Outcomes after which a message may be sent again."""


@dataclass(frozen=True)
class BroadcastStart:
    """A broadcast that is to start. `now` local time of the notice, `at` the real moment in UTC."""

    content: Content
    broadcast: Broadcast
    now: datetime
    at: datetime

    @property
    def draft(self) -> BroadcastDraft:
        return drafts.load(self.broadcast.draft)

    @property
    def search(self) -> Search | None:
        """The search for its audience; None while nobody is chosen, or when the notice is no longer in force."""
        audience = self.draft.audience
        notice = self.content.notices.get(audience.notice) if audience else None
        return search(audience, notice, self.broadcast.channels, self.now, self.at) if audience and notice else None

    @property
    def states(self) -> tuple[RowState, ...]:
        """States of its parent's rows that it is for."""
        if self.broadcast.act != "send":
            return ("sent",)
        return (self.draft.only,) if self.draft.only else AGAIN

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Problems of the content: a code, and what it is about. A recall needs no content."""
        if self.broadcast.act == "delete":
            return []
        found = list(Renderer(self.content, self.draft, self.now, self.broadcast.reach.page).find_problems())
        return found or ([] if self.search or self.broadcast.parent else [("nobody", "")])

    @property
    def authors(self) -> frozenset[str]:
        """The ids of whoever made it and whoever changed it last."""
        return frozenset({self.broadcast.made_by, self.draft.by} - {""})

    @property
    def risks(self) -> tuple[str, ...]:
        """Links and words in the content that a second person must agree to; a recall has none."""
        if self.broadcast.act == "delete":
            return ()
        draft = self.draft
        links = map(html.unescape, _LINK.findall(draft.html))
        files = [draft.file, *draft.more] if draft.file else []
        shown = "\n".join((draft.plain_text, *links, *(file.name for file in files)))
        page = urlsplit(self.broadcast.reach.page).hostname
        hosts = {*self.content.allowed_hosts, *((page,) if page else ())}
        return find_risks(shown, hosts, self.content.public_contacts)

    def is_large(self, count: Count) -> bool:
        """Return whether its authors reach more people within a day than one person may."""
        return max(count.left, count.reached) > self.content.phrases.broadcast.habits.approve_above

    def needs_second(self, count: Count) -> bool:
        """Return whether a second person must agree first; an approval counts for the approved draft only."""
        return (self.is_large(count) or bool(self.risks)) and self.broadcast.approved != self.draft.digest

    def start(self, by: str, count: Count | None = None) -> Started:
        """Return the effect that starts it, with the record for the proof; `by` is the id of whoever starts it. With
        the `count` by which no second person was needed it is outdated when another broadcast starts meanwhile.
        """
        broadcast, draft = self.broadcast, self.draft
        proof = {
            "act": broadcast.act,
            "html": draft.html,
            "file": draft.named_files,
            "buttons": draft.buttons,
            "audience": str(draft.audience) if draft.audience else "",
            "notice": draft.audience.notice if draft.audience else "",
            "digest": draft.digest,
            "by": by,
            "approved_by": broadcast.approved_by,
            "parent": broadcast.parent,
        }
        if broadcast.parent:
            started = Started(broadcast.number, broadcast.state, None, proof, broadcast.parent, self.states)
        else:
            started = Started(broadcast.number, broadcast.state, self.search, proof)
        return replace(started, since=count.since, lately=count.lately) if count else started
