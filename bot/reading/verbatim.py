"""Messages that are a line of an entry to the letter: questions, however much else might be read into a long one."""

from __future__ import annotations

from collections.abc import Iterable

from bot.reading.phrasebook import Phrasebook
from bot.reading.urgent import may_be_urgent
from faq.matcher import Matcher
from faq.reading import hollow, read
from faq.text import fold

ALIKE = 0.45
"""Likeness (0–1) to an answer or a command from which words may mean that, whatever else they are to the letter."""


class EntryLines:
    """The titles and phrasings of entries, each as it is folded. One that several entries have is none's."""

    def __init__(self, matcher: Matcher, book: Phrasebook) -> None:
        self._book = book
        self._topics: dict[str, str] = {}
        for subject in matcher.index.subjects:
            for line in subject.lines:
                shared = self._topics.get(line.folded, subject.id) != subject.id
                self._topics[line.folded] = "" if shared else subject.id

    def find(self, text: str) -> str | None:
        """Return the topic of one message, as `find_all` does."""
        return self.find_all((text,)).get(text)

    def find_all(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the topic of each text that is a line of one entry, and so little like any answer, command or cry for
        help that it can mean nothing else. All at once takes a third of the time.
        """
        topics = {text: topic for text in texts if (topic := self._topics.get(fold(text)))}
        asking = [text for text in topics if not may_be_urgent(text) and not hollow(read(text))]
        likeness = self._book.find_likeness(asking) if asking else ()
        return {text: topics[text] for text, like in zip(asking, likeness, strict=True) if like < ALIKE}
