"""What a turn changes beyond the person's own session: tickets, roles, the audit, messages to other chats. Values only.

Decided by pure rooms, applied by `bot.store` in the transaction of the turn. Times are aware. Imports only
`messages` and the words of broadcasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.domain.audience import Search
from bot.domain.broadcast import Ack
from bot.domain.lifecycle import Life
from bot.domain.messages import Commands, Reply

Role = Literal["owner", "admin", "staff"]
TicketState = Literal["open", "taken", "released", "closed"]
"""open: waits for anybody. taken: somebody answers. released: too long without a word, the bot answers again, staff
still may. closed: over, and can be opened again."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A hand-off to a person. `number` is what people see of it; nothing in it says who the graduate is.

    `version` goes up with each change. `waiting_since`: the graduate's first words that nobody has answered yet.
    `release_at`: when the bot takes over again unless somebody says something. `taken_by` is the staff member's id.
    """

    number: str
    state: TicketState = "open"
    version: int = 0
    notice: str = ""
    step: str = ""
    topics: tuple[str, ...] = ()
    waiting_since: datetime | None = None
    release_at: datetime | None = None
    taken_by: str | None = None

    @property
    def relays(self) -> bool:
        """Whether the graduate's typed words go to staff and the bot is silent."""
        return self.state in ("open", "taken")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a role. `label` is what the one who invited them calls them, `since` ISO 8601."""

    user: str
    role: Role
    label: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that was not used and has not expired."""

    hash: str
    role: Role
    label: str
    made_by: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A new ticket of the person whose turn it is."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Changed:
    """The ticket as it is now, with the `version` that was looked at. Another one in the store: Outdated."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Queued:
    """A message to another chat: to staff (into the ticket's thread), to the ticket's graduate, or to a user by id.

    `title` names the ticket's thread. `thread` and `under` (a message) are used where there is no ticket. Not before
    `due_at`, and what comes later waits behind it; not before `planned_at`, and nothing waits; both None: at once.
    """

    to: Literal["staff", "graduate", "user"]
    reply: Reply | None = None
    ticket: str | None = None
    title: str = ""
    thread: str | None = None
    user: str | None = None
    commands: Commands = ""
    under: str | None = None
    due_at: datetime | None = None
    planned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that can be used once. Only the hash of its token is kept."""

    hash: str
    role: Role
    label: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Joined:
    """The person whose turn it is takes a role and uses up the invitation."""

    hash: str
    role: Role
    label: str
    added_by: str


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
class Once:
    """Something that is done once for all workers. Outdated when it was done before."""

    key: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Unanswered questions that an admin has dealt with, by their numbers; `became` says how."""

    misses: tuple[int, ...]
    became: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Questions that were dealt with wait again: what was done with them was undone."""

    misses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that was not answered at once: masked words, and the topics that came nearest, best first.

    `tied`: several topics were as near, so that a choice was offered; `picked` is the one that was taken. `became`:
    None while it waits for an admin.
    """

    number: int
    at: datetime
    question: str
    topics: tuple[str, ...]
    became: str | None = None
    tied: bool = False
    picked: str | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    """Somebody took this topic when topics were offered for the question of that mark. Nothing leads to who it was."""

    mark: str
    topic: str


@dataclass(frozen=True, slots=True)
class Voted:
    """Whether a topic's answer helped the person whose turn it is; `revision` is the wording that they had read.

    Their newest word on the same wording counts. `reason` is a key of the phrases, empty without one.
    """

    topic: str
    revision: str
    helped: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """How many people said that an answer helped them, of how many; and how many gave which reason, most first."""

    helped: int
    of: int
    reasons: Mapping[str, int] = field(default_factory=dict)


KnowledgeEffect = Revised | Drafted | Undrafted | Once | Settled | Unsettled | Picked | Voted


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Another content for a broadcast before its start, still in the `version` that was looked at. Else: Outdated."""

    number: int
    version: int
    draft: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A broadcast goes from one state of its life to another. Outdated when it is elsewhere by now.

    `also`: columns that change with it, times as they are.
    """

    number: int
    source: Life
    target: Life
    also: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """A broadcast runs from now on, to those whom `search` finds, or whose rows of `parent` are in `states`.

    `proof` is what is written down of it.
    """

    number: int
    source: Life
    search: Search | None
    proof: Mapping[str, object]
    parent: int | None = None
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A broadcast ends here; who has not got it is left out. Outdated when it is elsewhere by now."""

    number: int
    source: Life


@dataclass(frozen=True, slots=True)
class Answered:
    """What the person whose turn it is answered to a broadcast."""

    number: int
    ack: Ack


@dataclass(frozen=True, slots=True)
class Remind:
    """The person whose turn it is wants to be reminded then; None: not any more."""

    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reminded:
    """The reminder that `user` asked for is done with."""

    user: str


@dataclass(frozen=True, slots=True)
class Tallied:
    """Somebody of a cohort (None: not chosen) under a notice typed a question, and that is how far it got."""

    notice: str
    cohort: str | None
    reached: Literal["answer", "choices", "miss"]


@dataclass(frozen=True, slots=True)
class Resaved:
    """The session of `user` is put right outside a turn of theirs (JSON). Outdated when it is no longer `was`."""

    user: str
    was: str
    becomes: str


BroadcastEffect = Rewritten | Moved | Started | Cancelled | Answered | Remind | Reminded | Resaved
Effect = Opened | Changed | Queued | Invited | Joined | Removed | Audited | KnowledgeEffect | BroadcastEffect


class Outdated(Exception):
    """Somebody else changed the ticket or used the invitation first; nothing was changed. Decide again."""
