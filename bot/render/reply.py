"""The words and buttons of one chat: templates filled with facts, texts in bubbles, buttons with their ids.

Pure. Every text that a person reads passes through `Voice.fill`. The modules beside this one build on it: steps, menu,
cards, answers, feedback. None of them decides what to say.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from bot.content.content import Content
from bot.content.phrases.graduate import ButtonName, CommandName
from bot.domain.button_ids import Act, Ask, Pick
from bot.domain.messages import REACHES, Button, Capabilities, Reply, Tone
from bot.domain.session import Session
from bot.render.layout import BUBBLE, Rows, cut, say_once
from faq.sounds import units
from flows.clock_facts import Standing
from flows.engine import JUMP, Action, Walk, wrong_fields
from flows.facts import Facts, facts, fill
from flows.notice import Notice

RESTART = "restart"
_GAP = re.compile(r"\n{3,}")
TONES: Mapping[str, Tone] = {"done": "good", "right": "good", "wrong": "bad", RESTART: "bad"}
"""Colours of actions; the rest has none, so that these stand out."""


@dataclass(frozen=True)
class Voice:
    """The words and buttons for one person at one moment.

    `now` is local time of the notice. `desk`: a person can be asked. `can`: the abilities of this person's channel.
    `elsewhere`: the channel that reaches them, where that is another one than the one they use now.
    """

    content: Content
    session: Session
    now: datetime
    desk: bool = False
    can: Capabilities = REACHES
    elsewhere: str = ""

    @property
    def notice(self) -> Notice:
        """The chosen notice; before one is chosen, the first that is published."""
        return self.content.notices.get(self.session.notice or "") or next(iter(self.content.notices.values()))

    @cached_property
    def walk(self) -> Walk:
        return Walk(self.content.ways[self.notice.id].script, self.notice, self.now, units)

    @cached_property
    def facts(self) -> Facts:
        position = self.session.position
        answers = position.answers if position else {}
        wrong = wrong_fields(self.notice, position) if position else ()
        shared = self.content.facts_cache(self.notice.id, answers.get("cohort") or None, self.now, self._standing)
        return facts(self.notice, self.content.phrases.facts, answers, wrong, self.now, shared)

    @property
    def _standing(self) -> Standing:
        position = self.session.position
        if position is None or position.state == "done":
            return "done" if position else ""
        is_wrong = wrong_fields(self.notice, position) or position.answers.get("record") == "missing"
        return "wrong" if is_wrong or position.state == "reported" else ""

    def fill(self, template: str, live: Mapping[str, str] | None = None, **own: object) -> str:
        """Return the template with the facts of the notice, of the moment (`live`) and of the phrase (`own`) in it."""
        filled = fill(template, ChainMap(dict(live), self.facts) if live else self.facts)
        filled = _GAP.sub("\n\n", filled)  # where a fact is empty
        return filled.format(**own) if own else filled

    def label(self, source: str, checked_on: date | None = None) -> str:
        """Return the line that names a source; what is beyond and was looked up nowhere is advice of ours."""
        labels: Mapping[str, str] = self.content.phrases.sources  # type: ignore[assignment]
        name = "advice" if source == "beyond" and checked_on is None else source
        return labels[name].format(checked_on=checked_on)

    def bubbles(
        self,
        text: str,
        rows: Rows = (),
        *,
        source: str | None = None,
        label: str | None = None,
        topic: str | None = None,
    ) -> tuple[Reply, ...]:
        """Return the text in bubbles (`BUBBLE` characters at most, or fewer by channel), buttons under the last."""
        label = label or (self.label(source) if source and source != "none" else None)
        phones = [phone for contact in self.notice.contacts for phone in contact.phones]
        *before, last = cut(say_once(text, phones), min(BUBBLE, self.can.text or BUBBLE))
        buttons = tuple(row for row in rows if row)
        return (*(Reply(part, source=label, topic=topic) for part in before), Reply(last, buttons, label, topic))

    def act(self, action: str, text: str, step: str | None = None) -> Button:
        """Return the button for an action at the present step; for a jump, towards `step`."""
        position = self.session.position
        here = step or (position.step if position else self.content.script.start)
        moves = position.moves if position else self.session.moves
        return Button(str(Act(self.content.script.id, here, moves, action)), text, TONES.get(action, ""))

    def acts(self, actions: Iterable[Action]) -> list[Button]:
        """Return a button for each action at the present step, in order."""
        return [self.act(action.id, self.fill(action.text)) for action in actions]

    def topic(self, topic: str, mark: str = "") -> Button:
        """Return the button that asks this topic; with `mark`, also the one that explains the question of that mark."""
        return Button(str(Pick(mark, topic) if mark else Ask("faq", topic)), self.content.entries[topic].title)

    def topics(self, topics: Iterable[str]) -> list[Button]:
        """Return a button for each of these topics that there is, in order."""
        return [self.topic(topic) for topic in topics if topic in self.content.entries]

    def command(self, name: CommandName, label: ButtonName | None = None) -> Button:
        """Return the button that gives a command."""
        labels: Mapping[str, str] = self.content.phrases.buttons  # type: ignore[assignment]
        return Button(str(Ask("cmd", name)), labels.get(label or name) or self.content.phrases.commands[name][1])

    def start(self) -> Button:
        """Return the button that begins the walk, or goes on with it."""
        if self.session.position:
            return self.command("resume")
        if self.session.notice is None:
            return self.command("start")
        return self.act(JUMP, self.content.phrases.buttons["start"])


def give_buttons(replies: tuple[Reply, ...], rows: Rows) -> tuple[Reply, ...]:
    """Return the replies with the buttons under the last one."""
    *before, last = replies
    return (*before, replace(last, buttons=tuple(row for row in rows if row)))
