"""The terminal as a channel: a message a line, buttons by number, or one JSON object a turn for scripts."""

from __future__ import annotations

import codecs
import io
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from bot.domain.messages import Answer, Button, Incoming, Receive, Reply

PRESS = "/press "
PROMPT = "› "


@dataclass(frozen=True, slots=True)
class ConsoleWords:
    """The sentences of the terminal's own; `attachment` has parts `{name}` and `{path}`."""

    hint: str
    bye: str
    attachment: str


class Terminal:
    """A chat with one person on standard input and output. Attachments are written to `folder`."""

    name = "console"

    def __init__(self, user: str, words: ConsoleWords, folder: Path, *, as_json: bool) -> None:
        self._user, self._words, self._folder, self._json = user, words, folder, as_json
        self._buttons: tuple[Button, ...] = ()
        self._screen = Console(highlight=False, soft_wrap=not sys.stdout.isatty())

    async def run(self, receive: Receive) -> None:
        """Talk until the input ends (Ctrl-D) or the person leaves (Ctrl-C)."""
        # Nothing else runs beside a chat in the terminal, so waiting for a line may hold the loop; and Ctrl-C must
        # end that waiting at once, which asyncio's own handler would not.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            if not self._json:
                self._show(await receive(Incoming(self.name, self._user)))
                self._screen.print(Text(self._words.hint, style="dim"))
            while (line := self._line()) is not None:
                if line or self._json:
                    answer = await receive(self._incoming(line))
                    self._show_json(line, answer) if self._json else self._show(answer)
        except KeyboardInterrupt:
            self._screen.print()
        if not self._json:
            self._screen.print(self._words.bye)

    def _line(self) -> str | None:
        asking = sys.stdin.isatty() and not self._json
        try:
            return input(PROMPT if asking else "").strip()
        except EOFError:
            return None

    def _incoming(self, line: str) -> Incoming:
        press = line.removeprefix(PRESS).strip() if line.startswith(PRESS) else None
        if line.isascii() and line.isdecimal() and 0 < int(line[:4]) == int(line) <= len(self._buttons):
            press = self._buttons[int(line) - 1].id
        return Incoming(self.name, self._user, "" if press else line, press)

    def _show_json(self, line: str, answer: Answer) -> None:
        self._number(answer)
        turn = {
            "in": line,
            "replies": [_as_json(r) for r in answer.replies],
            "step": answer.step,
            "state": answer.state,
        }
        print(json.dumps(turn, ensure_ascii=False), flush=True)

    def _number(self, answer: Answer) -> None:
        self._buttons = tuple(button for reply in answer.replies for row in reply.buttons for button in row)

    def _show(self, answer: Answer) -> None:
        self._number(answer)
        number = 0
        for reply in answer.replies:
            self._screen.print()
            self._screen.print(Text(reply.text))
            if reply.source:
                self._screen.print(Text(f"（{reply.source}）", style="dim"))
            if reply.attachment:
                self._folder.mkdir(parents=True, exist_ok=True)
                path = self._folder / reply.attachment.name
                path.write_bytes(reply.attachment.data)
                self._screen.print(self._words.attachment.format(name=reply.attachment.name, path=path))
            for row in reply.buttons:
                line = Text("  ")
                for button in row:
                    number += 1
                    line.append(f"{number}", style="bold cyan").append(f" {button.text}   ")
                self._screen.print(line)


def _as_json(reply: Reply) -> Mapping[str, Any]:
    rows: Sequence[Sequence[Mapping[str, str]]] = [[{"id": b.id, "text": b.text} for b in row] for row in reply.buttons]
    shown: dict[str, Any] = {"text": reply.text, "buttons": rows, "source": reply.source, "topic": reply.topic}
    if reply.attachment:
        shown["attachment"] = {"name": reply.attachment.name, "content": reply.attachment.content}
    return shown


def forgiving(*streams: TextIO) -> None:
    """Streams that show what they cannot encode or decode as a mark, and speak UTF-8 where nobody chose a code."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            unchosen = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if unchosen else None, errors="replace")
