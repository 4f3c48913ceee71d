"""The shape of `broadcast:` in `phrases.yaml`: words and defaults of broadcasts."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.content.phrases.base import Label, PhraseRow, Sentence
from bot.domain.join_codes import CallOutcome
from bot.domain.lifecycle import BroadcastState

ButtonSpec = Annotated[str, StringConstraints(pattern=r"^(acks|resume|(step|faq):[a-z0-9][a-z0-9_-]{0,39})$")]
"""A button under a broadcast: the three answers, on with the walk, a step, an answer of the FAQ."""


class Template(PhraseRow):
    """A ready-made reminder, with the buttons under it: see `BroadcastDraft`."""

    title: Label
    text: Sentence
    buttons: tuple[ButtonSpec, ...] = ("acks",)


class Habits(PhraseRow):
    """Rules of the college. Hours are local; a draft that nobody touched for `drafts_days` is dropped.

    A broadcast to more than `approve_above` people needs a second person. One that is `late_minutes` after its time
    asks before it goes out.
    """

    quiet_from: time
    quiet_to: time
    approve_above: int = Field(ge=0)
    late_minutes: int = Field(ge=1)
    drafts_days: int = Field(ge=1)


class RosterPhrases(PhraseRow):
    """Words about the school's list: what is found in it (`check`, `why`), done with it, and undone."""

    columns: Sentence
    roles: Mapping[str, Label]
    check: Sentence
    rows: Sentence
    row: Sentence
    unknown: Sentence
    only_codes: Label
    sure: Sentence
    keep: Label
    noted: Sentence
    leave: Label
    undo: Label
    settled: Sentence
    left: Sentence
    nothing: Sentence
    applied_here: Sentence
    applied: Sentence
    undone: Sentence
    gone: Sentence
    late: Sentence
    already: Sentence
    busy: Sentence
    of_sheet: Sentence
    why: Mapping[str, Sentence]
    wrong: Mapping[str, Sentence]


class JoiningPhrases(PhraseRow):
    """Words about join codes, for holders and for staff. `list_word` and `import_word` follow /stats."""

    how: Sentence
    have: Sentence
    joined: Sentence
    wrong: Sentence
    enough: Sentence
    drop: tuple[Label, ...]
    dropped: Sentence
    there: Sentence
    bring: Label
    both: Sentence
    stay: Label
    brought: Sentence
    brought_away: Sentence
    brought_for_staff: Sentence
    taken: Sentence
    taken_call: Sentence
    asked: Sentence
    free: Label
    freed: Sentence
    free_already: Sentence
    lost: Sentence
    again: Sentence
    unchecked: Sentence
    restored: Sentence
    student_ask: Sentence
    student_agree: Label
    student_not_needed: Sentence
    student_taken: Sentence
    matched: Sentence
    match_file: Label
    match_columns: tuple[Label, Label]
    codes_how: Sentence
    codes_drawn: Sentence
    codes_sheet: Label
    codes_table: Label
    codes_columns: tuple[Label, Label, Label, Label]
    codes_title: Label
    list_word: Label
    import_word: Label
    list: Sentence
    nobody: Sentence
    never: Label
    no_class: Label
    call_why: Mapping[Literal["unlisted", "papers", "never", "silent", "reported", "new", "walking"], Sentence]
    call_outcomes: Mapping[CallOutcome, Label]
    call_ask: Sentence
    call_over: Sentence
    call_noted: Sentence
    call_unknown: Sentence
    call_page: Sentence
    call_before: Label
    call_more: Label
    call_back: Label
    call_line: Sentence
    call_columns: tuple[Label, Label, Label, Label, Label, Label, Label, Label, Label]
    call_file: Label
    columns: tuple[Label, Label, Label, Label, Label]
    file: Label
    how_to_import: Sentence
    import_notice: Sentence
    no_codes: Sentence
    roster: RosterPhrases
    imported: Sentence
    unknown: Sentence
    strange: Sentence


WalkState = Literal["new", "walking", "reported", "done", "stuck"]


class SayPhrases(PhraseRow):
    """Questions about a sentence that plans a broadcast, by what is not clear; `offer` adds the next good time.

    `card` is the plan in the chat, with the buttons `sure`, `parts` (whom, when, which words, everything) and `drop`;
    `states`, `not_states`, `at_step` and `besides` (classes that are left out) say whom it is for, `ask_whom`,
    `tick_states`, `all_classes` and `majors_of` stand in the menu of whom. `planned` is the plan on the command line,
    `now` stands for no time, `follows` for one that goes with a deadline, `own_text` for words that are no template's.
    """

    asks: Mapping[str, Sentence]
    offer: Sentence
    card: Sentence
    sure: Mapping[Literal["now", "later"], Sentence]
    parts: Mapping[Literal["pick", "when", "template", "card"], Label]
    drop: Label
    take_offer: Sentence
    follows: Label
    own_text: Label
    ask_whom: Sentence
    tick_states: Mapping[Literal["new", "walking", "reported", "done"], Label]
    all_classes: Label
    majors_of: Sentence
    states: Mapping[WalkState, Label]
    not_states: Mapping[WalkState, Label]
    at_step: Sentence
    besides: Sentence
    planned: Sentence
    now: Label


class PlanPhrases(PhraseRow):
    """Words about the automatic reminders to come: the list of them, a line, leaving one out, the evening before."""

    none: Sentence
    list: Sentence
    month: Sentence
    weekdays: Annotated[tuple[Label, ...], Field(min_length=7, max_length=7)]
    line: Sentence
    skipped: Sentence
    skip: Sentence
    put_back: Sentence
    is_skipped: Sentence
    is_back: Sentence
    tomorrow: Sentence


class BroadcastPhrases(PhraseRow):
    """Words for staff and for recipients."""

    habits: Habits
    templates: Mapping[str, Template]
    acks: Mapping[Literal["known", "done", "trouble"], Label]
    acked: Mapping[Literal["known", "done", "trouble"], Sentence]
    open_step: Label
    mute: Label
    remind: Label
    ask_consent: Sentence
    consent_yes: Label
    consent_no: Label
    no_reminders: Sentence
    reminded_on: Sentence
    fetched: Sentence
    hear: Label
    will_hear: Sentence
    heard: Sentence
    reminded_there: Sentence
    no_file: Sentence
    reminded_late: Sentence
    muted: Sentence
    remind_at: Sentence
    remind_late: Sentence
    personal: Sentence
    tomorrow: Label
    weekend: Label
    list: Sentence
    none: Sentence
    line: Sentence
    card: Sentence
    nothing_yet: Label
    text_wanted: Label
    everybody: Label
    within: Sentence
    file_kinds: Mapping[Literal["photo", "document"], Label]
    ways: Mapping[str, Label]
    states: Mapping[BroadcastState, Label]
    titles: Mapping[Literal["send", "again", "edit", "delete"], Sentence]
    acting: Mapping[Literal["send", "edit", "delete"], Mapping[BroadcastState, Label]]
    told_states: Mapping[Literal["before", "dropped", "back", "recalled", "morning"], Label]
    arrived: Mapping[Literal["send", "edit", "delete"], Label]
    sends: Mapping[Literal["send", "edit", "delete"], Label]
    drops: Mapping[Literal["send", "edit", "delete"], Label]
    sure: Mapping[Literal["send", "edit", "delete"], Label]
    unfetched: Sentence
    channels: Mapping[str, Label]
    by_channel: Sentence
    rows: Mapping[Literal["pending", "sending", "sent", "blocked", "failed", "unsure", "skipped"], Label]
    few: Label
    about: Sentence
    exact: Sentence
    reach_few: Sentence
    reach_apart: Mapping[Literal["all", "muted", "unreachable", "over"], Sentence]
    owners_only: Sentence
    reach: Sentence
    reach_again: Mapping[Literal["send", "failed", "unsure", "edit", "delete"], Sentence]
    wrong: Mapping[str, Sentence]
    ask_text: Sentence
    ask_who: Sentence
    ask_notice: Sentence
    ask_at: Sentence
    say: SayPhrases
    plan: PlanPhrases
    ask_template: Sentence
    kept: Sentence
    ask_buttons: Sentence
    sample: Sentence
    test: Sentence
    confirm: Mapping[Literal["send", "edit", "delete"], Sentence]
    confirm_cancel: Sentence
    cut: Sentence
    cut_rest: Sentence
    album: Sentence
    album_begins: Sentence
    stray: Sentence
    see_album: Sentence
    """Under an album without words: the buttons stand under a message."""
    changed_by: Mapping[Literal["revise", "refile"], Sentence]
    """Said where a draft changes by a message that was edited, and by another picture."""
    second: Sentence
    confirm_at: Sentence
    moved_deadline: Sentence
    moved_too_far: Sentence
    asked_to_agree: Sentence
    second_risk: Sentence
    approve_risk: Sentence
    confirm_contacts: Sentence
    approve: Sentence
    approved: Sentence
    approved_by_other: Sentence
    own: Sentence
    started: Mapping[Literal["send", "edit", "delete"], Sentence]
    nobody_left: Sentence
    nothing_to_follow: Mapping[Literal["again", "failed", "unsure", "correct", "recall"], Sentence]
    impossible: Mapping[Literal["start", "pause", "resume", "cancel", "again"], Sentence]
    planned: Sentence
    quiet: Sentence
    gone: Sentence
    changed: Sentence
    deleted: Sentence
    expired: Sentence
    cancelled: Sentence
    progress: Sentence
    eta: Sentence
    per_s: Sentence
    silent: Sentence
    unapproved: Sentence
    watching: Sentence
    why: Mapping[str, Sentence]
    ended: Sentence
    overdue: Sentence
    duty: Mapping[Literal["ahead", "today"], Sentence]
    reasons: Mapping[str, Label]
    errors: Mapping[str, Sentence]
    error_other: Sentence
    csv: tuple[Label, ...]
    csv_file: Label
    correct: Sentence
    recall: Sentence
    minutes: Sentence
    hours: Sentence
    bar: tuple[Label, Label]
    buttons: Mapping[str, Label]
    verified: Sentence
    broken: Sentence
    stats: Sentence
    stats_classes: Sentence
    stats_line: Sentence
    stats_titles: Mapping[Literal["states", "cohorts", "steps", "channels"], Label]
    stats_states: Mapping[str, Label]
    stats_special: Mapping[str, Label]
    stats_small: Label
    stats_step: Label
    stats_people: Label
    stats_channel: Label
    stats_all: Label
    stats_day: Sentence
    stats_daily: tuple[Label, Label, Label, Label]
    stats_asked: tuple[Label, Label, Label, Label, Label]
    stats_picture: Sentence
    stats_few: Label
    stats_undrawn: Mapping[Literal["matplotlib", "font", "trouble"], Sentence]
    stats_columns: tuple[Label, ...]
    stats_file: Label
    joining: JoiningPhrases
