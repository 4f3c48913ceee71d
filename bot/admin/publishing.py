"""The part of the admins' area that publishes: files that an admin sends, drafts, edits of one line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.admin.cards import MOST_TEXT, Admin, Rows, Wish, say
from bot.admin.digest import Digest
from bot.content.content import Content
from bot.content.edit_notice import read_notices
from bot.content.files import Refused, decode_text, place_file, safe_name, to_patch
from bot.content.merging import Side
from bot.content.yaml_source import MAX_BYTES
from bot.domain.areas import Decision, Fetch
from bot.domain.effects import Effect
from bot.domain.messages import Attachment, Incoming, Reply, Sent
from bot.domain.revisions import Drafted, Undrafted
from bot.domain.roles import Audited
from bot.knowledge.examine import Report
from bot.knowledge.publish import Edit, Publication, prepare, prepare_draft
from bot.knowledge.revisions import Knowledge
from bot.render.preview import preview, to_html
from flows.notice import Notice

MOST_PAGES = 3
"""Notices that are shown as pages at a time."""
CONFIRMED = "contact_written"
"""The rule of lint whose findings are published after a confirmation only."""


def _render(content: Content, notice: Notice) -> str:
    return to_html(preview(content, notice))


class Publishing:
    """Publishes for an admin, or asks the others where that needs approval. `fetch` gets a document."""

    def __init__(self, knowledge: Knowledge, digest: Digest, fetch: Fetch) -> None:
        self._knowledge = knowledge
        self._digest = digest
        self._fetch = fetch

    @property
    def _cards(self) -> Admin:
        return Admin(self._knowledge.content, self._knowledge.number)

    async def receive_file(self, file: Sent | None) -> str:
        """Fetch the text of a file. Refused when it is too large, no text, or cannot be had."""
        return decode_text(await self.receive_bytes(file, MAX_BYTES))

    async def receive_bytes(self, file: Sent | None, limit: int) -> bytes:
        """Fetch a file. Refused when it is larger than the limit, or cannot be had."""
        if file is None:
            raise Refused("no_file")
        if file.size > limit:
            raise Refused("too_large", size=file.size, limit=limit)
        try:
            return await self._fetch(file.id)
        except ConnectionError:
            raise Refused("no_file") from None

    async def take_file(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """Examine a YAML file; publish it at once when it came with `/faq`."""
        name = safe_name(incoming.file.name if incoming.file else "")
        text = await self.receive_file(incoming.file)
        note = wish.more or name
        return await self.change(incoming, lambda old: place_file(old, name, text), note, at_once=wish.about == "now")

    async def change(
        self,
        incoming: Incoming,
        edit: Edit,
        note: str,
        *,
        at_once: bool = True,
        also: Sequence[Effect] = (),
        settled: Sequence[int] = (),
    ) -> Decision:
        """Refuse an edit of the files in force, keep it as a draft, or publish it.

        `also` are effects that follow in the last two cases; `settled` is a number of a question that it answers.
        """
        author, note = incoming.user, self._knowledge.content.mask(note)
        publication = await prepare(self._knowledge, edit, author, note)
        if publication.undecided:
            return await self._ask_which(publication, publication.undecided)
        if publication.is_refused:
            return Decision((self._cards.show_refusal(publication.report),))
        if publication.waiting:
            written = (*publication.effects, *also, *await self._digest.accompany(publication))
            return Decision((self._cards.show_pending_approval(),), written)
        asks = any(found.rule == CONFIRMED for found in publication.report.findings)
        if at_once and not asks:
            return await self._publish(publication, also, settled)
        drafted = publication.as_draft(author, note)
        newest = replace(drafted, key=f"last-{author}")
        return Decision((self._cards.show_draft(publication.report, drafted.key),), (drafted, newest))

    async def _publish(self, publication: Publication, also: Sequence[Effect], settled: Sequence[int] = ()) -> Decision:
        card = self._cards.show_published(
            publication.report, publication.number, undo=publication.replaces, settled=settled
        )
        return Decision((card,), (*publication.effects, *also, *await self._digest.accompany(publication)))

    async def _ask_which(self, publication: Publication, kept: Drafted) -> Decision:
        """Show what two people changed side by side; the edit is kept until one of the two is chosen."""
        names = await self._digest.name_authors()
        clashes = [replace(clash, author=names(clash.author)) for clash in publication.clashes]
        return Decision((self._cards.show_clashes(clashes, kept.key),), (kept,))

    async def publish_draft(
        self,
        incoming: Incoming,
        wish: Wish,
        _: datetime,
        *,
        also: Sequence[Effect] = (),
        receipt: Callable[[Report], tuple[str, Rows]] | None = None,
    ) -> Decision:
        """Publish a draft, on top of what others published since it was made; `more` says whose text stays.

        `also` are effects that follow then, `receipt` is what is said and offered with it.
        """
        side: Side | None = "mine" if wish.more == "mine" else "theirs" if wish.more == "theirs" else None
        publication = await prepare_draft(self._knowledge, wish.about, incoming.user, side)
        if publication.undecided:
            return await self._ask_which(publication, publication.undecided)
        if publication.is_refused:
            return Decision((self._cards.show_refusal(publication.report),))
        if receipt is None:
            return await self._publish(publication, (Undrafted(wish.about), *also))
        done = await self._publish(
            replace(publication, report=replace(publication.report, findings=(), shifts=())), also
        )
        text, rows = receipt(publication.report)
        (first,) = done.replies
        said = f"{first.text}\n\n{text}" if text else first.text
        shown = replace(first, text=said[:MOST_TEXT], buttons=(*rows, *first.buttons))
        return Decision((shown,), (*done.effects, Undrafted(wish.about)))

    async def drop(self, _: Incoming, wish: Wish, __: datetime) -> Decision:
        """Delete a draft."""
        if await self._knowledge.store.knowledge.draft(wish.about) is None:
            raise Refused("gone")
        return say(
            self._knowledge.content.phrases.admin.dropped, Undrafted(wish.about), Audited("faq-drop", wish.about)
        )

    async def show_preview(self, _: Incoming, wish: Wish, __: datetime) -> Decision:
        """Send the notices that a draft changes as pages, as graduates will see them; without a draft all in force."""
        content, files = self._knowledge.content, None
        if wish.about:
            draft = await self._knowledge.store.knowledge.draft(wish.about)
            if draft is None:
                raise Refused("gone")
            files = draft.files
        chosen = [one for one in read_notices(files) if one != content.notices.get(one.id)] if files else []
        chosen = (chosen or [*content.notices.values()])[:MOST_PAGES]
        pages = [await asyncio.to_thread(_render, content, one) for one in chosen]
        names = [content.phrases.admin.preview_file.format(id=one.id) for one in chosen]
        told = [
            Reply(one.notice.title, attachment=Attachment(name, page))
            for one, name, page in zip(chosen, names, pages, strict=True)
        ]
        return Decision(tuple(told))

    async def show_patch(self, _: Incoming, wish: Wish, __: datetime) -> Decision:
        """Show the changes of a draft as a patch."""
        rows, name = self._knowledge.store.knowledge, self._knowledge.content.phrases.admin.diff_file
        draft = await rows.draft(wish.about)
        if draft is None:
            raise Refused("gone")
        parent = await rows.revision(draft.parent)
        before = parent.files if parent else (await self._knowledge.in_force())[1]
        return Decision((Reply(name, attachment=Attachment(name, to_patch(before, draft.files))),))
