"""Revisions of the published content and drafts of them, as effects. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Revised:
    """The content becomes these files (texts by name). Outdated when the revision in force is no longer `parent`.

    `content` is the revision of the content that they make, `author` who says so, `note` why.
    """

    files: Mapping[str, str]
    parent: int
    content: str
    author: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft of a revision, kept under `key` until it is published or dropped; another with that key is replaced."""

    key: str
    files: Mapping[str, str]
    parent: int
    author: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Undrafted:
    """A draft is done with."""

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
    """Something that is done once for all workers. Outdated when it was done before."""

    key: str
