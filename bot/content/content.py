"""The content in force as one immutable value: scripts, notices, FAQ and phrases, checked as a whole by `loading`.

A reader of it never sees half of an edit. Must not know: files, YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from bot.content.phrases.graduate import Phrases
from bot.reading.reader import Reader
from faq.matcher import Matcher, Weighed, verdict
from faq.model import Entry, Match
from flows.facts import Facts, facts_of_cohort
from flows.model import Script
from flows.notice import Notice

MOMENTS = 64
"""Moments whose facts are kept."""
QUESTIONS = 2048
"""Questions whose looks are kept."""


@dataclass(frozen=True)
class Content:
    """What the bot knows. `notices` are the published ones by id, `revision` is a hash of all files. `lacking` names
    the keys that the college's own phrases lack, whose words are the shipped ones.

    The matcher's index is built when it is first asked, or by whoever cannot wait then.
    """

    script: Script
    notices: Mapping[str, Notice]
    entries: Mapping[str, Entry]
    phrases: Phrases
    revision: str
    lacking: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Content({self.revision}: {len(self.entries)} entries, notices {', '.join(self.notices)})"

    @cached_property
    def matcher(self) -> Matcher:
        """Finds the entry that a question means."""
        return Matcher(self.entries.values())

    @cached_property
    def reader(self) -> Reader:
        """Reads typed messages; built when it is first asked, like the matcher."""
        lines = [line for entry in self.entries.values() for line in entry.phrasings]
        return Reader(self.script, self.matcher, lines)

    def ask(self, question: str, likely: frozenset[str]) -> Match:
        """The matcher's verdict on a question, by what the asker's step makes likely."""
        return verdict(self.cached_look(question), likely)

    @cached_property
    def cached_look(self) -> Callable[[str], tuple[Weighed, ...]]:
        """The matcher's look at a question; the last ones are kept (words without their person, in memory only): in a
        class everybody asks the same.
        """
        return lru_cache(maxsize=QUESTIONS)(self.matcher.look)

    @cached_property
    def facts_cache(self) -> Callable[[str, str | None, datetime], Facts]:
        """What a notice (by id) says to a cohort at a moment; kept for a while, because many ask in the same second."""
        notices, words = self.notices, self.phrases.facts  # not self: a ring would outlive the content in memory

        @lru_cache(maxsize=MOMENTS)
        def said(notice: str, cohort: str | None, now: datetime) -> Facts:
            return facts_of_cohort(notices[notice], words, cohort, now)

        return said
