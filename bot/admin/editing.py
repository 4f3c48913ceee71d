"""The part of the admins' area that changes one value: of an entry, or a day or a phone of the notice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from bot.admin.cards import Wish, say
from bot.admin.forms import Form, keep_form
from bot.admin.writing_cards import WritingCards
from bot.content.edit_entry import Value
from bot.content.edit_notice import NoticeFact, list_facts
from bot.content.files import Refused, keep_texts
from bot.content.own import is_own
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.zone import local
from bot.knowledge.publish import Edit, prepare
from bot.knowledge.revisions import Knowledge
from bot.knowledge.writing import (
    add_entry,
    add_phrasings,
    change_entry,
    change_fact,
    delete_entry,
    list_changed_texts,
    read_fact,
    read_value,
    replace_entry,
)
from faq.model import Entry

MOST_OFFERED = 3
"""Entries that are offered where words name none for sure."""
_WITHOUT = re.compile(r"删\D{0,3}(\d+(?:\D+\d+)*)\D*")


async def edit_of(knowledge: Knowledge, form: Form, at: datetime) -> Edit:
    """Return the edit that a form makes. Refused when there is nothing to change."""
    content, today = knowledge.content, local(at, None).date()
    match form.does:
        case "new":
            return add_entry(content, form.entry, today)
        case "replace":
            return replace_entry(content, form.topic, form.entry, today)
        case "add":
            return add_phrasings(content, form.topic, form.phrasings)
        case "edit" if form.kind == "delete":
            return delete_entry(content, form.topic)
        case "edit":
            return change_entry(form.topic, form.kind, _value_of(form, today))
    return change_fact((await _load_facts(knowledge, form.kind))[form.place], form.value)


def _value_of(form: Form, today: date) -> Value:
    if form.kind in ("phrasings", "follow"):
        return form.phrasings if form.kind == "phrasings" else form.follow
    return read_value(form.kind, form.value, today)


async def _load_facts(knowledge: Knowledge, kind: str) -> Sequence[NoticeFact]:
    _, files = await knowledge.in_force()
    return list_facts(files, kind)  # type: ignore[arg-type]


def edit_lines(lines: Sequence[str], words: str) -> tuple[str, ...]:
    """Return a list without the lines whose numbers are named (删 2 3), or with those that are typed, one a line."""
    if found := _WITHOUT.fullmatch(words.strip()):
        gone = {int(number) for number in re.findall(r"\d+", found[1])}
        return tuple(line for n, line in enumerate(lines, start=1) if n not in gone)
    typed = (line.strip(" ·-—*") for line in words.splitlines())
    return tuple(dict.fromkeys((*lines, *(line for line in typed if line))))


class Editing:
    """Changes entries and facts, each as a draft that a tap publishes. It does not check who may do it."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    @property
    def _cards(self) -> WritingCards:
        return WritingCards(self._knowledge.content)

    # Entries

    async def show(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Show the entry that is named by words or by a button, with a button for each of its values."""
        content, cards = self._knowledge.content, self._cards
        words = content.phrases.admin.writing
        if not wish.about and not wish.more:
            return say(words.name_entry)
        found = [wish.more] if wish.more else self._find(wish.about)
        if not found or found[0] not in content.entries:
            return say(words.no_entry.format(words=wish.about))
        if len(found) > 1:
            rows = tuple((cards.topic(content.entries[topic]),) for topic in found)
            return Decision((Reply(words.which_entry, rows),))
        entry = content.entries[found[0]]
        form = Form("edit", topic=entry.id, title=entry.title, phrasings=entry.phrasings, follow=entry.follow)
        return self._keep(incoming, form, *cards.bubble(entry, at), cards.entry_card(entry))

    async def remove(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Ask whether the entry that is named by words is to go; where none is for sure, or it ships, show it."""
        found = self._find(wish.about) if wish.about else []
        entry = self._knowledge.content.entries.get(found[0]) if len(found) == 1 else None
        if entry is None:
            return await self.show(incoming, wish, at)
        if is_own(entry):
            return await self.delete(incoming, Form("edit", topic=entry.id, title=entry.title), at)
        shown = await self.show(incoming, wish, at)
        refused = Reply(self._knowledge.content.phrases.admin.refused["shipped_entry"])
        return replace(shown, replies=(*shown.replies[:-1], refused, shown.replies[-1]))

    def _find(self, words: str) -> list[str]:
        """Return the entries that words name: by id or title, else by what a question in these words finds."""
        content = self._knowledge.content
        exact = [entry.id for entry in content.entries.values() if words in (entry.id, entry.title)]
        if exact:
            return exact
        match = content.matcher.ask(words)
        return [*match.chosen] if match.chosen else [one.id for one in match.topics[:MOST_OFFERED]]

    def ask(self, incoming: Incoming, form: Form, name: str) -> Decision:
        """Ask for a new value of an entry."""
        entry, cards = self._entry(form), self._cards
        titles = (self._knowledge.content.entries[topic].title for topic in form.follow)
        now = {
            "phrasings": cards.number(form.phrasings),
            "follow": cards.number(titles),
            "source": cards.describe_source(entry.source, None),
            "checked_on": str(entry.checked_on or self._knowledge.content.phrases.admin.flagged_none),
        }.get(name, "")
        return self._keep(
            incoming, replace(form, waits=name, kind=name), cards.ask(name, cards.rows_for(name), now=now)
        )

    def _entry(self, form: Form) -> Entry:
        entry = self._knowledge.content.entries.get(form.topic)
        if entry is None:
            raise Refused("no_form")
        return entry

    async def fill(self, incoming: Incoming, form: Form, text: str, at: datetime) -> Decision:
        """Examine a new value and show what it makes of the entry, or of every text that says the fact."""
        if form.does == "fact":
            return await self._fill_fact(incoming, form, text, at)
        if form.kind == "phrasings":
            form = replace(form, phrasings=edit_lines(form.phrasings, text))
        elif form.kind == "follow":
            form = replace(form, follow=self._read_follow(form, text))
        form = replace(form, value=text, waits="")
        return await self._preview(incoming, form, at)

    def _read_follow(self, form: Form, text: str) -> tuple[str, ...]:
        topics = edit_lines(form.follow, text)
        return tuple(dict.fromkeys(one if one in form.follow else next(iter(self._find(one)), one) for one in topics))

    async def _preview(self, incoming: Incoming, form: Form, at: datetime) -> Decision:
        entry, today = self._entry(form), local(at, None).date()
        edit = await edit_of(self._knowledge, form, at)
        publication = await prepare(self._knowledge, edit, incoming.user, form.title)
        value = None if form.kind == "delete" else _value_of(form, today)
        becomes = entry.model_copy(update={form.kind: value}) if value is not None else entry
        card = self._cards.gate_card(publication.report, form)
        if publication.is_refused:
            return self._keep(incoming, replace(form, key="", waits=form.kind), card)
        draft = publication.as_draft(incoming.user, form.title)
        form = replace(form, key=draft.key, second=publication.waiting is not None)
        bubble = () if form.kind == "delete" else self._cards.bubble(becomes, at)
        done = self._keep(incoming, form, *bubble, card)
        return replace(done, effects=(draft, *done.effects))

    async def delete(self, incoming: Incoming, form: Form, at: datetime) -> Decision:
        """Examine the files without an entry, and ask whether it is to go."""
        return await self._preview(incoming, replace(form, kind="delete", waits=""), at)

    # Facts

    async def show_facts(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """List the days or phones of the notices; where there is one, ask for its new value at once."""
        words, cards = self._knowledge.content.phrases.admin.writing, self._cards
        facts = await _load_facts(self._knowledge, wish.about)
        if not facts:
            return say(words.no_fact)
        if len(facts) == 1:
            return self._ask_fact(incoming, wish.about, 0, facts[0])
        return Decision((Reply(words.which_fact, tuple((cards.fact_button(n, one),) for n, one in enumerate(facts))),))

    async def choose_fact(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """Ask for the new value of the fact that was tapped: its kind, and its number from 0."""
        facts = await _load_facts(self._knowledge, wish.about)
        place = int(wish.more) if wish.more.isdecimal() else -1
        if not 0 <= place < len(facts):
            raise Refused("no_form")
        return self._ask_fact(incoming, wish.about, place, facts[place])

    def _ask_fact(self, incoming: Incoming, kind: str, place: int, fact: NoticeFact) -> Decision:
        form = Form("fact", waits=kind, kind=kind, place=place, title=fact.label, answer=fact.value)
        return self._keep(incoming, form, self._cards.ask(kind, label=fact.label, now=fact.value))

    async def _fill_fact(self, incoming: Incoming, form: Form, text: str, at: datetime) -> Decision:
        facts = await _load_facts(self._knowledge, form.kind)
        fact = facts[form.place] if form.place < len(facts) else None
        if fact is None or fact.value != form.answer:  # somebody changed the notice meanwhile
            raise Refused("no_form")
        form = replace(form, value=read_fact(fact, text, local(at, None).date()), waits="")
        edit = change_fact(fact, form.value)
        publication = await prepare(self._knowledge, edit, incoming.user, f"{fact.label} {form.value}")
        gate = self._cards.gate_card(publication.report, form)
        if publication.is_refused:
            return self._keep(incoming, replace(form, key="", waits=form.kind), gate)
        changed = list_changed_texts(self._knowledge.content, keep_texts(publication.files), local(at, None))
        draft = publication.as_draft(incoming.user, f"{fact.label} {form.value}")
        form = replace(form, key=draft.key, second=publication.waiting is not None)
        done = self._keep(incoming, form, Reply(self._cards.fact_changes(fact, form.value, changed)), gate)
        return replace(done, effects=(draft, *done.effects))

    def _keep(self, incoming: Incoming, form: Form, *replies: Reply) -> Decision:
        return keep_form(incoming, form, self._knowledge.number, *replies)
