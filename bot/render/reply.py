"""How things look in words: a step, an answer, a card, each as replies with their buttons.

Pure. Knows phrases, facts and the walk; decides nothing. Every text that a person reads passes through `Voice.fill`.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from bot.content.content import Content
from bot.content.phrases.graduate import ButtonName, CommandName
from bot.domain.button_ids import Act, Ask, Pick
from bot.domain.messages import Attachment, Button, Reply, Tone
from bot.domain.session import Session
from bot.render.calendar import calendar
from faq.model import Entry
from faq.sounds import units
from flows.engine import BACK, JUMP, Action, View, Walk, verdicts_of, wrong_fields
from flows.facts import Facts, facts, fill
from flows.model import Step
from flows.notice import Notice

BUBBLE = 600
"""Characters of a bubble that still reads well on a phone."""
ROW = 13
"""Characters that fit side by side in a row of buttons."""
STEPS = 10
"""Main steps of the walk, as the progress line counts them."""

Rows = tuple[tuple[Button, ...], ...]

RESTART = "restart"

TONES: Mapping[str, Tone] = {"done": "good", "right": "good", "wrong": "bad", RESTART: "bad"}
"""Colours of actions; the rest has none, so that these stand out."""


@dataclass(frozen=True)
class Voice:
    """Speaks to one person at one moment. `now` is local time of the notice; `desk`: a person can be asked;
    `posts`: they can be written to later, unasked.
    """

    content: Content
    session: Session
    now: datetime
    desk: bool = False
    posts: bool = True

    @property
    def notice(self) -> Notice:
        """The chosen notice; before one is chosen, the first that is published."""
        return self.content.notices.get(self.session.notice or "") or next(iter(self.content.notices.values()))

    @cached_property
    def walk(self) -> Walk:
        return Walk(self.content.script, self.notice, self.now, units)

    @cached_property
    def facts(self) -> Facts:
        position = self.session.position
        answers = position.answers if position else {}
        wrong = wrong_fields(self.notice, position) if position else ()
        shared = self.content.facts_cache(self.notice.id, answers.get("cohort") or None, self.now)
        return facts(self.notice, self.content.phrases.facts, answers, wrong, self.now, shared)

    def fill(self, template: str, live: Mapping[str, str] | None = None, **own: object) -> str:
        """The template with the notice's facts, the moment's (`live`) and the phrase's own parts in it."""
        filled = fill(template, ChainMap(dict(live), self.facts) if live else self.facts)
        return filled.format(**own) if own else filled

    # Steps

    def step(self, *, brief: bool = False) -> tuple[Reply, ...]:
        """The present step with its buttons; `brief` when the person has just read it. The menu before the walk."""
        position = self.session.position
        if position is None:
            return self.menu()
        view = self.walk.view(position)
        parts = [self._head(view.step), *self._body(view, brief=brief or view.item > 1)]
        buttons = self.rows(self._acts(view.actions)) + self._aids(view)
        replies = self.bubbles("\n\n".join(filter(None, parts)), buttons, source=None if brief else view.step.source)
        if view.step.sentence is None or brief:
            return replies
        copy = Button(self.fill(view.step.sentence), self.content.phrases.buttons["copy"])
        return (*replies[:-1], replace(replies[-1], copies=(copy,)))

    def _head(self, step: Step) -> str:
        phrases, n = self.content.phrases, step.n
        bar = phrases.bar[0] * (n or 0) + phrases.bar[1] * (STEPS - (n or 0))
        template = phrases.head_side if n is None else phrases.head if n else phrases.head_before
        title = self.fill(step.title)
        head = template.format(n=n, bar=bar, title=title, track=self.content.script.tracks[step.track])
        if self.session.position and self.session.position.state == "done":
            return head
        return f"{head}\n{phrases.clock_line.format(clock=self.facts['clock.short'])}"

    def _body(self, view: View, *, brief: bool) -> Iterator[str]:
        phrases, step = self.content.phrases, view.step
        live = {"item.name": (view.name or "").removeprefix("field:"), "sentence": self.fill(step.sentence or "")}
        if not (brief and view.name):
            yield self.fill(step.do, live).split("\n\n")[0] if brief else self.fill(step.do, live)
        yield from (self.fill(note, live) for note in view.notes)
        if step.checklist:
            ask = self.fill(step.checklist.ask, live)
            yield phrases.item.format(item=view.item, items=view.items, ask=ask) if view.items > 1 else ask
        if step.keep and not brief:
            yield phrases.keep.format(keep=self.fill(step.keep, live))
        if step.done and not brief:
            yield phrases.done_when.format(done=self.fill(step.done, live))

    def _acts(self, actions: Iterable[Action]) -> list[Button]:
        return [self.act(action.id, self.fill(action.text)) for action in actions]

    def act(self, action: str, text: str, step: str | None = None) -> Button:
        """A button for an action at the present step (or, for a jump, towards another)."""
        position = self.session.position
        here = step or (position.step if position else self.content.script.start)
        moves = position.moves if position else self.session.moves
        return Button(str(Act(self.content.script.id, here, moves, action)), text, TONES.get(action, ""))

    def _aids(self, view: View) -> Rows:
        position = self.session.position
        first = [self.command("trouble"), self.command("why")] if view.step.why else [self.command("trouble")]
        can_go_back = position and (position.trail or position.item)
        second = [self.act(BACK, self.content.phrases.buttons["back"])] if can_go_back else []
        person = ((self.command("desk"),),) if self.desk and view.step.sentence else ()
        return (*person, tuple(first), (*second, self.command("later")))

    def trouble(self) -> tuple[Reply, ...]:
        """What may be wrong at the present step: topics of the FAQ, ways out, a person."""
        position = self.session.position
        if position is None:
            return self.menu()
        view = self.walk.view(position)
        buttons = [self.topic(topic) for topic in view.step.trouble if topic in self.content.entries]
        rows = self.rows([*self._acts(view.stuck), *buttons])
        return self.bubbles(
            self.fill(self.content.phrases.trouble),
            (*rows, (self.command("contact"), self.command("resume", "this_step"))),
        )

    def why(self) -> tuple[Reply, ...]:
        """Why the present step is asked for."""
        position = self.session.position
        step = self.walk.view(position).step if position else None
        if step is None or step.why is None:
            return self.step()
        reason = self.bubbles(self.content.phrases.why.format(why=self.fill(step.why)), source=step.source)
        return (*reason, *self.again())

    def again(self) -> tuple[Reply, ...]:
        """The present step offered once more after something else was said; before the walk, the door to it."""
        if self.session.position is None:
            return ()
        replies = self.step(brief=True)
        first = self.content.phrases.back_to_step + "\n" + replies[0].text
        return (Reply(first, replies[0].buttons), *replies[1:])

    # Answers

    def topic(self, topic: str, mark: str = "") -> Button:
        """A button that asks this topic; with a mark, one that also says what the question of that mark meant."""
        return Button(str(Pick(mark, topic) if mark else Ask("faq", topic)), self.content.entries[topic].title)

    def command(self, name: CommandName, label: ButtonName | None = None) -> Button:
        """A button that gives a command."""
        labels = {str(key): text for key, text in self.content.phrases.buttons.items()}
        return Button(str(Ask("cmd", name)), labels.get(label or name) or self.content.phrases.commands[name][1])

    def label(self, source: str, checked_on: object = None) -> str:
        """Where something comes from, as people read it."""
        labels: Mapping[str, str] = self.content.phrases.sources  # type: ignore[assignment]
        return labels[source].format(checked_on=checked_on)

    def answer(self, entry: Entry) -> tuple[Reply, ...]:
        """An FAQ entry's answer, its source and what people ask next."""
        rows = self.rows([self.topic(topic) for topic in entry.follow if topic in self.content.entries])
        if self.session.position is None:
            rows = (*rows, (self.start(), self.command("menu")))
        text, source = self.fill(entry.answer), self.label(entry.source, entry.checked_on)
        replies = self.bubbles(text, rows, label=source, topic=entry.id)
        return tuple(replace(reply, title=entry.title) for reply in replies)

    def choices(self, topics: Sequence[str], sentence: str, mark: str) -> tuple[Reply, ...]:
        """Up to three topics to pick from for the question of this mark, and 都不是."""
        rows = tuple((self.topic(topic, mark),) for topic in topics)
        return self.bubbles(self.fill(sentence), (*rows, (self.command("none"),)))

    def say_missed(self, misses: int, topics: Sequence[str] = (), mark: str = "") -> tuple[Reply, ...]:
        """What to say to the `misses`-th question in a row that nobody understood (1 is the first)."""
        sentences = self.content.phrases.misses
        if misses == 1 and topics:
            return self.choices(topics[:3], sentences[0], mark)
        if misses < len(sentences):
            return (*self.bubbles(self.fill(sentences[1]), ((self.command("contact"), self.command("menu")),)),)
        return self.bubbles(self.fill(sentences[2]), ((self.command("menu"),),))

    # Cards

    def greeting(self) -> tuple[Reply, ...]:
        """Who I am, what I keep and how to leave; then the notice, or which one."""
        hello = self.bubbles(self.fill(self.content.phrases.greeting))
        if self.session.notice is None:
            return (*hello, *self.pick())
        card = self.fill(self.content.phrases.greeting_notice)
        rows = (
            (self.start(),),
            (self.command("deadline"), self.command("contact")),
            (self.command("help"), self.command("privacy")),
        )
        return (*hello, *self.bubbles(card, rows, source="notice"))

    def pick(self, ask: str | None = None) -> tuple[Reply, ...]:
        """Which notice is it about? Asked in these words."""
        notices = self.content.notices.values()
        rows = tuple((Button(str(Ask("notice", n.id)), n.notice.short),) for n in notices)
        return self.bubbles(ask or self.content.phrases.pick_notice, rows)

    def start(self) -> Button:
        """The button that leads into the walk, or on."""
        if self.session.position:
            return self.command("resume")
        if self.session.notice is None:
            return self.command("start")
        return self.act(JUMP, self.content.phrases.buttons["start"])

    def menu(self) -> tuple[Reply, ...]:
        """Everything one can do."""
        if self.session.notice is None:
            return self.pick()
        doors = [self.act(JUMP, door.text, door.go) for door in self.content.script.doors]
        names: tuple[CommandName, ...] = ("progress", "deadline", "contact", "jump", "restart", "privacy", "help")
        commands = [self.command(name) for name in names]
        rows = ((self.start(),), *self.rows(doors), *self.rows(commands))
        return self.bubbles(self.fill(self.content.phrases.menu), rows)

    def card(self, name: CommandName) -> tuple[Reply, ...]:
        """A card of fixed text: help, ask, contact, privacy, later …"""
        phrases, position = self.content.phrases, self.session.position
        if name in phrases.small_talk:
            return (*self.bubbles(phrases.small_talk[name]), *(self.again() or self.menu()))  # type: ignore[index]
        if name == "later":
            title = self.fill(self.walk.view(position).step.title) if position else ""
            words = phrases.broadcast
            rows: Rows = ((self.start(), self.command("deadline")),)
            when = (
                Button(str(Ask("cmd", "tomorrow")), words.tomorrow),
                Button(str(Ask("cmd", "weekend")), words.weekend),
            )
            said = self.fill(phrases.later, title=title) if position else self.fill(phrases.later_new)
            return self.bubbles(said, (when, *rows) if position and self.posts else rows)
        text = self.fill(getattr(phrases, name))
        own: dict[str, tuple[Button, ...]] = {"privacy": (self.command("export"), self.command("forget"))}
        if self.desk:
            own["contact"] = (self.command("desk"),)
        rows = ((own[name],) if name in own else ()) + ((self.start(), self.command("menu")),)
        return self.bubbles(text, rows, source="notice" if name == "contact" else None)

    def deadline(self) -> tuple[Reply, ...]:
        """Which clock runs, all windows, and the dates as a calendar file."""
        phrases, position = self.content.phrases, self.session.position
        cohort = position.answers.get("cohort") or None if position else None
        name = self.fill(phrases.calendar.name)
        file = calendar(self.notice, cohort, phrases.calendar, name, self.now)
        text = self.fill(phrases.deadline if file else phrases.deadline_closed)
        rows = (*(self._reminders() if file else ()), (self.start(), self.command("menu")))
        replies = self.bubbles(text, rows, source="notice")
        return (*replies[:-1], _attach(replies[-1], phrases.calendar.file, file) if file else replies[-1])

    def _reminders(self) -> Rows:
        """The way to reminders before the deadline, for whoever does not get them."""
        words = self.content.phrases.broadcast
        if self.session.reminders or not self.posts:
            return ()
        return ((Button(str(Ask("cmd", "remind")), words.remind),),)

    def progress(self) -> tuple[Reply, ...]:
        """How far the walk has come."""
        phrases, position = self.content.phrases, self.session.position
        if position is None:
            return self.bubbles(
                f"{phrases.progress_new}\n\n{self.facts['clock']}", ((self.start(), self.command("menu")),)
            )
        steps = self.content.script.by_id
        passed = dict.fromkeys(self.fill(steps[s].title) for s in position.trail if s in steps)
        verdicts = list(verdicts_of(self.notice, position).values())
        right, opened = verdicts.count("right"), verdicts.count("")
        lines = [
            phrases.progress.format(
                where=self._head(self.walk.view(position).step),
                state=phrases.states[position.state],
                passed=phrases.facts.comma.join(passed) or phrases.progress_none,
            )
        ]
        if opened < len(verdicts):
            wrong = len(verdicts) - right - opened
            lines.append(phrases.progress_checked.format(right=right, wrong=wrong, open=opened))
        rows = ((self.start(),), (self.command("jump"), self.command("restart"), self.command("menu")))
        return self.bubbles("\n\n".join((*lines, self.facts["clock"])), rows)

    def jump(self) -> tuple[Reply, ...]:
        """The main steps and the doors, each a button."""
        if self.session.notice is None:
            return self.pick()
        firsts: dict[int, Step] = {}
        for step in self.content.script.steps:
            firsts.setdefault(step.n, step) if step.n is not None else None
        steps = [self.act(JUMP, f"{n} {self.fill(step.title)}", step.id) for n, step in firsts.items()]
        doors = [self.act(JUMP, door.text, door.go) for door in self.content.script.doors]
        return self.bubbles(self.content.phrases.jump, (*self.rows(steps, 1), *self.rows(doors), (self.start(),)))

    def restart(self) -> tuple[Reply, ...]:
        """Asks before the walk is begun anew."""
        if self.session.position is None:
            return self.menu()
        sure = self.act(RESTART, self.content.phrases.buttons["restart_yes"])
        return self.bubbles(self.content.phrases.restart_ask, ((sure,), (self.command("resume"),)))

    def rehearsal(self) -> str:
        """The banner while another day is rehearsed."""
        return self.fill(self.content.phrases.rehearsal)

    # Bubbles

    def bubbles(
        self,
        text: str,
        rows: Rows = (),
        *,
        source: str | None = None,
        label: str | None = None,
        topic: str | None = None,
    ) -> tuple[Reply, ...]:
        """The text in bubbles of at most `BUBBLE` characters where it can be cut; buttons under the last one."""
        label = label or (self.label(source) if source in ("notice", "help") else None)
        parts = cut(text, BUBBLE)
        last = Reply(parts[-1], tuple(row for row in rows if row), label, topic)
        return (*(Reply(part, source=label, topic=topic) for part in parts[:-1]), last)

    def rows(self, buttons: Sequence[Button], most: int = 3) -> Rows:
        """Buttons side by side where they fit, at most `most` in a row."""
        rows: list[tuple[Button, ...]] = []
        for button in buttons:
            row = (*rows[-1], button) if rows else (button,)
            if rows and len(row) <= most and len(row) * max(len(b.text) for b in row) <= ROW:
                rows[-1] = row
            else:
                rows.append((button,))
        return tuple(rows)


def _attach(reply: Reply, name: str, content: str) -> Reply:
    return replace(reply, attachment=Attachment(name, content))


def cut(text: str, limit: int) -> list[str]:
    """The text in parts of at most `limit` characters, cut at paragraphs, else lines, else sentences, else anywhere."""
    for pattern in (r"(?<=\n)\n+", r"(?<=\n)", r"(?<=[。！？；])", r"(?<=.)"):
        if len(text) <= limit:
            break
        pieces = [piece for piece in re.split(pattern, text) if piece.strip()]
        if len(pieces) > 1:
            return _pack([part for piece in pieces for part in cut(piece.strip("\n"), limit)], limit, pattern)
    return [text.strip("\n")]


def _pack(pieces: Sequence[str], limit: int, pattern: str) -> list[str]:
    glue = "\n\n" if pattern.endswith(r"\n+") else "\n" if pattern.endswith(r"\n)") else ""
    parts: list[str] = []
    for piece in pieces:
        if parts and len(parts[-1]) + len(glue) + len(piece) <= limit:
            parts[-1] += glue + piece
        else:
            parts.append(piece)
    return parts
