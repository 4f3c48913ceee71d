"""The part of the admins' area that writes: a new entry, one value of an entry, a day or a phone of the notice.

A form is filled in by typing and tapping, shown as a graduate will see it, and published by the last tap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from rapidfuzz import fuzz

from bot.admin.cards import Rows, Wish, say
from bot.admin.editing import Editing, edit_lines, edit_of
from bot.admin.forms import Form, form_key, keep_form, load_form
from bot.admin.publishing import Publishing
from bot.admin.writing_cards import WritingCards
from bot.content.files import Refused
from bot.content.loading import MAX_TITLE
from bot.domain.areas import Decision
from bot.domain.messages import Incoming
from bot.domain.revisions import Drafted, Undrafted
from bot.domain.zone import local
from bot.knowledge.examine import Report
from bot.knowledge.inbox import list_groups, load_group
from bot.knowledge.publish import Publication, prepare
from bot.knowledge.revisions import Knowledge
from bot.knowledge.writing import (
    LEAST,
    find_near,
    is_answer,
    list_swapped,
    name_entry,
    read_value,
    suggest_phrasings,
    suggest_title,
    suggest_titles,
)
from faq.model import Entry

LIKE = 55.0
"""Similarity (0–100) from which a missed question is suggested as a way of asking."""


def _find_unheard(form: Form, report: Report, suggested: Collection[str]) -> tuple[str, ...]:
    """Return the phrasings that were suggested, and would be read as something else."""
    unheard = [one.problem.text for one in report.errors if one.rule == "unheard"]
    return tuple(line for line in form.phrasings if line in suggested and any(f"“{line}”" in x for x in unheard))


class Writing:
    """Has an admin fill in forms. It does not check who may do it."""

    def __init__(self, knowledge: Knowledge, publishing: Publishing, editing: Editing) -> None:
        self._knowledge = knowledge
        self._publishing = publishing
        self._editing = editing

    @property
    def _cards(self) -> WritingCards:
        return WritingCards(self._knowledge.content)

    async def take(self, incoming: Incoming, at: datetime) -> Decision | None:
        """Take what is typed for the value that a form waits for; None when none does."""
        if incoming.other or not incoming.text.strip() or incoming.text.startswith("/") or incoming.press:
            return None
        form = await load_form(self._knowledge.store.knowledge, incoming.user, at)
        if form is None or not form.waits:
            return None
        if incoming.text.strip() in self._knowledge.content.phrases.admin.writing.stop_words:
            return await self.quit(incoming, Wish("quit"), at)
        return await self._fill(incoming, form, incoming.text.strip(), at)

    # New entries

    async def begin(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Begin a new entry: from the group of a missed question, or from nothing."""
        content, cards = self._knowledge.content, self._cards
        words = content.phrases.admin.writing
        if not wish.about:
            groups = await list_groups(self._knowledge.store, at)
            missed = (suggest_title(self._keep_unmasked(group.lines)) for group in groups[:LEAST])
            return self._ask_title(incoming, Form("new"), tuple(filter(None, missed)))
        lines = self._keep_unmasked((await load_group(self._knowledge.store, wish.about, at)).lines)
        before = words.from_missed.format(lines="\n".join(f"· {line}" for line in lines))
        title = suggest_title(lines)
        form = Form("new", waits="answer" if title else "title", title=title, asked=lines)
        form = replace(form, phrasings=suggest_phrasings(content, title, lines))
        if not title:
            return self._ask_title(incoming, form, (), before)
        before = f"{before}\n\n{words.title_set.format(title=title)}"
        return keep_form(
            incoming,
            form,
            self._knowledge.number,
            cards.ask("answer", ((cards.button("title", "ask", "title"),),), before),
        )

    def _keep_unmasked(self, lines: list[str]) -> tuple[str, ...]:
        """Return the lines without those in which something private was masked: nobody types them so."""
        return tuple(line for line in lines if "〔" not in line)

    async def _find_like(self, title: str, at: datetime) -> tuple[str, ...]:
        """Return missed questions that are like a title."""
        groups = await list_groups(self._knowledge.store, at)
        lines = [line for group in groups for line in group.lines if title in line or fuzz.ratio(title, line) >= LIKE]
        return self._keep_unmasked(lines)

    async def _fill(self, incoming: Incoming, form: Form, text: str, at: datetime) -> Decision:
        """Put a typed value into a form, and go on to the next or to the preview."""
        if form.does in ("edit", "fact"):
            return await self._editing.fill(incoming, form, text, at)
        content = self._knowledge.content
        if form.waits == "title":
            if not form.answer and is_answer(text):
                form = replace(form, answer=text)
                return self._ask_title(incoming, form, suggest_titles(text))
            if len(text) > MAX_TITLE:
                before = content.phrases.admin.writing.too_long.format(size=len(text))
                title = suggest_title([text])
                form = replace(form, phrasings=(*form.phrasings, *([text] if title else [])))
                return self._ask_title(incoming, form, [title] if title else [], before)
            asked = form.asked or await self._find_like(text, at)
            asks = [line for line in (*form.phrasings, *asked) if line not in form.dropped]
            lines = suggest_phrasings(content, text, asks)
            form = replace(form, title=text, asked=asked, phrasings=lines)
        elif form.waits == "phrasings":
            form = replace(form, phrasings=edit_lines(form.phrasings, text))
        else:
            value = str(read_value(form.waits, text, local(at, None).date()))
            form = Form(**{**asdict(form), form.waits: value})
        return await self._go_on(incoming, replace(form, waits=""), at)

    def _ask_title(self, incoming: Incoming, form: Form, titles: Sequence[str], before: str = "") -> Decision:
        """Ask for the title, with those that may be tapped."""
        cards = self._cards
        if form.answer:
            before = before or self._knowledge.content.phrases.admin.writing.answer_set
        rows = tuple((cards.button("take", "pick", n, title=title),) for n, title in enumerate(titles))
        form, name = replace(form, titles=tuple(titles), waits="title"), "title" if form.answer else "first"
        return keep_form(incoming, form, self._knowledge.number, cards.ask(name, rows, before))

    async def _go_on(self, incoming: Incoming, form: Form, at: datetime) -> Decision:
        """Ask for what a new entry lacks, then what is to be done beside entries that are near; else show it."""
        content, cards = self._knowledge.content, self._cards
        if not form.answer:
            return keep_form(incoming, replace(form, waits="answer"), self._knowledge.number, cards.ask("answer"))
        near = [] if form.near_seen else await asyncio.to_thread(find_near, content, form.entry)
        if near:
            return keep_form(incoming, form, self._knowledge.number, cards.ask_near(form, near, at))
        form = replace(form, near_seen=True)
        if len(form.phrasings) < LEAST and form.does == "new":
            asked = cards.ask("phrasings", now=cards.number(form.phrasings))
            return keep_form(incoming, replace(form, waits="phrasings"), self._knowledge.number, asked)
        return await self._preview(incoming, form, at)

    async def choose(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Take the choice beside an entry that is near: count the lines as its own, replace it, or keep both."""
        form = await self._load(incoming, at)
        does = {"count": "add", "replace": "replace"}.get(wish.about, "new")
        if does != "new" and wish.more not in self._knowledge.content.entries:
            raise Refused("gone")
        form = replace(form, does=does, topic=wish.more if does != "new" else "", near_seen=True)
        return await self._go_on(incoming, form, at)

    async def _preview(self, incoming: Incoming, form: Form, at: datetime) -> Decision:
        """Examine what a form makes and show it; suggested lines that would be read as something else are left out."""
        content = self._knowledge.content
        others = list_swapped(content, (form.title, *form.asked))
        publication = await self._prepare(incoming, form, at)
        while dropped := _find_unheard(form, publication.report, {*form.asked, *others} - {form.title}):
            form = replace(form, dropped=(*form.dropped, *dropped))
            kept = [line for line in form.phrasings if line not in form.dropped]
            more = [line for line in others if line not in (*kept, *form.dropped)]
            form = replace(form, phrasings=(*kept, *more[: max(0, LEAST - len(kept))]))
            if len(form.phrasings) < LEAST and form.does == "new":
                return await self._go_on(incoming, form, at)
            publication = await self._prepare(incoming, form, at)
        form, draft = self._keep_draft(incoming, form, publication)
        entry = self._read_entry(form)
        bubble = self._cards.bubble(entry, at) if entry else ()
        card = self._cards.form_card(form, publication.report)
        return keep_form(incoming, form, self._knowledge.number, *bubble, card, also=draft)

    def _read_entry(self, form: Form) -> Entry | None:
        """Return the entry of a form as graduates will see it."""
        if form.does == "add":
            return self._knowledge.content.entries[form.topic]
        new, today = form.entry, local(self._knowledge.present(), None).date()
        return Entry.model_construct(
            id=form.topic or "new",
            title=new.title,
            answer=new.answer,
            source=new.source,
            checked_on=new.checked_on or (today if new.source == "beyond" else None),
            follow=new.follow,
            phrasings=new.phrasings,
        )

    async def _prepare(self, incoming: Incoming, form: Form, at: datetime) -> Publication:
        return await prepare(self._knowledge, await edit_of(self._knowledge, form, at), incoming.user, form.title)

    def _keep_draft(self, incoming: Incoming, form: Form, publication: Publication) -> tuple[Form, tuple[Drafted, ...]]:
        """Return the form with the key of the draft that it became, and the effect that keeps the draft."""
        if publication.is_refused:
            return replace(form, key=""), ()
        draft = publication.as_draft(incoming.user, form.title)
        return replace(form, key=draft.key, second=publication.waiting is not None), (draft,)

    # Taps on any form

    async def ask(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Ask for the value that a button names."""
        form = await self._load(incoming, at)
        if form.does == "edit":
            return self._editing.ask(incoming, form, wish.about)
        now = self._cards.number(form.phrasings)
        if wish.about == "source":
            now = self._cards.describe_source(form.source, form.entry.checked_on)
        asked = self._cards.ask(wish.about, self._cards.rows_for(wish.about), now=now)
        return keep_form(incoming, replace(form, waits=wish.about), self._knowledge.number, asked)

    async def pick(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Take a title, a source or a day that was tapped."""
        form = await self._load(incoming, at)
        if form.waits == "title" and wish.about.isdecimal():
            if int(wish.about) >= len(form.titles):
                raise Refused("no_form")
            return await self._fill(incoming, form, form.titles[int(wish.about)], at)
        return await self._fill(incoming, form, wish.about, at)

    async def delete(self, incoming: Incoming, _: Wish, at: datetime) -> Decision:
        """Ask whether the entry that is shown is to go."""
        form = await self._load(incoming, at)
        if form.does != "edit":
            raise Refused("no_form")
        return await self._editing.delete(incoming, form, at)

    async def send(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Publish what a form made, or ask somebody else to; say whether the missed questions are answered now."""
        form = await self._load(incoming, at)
        if not form.key:
            raise Refused("no_form")
        done = Undrafted(form_key(incoming.user))
        if form.second:
            edit = await edit_of(self._knowledge, form, at)
            return await self._publishing.change(incoming, edit, form.title, also=(done, Undrafted(form.key)))
        waiting = {one.question: one.number for one in await self._knowledge.list_questions() if one.became is None}
        topic = form.topic or name_entry(self._knowledge.content, form.title)

        def receipt(report: Report) -> tuple[str, Rows]:
            """Say whether the missed questions are answered now, with a button that adds each one that is not."""
            cards, words = self._cards, self._knowledge.content.phrases.admin.writing
            if form.does == "fact":
                return words.fact_done.format(label=form.title, was=form.answer, becomes=form.value), ()
            failed = [line for line in form.asked if line not in report.answered and line in waiting]
            rows = tuple((cards.button("teach", "add", waiting[line], topic, line=line),) for line in failed)
            return cards.describe_trial(form.asked, report, words.receipt_good, words.receipt_bad), rows

        draft = Wish("publish", form.key)
        return await self._publishing.publish_draft(incoming, draft, at, also=(done,), receipt=receipt)

    async def quit(self, incoming: Incoming, _: Wish, at: datetime) -> Decision:
        """Drop a form and what it made."""
        form = await load_form(self._knowledge.store.knowledge, incoming.user, at)
        drafts = (Undrafted(form.key),) if form and form.key else ()
        return say(self._knowledge.content.phrases.admin.writing.quit, Undrafted(form_key(incoming.user)), *drafts)

    async def _load(self, incoming: Incoming, at: datetime) -> Form:
        """Return the form of whoever tapped. Refused when it is not there any more."""
        form = await load_form(self._knowledge.store.knowledge, incoming.user, at)
        if form is None:
            raise Refused("no_form")
        return form
