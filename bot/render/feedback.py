"""The question under an answer whether it helped, and the votes on it. Pure.

A vote counts for the wording that was read: once the answer is rewritten, people are asked again. A vote changes the
message with the answer and nothing else, so that the buttons of the present step stay valid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.content.content import Content
from bot.domain.button_ids import Vote
from bot.domain.messages import Button, Reply
from bot.domain.questions import Opinion, Voted
from bot.render.answers import render_answer
from bot.render.layout import pack_rows
from bot.render.reply import Voice
from faq.model import Entry

YES, NO = "yes", "no"
FLAG_VOTES, FLAG_SHARE = 20, 0.6
"""An answer with at least so many votes is flagged when fewer than this share (0 to 1) of them say that it helped."""


@dataclass(frozen=True, slots=True)
class VoteReply:
    """The reply to a vote: the answer with the new buttons, a toast, the vote to store (none for an old wording)."""

    replies: tuple[Reply, ...]
    toast: str
    effects: tuple[Voted, ...] = ()


def wording(entry: Entry) -> str:
    """Return the digest of an entry's title and answer: 12 hexadecimal digits."""
    return hashlib.sha256("\n".join((entry.title, *(text for _, text in entry.texts))).encode()).hexdigest()[:12]


def ask_if_helpful(voice: Voice, entry: Entry, opinion: str = "") -> tuple[Reply, ...]:
    """Return the answer of an entry with the vote buttons below; `opinion` is the present vote or its reason."""
    *before, last = render_answer(voice, entry)
    return (*before, replace(last, buttons=(*last.buttons, *_rows(voice, entry, opinion))))


def take_vote(voice: Voice, vote: Vote) -> VoteReply | None:
    """Return the reply to a vote; None for an unknown topic or opinion."""
    words, entry = voice.content.phrases.opinion, voice.content.entries.get(vote.topic)
    if entry is None or vote.opinion not in (YES, NO, *words.reasons):
        return None
    if vote.wording != wording(entry):
        return VoteReply(ask_if_helpful(voice, entry), words.reworded)
    reason = vote.opinion if vote.opinion in words.reasons else ""
    toast = words.thanks if vote.opinion == YES else words.noted if reason else words.ask_reason
    kept = Voted(entry.id, vote.wording, vote.opinion == YES, reason)
    return VoteReply(ask_if_helpful(voice, entry, vote.opinion)[-1:], toast, (kept,))


def _rows(voice: Voice, entry: Entry, opinion: str) -> Iterator[tuple[Button, ...]]:
    words, key = voice.content.phrases.opinion, wording(entry)

    def button(name: str, label: str, *, on: bool) -> Button:
        return Button(str(Vote(key, entry.id, name)), words.chosen.format(label=label) if on else label)

    helped, failed = opinion == YES, opinion not in ("", YES)
    yield button(YES, words.helped, on=helped), button(NO, words.failed, on=failed)
    if failed:
        reasons = [button(name, label, on=name == opinion) for name, label in words.reasons.items()]
        yield from pack_rows(reasons)
        yield (voice.command("desk" if voice.desk else "contact"),)


def find_flagged(content: Content, opinions: Mapping[tuple[str, str], Opinion]) -> list[tuple[Entry, Opinion]]:
    """Return the entries to flag by the votes on their present wording, with these; worst first."""
    voted = [content.entries[topic] for topic in {topic for topic, _ in opinions} if topic in content.entries]
    judged = [(entry, opinions.get((entry.id, wording(entry)))) for entry in voted]
    poor = [(entry, one) for entry, one in judged if one and one.of >= FLAG_VOTES and one.helped < FLAG_SHARE * one.of]
    return sorted(poor, key=lambda found: (found[1].helped / found[1].of, found[0].id))
