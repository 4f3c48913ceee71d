"""The shape of `phrases.yaml` as a whole: every sentence of the bot. A missing one is found when it is loaded."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from bot.content.phrases.admin import AdminPhrases
from bot.content.phrases.base import Label, PhraseRow, Sentence
from bot.content.phrases.broadcast import BroadcastPhrases
from bot.content.phrases.desk import DeskPhrases, StaffPhrases
from bot.content.phrases.graduate import (
    AccountPhrases,
    ButtonName,
    CalendarWords,
    CommandName,
    OpinionPhrases,
    OwnCardWords,
    PosterPhrases,
    PreviewWords,
    PublicWords,
    SecretName,
    SketchWords,
    SlipPhrases,
    TelegramPhrases,
    WebPhrases,
)
from bot.content.phrases.typed import TypedPhrases
from bot.domain.privacy import Finding
from bot.domain.staff_texts import describe_findings
from bot.domain.storage_mask import MaskName
from flows.answers import plain
from flows.fact_words import FactWords

OPTIONAL = (("desk", "office"), ("staff", "commands"), ("telegram", "commands"), ("broadcast", "templates"))
"""Parts in which a missing key was left out on purpose."""


class Phrases(PhraseRow):
    """Every sentence of the bot. `{{ fact }}` is filled from the notice, `{name}` by the code that renders it."""

    facts: FactWords
    sources: Mapping[Literal["notice", "help", "office", "beyond", "advice"], Sentence]
    quote: Sentence
    greeting: Sentence
    greeting_notice: Sentence
    greeting_ask: Sentence
    notice_replaced: Sentence
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
    why_check: Sentence
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
    found_at: Sentence
    tripwire_why: Sentence
    tripwire_kinds: Mapping[SecretName, Label]
    masks: Mapping[MaskName, Label]
    forgotten: Sentence
    forgotten_before: Sentence
    exported: Sentence
    no_text: Mapping[str, Sentence]
    """By kind of message; `other` for every kind that has no sentence of its own."""
    too_long: Sentence
    maybe_twice: Sentence
    """Under a message from the outbox of which nobody knows whether it was sent before."""
    trouble_of_ours: Sentence
    session_broken: Sentence
    store_trouble: Mapping[
        Literal[
            "newer_schema",
            "older_schema",
            "locked",
            "disk_full",
            "not_a_database",
            "replaced",
            "unwritable",
            "unreachable",
        ],
        Sentence,
    ]
    public: PublicWords
    opinion: OpinionPhrases
    desk: DeskPhrases
    staff: StaffPhrases
    admin: AdminPhrases
    broadcast: BroadcastPhrases
    telegram: TelegramPhrases
    web: WebPhrases
    poster: PosterPhrases
    slip: SlipPhrases
    accounts: AccountPhrases
    head: Sentence
    head_side: Sentence
    clock_line: Sentence
    keep: Sentence
    done_when: Sentence
    item: Sentence
    bar: tuple[Label, Label]
    rehearsal: Sentence
    serving_page: Sentence
    connect_telegram: Sentence
    no_file: Sentence
    console_hint: Sentence
    console_attachment: Sentence
    console_bye: Sentence
    check_passed: Sentence
    check_columns: tuple[Label, Label, Label]
    check_entries: Sentence
    check_unread: dict[str, Sentence]
    preview: PreviewWords
    calendar: CalendarWords
    own_card: OwnCardWords
    sketch: SketchWords
    export_file: Label
    buttons: Mapping[ButtonName, Label]
    commands: Mapping[CommandName, Annotated[tuple[Label, ...], Field(min_length=1)]]
    problems: Mapping[str, Sentence]

    def describe_findings(self, text: str, found: Sequence[Finding]) -> str:
        """Return the kinds of secrets in a text and where they stand, without the secrets."""
        return describe_findings(text, found, self.tripwire_kinds, self.found_at, self.facts.comma)

    @cached_property
    def words(self) -> Mapping[str, CommandName]:
        """The commands by every word for them, as written in the file and without punctuation."""
        return {
            form: name
            for name, words in self.commands.items()
            for word in words
            for form in (plain(word), word)
            if form
        }

    @property
    def sentences(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every sentence that may hold `{{ facts }}`, with its path in the file."""
        for name, value in self:
            yield from _list_strings((name,), value) if name not in ("facts", "problems", "commands") else ()


def complete_with_shipped(own: Any, shipped: Any, at: tuple[str, ...] = ()) -> tuple[Any, list[str]]:
    """Return an own file's tree with the shipped words for the keys that it lacks, and the names of those keys.

    An older file has no key that a later gradbot added.
    """
    if not isinstance(own, dict) or not isinstance(shipped, dict) or at in OPTIONAL:
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


def _list_strings(loc: tuple[str | int, ...], value: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _list_strings((*loc, key), inner)
    elif isinstance(value, BaseModel):
        for key, inner in value:
            yield from _list_strings((*loc, key), inner)
    elif isinstance(value, tuple):
        for n, inner in enumerate(value):
            yield from _list_strings((*loc, n), inner)
