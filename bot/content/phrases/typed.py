"""The shape of `typed:` in `phrases.yaml`: replies to typed messages that are no plain question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.content.phrases.base import Label, PhraseRow, Sentence


class TypedPhrases(PhraseRow):
    """Words for what was taken from a message, and for messages that answer nothing.

    `noted` and `noted_left` say what was taken; `photo_later` answers who names the photo among the fields; `at_item`
    and `at_question` ask again after a bare 好; `unclear` offers the step's own answers; `elsewhere` is for words that
    belong to another step, with the button `go`, which `go_words` press; `before_walk` before it; `no_entry` for a
    question that no entry answers; `several` heads a list of more than two questions.
    """

    noted: Sentence
    noted_left: Sentence
    verdict: Sentence
    verdicts: Mapping[Literal["right", "wrong", "unsure", "missing"], Label]
    all_right: Sentence
    photo_later: Sentence
    ack: Sentence
    listening: Sentence
    at_item: Sentence
    at_question: Sentence
    unclear: Sentence
    elsewhere: Sentence
    before_walk: Sentence
    none_wrong: Sentence
    go: Label
    go_words: tuple[Label, ...]
    no_entry: Sentence
    several: Sentence
    distress: Sentence
    distress_for_staff: Sentence
    abuse: Sentence
    offtopic: Sentence
    nothing_offered: Sentence
    which_value: Sentence
    cohort_same: Sentence
    class_noted: Sentence
    class_right: Label
    other_class: Label
