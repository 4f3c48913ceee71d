"""Messages between channels and the rest of the bot: incoming, answers, posts, and outcomes.

Imports nothing of ours. A channel turns its library's objects into `Incoming` and `Answer` into its library's calls.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

Tone = Literal["", "good", "bad"]
State = Literal["new", "walking", "reported", "done"]

MOST_CHARACTERS = 4096
"""Characters of a message at most; a channel that takes fewer says so, and gets it in parts."""


BULLETIN_TAGS = frozenset({"b", "i", "u", "s", "code", "pre", "blockquote", "a"})
"""Tags in the HTML of a bulletin. A channel that has no such marks shows the words."""
BULLETIN_MOST, CAPTION_MOST = MOST_CHARACTERS, 1024
"""Visible characters of a bulletin, and of one under a file. A channel whose messages are shorter sends several."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The abilities of a channel, by which others decide what to offer and how to show it; never by its name.

    `posts`: it reaches people unasked; `fetched`: with what they see when they open it the next time, and nothing
    rings. `shows_past`: it shows the last turns again, so what the person said is kept with them, masked. `at_machine`:
    whoever uses it has the machine, and may hear what is wrong with it. `staffed`: the owners of the settings and the
    staff chat are in it. `anonymous`: an identity costs nothing there, so one person may be many.

    `edits`: it changes a message that it showed. `toasts`: it shows a short pop-up text. `copies`: it has a button that
    copies a text. `files`: it takes files and pictures. `text` and `label` are the characters of a message and of a
    button, `replies` the quota of messages in answer to one thing that a person did; 0: any number.
    """

    posts: bool = False
    fetched: bool = False
    shows_past: bool = False
    at_machine: bool = False
    staffed: bool = False
    anonymous: bool = False
    edits: bool = False
    toasts: bool = False
    copies: bool = True
    files: bool = True
    text: int = 0
    label: int = 0
    replies: int = 0


REACHES = Capabilities(posts=True)
"""The abilities of a channel that sends what comes unasked."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that somebody sent, by the channel's own id; it was not opened. `size` in bytes, 0: unknown."""

    kind: Literal["photo", "document"]
    id: str
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that a person did. `text` was typed, `press` is the id of the button that was pressed.

    `other` names what is not text (photo, voice, edited …; `text` is its caption then). All empty: the person
    arrived. As `other`, `left` and `returned` say that messages reach them no more, or again. `update_id` is the
    channel's own number of it; None where the channel never repeats anything. In `public` (a group) and `inline` (a
    search while writing elsewhere) only questions are answered, and nothing is remembered.
    `staff` is the chat of those who answer tickets: `thread` and `reply_to` (a message's number) say which is meant.
    There `name` is how the channel shows them, and `other` is `arrived` when people came into it (a line of `text` for
    each: id and name).
    `via` is the channel in which it was done, where the person belongs to another one (`channel`).
    `label` is what stands on the button that was pressed, where the channel knows it.
    `message` is the channel's number of what was written, `reply_button` the id of a button of ours under the message
    that they reply to. `in_album`: it belongs to photos or files that were sent as
    one, of which an earlier one was answered; `album` is the channel's id of them all.
    `file` is a photo or document in a private chat, unread; `html` the text with the formatting that was typed, safe to
    send again, empty when there is none. Both are used for staff only; files of graduates are never opened. `upload` is
    the content of the file, where it came with a form; its `id` is ours then.
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
    upload: bytes | None = None
    html: str = ""
    name: str = ""
    label: str = ""
    via: str = ""
    message: str | None = None
    in_album: bool = False
    album: str = ""
    reply_button: str | None = None

    @property
    def shown_in(self) -> str:
        """The channel that shows the answer."""
        return self.via or self.channel


@dataclass(frozen=True, slots=True)
class Button:
    """A button. `id` comes back as `Incoming.press` and says what it does (at most 64 bytes).

    `tone` is the colour in channels that have colours: `good` goes on, `bad` is a fault or a loss.
    """

    id: str
    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A small file that goes with a reply. `content` is its text, or base64 of other content.

    `kept` is the id of a file that is kept with a ticket; `content` is empty then, and the channel asks for it.
    """

    name: str
    content: str = ""
    base64: bool = False
    kept: str = ""

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return b64decode(self.content) if self.base64 else self.content.encode()


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a picture. `tone`: a heading, what is to be clicked, plain text without a frame, or any other box."""

    text: str
    tone: Literal["", "head", "click", "plain"] = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be drawn: rows of boxes, from top to bottom. `name` is that of its file, `.png`.

    `is_common`: many people get the same one.
    """

    name: str
    rows: tuple[tuple[Box, ...], ...]
    is_common: bool = False


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A message of a broadcast: safe HTML of BULLETIN_TAGS, at most BULLETIN_MOST, or CAPTION_MOST under a file.

    `more` are further files of an album, which is shown as one above the words.
    """

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    file: Sent | None = None
    more: tuple[Sent, ...] = ()

    @property
    def album(self) -> tuple[Sent, ...]:
        """The files that are shown as one; empty when there are fewer than two."""
        return (self.file, *self.more) if self.file and self.more else ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of plain text (at most 4,096 characters), its buttons in rows, and the source of its facts.

    `source` is the label as people read it, `topic` the FAQ topic that was answered and `title` its name. `copies` are
    texts to copy (a button's text is its label, its id the text to copy).
    `link` is a start payload: the channel adds the address that leads to it. `bulletin` is shown instead of all that,
    as a preview of a broadcast. Where a channel shows replies in place of earlier ones, `own` is a new message all the
    same, and one that `stays` is not replaced later. `once`: it holds a secret and is not kept to be sent again.
    `picture` says in a picture what `text` says in words.
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
    own: bool = False
    stays: bool = False
    once: bool = False
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """All replies to one thing that a person did, in order, and the person's position after it.

    `step` is None before the walk. `withdraw`: the message held a secret; delete it where the channel can. `toast` is
    a short pop-up text (200 characters) in channels that have such; `replies` are complete without it.
    `understood` are the acts of a typed message as JSON-ready data, in the order in which they were handled.
    `said` is what the person had said, masked, in a turn that is kept to be shown again. `behind`: earlier replies to
    this person wait in the outbox; None: not known.
    """

    replies: tuple[Reply, ...]
    step: str | None = None
    state: State = "new"
    withdraw: bool = False
    toast: str = ""
    understood: tuple[Mapping[str, Any], ...] = ()
    said: str = ""
    behind: bool | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn of the last ones of a person. `id` is the update's that it answered; `is_post`: it came unasked."""

    id: str
    answer: Answer
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class PastTalk:
    """The last turns of a person, oldest first (none: somebody unknown), and the join code that they gave."""

    turns: Sequence[PastTurn] = ()
    code: str | None = None


Cause = Literal["", "flood", "server", "network", "token", "gone", "desk"]
"""Why a message was not sent, where it is not the message's fault: too many calls, an error of the server, no network,
a token that is not valid any more, the message to change is gone, the staff chat cannot be reached."""


AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""As `Outcome.resume_at`: by any clock."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of sending one message.

    sent: it arrived at the channel, `message` is the channel's number of it. blocked: the person cannot be reached any
    more. failed: refused, `reason` says why; the same again would be refused again. later: not sent, may be tried from
    `resume_at` (UTC) on. unsure: it may have been sent; never repeated unasked.
    """

    became: Literal["sent", "blocked", "failed", "later", "unsure"]
    message: str | None = None
    resume_at: datetime | None = None
    reason: str = ""
    cause: Cause = ""


Ready = Callable[[], Awaitable[bool]]
"""Called just before a message is sent. False: it must not be sent after all."""


async def _always() -> bool:
    return True


Commands = Literal["", "graduate", "staff", "admin"]
"""The role whose slash commands a person's chat shows; empty: unchanged."""


Change = Literal["", "edit", "delete", "mark"]
"""A change of an earlier message: other words, deleted, or marked as delivered."""


@dataclass(frozen=True, slots=True)
class Post:
    """A message to another chat than the sender's: to `user`, or to the staff chat when that is None.

    `title` names the ticket it belongs to, `ticket` is its number; `thread` is its thread and `under` the message
    that it replies to, as the channel named them before. Without a `reply` only `commands` are set. `last`: nothing
    more waits for the same chat. `worker` has the lease of it. `unknown` is how often it may have been sent before.
    With `change` it changes an earlier message of that chat: `copy`, else `source`; where it cannot, `reply` is sent.
    `source` is the message in the staff chat of which it is a copy. `begin` is asked just before it is sent.
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
    worker: str = ""
    unknown: int = 0
    change: Change = ""
    source: str | None = None
    copy: str | None = None
    begin: Ready = field(default=_always, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The outcome of a post, and the thread that it went to, or goes to when it was not sent yet."""

    outcome: Outcome
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """Replies that cannot be sent now, in order, to be posted to `chat` from `due_at` (UTC) on; None: at once.

    `thread` is the thread they belong to, `under` the message that they answer; None where there is none.
    """

    channel: str
    chat: str
    replies: tuple[Reply, ...]
    due_at: datetime | None = None
    thread: str | None = None
    under: str | None = None


class NotSaved(Exception):
    """What a person did, or the answer to it, could not be saved: the channel must have it come again, unchanged."""


Draw = Callable[[Picture], Awaitable[bytes | None]]
"""Returns a picture as PNG; None when it cannot be drawn."""
LoadFile = Callable[[str], Awaitable[bytes | None]]
"""Returns the content of a file that is kept with a ticket; None when it is kept no more."""
Receive = Callable[[Incoming], Awaitable[Answer]]
"""Callback of a channel: takes what came in, returns the answer. Raises NotSaved alone, only with an `update_id`."""
Owe = Callable[[Owed], Awaitable[None]]
"""Callback that queues replies that cannot be sent now. Raises NotSaved."""


class Channel(Protocol):
    """A way to reach people. `run` serves until it is cancelled or its input ends."""

    name: str

    async def run(self, receive: Receive) -> None: ...
