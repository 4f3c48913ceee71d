"""The words between channels and the rest of the house: what came in, what goes out, what became of it.

Imports nothing of ours. A channel turns its library's objects into `Incoming` and `Answer` into its library's calls.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Tone = Literal["", "good", "bad"]
State = Literal["new", "walking", "reported", "done"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that somebody sent, by the channel's own id; nobody has opened it. `size` in bytes, 0: not told."""

    kind: Literal["photo", "document"]
    id: str
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that a person did. `text` is what was typed, `press` the id of the button that was pressed.

    `other` names what is not text (photo, voice, edited …; `text` is its caption then). Nothing at all: the person
    arrived. As `other`, `left` and `returned` say that messages reach them no more, or again. `update_id` is the
    channel's own number of it; None where the channel never repeats anything. In `public` (a group) and `inline` (a
    search while writing elsewhere) only questions are answered, and nothing is remembered.
    `staff` is the chat of those who answer tickets: `thread` and `reply_to` (a message's number) say which is meant.
    `edits`: what the bot showed can still be changed, so that a tap need not add a message.
    `file` is a photo or document in a private chat, unread; `html` the text with the formatting that was typed, safe to
    send again, empty when there is none. Both are for what staff send; what graduates send is never opened.
    """

    channel: str
    user: str
    text: str = ""
    press: str | None = None
    other: str = ""
    update_id: str | None = None
    place: Literal["private", "public", "inline", "staff"] = "private"
    thread: str | None = None
    reply_to: str | None = None
    file: Sent | None = None
    html: str = ""
    edits: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """`id` comes back as `Incoming.press`; it tells by itself what it was made for (at most 64 bytes).

    `tone` is what colour a channel that has colours may give it: `good` goes on, `bad` is a fault or a loss.
    """

    id: str
    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A small file that goes with a reply. `content` is its text, or base64 of what is no text."""

    name: str
    content: str
    base64: bool = False

    @property
    def data(self) -> bytes:
        """The file as it is."""
        return b64decode(self.content) if self.base64 else self.content.encode()


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One message of many: safe HTML (4,096 characters as shown, under a file 1,024), a file, buttons in rows."""

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    file: Sent | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One bubble of plain text (at most 4,096 characters), its buttons in rows, and where its facts come from.

    `source` is the label as people read it, `topic` the FAQ topic that was answered and `title` its name. `copies` are
    texts worth copying (a button's text is its label, its id what is copied); a channel that cannot copy leaves them.
    `link` is a start payload: the channel adds the address that leads to it. `bulletin` is shown instead of all that:
    how a message to many looks.
    """

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    source: str | None = None
    topic: str | None = None
    attachment: Attachment | None = None
    title: str | None = None
    copies: tuple[Button, ...] = ()
    link: str | None = None
    bulletin: Bulletin | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a channel has to say now, in order, and where the person stands after it.

    `step` is None before the walk. `withdraw`: the message held a secret; delete it where the channel can. `toast` is
    a word or two that passes at once (200 characters), where the channel has such; `replies` can do without it.
    `understood` are the acts of a typed message as JSON-ready data, in the order in which they were handled.
    """

    replies: tuple[Reply, ...]
    step: str | None = None
    state: State = "new"
    withdraw: bool = False
    toast: str = ""
    understood: tuple[Mapping[str, Any], ...] = ()


Cause = Literal["", "flood", "server", "network", "token", "gone"]
"""Why a message was not sent now, where that is nobody's fault in it: too fast, an error there, no way there, nobody
knows us any more, the person deleted what was to be changed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message that was to go out.

    sent: it arrived at the channel, `message` is the channel's number of it. blocked: the person cannot be reached any
    more. failed: refused, `reason` says why; the same again would be refused again. later: not sent, may be tried from
    `resume_at` (UTC) on. unsure: it may have been sent, nobody knows; never repeated unasked.
    """

    became: Literal["sent", "blocked", "failed", "later", "unsure"]
    message: str | None = None
    resume_at: datetime | None = None
    reason: str = ""
    cause: Cause = ""


Commands = Literal["", "graduate", "staff", "admin"]
"""Whose slash commands a person's chat shows; empty: as they are."""


@dataclass(frozen=True, slots=True)
class Post:
    """A message to a chat other than the one that spoke: to `user`, or to the staff chat when that is None.

    `title` names the ticket it belongs to, `ticket` is its number; `thread` is where it goes and `under` the message
    that it stands under, as the channel told them before. Without a `reply` only `commands` are set. `last`: nothing
    more waits for the same chat.
    """

    number: int
    user: str | None
    reply: Reply | None = None
    title: str = ""
    thread: str | None = None
    under: str | None = None
    commands: Commands = ""
    ticket: str | None = None
    last: bool = True


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a post, and the thread that it went to when there is one."""

    outcome: Outcome
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """Replies that cannot go out now, in order, to be posted to `chat` from `due_at` (UTC) on; None: as soon as may be.

    `thread` is the thread they belong to, `under` the message that they answer; None where there is none.
    """

    channel: str
    chat: str
    replies: tuple[Reply, ...]
    due_at: datetime | None = None
    thread: str | None = None
    under: str | None = None


Ready = Callable[[], Awaitable[bool]]
"""Asked when a message may go out, before anything leaves the house. False: it must not be sent after all."""


Receive = Callable[[Incoming], Awaitable[Answer]]
"""What a channel is given: hand in what came, get what to say."""
Owe = Callable[[Owed], Awaitable[None]]
"""And where to leave what it cannot say now."""


class Channel(Protocol):
    """A way to people. `run` serves until it is cancelled or its input ends."""

    name: str

    async def run(self, receive: Receive) -> None: ...
