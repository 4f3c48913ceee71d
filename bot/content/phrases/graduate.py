"""The shape of `phrases.yaml`: every sentence of the bot's own; a missing one is found before anybody needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from bot.content.phrases.admin import AdminPhrases
from bot.content.phrases.base import Label, Row, Sentence
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.content.phrases.desk import DeskPhrases, StaffPhrases
from bot.content.phrases.typed import TypedPhrases
from flows.answers import plain
from flows.facts import Words

CHOSEN = (("desk", "office"), ("staff", "commands"), ("telegram", "commands"), ("broadcast", "templates"))
"""Parts in which a key that is not there was left out on purpose."""


CommandName = Literal[
    "menu", "start", "help", "ask", "progress", "deadline", "contact", "privacy", "forget", "export", "resume",
    "restart", "jump", "trouble", "why", "later", "none", "thanks", "hello", "bye", "who", "desk", "withdraw",
    "mute", "remind", "tomorrow", "weekend",
]  # fmt: skip
ButtonName = Literal[
    "start", "resume", "trouble", "back", "why", "later", "menu", "progress", "deadline", "contact", "help", "privacy",
    "forget", "export", "jump", "restart", "restart_yes", "none", "this_step", "copy", "desk", "withdraw",
]  # fmt: skip
SecretName = Literal["id18", "id15", "mobile", "mail", "code", "password", "long_number"]


class CalendarWords(Row):
    """The words of the calendar file."""

    name: Sentence
    opens: Sentence
    closes: Sentence
    safe: Sentence
    alarm: Sentence
    file: Label


class PublicWords(Row):
    """What is said where others read along."""

    elsewhere: Sentence
    miss: Sentence
    tripwire: Sentence
    help: Sentence
    private: Label


class OpinionPhrases(Row):
    """What stands under an answer: whether it helped, and if not, why."""

    helped: Label
    failed: Label
    chosen: Label
    reasons: Annotated[Mapping[Literal["hard", "mine", "old", "off"], Label], Field(min_length=2)]
    thanks: Sentence
    ask_reason: Sentence
    noted: Sentence
    reworded: Sentence


class TelegramPhrases(Row):
    """What Telegram shows of the bot itself: its commands, and its profile (Bot API: 512 and 120 characters)."""

    commands: Mapping[str, Annotated[str, StringConstraints(min_length=1, max_length=256)]]
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=512)]
    short_description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Phrases(Row):
    """What the bot says. `{{ fact }}` is filled from the notice, `{name}` by the code that speaks."""

    facts: Words
    sources: Mapping[Literal["notice", "help", "beyond"], Sentence]
    greeting: Sentence
    greeting_notice: Sentence
    welcome_back: Sentence
    welcome_back_done: Sentence
    pick_first: Sentence
    pick_notice: Sentence
    menu: Sentence
    help: Sentence
    ask: Sentence
    contact: Sentence
    deadline: Sentence
    deadline_closed: Sentence
    privacy: Sentence
    progress_new: Sentence
    progress: Sentence
    progress_none: Sentence
    progress_checked: Sentence
    states: Mapping[Literal["new", "walking", "reported", "done"], Sentence]
    later_new: Sentence
    later: Sentence
    restart_ask: Sentence
    jump: Sentence
    trouble: Sentence
    why: Sentence
    copy_number: Sentence
    stale: Sentence
    step_gone: Sentence
    back_to_step: Sentence
    refused: Mapping[Literal["no_such_day", "day_to_come", "day_long_ago", "no_such_number"], Sentence]
    choices: Sentence
    two_questions: Sentence
    misses: tuple[Sentence, Sentence, Sentence]
    none_of_these: Sentence
    small_talk: Mapping[Literal["thanks", "hello", "bye", "who"], Sentence]
    typed: TypedPhrases
    tripwire: Sentence
    tripwire_why: Sentence
    tripwire_kinds: Mapping[SecretName, Label]
    masks: Mapping[SecretName, Label]
    forgotten: Sentence
    forgotten_before: Sentence
    exported: Sentence
    no_text: Mapping[str, Sentence]
    """By kind of message; `other` for every kind that has no sentence of its own."""
    too_long: Sentence
    trouble_of_ours: Sentence
    store_trouble: Mapping[
        Literal["newer_schema", "locked", "disk_full", "not_a_database", "unwritable", "unreachable"], Sentence
    ]
    public: PublicWords
    opinion: OpinionPhrases
    desk: DeskPhrases
    staff: StaffPhrases
    admin: AdminPhrases
    broadcast: BroadcastPhrases
    telegram: TelegramPhrases
    head: Sentence
    head_before: Sentence
    head_side: Sentence
    clock_line: Sentence
    keep: Sentence
    done_when: Sentence
    item: Sentence
    bar: tuple[Label, Label]
    rehearsal: Sentence
    connect_telegram: Sentence
    console_hint: Sentence
    console_attachment: Sentence
    console_bye: Sentence
    check_passed: Sentence
    check_columns: tuple[Label, Label, Label]
    calendar: CalendarWords
    export_file: Label
    buttons: Mapping[ButtonName, Label]
    commands: Mapping[CommandName, Annotated[tuple[Label, ...], Field(min_length=1)]]
    problems: Mapping[str, Sentence]

    @cached_property
    def words(self) -> Mapping[str, CommandName]:
        """Every word that is a command, as it is written in the file and bare of punctuation."""
        return {
            form: name
            for name, words in self.commands.items()
            for word in words
            for form in (plain(word), word)
            if form
        }

    @property
    def sentences(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every sentence that may hold `{{ facts }}`, with its place in the file."""
        for name, value in self:
            yield from _strings((name,), value) if name not in ("facts", "problems", "commands") else ()


def complete_with_shipped(own: Any, shipped: Any, at: tuple[str, ...] = ()) -> tuple[Any, list[str]]:
    """An own file's tree with what ships for the keys that it lacks, and the names of those: an older file knows no
    key that was new in a later gradbot.
    """
    if not isinstance(own, dict) or not isinstance(shipped, dict) or at in CHOSEN:
        return own, []
    tree, lacking = dict(own), list[str]()
    for key, words in shipped.items():
        if key in own:
            tree[key], inside = complete_with_shipped(own[key], words, (*at, key))
            lacking += inside
        else:
            tree[key] = words
            lacking.append(".".join((*at, key)))
    return tree, lacking


def _strings(loc: tuple[str | int, ...], value: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings((*loc, key), inner)
    elif isinstance(value, BaseModel):
        for key, inner in value:
            yield from _strings((*loc, key), inner)
    elif isinstance(value, tuple):
        for n, inner in enumerate(value):
            yield from _strings((*loc, n), inner)
