"""The shape of the parts of `phrases.yaml` that graduates read, and the names of commands and buttons."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.content.phrases.base import Label, PhraseRow, Sentence

CommandName = Literal[
    "menu", "start", "help", "ask", "progress", "deadline", "contact", "privacy", "forget", "export", "resume",
    "restart", "jump", "trouble", "why", "later", "none", "thanks", "hello", "bye", "who", "desk", "withdraw",
    "mute", "remind", "tomorrow", "weekend", "card", "where", "keep",
]  # fmt: skip
ButtonName = Literal[
    "start", "resume", "trouble", "back", "why", "later", "menu", "progress", "deadline", "contact", "help", "privacy",
    "forget", "export", "jump", "restart", "restart_yes", "none", "this_step", "copy", "desk", "withdraw", "quote",
    "keep",
]  # fmt: skip
SecretName = Literal["id18", "id15", "mobile", "mail", "code", "password", "long_number"]


CardPart = Literal[
    "who", "state", "checked", "wrong", "clicked", "reported", "cleared", "sentence", "papers", "dates",
    "contact", "account",
]  # fmt: skip


class OwnCardWords(PhraseRow):
    """The words of the card to keep: its parts in their order, each left out where there is nothing to say."""

    title: Sentence
    parts: Mapping[CardPart, Sentence]
    file: Label


class SketchWords(PhraseRow):
    """The words around the drawing of a page."""

    title: Sentence
    foot: Sentence
    file: Label


class PreviewWords(PhraseRow):
    """The words of the preview of a notice: templates of facts, and of what only staff sees."""

    head: Sentence
    origin: Sentence
    supersedes: Sentence
    others: Sentence
    cohort: Sentence
    moment: Sentence
    details: Sentence
    walk: Sentence
    step: Sentence
    staff: Sentence
    duty: Sentence
    conflict: Sentence
    not_shown: Sentence
    links: Sentence
    broken: Sentence
    nothing: Sentence
    unsure: Sentence


class CalendarWords(PhraseRow):
    """The words of the calendar file."""

    name: Sentence
    opens: Sentence
    closes: Sentence
    safe: Sentence
    alarm: Sentence
    file: Label


class PublicWords(PhraseRow):
    """Words in groups, where others read them."""

    elsewhere: Sentence
    miss: Sentence
    tripwire: Sentence
    help: Sentence
    private: Label


class OpinionPhrases(PhraseRow):
    """Buttons under an answer and the words that follow: it helped, or it did not and why."""

    helped: Label
    failed: Label
    chosen: Label
    reasons: Annotated[Mapping[Literal["hard", "mine", "old", "off"], Label], Field(min_length=2)]
    thanks: Sentence
    ask_reason: Sentence
    noted: Sentence
    reworded: Sentence


class AccountPhrases(PhraseRow):
    """The words about one talk in several places."""

    offer: Sentence
    nowhere: Sentence
    address: Mapping[str, Sentence]
    elsewhere_at: Sentence
    file: Label
    gone: Sentence
    same: Sentence
    choose: Sentence
    here: Label
    there: Label
    elsewhere: Sentence
    open: Sentence
    again: Sentence


class WebPhrases(PhraseRow):
    """The words of the page in a browser around the talk."""

    title: Sentence
    place: Label
    send: Label
    below: Label
    log: Label
    kept: Label
    you: Label
    bot: Label
    copied: Label
    file: Sentence
    picture: Sentence
    wechat: Sentence
    open: Sentence
    unkept: Sentence
    privacy: Sentence
    no_cookie: Sentence
    not_saved: Sentence
    stale: Sentence
    flood: Sentence
    busy: Sentence
    too_long: Sentence
    slow: Sentence
    retry: Label
    offline: Sentence
    again: Label
    back: Label
    gone: Sentence
    keep: Label
    reload: Sentence


class PosterPhrases(PhraseRow):
    """The words of a poster beside its QR code."""

    scan: Sentence
    warning: Sentence


class SlipPhrases(PhraseRow):
    """The words of a slip with a join code: how it is entered by its QR code, how it is typed, whose it is."""

    how: Sentence
    type: Sentence
    whose: Sentence


class TelegramPhrases(PhraseRow):
    """The bot's commands and profile in Telegram (Bot API: at most 512 and 120 characters)."""

    commands: Mapping[str, Annotated[str, StringConstraints(min_length=1, max_length=256)]]
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=512)]
    short_description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    undelivered: Sentence
    flood: Sentence
