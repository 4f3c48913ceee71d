"""The shape of `admin:` in `phrases.yaml`: words for those who edit the knowledge."""

from collections.abc import Mapping
from typing import Literal

from bot.content.phrases.base import Label, PhraseRow, Sentence
from bot.content.phrases.writing import SheetPhrases, WritingPhrases

AdminButton = Literal[
    "publish", "keep_mine", "keep_theirs",
    "diff", "preview", "drop", "try", "try_off", "undo", "inbox", "history", "flagged", "add", "new", "out", "ignore",
    "next", "back", "export", "lint", "right", "same", "absent", "give", "give_to", "give_me", "group",
    "inbox_count", "tasks", "task", "edit", "deadline", "phone", "sheet",
]  # fmt: skip


class AdminPhrases(PhraseRow):
    """`lint` is by rule, `change` by kind of change, `refused` by the reason of a refusal."""

    four_eyes: bool
    """With this, a second admin must publish what one has changed."""
    status: Sentence
    never: Sentence
    how: Sentence
    authors: Mapping[Literal["start", "folder", "command", "owner"], Label]
    problems: Sentence
    problems_more: Sentence
    folder_refused: Sentence
    clash: Sentence
    clash_head: Sentence
    clash_sides: Sentence
    clash_gone: Sentence
    good: Sentence
    warnings: Sentence
    shifts: Sentence
    shift: Sentence
    nothing: Sentence
    lost: Sentence
    nothing_changed: Sentence
    published: Sentence
    behind: Sentence
    undone: Sentence
    newer: Sentence
    gone: Sentence
    asked_others: Sentence
    to_others: Sentence
    own_draft: Sentence
    dropped: Sentence
    took_too_long: Sentence
    disk_full: Sentence
    history: Sentence
    history_line: Sentence
    diff_head: Sentence
    diff_same: Sentence
    diff_file: Label
    preview_file: Label
    exported: Sentence
    exported_as_one: Sentence
    archive_file: Label
    exported_lines: Sentence
    lines_file: Label
    tried: Sentence
    trying: Sentence
    not_trying: Sentence
    no_draft: Sentence
    change: Mapping[str, Sentence]
    more: Sentence
    lacking: Sentence
    lint_none: Sentence
    lint_head: Sentence
    levels: Mapping[Literal["error", "warning"], Label]
    lint: Mapping[str, Sentence]
    refused: Mapping[
        Literal[
            "too_large",
            "no_text",
            "office_file",
            "bad_name",
            "no_file",
            "no_revision",
            "settled",
            "secret",
            "review_needed",
            "review_empty",
            "review_kind",
            "review_day",
            "review_contact",
            "review_windows",
            "review_cohort",
            "shipped_entry",
            "fact_phone",
            "entry_source",
            "no_form",
            "document_too_large",
            "document_no_text",
            "document_picture",
            "document_other_kind",
            "document_broken",
            "document_old_word",
            "document_pdf_reader",
            "document_locked",
            "document_scan",
        ],
        Sentence,
    ]
    asking_words: tuple[tuple[Label, ...], ...]
    """Question words, in groups that mean the same."""
    around_question: tuple[Label, ...]
    """Ways to ask `line`, a question that has none of the question words."""
    around_thing: tuple[Label, ...]
    """Ways to ask about `line`, which is no question."""
    inbox_empty: Sentence
    inbox_card: Sentence
    inbox_tied: Sentence
    inbox_picked: Sentence
    inbox_like: Sentence
    inbox_none_near: Sentence
    writing: WritingPhrases
    sheet: SheetPhrases
    settled: Mapping[Literal["out", "ignored"], Sentence]
    full: Sentence
    why_ask: Sentence
    why: Sentence
    why_clue: Sentence
    why_none: Sentence
    why_acts: Sentence
    act_kinds: Mapping[
        Literal[
            "answer",
            "question",
            "new",
            "command",
            "pick",
            "social",
            "distress",
            "abuse",
            "offtopic",
            "secret",
            "unsure",
        ],
        Sentence,
    ]
    act_commands: Mapping[str, Label]
    """The commands of typed messages that no button is called."""
    verdicts: Mapping[Literal["answer", "choices", "miss"], Label]
    words: Mapping[str, tuple[Label, ...]]
    """What an admin may type instead of a command, by act."""
    became: Mapping[Literal["phrasing", "answered", "out", "ignored"], Sentence]
    tasks: Sentence
    tasks_none: Sentence
    task_line: Sentence
    task_poor: Sentence
    task_thin: Sentence
    lint_shipped: Sentence
    nothing_there: Label
    not_done: Sentence
    not_written: Sentence
    inbox_near: Sentence
    week_words: tuple[Label, ...]
    """Words that ask for the questions of this week alone."""
    mine_words: tuple[Label, ...]
    """Words that ask for the questions that were given to the one who asks."""
    inbox_given: Sentence
    give_ask: Sentence
    give_nobody: Sentence
    given: Sentence
    given_me: Sentence
    given_to_you: Sentence
    notice_drafted: Sentence
    notice_nothing: Sentence
    review_ask: Sentence
    review_value_none: Label
    review_sentence: Sentence
    review_done: Sentence
    flagged: Sentence
    flagged_line: Sentence
    flagged_reason: Sentence
    flagged_none: Sentence
    digest: Sentence
    digest_line: Sentence
    buttons: Mapping[AdminButton, Label]
