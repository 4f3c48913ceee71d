"""Roles of staff, invitations to them, and the audit of privileged acts. Values only; times are aware."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.domain.classes import Classes

Role = Literal["owner", "admin", "staff"]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a role. `label` is the name given by `added_by` (an id), who invited them; `since` ISO 8601.

    `until` is when the role ends; None: never. `classes` are those that they are confined to; None: to none.
    """

    user: str
    role: Role
    label: str = ""
    since: str = ""
    added_by: str = ""
    until: datetime | None = None
    classes: Classes | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that was not used and has not expired. `until`: when the role that it gives ends; `classes` as of a
    member.
    """

    hash: str
    role: Role
    label: str
    made_by: str
    until: datetime | None = None
    classes: Classes | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """The person whose turn it is made an invitation that can be used once. Only the hash of its token is kept."""

    hash: str
    role: Role
    label: str
    expires_at: datetime
    until: datetime | None = None
    classes: Classes | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """The person whose turn it is takes a role and uses up the invitation."""

    hash: str
    role: Role
    label: str
    added_by: str
    until: datetime | None = None
    classes: Classes | None = None


@dataclass(frozen=True, slots=True)
class Enlisted:
    """Whoever has the machine gives somebody, who is in no chat, a role in the console."""

    user: str
    role: Role
    label: str
    classes: Classes | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """A member of staff loses the role; tickets that they had taken are open again."""

    user: str


@dataclass(frozen=True, slots=True)
class Audited:
    """A privileged act of the person whose turn it is. `about` holds ids only."""

    act: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class AuditedAct:
    """A privileged act that was done; `at` is aware."""

    at: datetime
    who: str
    act: str
    about: str


@dataclass(frozen=True, slots=True)
class OwnersNamed:
    """The owners of the settings, by channel and id, are these."""

    owners: frozenset[tuple[str, str]]
