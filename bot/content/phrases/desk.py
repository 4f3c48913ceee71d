"""The shape of `desk:` and `staff:` in `phrases.yaml`: tickets, office hours, roles."""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.content.phrases.base import Label, PhraseRow, Sentence


class Office(PhraseRow):
    """Office hours: days of the week (1 is Monday), local hours.

    `holidays` and `workdays` are the school's own, besides the public holidays and the weekends that make up for them.
    """

    days: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1)]
    opens: time
    closes: time
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class DeskPhrases(PhraseRow):
    """Words for both sides of a ticket, and the office hours."""

    office: Office
    release_after_hours: float = Field(gt=0, le=200)
    """Office hours without a message, until the bot answers again."""
    opened: Sentence
    enough: Sentence
    slow_start: Sentence
    blank: Sentence
    reopened_for_graduate: Sentence
    in_hours: Sentence
    out_of_hours: Sentence
    today: Sentence
    tomorrow: Sentence
    on_day: Sentence
    minutes: Sentence
    hours: Sentence
    days: Sentence
    states: Mapping[Literal["open", "taken", "released", "closed"], Sentence]
    withdrawn: Sentence
    answer: Sentence
    taken_for_graduate: Sentence
    closed_for_graduate: Sentence
    released_for_graduate: Sentence
    quiet_for_graduate: Sentence
    card: Sentence
    no_words: Sentence
    no_topics: Sentence
    before: Sentence
    again: Sentence
    from_graduate: Sentence
    withdrawn_for_staff: Sentence
    forgotten_for_staff: Sentence
    merged_for_staff: Sentence
    lost_for_staff: Mapping[Literal["blocked", "failed", "unsure"], Sentence]
    thread: Sentence
    edited: Sentence
    answer_edited: Sentence
    edit_delivered: Sentence
    delivered: Sentence
    text_only: Sentence
    file_names: Mapping[Literal["photo", "document"], Sentence]
    files_kept: Sentence
    no_files: Sentence
    not_passed: Sentence
    masked: Sentence
    call_left: Sentence
    call_for_staff: Sentence
    edited_by_graduate: Sentence
    file_ask: Sentence
    file_for_staff: Sentence
    file_lost: Sentence
    file_passed: Sentence
    file_dropped: Sentence
    none_held: Sentence
    held_dropped: Sentence
    edited_to_note: Sentence
    which: Sentence
    files_full: Sentence
    left_over: Sentence
    last_day: Sentence
    too_late: Sentence
    holder: Sentence
    longest_wait: Sentence
    lost_desk: Sentence
    lost_desk_for_graduate: Sentence
    secret: Sentence
    contact: Sentence
    risky: Sentence
    pick_topic: Sentence
    canned: Sentence
    text_gone: Sentence
    taken: Sentence
    taken_before: Sentence
    dropped: Sentence
    closed: Sentence
    closed_before: Sentence
    reopened: Sentence
    newer: Sentence
    released: Sentence
    quiet: Sentence
    states_for_staff: Mapping[Literal["open", "taken", "released", "closed"], Sentence]
    listed: Sentence
    answered: Sentence
    none_open: Sentence
    page: Sentence
    open_ticket: Label
    shown: Sentence
    earlier: Sentence
    nobody: Sentence
    spoken: Mapping[Literal["graduate", "staff", "note"], Sentence]
    said_elsewhere: Sentence
    sent_to_graduate: Sentence
    noted: Sentence
    gone: Sentence
    not_staff: Sentence
    buttons: Mapping[
        Literal[
            "take", "drop", "topics", "close", "reopen", "enough", "resume", "more", "pass", "hold", "before", "next"
        ],
        Label,
    ]


class SavedPhrases(PhraseRow):
    """Words about texts that staff save to use again."""

    kinds: Mapping[Literal["answer", "template"], Label]
    """The word that begins a message which saves a text of a kind, and shows all when it stands alone."""
    kept: Mapping[Literal["answer", "template"], Sentence]
    list: Sentence
    line: Sentence
    none: Sentence
    drop: Label
    dropped: Sentence
    risky: Sentence
    too_long: Sentence
    full: Sentence


class StaffPhrases(PhraseRow):
    """Words for owners, admins and staff about roles."""

    saved: SavedPhrases

    roles: Mapping[Literal["owner", "admin", "staff"], Label]
    invitation: Sentence
    invitation_until: Sentence
    invitation_again: Sentence
    how_to_invite: Sentence
    until_past: Sentence
    joined: Sentence
    joined_teacher: Sentence
    teacher: Label
    no_such_class: Sentence
    joined_news: Sentence
    joined_already: Sentence
    list: Sentence
    line: Sentence
    line_until: Sentence
    nobody: Sentence
    remove: Label
    removed_told: Sentence
    home: Sentence
    home_teacher: Sentence
    home_admin: Sentence
    typed: Mapping[str, Annotated[str, StringConstraints(pattern=r"^/[a-z]+")]]
    """Words of staff, and the command that each stands for."""
    removed: Sentence
    let_in: Sentence
    remove_branch: Label
    may_not_remove: Sentence
    audit: Sentence
    audit_none: Sentence
    audit_acts: Mapping[str, Label]
    """Names of privileged acts as the chat shows them, by the code under which they are recorded."""
    audit_file: Label
    audit_columns: tuple[Label, Label, Label, Label]
    stranger: Sentence
    silent: Sentence
    secret: Sentence
    console: Sentence
    no_console: Sentence
    console_other_role: Sentence
    commands: Mapping[str, Annotated[str, StringConstraints(min_length=1, max_length=256)]]
