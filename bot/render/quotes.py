"""What the notice, or CHSI's help, says word for word. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from bot.domain.messages import Reply
from bot.render.reply import Voice
from faq.model import Entry
from flows.model import QuoteName
from flows.quotes import quotes_of


def render_quotes(voice: Voice, names: Iterable[str], original: str | None = None) -> tuple[Reply, ...]:
    """Return the sentences of the notice behind these facts, and those of CHSI's help, each under its own label."""
    said = "\n\n".join(_find_quotes(voice, names))
    parts = ((said, "notice"), (original, "help"))
    quote = voice.content.phrases.quote
    return tuple(
        reply for text, source in parts if text for reply in voice.bubbles(quote.format(quote=text), source=source)
    )


def has_quotes(voice: Voice, entry: Entry) -> bool:
    """Tell if there is something to show of what stands behind an answer."""
    return bool(entry.original or _find_quotes(voice, entry.quotes))


def _find_quotes(voice: Voice, names: Iterable[str]) -> tuple[str, ...]:
    position = voice.session.position
    cohort = position.answers.get("cohort") or None if position else None
    return quotes_of(voice.notice, cast("Iterable[QuoteName]", names), cohort)
