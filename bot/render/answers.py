"""Answers to typed questions: an entry of the FAQ, topics to choose from, a question that nothing matched. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from bot.domain.button_ids import Ask
from bot.domain.messages import Button, Reply
from bot.render.layout import pack_rows
from bot.render.quotes import has_quotes
from bot.render.reply import Voice, give_buttons
from faq.model import Entry


def render_answer(voice: Voice, entry: Entry) -> tuple[Reply, ...]:
    """Return the answer of an entry with its source, what comes from elsewhere under labels of its own, and buttons:
    the words of the source, and each topic that follows.
    """
    quote = (Button(str(Ask("quote", entry.id)), voice.content.phrases.buttons["quote"]),)
    rows = (quote if has_quotes(voice, entry) else (), *pack_rows(voice.topics(entry.follow)))
    if voice.session.position is None:
        rows = (*rows, (voice.start(), voice.command("menu")))
    said = (
        voice.bubbles(voice.fill(part.text), label=voice.label(part.source, part.checked_on), topic=entry.id)
        for part in entry.parts
    )
    return tuple(replace(reply, title=entry.title) for reply in give_buttons(tuple(chain(*said)), rows))


def render_choices(voice: Voice, topics: Sequence[str], sentence: str, mark: str) -> tuple[Reply, ...]:
    """Return the sentence with a button for each topic, for the question of this mark, and 都不是."""
    rows = tuple((voice.topic(topic, mark),) for topic in topics)
    return voice.bubbles(voice.fill(sentence), (*rows, (voice.command("none"),)))


def render_miss(
    voice: Voice, misses: int, topics: Sequence[str] = (), mark: str = "", tell: tuple[Button, ...] = ()
) -> tuple[Reply, ...]:
    """Return the reply to the `misses`-th question in a row that nothing matched (1 is the first).

    `tell` is the button of whoever wants to hear the answer later.
    """
    sentences = voice.content.phrases.misses
    if misses == 1 and topics:
        return render_choices(voice, topics[:3], sentences[0], mark)
    if misses < len(sentences):
        return voice.bubbles(voice.fill(sentences[1]), ((voice.command("contact"), voice.command("menu")), tell))
    person = (voice.command("desk"),) if voice.desk else ()
    return voice.bubbles(voice.fill(sentences[2]), ((*person, voice.command("menu")), tell))
