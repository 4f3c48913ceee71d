"""Golden conversations: tests/talks/*.yaml, each named after what the person does.

A talk is played against the real service on a real database. `pytest tests/test_talks.py --update` rewrites the
bot's side of every file from what it says now; the change is then read as a chat.

    day: 2013-12-05          the day it begins on (10:00), or a moment
    notices: two             two notices are in force (else the shipped one)
    edits: true              on a channel that can change what it showed
    talk:
    - she: 什么时候截止       words she types
    - presses: 完成了         the newest button that carries these words, or begins with them
    - walks to: m7-fields     presses the first button until she stands there; only the last answer is written down
    - presses again: 完成了   the button of these words that she pressed last, once more
    - day: 2013-12-06        time goes on
    - sends: photo           something that is not text
    - arrives: by a link     she opens the chat
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.content.content import Content
from bot.domain.messages import Answer, Button, Capabilities, Incoming, Reply
from bot.service.turns import Service
from bot.store import Store
from tests.conftest import both_notices, shipped
from tests.person import at, buttons

TALKS = sorted((Path(__file__).parent / "talks").glob("*.yaml"))
HERS = ("she", "presses", "presses again", "walks to", "sends", "arrives", "day")
MAX_BUBBLE = 600
MAX_PRESSES = 40

Line = Mapping[str, Any]


class _Chat:
    """One person's side of a talk, over the real service."""

    def __init__(self, service: Service, clock: list[datetime]) -> None:
        self.service, self.clock = service, clock
        self.shown: list[Button] = []
        self.pressed: dict[str, str] = {}
        self.stands: tuple[str | None, str] = (None, "new")
        self.turns = 0

    async def play(self, line: Line) -> Line:
        """Return the line with the bot's answer to it."""
        what, words = next((key, line[key]) for key in HERS if key in line)
        if what == "day":
            self.clock[0] = at(str(words))
            return {what: words}
        if what == "walks to":
            return {what: words, **self._record(await self._walk_to(words))}
        press = self._find_button(what, words) if what.startswith("presses") else None
        answer = await self._receive(
            text=words if what == "she" else "", press=press, other="photo" if what == "sends" else ""
        )
        return {what: words, **self._record(answer)}

    async def _receive(self, *, text: str = "", press: str | None = None, other: str = "") -> Answer:
        self.turns += 1
        did = Incoming("test", "she", text, press, other, str(self.turns))
        return await self.service.receive(did)

    async def _walk_to(self, step: str) -> Answer:
        answer = await self._receive()
        for _ in range(MAX_PRESSES):
            answer = await self._receive(press=next(b.id for b in buttons(answer.replies) if b.id.startswith("1|")))
            if answer.step == step:
                return answer
        raise AssertionError(f"{step} is not on the way")

    def _find_button(self, what: str, words: str) -> str:
        if what == "presses again":
            return self.pressed[words]
        newest = self.shown
        found = [b for b in newest if b.text == words] or [b for b in newest if b.text.startswith(words)]
        assert found, f"no button {words!r} is shown; there are {[b.text for b in newest]}"
        self.pressed[words] = found[-1].id
        return found[-1].id

    def _record(self, answer: Answer) -> Line:
        assert answer.replies, "silence"
        assert buttons(answer.replies) or answer.state == "new", "no way on"
        assert all(len(reply.text) <= MAX_BUBBLE for reply in answer.replies), [len(r.text) for r in answer.replies]
        self.shown += buttons(answer.replies)
        moved = (answer.step, answer.state) != self.stands
        self.stands = (answer.step, answer.state)
        heard: dict[str, Any] = {"bot": [_to_bubble(reply) for reply in answer.replies]}
        if moved:
            heard["stands"] = f"{answer.step} ({answer.state})"
        if answer.withdraw:
            heard["withdraw"] = True
        if answer.toast:
            heard["toast"] = answer.toast
        return heard


def _to_bubble(reply: Reply) -> Any:
    bubble: dict[str, Any] = {"says": reply.text}
    if reply.buttons:
        bubble["buttons"] = [" | ".join(button.text for button in row) for row in reply.buttons]
    if reply.source:
        bubble["source"] = reply.source
    if reply.attachment:
        bubble["file"] = reply.attachment.name
    return bubble if len(bubble) > 1 else reply.text


async def _play(talk: Line, content: Content, database: Path) -> Line:
    clock = [at(str(talk["day"]))]
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    try:
        edits = talk.get("edits", False)
        service = Service(
            content,
            store,
            lambda: (clock[0] - timedelta(hours=8)).replace(tzinfo=UTC),
            channels={"test": Capabilities(posts=True, edits=edits, toasts=edits)},
        )
        chat = _Chat(service, clock)
        return {**talk, "talk": [await chat.play(line) for line in talk["talk"]]}
    finally:
        await store.close()


class _Transcript(yaml.SafeDumper):
    """YAML that reads as a chat: long texts as blocks, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Transcript.add_representer(str, _represent_text)


def _dump(talk: Line) -> str:
    return yaml.dump(talk, Dumper=_Transcript, allow_unicode=True, sort_keys=False, width=10_000)


def _to_lines(talk: Line) -> Sequence[str]:
    """Return the talk line by line, for a readable difference."""
    return _dump(talk).splitlines()


def test_there_are_talks() -> None:
    assert len(TALKS) >= 20


@pytest.mark.parametrize("path", TALKS, ids=lambda path: path.stem)
async def test_the_bot_says_what_was_agreed(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    talk = yaml.safe_load(path.read_text(encoding="utf-8"))
    content = both_notices() if talk.get("notices") == "two" else shipped()
    played = await _play(talk, content, tmp_path / "gradbot.db")
    if request.config.getoption("--update"):
        path.write_text(_dump(played), encoding="utf-8")
    else:
        assert _to_lines(played) == _to_lines(talk)
