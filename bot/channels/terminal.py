"""The terminal as a channel: a message on each line, buttons by number; as JSON, one object for each turn."""

from __future__ import annotations

import codecs
import io
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from bot.domain.messages import Answer, Button, Capabilities, Draw, Incoming, Receive, Reply

PRESS = "/press "
PROMPT = "› "


@dataclass(frozen=True, slots=True)
class TerminalWords:
    """The terminal's own sentences; `attachment` has parts `{name}` and `{path}`."""

    hint: str
    bye: str
    attachment: str


class Terminal:
    """A chat with one person on standard input and output. Attachments and pictures are written to `folder`."""

    name = "console"
    capabilities = Capabilities(at_machine=True)

    def __init__(
        self, user: str, words: TerminalWords, folder: Path, *, as_json: bool, draw: Draw | None = None
    ) -> None:
        self._draw = draw
        self._user, self._words, self._folder, self._json = user, words, folder, as_json
        self._buttons: tuple[Button, ...] = ()
        self._print: Print = _painter() if sys.stdout.isatty() else _print_plain

    async def run(self, receive: Receive) -> None:
        """Talk until the input ends (Ctrl-D) or the person leaves (Ctrl-C)."""
        # Nothing else runs beside a chat in the terminal, so waiting for a line may block the loop. Ctrl-C must end
        # that wait at once, which asyncio's own handler would not do.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            if not self._json:
                await self._show(await receive(Incoming(self.name, self._user)))
                self._print((self._words.hint, "dim"))
            while (line := self._read_line()) is not None:
                if line or self._json:
                    answer = await receive(self._parse(line))
                    self._write_json(line, answer) if self._json else await self._show(answer)
        except KeyboardInterrupt:
            self._print()
        if not self._json:
            self._print((self._words.bye, ""))

    def _read_line(self) -> str | None:
        prompt = PROMPT if sys.stdin.isatty() and not self._json else ""
        try:
            return input(prompt).strip()
        except EOFError:
            return None

    def _parse(self, line: str) -> Incoming:
        press = line.removeprefix(PRESS).strip() if line.startswith(PRESS) else None
        if line.isascii() and line.isdecimal() and 0 < int(line[:4]) == int(line) <= len(self._buttons):
            press = self._buttons[int(line) - 1].id
        return Incoming(self.name, self._user, "" if press else line, press)

    def _write_json(self, line: str, answer: Answer) -> None:
        self._buttons = _list_buttons(answer)
        turn = {
            "in": line,
            "replies": [_to_json(r) for r in answer.replies],
            "step": answer.step,
            "state": answer.state,
            "understood": list(answer.understood),
        }
        print(json.dumps(turn, ensure_ascii=False), flush=True)

    async def _show(self, answer: Answer) -> None:
        self._buttons = _list_buttons(answer)
        numbers = count(1)
        for reply in answer.replies:
            self._print()
            self._print((reply.text, ""))
            if reply.source:
                self._print((f"（{reply.source}）", "dim"))
            if reply.attachment:
                self._save(reply.attachment.name, reply.attachment.data)
            if reply.picture and self._draw and (png := await self._draw(reply.picture)):
                self._save(reply.picture.name, png)
            for row in reply.buttons:
                parts = [((f"{next(numbers)}", "bold cyan"), (f" {button.text}   ", "")) for button in row]
                self._print(("  ", ""), *[part for pair in parts for part in pair])

    def _save(self, name: str, data: bytes) -> None:
        """Write a file to the folder and say where it is."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        path.write_bytes(data)
        self._print((self._words.attachment.format(name=name, path=path), ""))


Print: TypeAlias = Callable[..., None]
"""Prints a line of parts, each a pair of text and style."""


def _print_plain(*parts: tuple[str, str]) -> None:
    print("".join(text for text, _ in parts), flush=True)


def _painter() -> Print:
    """Return a way to print with colours, for somebody who looks at a terminal."""
    from rich.console import Console  # noqa: PLC0415 - a script that talks need not wait for it
    from rich.text import Text  # noqa: PLC0415 - see above

    screen = Console(highlight=False)
    return lambda *parts: screen.print(Text.assemble(*parts))


def _list_buttons(answer: Answer) -> tuple[Button, ...]:
    return tuple(button for reply in answer.replies for row in reply.buttons for button in row)


def _to_json(reply: Reply) -> Mapping[str, Any]:
    rows: Sequence[Sequence[Mapping[str, str]]] = [[{"id": b.id, "text": b.text} for b in row] for row in reply.buttons]
    fields: dict[str, Any] = {"text": reply.text, "buttons": rows, "source": reply.source, "topic": reply.topic}
    if reply.attachment:
        fields["attachment"] = {"name": reply.attachment.name, "content": reply.attachment.content}
    if reply.picture:
        fields["picture"] = {"name": reply.picture.name, "rows": [[b.text for b in row] for row in reply.picture.rows]}
    return fields


def replace_bad_characters(*streams: TextIO) -> None:
    """Make the streams show what they cannot encode or decode as a mark, and use UTF-8 where no encoding was chosen."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            is_default = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if is_default else None, errors="replace")
