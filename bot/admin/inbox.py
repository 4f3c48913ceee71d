"""The part of the admins' area about questions: those that wait, and why one is answered as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.admin.cards import Admin, Wish, button, say
from bot.admin.digest import Digest
from bot.admin.publishing import Publishing
from bot.content.add_line import NoSuchList, with_line
from bot.domain.areas import Decision
from bot.domain.messages import Incoming, Reply
from bot.domain.outbox import Queued
from bot.domain.questions import Assigned, Explained, Settled
from bot.knowledge.inbox import QuestionGroup, list_groups, load_group
from bot.knowledge.revisions import Knowledge
from bot.knowledge.why import explain

WEEK = "week"
"""The filter that keeps what was asked in the last seven days."""
MINE = "mine"
"""The filter that keeps what was given to the one who asks."""
MAX_EXPLAINED = 100
"""Characters of a question that is explained."""


class Inbox:
    """Shows groups of questions and settles them: as a phrasing, as out of scope, or ignored."""

    def __init__(self, knowledge: Knowledge, digest: Digest, publishing: Publishing) -> None:
        self._knowledge = knowledge
        self._digest = digest
        self._publishing = publishing

    @property
    def _cards(self) -> Admin:
        return Admin(self._knowledge.content, self._knowledge.number)

    async def show(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Show the group at a place from 0, and with the first one the answers that help too few."""
        place = int(wish.about) if wish.about.isdecimal() else 0
        words = "" if wish.about.isdecimal() else wish.about
        found, only = self._filter(await list_groups(self._knowledge.store, at), words, wish.more, at, incoming.user)
        poor = await self._digest.flagged_answers() if place == 0 and not only and not words else []
        return Decision((self._cards.card(found, place, poor, only, await self._digest.name_authors()),))

    async def open(self, _: Incoming, wish: Wish, at: datetime) -> Decision:
        """Show the group of a question."""
        group = await load_group(self._knowledge.store, wish.about, at)
        return Decision((self._cards.card([group], 0, name=await self._digest.name_authors()),))

    async def give(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Ask to whom a group is given; then write that down and send it to them."""
        group, words = await load_group(self._knowledge.store, wish.about, at), self._knowledge.content.phrases.admin
        name, content = await self._digest.name_authors(), self._knowledge.content
        others = [one for one in await self._digest.admins() if one != incoming.user]
        if wish.more not in (incoming.user, *others):
            rows = [(button(content, "give_to", "give", wish.about, one, person=name(one)),) for one in others]
            mine = (button(content, "give_me", "give", wish.about, incoming.user),)
            return Decision((Reply(words.give_ask if others else words.give_nobody, (*rows, mine)),))
        given = Assigned(tuple(group.numbers), wish.more)
        if wish.more == incoming.user:
            return say(words.given_me, given)
        card = self._cards.card([group], 0)
        told = replace(card, text=f"{words.given_to_you.format(name=name(incoming.user))}\n\n{card.text}")
        return say(words.given.format(name=name(wish.more)), given, Queued("user", told, user=wish.more))

    def _filter(
        self, found: list[QuestionGroup], words: str, only: str, at: datetime, user: str
    ) -> tuple[list[QuestionGroup], str]:
        """Return the groups that words ask for (one's own, a week, a step, any other word), and the filter as a button
        has it.
        """
        content = self._knowledge.content
        if words in content.phrases.admin.mine_words or only == MINE:
            return [group for group in found if group.assignee == user], MINE
        if words in content.phrases.admin.week_words or only == WEEK:
            return [group for group in found if group.latest and at - group.latest <= timedelta(days=7)], WEEK
        titles = {step.id: str(step.title) for step in content.script.steps}
        step = only or next((name for name, title in titles.items() if words and words in title), "")
        if step:
            homes = {topic: entry.step for topic, entry in content.entries.items()}
            return [group for group in found if step in [homes.get(topic) for topic in group.topics]], step
        return [group for group in found if not words or any(words in line for line in group.lines)], ""

    async def add(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Make the most asked wording a phrasing of an entry."""
        group = await load_group(self._knowledge.store, wish.about, at)
        topic = self._choose_topic(group, wish)
        done = Settled(tuple(group.numbers), "phrasing")
        if not topic:
            return say(self._knowledge.content.phrases.admin.settled["out"], done)
        return await self._write(incoming, group, topic, "phrasings", done)

    async def exclude(self, incoming: Incoming, wish: Wish, at: datetime) -> Decision:
        """Make the nearest entry not answer it; where no entry does, nothing needs to be written."""
        group = await load_group(self._knowledge.store, wish.about, at)
        topic = self._choose_topic(group, wish)
        done = Settled(tuple(group.numbers), "out")
        if topic:
            decision = await self._write(incoming, group, topic, "must_not_match", done)
            if decision.effects:
                return decision
        return say(self._knowledge.content.phrases.admin.settled["out"], done)

    def _choose_topic(self, group: QuestionGroup, wish: Wish) -> str:
        entries = self._knowledge.content.entries
        return wish.more or next((topic for topic in group.topics if topic in entries), "")

    async def _write(self, incoming: Incoming, group: QuestionGroup, topic: str, key: str, done: Settled) -> Decision:
        line = group.lines[0]
        return await self._publishing.change(
            incoming, lambda old: with_line(old, topic, key, line), line, also=(done,), settled=group.numbers[-1:]
        )

    async def ignore(self, _: Incoming, wish: Wish, at: datetime) -> Decision:
        """Settle a group without an answer, and show the next one."""
        store = self._knowledge.store
        group = await load_group(store, wish.about, at)
        rest = [other for other in await list_groups(store, at) if other.numbers != group.numbers]
        reply = Reply(self._knowledge.content.phrases.admin.settled["ignored"])
        return Decision((reply, self._cards.card(rest, 0)), (Settled(tuple(group.numbers), "ignored"),))

    async def explain(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """Explain why a question is answered as it is."""
        content = self._knowledge.content
        if not wish.about:
            return say(content.phrases.admin.why_ask)
        explained = Explained(content.mask(wish.about)[:MAX_EXPLAINED])
        return Decision((self._cards.why(explain(content, wish.about)),), (explained,))

    async def add_explained(self, incoming: Incoming, wish: Wish, _: datetime) -> Decision:
        """Make the question that was explained last a phrasing of an entry."""
        line = await self._knowledge.store.questions.load_explained(incoming.channel, incoming.user)
        if line is None:
            raise NoSuchList(wish.more)
        return await self._publishing.change(incoming, lambda old: with_line(old, wish.more, "phrasings", line), line)
