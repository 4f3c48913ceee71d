"""The part of the admins' area that drafts a school's notice from its words, and has its doubts settled by taps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.admin.cards import Wish, button, say
from bot.admin.publishing import Publishing
from bot.content.content import Content
from bot.content.documents import MOST_BYTES, UnreadableDocument, extract_text
from bot.content.files import Refused, place_file
from bot.domain.areas import Decision
from bot.domain.messages import Attachment, Button, Incoming, Reply
from bot.domain.revisions import Drafted, Undrafted
from bot.domain.staff_texts import find_forbidden
from bot.knowledge.revisions import Knowledge
from bot.notice_import.draft import draft_notice
from bot.notice_import.review import (
    Verdict,
    WrongAnswer,
    count_alike,
    describe_value,
    list_doubts,
    read_draft,
    settle,
    settle_at,
    write_draft,
)
from bot.runtime.process import run_aside
from bot.store.knowledge import text_hash

DRAFTED_S = 20.0
"""Seconds after which drafting a notice is given up."""
_FILE = "notice.yaml"
"""The one file of a draft in review."""


class Drafting:
    """Drafts notices for an admin. A draft in review is kept under a key of its author's; a newer one replaces it."""

    def __init__(self, knowledge: Knowledge, publishing: Publishing) -> None:
        self._knowledge = knowledge
        self._publishing = publishing

    async def draft(self, incoming: Incoming, _: Wish, __: datetime) -> Decision:
        """Draft the YAML of a notice from its document, and ask about the first doubt; nothing is published."""
        return await self.read(incoming, await self._publishing.receive_bytes(incoming.file, MOST_BYTES))

    async def read(self, incoming: Incoming, raw: bytes) -> Decision:
        """Draft a notice from the bytes of its document. Refused."""
        content = self._knowledge.content
        words = content.phrases.admin
        # Aside: what somebody writes on purpose keeps the reading and the extraction busy for long.
        text = await run_aside(extract_text, raw, DRAFTED_S)
        if isinstance(text, UnreadableDocument):
            raise Refused(text.rule)
        if found := find_forbidden(text):
            raise Refused("secret", found=content.phrases.describe_findings(text, found))
        draft = await run_aside(draft_notice, text, DRAFTED_S)
        counts = draft.counts
        if not counts["dates"] and not counts["contacts"]:
            return say(words.notice_nothing)
        drafted = Reply(words.notice_drafted.format(**counts), attachment=Attachment(f"{draft.id}.yaml", draft.yaml))
        kept = Drafted(_key_of(incoming.user), {_FILE: draft.yaml}, self._knowledge.number, incoming.user, draft.id)
        data = read_draft(draft.yaml)
        asked = (show_doubt(content, data),) if list_doubts(data) else ()
        return Decision((drafted, *asked), (kept,))

    async def settle(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """Settle the doubt that was asked about; examine the notice when it was the last one."""
        content = self._knowledge.content
        data = await self.load(incoming.user)
        if data is None:
            raise Refused("gone")
        if wish.act != "set" and wish.about != str(len(list_doubts(data))):
            return Decision((show_doubt(content, data),))  # a button under an older question
        try:
            data = settle(data, _VERDICTS[wish.act], wish.about)
        except WrongAnswer as trouble:
            raise Refused(trouble.rule) from None
        return await self._keep(incoming, data)

    async def load(self, author: str) -> dict[str, Any] | None:
        """Return the notice that somebody has in review, as data; None when there is none."""
        kept = await self._knowledge.store.knowledge.draft(_key_of(author))
        return read_draft(kept.files[_FILE]) if kept and _FILE in kept.files else None

    async def settle_at(self, incoming: Incoming, path: str, verdict: Verdict, words: str) -> Decision:
        """Settle the value at a path of the notice in review. Refused."""
        data = await self.load(incoming.user)
        if data is None:
            raise Refused("gone")
        try:
            return await self._keep(incoming, settle_at(data, path, verdict, words))
        except WrongAnswer as trouble:
            raise Refused(trouble.rule) from None

    async def _keep(self, incoming: Incoming, data: dict[str, Any]) -> Decision:
        """Keep a notice in review; without doubts examine it, as a draft that can be published."""
        content, author, text = self._knowledge.content, incoming.user, write_draft(data)
        key = _key_of(author)
        if list_doubts(data):
            again = Drafted(key, {_FILE: text}, self._knowledge.number, author, data["notice"]["id"])
            return Decision((show_doubt(content, data),), (again,))
        name = f"{data['notice']['id']}.yaml"
        made = await self._publishing.change(
            incoming, lambda old: place_file(old, name, text), name, at_once=False, also=(Undrafted(key),)
        )
        told = Reply(content.phrases.admin.review_done, attachment=Attachment(name, text))
        return Decision((told, *made.replies), made.effects)


_VERDICTS: Mapping[str, Verdict] = {"right": "right", "same": "same", "absent": "absent", "set": "change"}


def _key_of(author: str) -> str:
    return f"n{text_hash(author)[:15]}"


def show_doubt(content: Content, data: Mapping[str, Any]) -> Reply:
    """Ask about the first doubt of a draft: the value beside its sentence, with buttons."""
    words, doubts = content.phrases.admin, list_doubts(data)
    first, left = doubts[0], len(doubts)
    sentence = words.review_sentence.format(sentence=first["sentence"]) if first.get("sentence") else ""
    value = describe_value(data, first["at"]) or words.review_value_none
    text = words.review_ask.format(left=left, at=first["at"], value=value, why=first["why"], sentence=sentence)
    rows: list[tuple[Button, ...]] = [
        (button(content, "right", "right", left), button(content, "absent", "absent", left))
    ]
    if (alike := count_alike(data)) > 2:
        rows.append((button(content, "same", "same", left, count=alike),))
    return Reply(text.replace("\n\n\n", "\n\n"), tuple(rows))
