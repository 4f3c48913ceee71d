"""The content that the bot answers from, checked as a whole: a value, swapped whole when a new revision comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.content.built import Built, load_or_build
from bot.content.phrases.root import Phrases
from bot.domain.storage_mask import mask_for_storage
from bot.reading.acks import is_ack
from bot.reading.acts import SURE_QUESTION, Act, CommandAct, QuestionAct
from bot.reading.phrasebook import Phrasebook
from bot.reading.place import MENU, Place, find_nearby, menu_of
from bot.reading.reader import MessageReader, Readout, build_book
from faq.matcher import Matcher, Weighed, verdict
from faq.model import Entry, Match
from flows.answers import plain
from flows.clock_facts import Standing
from flows.facts import Facts, facts_of_cohort
from flows.model import Script, Step
from flows.notice import Notice
from flows.screens import StraightWay, count_screens

ALLOWED_HOSTS = ("chsi.com.cn", "chsi.cn", "edu.cn", "gov.cn")
"""Ends of host names that any text may link to; a notice allows its own hosts."""
MAX_MOMENTS = 64
"""Moments whose facts are cached."""
MAX_QUESTIONS = 2048
"""Questions whose weighed entries are cached."""


@dataclass(frozen=True)
class Content:
    """Script, published notices by id, FAQ entries by id, and phrases; `revision` is a hash of all files.

    `lacking` names the keys that the college's own phrases lack, whose words are the shipped ones. The matcher's index
    is built at the first question, unless `with_matcher` brought one or `build_after` built it.
    """

    script: Script
    notices: Mapping[str, Notice]
    entries: Mapping[str, Entry]
    phrases: Phrases
    revision: str
    lacking: tuple[str, ...] = ()
    _matcher: Matcher | None = field(default=None, init=False, repr=False, compare=False)
    _book: Phrasebook | None = field(default=None, init=False, repr=False, compare=False)
    _folder: Path | None = field(default=None, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Content({self.revision}: {len(self.entries)} entries, notices {', '.join(self.notices)})"

    def with_matcher(self, matcher: Matcher, book: Phrasebook | None = None) -> Content:
        """Return the same content with a matcher, and a phrasebook, that were built of it, and with empty caches."""
        content = replace(self)
        object.__setattr__(content, "_matcher", matcher)
        object.__setattr__(content, "_book", book)
        return content

    def keep_built(self, folder: Path) -> Content:
        """Return the same content, whose matcher and reader are read from a file of this folder, or written there."""
        content = replace(self)
        object.__setattr__(content, "_folder", folder)
        return content

    @cached_property
    def public_contacts(self) -> frozenset[str]:
        """Phones and mail addresses of all notices: anybody may write them down."""
        contacts = [contact for notice in self.notices.values() for contact in notice.contacts]
        phones = {phone for contact in contacts for phone in contact.phones}
        return frozenset(phones | {contact.email for contact in contacts if contact.email})

    @cached_property
    def allowed_hosts(self) -> frozenset[str]:
        """Ends of host names that texts may link to: everybody's, and those of the notices' own links."""
        notices = self.notices.values()
        urls = [link.url for notice in notices for link in notice.links]
        urls += [path.url for notice in notices for path in notice.entry_paths]
        own = {host for url in urls if url and (host := urlsplit(url).hostname)}
        return frozenset(own | set(ALLOWED_HOSTS))

    def mask(self, words: str) -> str:
        """Return typed words as they may be stored or shown to staff: everything private in them masked."""
        return mask_for_storage(words, self.public_contacts, self.phrases.masks)

    @cached_property
    def _built(self) -> Built | None:
        """What is kept in the folder; None without one."""
        return load_or_build(self._folder, self.revision, self.entries.values(), self.script) if self._folder else None

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher that finds the entry a question means."""
        index = self._built.faq if self._built else None
        return self._matcher or Matcher(self.entries.values(), index=index)

    @cached_property
    def reader(self) -> MessageReader:
        """Reads typed messages; built when it is first asked, like the matcher."""
        lines = [line for entry in self.entries.values() for line in entry.phrasings]
        if self._built is None:
            return MessageReader(self.script, self.matcher, lines, book=self._book)
        return MessageReader(self.script, self.matcher, lines, self._built.model, self._built.book)

    @cached_property
    def ways(self) -> Mapping[str, StraightWay]:
        """The script in the order of each notice, by its id, with its screens."""
        return {name: count_screens(self.script, notice) for name, notice in self.notices.items()}

    def prepare(self) -> None:
        """Build what typed messages need, about a second of work, so that no turn waits for it."""
        self.reader.read("zhaopian zai na kan", MENU)  # builds the matcher, the reader, and what reads pinyin
        self.mask("")  # compiles the rules

    def read(self, text: str, place: Place) -> Readout:
        """Read a typed message at a place."""
        return self.reader.read(text, place)

    def hear(self, text: str) -> tuple[Act, ...]:
        """Return what a message is taken for before the walk; nothing when that is not sure."""
        if name := self.phrases.words.get(plain(text)):
            return (CommandAct(name),)
        readout = self.reader.read(text, menu_of(self.script))
        is_sure = max(readout.chances, default=0.0) >= SURE_QUESTION
        return readout.acts if is_sure else ()

    def answers(self, text: str) -> frozenset[str]:
        """Return the topics that answer a message before the walk at once; none where it is something else."""
        if plain(text) not in self.phrases.words and (topic := self.reader.lines.find(text)):
            return frozenset({topic})
        match = self.matcher.ask(text)
        acts = self.hear(text) if match.verdict == "answer" else ()
        topics = frozenset(act.topic for act in acts if isinstance(act, QuestionAct))
        return topics if len(topics) == len(acts) else frozenset()

    def describe_act(self, fields: Mapping[str, Any]) -> str:
        """Return an act of a typed message, as JSON has it, in plain words."""
        words = self.phrases.admin
        name, topic = fields.get("name", ""), self.entries.get(fields.get("topic", ""))
        kind = "new" if fields["as"] == "question" and topic is None else fields["as"]
        kinds: Mapping[str, str] = words.act_kinds  # type: ignore[assignment]
        buttons: Mapping[str, str] = self.phrases.buttons  # type: ignore[assignment]
        return kinds[kind].format(
            title=topic.title if topic else "",
            command=words.act_commands.get(name) or buttons.get(name, name),
            number=fields.get("number"),
        )

    @cached_property
    def answer_words(self) -> Mapping[str, Mapping[str, str]]:
        """By step with a checklist, the bare words that mean one of its answers wherever they are typed."""
        return {step.id: _list_answer_words(self.script, step) for step in self.script.steps if step.checklist}

    @cached_property
    def nearby(self) -> Mapping[str, frozenset[str]]:
        """By step the topics of the steps around it."""
        homes = {entry.id: entry.step for entry in self.entries.values()}
        return {step.id: find_nearby(self.script, step, homes) for step in self.script.steps}

    def ask(self, question: str, likely: frozenset[str] = frozenset()) -> Match:
        """Return the matcher's verdict on a question; `likely` are the entries of the asker's step."""
        return verdict(self.look_up(question), likely)

    @cached_property
    def look_up(self) -> Callable[[str], tuple[Weighed, ...]]:
        """The matcher's `look` with a cache in memory: in a class everybody asks the same."""
        return lru_cache(maxsize=MAX_QUESTIONS)(self.matcher.look)

    @cached_property
    def facts_cache(self) -> Callable[[str, str | None, datetime, Standing], Facts]:
        """The facts of a notice (an id) for those of a cohort who stand alike, at a moment: many share one."""
        notices, words = self.notices, self.phrases.facts  # not self: a reference cycle would keep old content alive

        @lru_cache(maxsize=MAX_MOMENTS)
        def work_out(notice: str, cohort: str | None, now: datetime, standing: Standing) -> Facts:
            return facts_of_cohort(notices[notice], words, cohort, now, standing)

        return work_out


def build_after(content: Content, before: Content | None) -> Content:
    """Return the same content with matcher and phrasebook: what an earlier content has as well is not read again."""
    matcher = Matcher(content.entries.values(), before=before.matcher if before else None)
    return content.with_matcher(matcher, build_book(content.script, matcher, before.reader.book if before else None))


def list_changed(content: Content, before: Content | None) -> list[str]:
    """Return the topics of the entries that another content has not, or has otherwise; without one, all."""
    known = before.entries if before else {}
    return [topic for topic, entry in content.entries.items() if known.get(topic) != entry]


def _list_answer_words(script: Script, step: Step) -> Mapping[str, str]:
    """Return the plain yes and no of a checklist. A bare 好, and words of two answers, depend on more than the step."""
    words: dict[str, set[str]] = {}
    for action, label in step.checklist.choices if step.checklist else ():
        for word in (label, *script.synonyms.get(action, ())):
            words.setdefault(plain(word), set()).add(action)
    return {word: min(own) for word, own in words.items() if word and len(own) == 1 and not is_ack(tuple(word))}
