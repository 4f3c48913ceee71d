"""The chats of graduates and of the staff in a test, over the real service and database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.content.content import Content
from bot.domain.messages import Answer, Delivered, Incoming, Outcome, Post, Sent
from bot.service.turns import Service
from bot.store import Store
from tests.person import at, buttons

OWNER, GRADUATE = "1", "lin"


@dataclass
class Chats:
    """The chats of the channel `test`. `posts` are those delivered, in order; `outcomes` those of the next ones."""

    content: Content
    store: Store
    now: datetime
    threads: bool = True
    posts: list[Post] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    _updates: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _threads: dict[str, str] = field(default_factory=dict)
    _messages: dict[str, Post] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service = self.make_service()

    def make_service(self, desks: tuple[str, ...] = ("test",)) -> Service:
        """Return a service on the same database, as after a restart; `desks` are the channels with a staff chat."""
        return Service(
            self.content,
            self.store,
            lambda: (self.now - timedelta(hours=8)).replace(tzinfo=UTC),
            owners=[("test", OWNER)],
            desks=desks,
        )

    async def say(self, text: str, user: str = GRADUATE, update: str | None = None) -> Answer:
        return await self._receive(Incoming("test", user, text, update_id=update or str(next(self._updates))))

    async def send(self, other: str, text: str = "", file: Sent | None = None, *, in_album: bool = False) -> Answer:
        """Send what is no plain text, as the graduate."""
        number = str(next(self._updates))
        return await self._receive(
            Incoming("test", GRADUATE, text, other=other, update_id=number, file=file, in_album=in_album)
        )

    async def press(self, button: str, user: str = GRADUATE) -> Answer:
        return await self._receive(Incoming("test", user, press=button, update_id=str(next(self._updates))))

    async def act_as_staff(
        self,
        text: str = "",
        *,
        press: str | None = None,
        user: str = OWNER,
        thread: str | None = None,
        reply_to: str | None = None,
        other: str = "",
        message: str | None = None,
        file: Sent | None = None,
    ) -> Answer:
        """Send a message or a press to the staff chat."""
        number = str(next(self._updates))
        incoming = Incoming(
            "test", user, text, press, other, number, "staff", thread, reply_to, file=file, message=message
        )
        return await self._receive(incoming)

    async def _receive(self, incoming: Incoming) -> Answer:
        answer = await self.service.receive(incoming)
        await self.deliver()
        return answer

    async def deliver(self) -> None:
        while deliveries := await self.service.outbox.deliveries("test", self._deliver):
            await asyncio.gather(*deliveries)

    async def _deliver(self, post: Post) -> Delivered:
        if self.outcomes:
            return Delivered(self.outcomes.pop(0))
        self.posts.append(post)
        number = str(100 + len(self.posts))
        self._messages[number] = post
        thread = None
        if post.user is None and self.threads and post.title:
            thread = self._threads.setdefault(post.title, str(500 + len(self._threads)))
        return Delivered(Outcome("sent", number), thread)

    @property
    def staff_texts(self) -> list[str]:
        return [post.reply.text for post in self.posts if post.user is None and post.reply]

    def texts_to(self, user: str = GRADUATE) -> list[str]:
        return [post.reply.text for post in self.posts if post.user == user and post.reply]

    def find_button(self, words: str) -> str:
        """Return the id of the newest button in the staff chat with these words."""
        staff = [post.reply for post in self.posts if post.user is None and post.reply]
        return next(b.id for b in reversed(buttons(staff)) if b.text == words)

    @property
    def newest_message(self) -> str:
        """The number of the newest message in the staff chat."""
        return next(n for n, post in reversed(self._messages.items()) if post.user is None)


def at_noon(day: str = "2013-12-05 12:00") -> datetime:
    return at(day)


def join_texts(answer: Answer) -> str:
    return "\n".join(reply.text for reply in answer.replies)


def button_texts(answer: Answer) -> Sequence[str]:
    return [button.text for button in buttons(answer.replies)]
