"""What is said where others read along: in a group, and as inline results. Pure.

Only questions are answered, shortly, from what every graduate may know; nobody's position is looked at, nothing is
remembered. What differs between notices in force is not said here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from bot.content.content import Content
from bot.domain import privacy
from bot.domain.messages import Answer, Incoming, Reply
from bot.domain.session import Session
from bot.render.answers import render_answer
from bot.render.cards import render_banner, render_card
from bot.render.reply import Voice
from flows.answers import plain

MOST_RESULTS = 5
CARDS = ("deadline", "contact")
"""Commands that are the same for everybody."""


def answer_in_public(content: Content, incoming: Incoming, now: datetime, *, rehearsed: bool = False) -> Answer:
    """The answer to a question in a group, or the results of an inline search (each reply is one).

    `rehearsed` puts the banner of another day in front of each.
    """
    answer = _answer(content, incoming, now)
    if not rehearsed:
        return answer
    banner = render_banner(_voices(content, now)[0])
    said = tuple(replace(reply, text=f"{banner}\n{reply.text}") for reply in answer.replies)
    return replace(answer, replies=said)


def _answer(content: Content, incoming: Incoming, now: datetime) -> Answer:
    text = incoming.text.strip()
    if incoming.place == "inline":
        return Answer(_results(content, text, now))
    words = content.phrases.public
    if privacy.find(text, content.public_contacts):
        return Answer((Reply(words.tripwire),), withdraw=True)
    return Answer((_reply(content, text, now),))


def _reply(content: Content, text: str, now: datetime) -> Reply:
    words, voices = content.phrases.public, _voices(content, now)
    command = re.match(r"/([a-z]+)(?:@\w+)?\s*(.*)", text, re.DOTALL | re.ASCII)
    if command and command[1] in CARDS:
        return _alike(
            [
                # The calendar file is for whoever asks in private.
                _short(
                    voice.bubbles(voice.fill(content.phrases.deadline_closed), source="notice")
                    if command[1] == "deadline"
                    else render_card(voice, "contact")
                )
                for voice in voices
            ],
            words.elsewhere,
        )
    question = command[2] if command and command[1] == "ask" else "" if command else text
    if not plain(question):
        return Reply(words.help if not command or command[1] in ("ask", "help", "start") else words.elsewhere)
    match = content.ask(question, frozenset())
    if match.verdict == "miss":
        return Reply(voices[0].fill(words.miss))
    return _topic(content, voices, match.chosen[0] if match.chosen else match.topics[0].id)


def _results(content: Content, text: str, now: datetime) -> tuple[Reply, ...]:
    voices = _voices(content, now)
    found = [topic.id for topic in content.matcher.ask(text).topics] if plain(text) else list(content.entries)
    return tuple(_topic(content, voices, topic) for topic in found[:MOST_RESULTS])


def _topic(content: Content, voices: list[Voice], topic: str) -> Reply:
    said = [_short(render_answer(voice, content.entries[topic])) for voice in voices]
    return _alike(said, content.phrases.public.elsewhere)


def _voices(content: Content, now: datetime) -> list[Voice]:
    return [Voice(content, Session(notice), now) for notice in content.notices]


def _short(replies: tuple[Reply, ...]) -> Reply:
    """One bubble without buttons."""
    first = replies[0]
    return Reply(
        "\n\n".join(reply.text for reply in replies), source=first.source, topic=first.topic, title=first.title
    )


def _alike(said: list[Reply], otherwise: str) -> Reply:
    return said[0] if len(set(said)) == 1 else Reply(otherwise, topic=said[0].topic, title=said[0].title)
