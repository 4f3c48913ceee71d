"""The shape of `admin.writing:` in `phrases.yaml`: words of the forms in which an admin writes."""

from collections.abc import Mapping
from typing import Literal

from bot.content.phrases.base import Label, PhraseRow, Sentence

WritingButton = Literal[
    "send", "quit", "title", "answer", "phrasings", "follow", "source", "checked_on", "delete", "delete_sure",
    "count", "replace", "keep", "enough", "today", "take", "teach",
]  # fmt: skip


class SheetPhrases(PhraseRow):
    """Words of the sheet with all entries, and what may be wrong in a cell of it, by rule."""

    name: Label
    file: Label
    exported: Sentence
    columns: Mapping[
        Literal["id", "title", "phrasings", "answer", "source", "checked_on", "follow", "references"], Label
    ]
    refused: Sentence
    cell: Sentence
    unreadable: Mapping[Literal["too_large", "empty", "locked", "broken"], Sentence]
    problems: Mapping[str, Sentence]


class WritingPhrases(PhraseRow):
    """`ask` asks for a value, by its name; `sources` are the sources in words."""

    from_missed: Sentence
    title_set: Sentence
    ask: Mapping[
        Literal["title", "first", "answer", "phrasings", "follow", "checked_on", "source", "deadline", "phone"],
        Sentence,
    ]
    answer_set: Sentence
    too_long: Sentence
    bubble: Sentence
    card: Sentence
    sources: Mapping[Literal["notice", "help", "office", "beyond"], Label]
    checked: Sentence
    gate_good: Sentence
    gate_warned: Sentence
    gate_bad: Sentence
    trial_none: Sentence
    trial_good: Sentence
    trial_bad: Sentence
    others_same: Sentence
    others_shift: Sentence
    dropped: Sentence
    phrasings_word: Label
    near: Sentence
    near_line: Sentence
    receipt_good: Sentence
    receipt_bad: Sentence
    quit: Sentence
    which_entry: Sentence
    name_entry: Sentence
    stop_words: tuple[Label, ...]
    """What ends a form when it is typed for a value."""
    no_entry: Sentence
    entry_card: Sentence
    numbered: Sentence
    delete_ask: Sentence
    which_fact: Sentence
    no_fact: Sentence
    fact_line: Sentence
    fact_changes: Sentence
    fact_change: Sentence
    fact_quote: Sentence
    fact_done: Sentence
    buttons: Mapping[WritingButton, Label]
