"""Revisions of the published content, drafts of them and trials of drafts, as effects. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Revised:
    """These files (texts by name) come into force. Outdated when the revision in force is no longer `parent`.

    `content` is the hash of the content that they make, `author` a person's id or the source, `note` the reason.
    """

    files: Mapping[str, str]
    parent: int
    content: str
    author: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft is kept under `key` until it is published or dropped; it replaces another with that key."""

    key: str
    files: Mapping[str, str]
    parent: int
    author: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Undrafted:
    """A draft was published or dropped."""

    key: str


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """The person whose turn it is talks to these files from now on, as if they were in force; from the beginning."""

    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TrialContinued:
    """The conversation with a draft has this session (JSON) now."""

    session: str


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """The person whose turn it is talks to the content in force again."""


@dataclass(frozen=True, slots=True)
class Once:
    """Something that one of all workers does once. Outdated when it was done before."""

    key: str
