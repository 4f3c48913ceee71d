"""An admin's day in a test: the real service, database, knowledge and room; files as if they came through a channel."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.admin.area import AdminArea
from bot.domain.messages import Answer, Capabilities, Incoming, Sent
from bot.knowledge.examine import Examine
from bot.knowledge.revisions import Knowledge
from bot.service.turns import Service
from bot.store import Store
from tests.conftest import shipped
from tests.examined import examine_nearby

OWNER, GRADUATE = "1", "lin"
NOON = datetime(2013, 12, 5, 4, tzinfo=UTC)


UPDATES = itertools.count(1)


@dataclass
class Newsroom:
    """One worker. `files` are the documents that can be fetched, by id."""

    store: Store
    knowledge: Knowledge
    files: dict[str, bytes] = field(default_factory=dict)
    now: datetime = NOON
    _met: set[str] = field(default_factory=set)

    @classmethod
    async def open(
        cls, database: Path | str, folder: Path | None = None, examiner: Examine = examine_nearby
    ) -> Newsroom:
        """`database` is a file of SQLite, or an address."""
        store = await Store.open(database if isinstance(database, str) else f"sqlite+aiosqlite:///{database}")
        knowledge = await Knowledge.open(store, folder, lambda: NOON, examiner)
        if knowledge.content.revision == shipped().revision:
            knowledge.content = shipped()  # its index is built once for all tests
        return cls(store, knowledge)

    def __post_init__(self) -> None:
        self.editor = AdminArea(self.knowledge, self.store, self._fetch, "test", [OWNER])
        self.service = Service(
            self.knowledge.content,
            self.store,
            lambda: self.now,
            owners=[("test", OWNER)],
            channels={"test": Capabilities(posts=True, edits=True, toasts=True)},
            areas=[self.editor],
        )
        self.knowledge.take = self.service.take

    async def _fetch(self, file: str) -> bytes:
        if file not in self.files:
            raise ConnectionError(file)
        return self.files[file]

    async def says(self, text: str, user: str = OWNER) -> Answer:
        return await self._does(Incoming("test", user, text, update_id=str(next(UPDATES))))

    async def presses(self, answer: Answer, words: str, user: str = OWNER) -> Answer:
        found = [b.id for reply in answer.replies for row in reply.buttons for b in row if words in b.text]
        assert found, (words, answer)
        return await self.taps(found[0], user)

    async def taps(self, button: str, user: str = OWNER) -> Answer:
        return await self._does(Incoming("test", user, press=button, update_id=str(next(UPDATES))))

    async def sends(
        self, name: str, content: str | bytes, caption: str = "", user: str = OWNER, size: int | None = None
    ) -> Answer:
        number = str(next(UPDATES))
        self.files[number] = content if isinstance(content, bytes) else content.encode()
        file = Sent("document", number, name, len(self.files[number]) if size is None else size)
        sent = Incoming("test", user, caption, other="document", update_id=number, file=file)
        return await self._does(sent)

    async def _does(self, incoming: Incoming) -> Answer:
        answer = await self.service.receive(incoming)
        await self.knowledge.look()
        return answer

    async def asks(self, question: str, user: str = GRADUATE) -> str:
        """What somebody who is past the greeting is told."""
        if user not in self._met:
            await self.says("你好", user)
            self._met.add(user)
        return said(await self.says(question, user))

    def answers(self, question: str) -> list[str]:
        """The answers of the entries that the matcher alone finds for a question."""
        content = self.knowledge.content
        return [content.entries[topic].answer for topic in content.matcher.ask(question).chosen]

    async def close(self) -> None:
        await self.store.close()


def said(answer: Answer) -> str:
    return "\n".join(reply.text for reply in answer.replies)


async def stop(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end: what it does with the database meanwhile is done or undone."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(done: Callable[[], object]) -> None:
    """Wait for something that another task does."""
    async with asyncio.timeout(60):
        while not done():  # noqa: ASYNC110 - files and processes wake nobody
            await asyncio.sleep(0.02)
