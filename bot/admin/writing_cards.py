"""Messages of the forms in which an admin writes: the answer as a graduate sees it, the check in three lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.admin.cards import MOST_TEXT, Rows, fill_as_read
from bot.admin.forms import Form
from bot.content.content import Content
from bot.content.edit_notice import NoticeFact
from bot.content.own import is_own
from bot.domain.messages import Button, Reply
from bot.domain.session import Session
from bot.domain.zone import local
from bot.knowledge.examine import Report
from bot.knowledge.writing import ChangedText, NearEntry
from bot.render.answers import render_answer
from bot.render.reply import Voice
from faq.model import Entry

MOST_SHOWN = 5
"""Lines, changes or texts of one kind that are shown."""
QUIET = ("thin", "no_reference")
"""Rules of lint of which a form says nothing: what lacks may come later, and a teacher's own words have no source."""
_ID = re.compile(r"“([a-z0-9-]+)”")
MOST_ANSWER = 300
"""Characters of an answer beside another one."""


def list_lines(lines: Iterable[str], between: str = "\n") -> str:
    """Join the first MOST_SHOWN lines."""
    every = [*lines]
    return between.join(every[:MOST_SHOWN]) + ("……" if len(every) > MOST_SHOWN else "")


@dataclass(frozen=True)
class WritingCards:
    """Makes the messages about forms, in the words of the content in force."""

    content: Content

    def button(self, name: str, act: str, *about: object, **own: object) -> Button:
        """Return a button of a form; its label is cut to 40 characters."""
        label = self.content.phrases.admin.writing.buttons[name].format(**own)  # type: ignore[index]
        return Button("|".join(("know", act, *map(str, about))), label[:40])

    def ask(self, name: str, rows: Rows = (), before: str = "", **own: object) -> Reply:
        """Ask for a value; the form can always be left."""
        asked = self.content.phrases.admin.writing.ask[name].format(**own)  # type: ignore[index]
        text = f"{before}\n\n{asked}" if before else asked
        return Reply(text[:MOST_TEXT], (*rows, (self.button("quit", "quit"),)))

    def bubble(self, entry: Entry, at: datetime) -> tuple[Reply, ...]:
        """Show the answer as a graduate sees it who has not begun; its buttons are left out, they would lead away."""
        voice = Voice(self.content, Session(next(iter(self.content.notices))), local(at, None))
        said = (replace(reply, buttons=()) for reply in render_answer(voice, entry))
        return (Reply(self.content.phrases.admin.writing.bubble), *said)

    def describe_source(self, source: str, checked_on: date | None) -> str:
        """Return where an answer comes from, and the day of its check."""
        words = self.content.phrases.admin.writing
        day = words.checked.format(day=checked_on) if checked_on else ""
        return f"{words.sources[source]}{day}"  # type: ignore[index]

    def form_card(self, form: Form, report: Report) -> Reply:
        """Show a new entry with the check, the trial and the other questions in a line each."""
        words = self.content.phrases.admin.writing
        text = words.card.format(
            title=form.title,
            count=len(form.phrasings),
            phrasings=list_lines(form.phrasings, "／"),
            source=self.describe_source(form.source, form.entry.checked_on),
            gate="\n".join(self.gate(report, form)),
        )
        fields = ("title", "answer", "phrasings", "source")
        change = tuple(self.button(name, "ask", name) for name in fields)
        first = ((self.button("send", "send"),),) if report.is_publishable else ()
        return Reply(text[:MOST_TEXT], (*first, change[:2], change[2:], (self.button("quit", "quit"),)))

    def gate(self, report: Report, form: Form) -> list[str]:
        """Return the check, the trial on the missed questions and the change for other questions as three lines."""
        words = self.content.phrases.admin
        own = words.writing
        found = [problem.text for problem in report.problems]
        if wrong := [*found, *(finding.problem.text for finding in report.errors)]:
            lines = [own.gate_bad.format(lines=list_lines(map(self._name_entries, wrong)))]
        else:
            warned = [one.problem.text for one in report.findings if one.level == "warning" and one.rule not in QUIET]
            lines = [own.gate_warned.format(lines=list_lines(warned, " ")) if warned else own.gate_good]
            if form.kind not in ("delete", "deadline", "phone"):
                lines.append(self.describe_trial(form.asked, report, own.trial_good, own.trial_bad) or own.trial_none)
            shifts = [one for one in report.shifts if one.question not in form.asked]
            said = [
                words.shift.format(
                    question=one.question, was=one.was or words.nothing, becomes=one.becomes or words.nothing
                )
                for one in shifts
            ]
            lines.append(own.others_shift.format(count=len(said), lines=list_lines(said)) if said else own.others_same)
        return [*lines, *([own.dropped.format(lines=list_lines(form.dropped, "／"))] if form.dropped else [])]

    def _name_entries(self, text: str) -> str:
        """Return a sentence with the titles of entries in the place of their ids."""
        words, entries = self.content.phrases.admin.writing, self.content.entries
        named = _ID.sub(lambda m: f"“{entries[m[1]].title}”" if m[1] in entries else m[0], text)
        return named.replace("phrasings", words.phrasings_word)

    def describe_trial(self, asked: Sequence[str], report: Report, good: str, bad: str) -> str:
        """Say whether the missed questions are answered now; "" where there were none."""
        failed = [line for line in asked if line not in report.answered]
        if not asked:
            return ""
        return (bad if failed else good).format(count=len(asked), failed=len(failed), lines=list_lines(failed, "／"))

    def ask_near(self, form: Form, near: Sequence[NearEntry], at: datetime) -> Reply:
        """Show entries that are near, both texts, with what may be done."""
        words = self.content.phrases.admin.writing
        lines = [
            words.near_line.format(
                title=one.entry.title,
                line=one.line,
                phrasing=one.phrasing,
                answer=fill_as_read(self.content, one.entry.answer, at)[:MOST_ANSWER],
            )
            for one in near
        ]
        text = words.near.format(lines="\n\n".join(lines), title=form.title, answer=form.answer[:MOST_ANSWER])
        rows: list[tuple[Button, ...]] = [
            (self.button(does, "near", does, one.entry.id, title=one.entry.title),)
            for one in near
            for does in ("count", "replace")
        ]
        return Reply(text[:MOST_TEXT], (*rows, (self.button("keep", "near", "keep"), self.button("quit", "quit"))))

    def rows_for(self, name: str) -> Rows:
        """Return the values that may be tapped instead of typed."""
        words = self.content.phrases.admin.writing
        if name == "source":
            return tuple((Button(f"know|pick|{source}", label),) for source, label in words.sources.items())
        return ((self.button("today", "pick", "today"),),) if name == "checked_on" else ()

    def topic(self, entry: Entry) -> Button:
        """Return the button that shows an entry to be changed."""
        return Button(f"know|edit||{entry.id}", entry.title)

    def fact_button(self, place: int, fact: NoticeFact) -> Button:
        """Return the button that changes a fact."""
        return Button(f"know|fact|{fact.kind}|{place}", self.fact_line(fact)[:40])

    def gate_card(self, report: Report, form: Form) -> Reply:
        """Show the check of a change in three lines, with the button that publishes it where it may be."""
        name = "delete_sure" if form.kind == "delete" else "send"
        first = ((self.button(name, "send"),),) if report.is_publishable else ()
        words = self.content.phrases.admin.writing
        ask = words.delete_ask.format(title=form.title) + "\n\n" if form.kind == "delete" else ""
        text = ask + "\n".join(self.gate(report, form))
        return Reply(text[:MOST_TEXT], (*first, (self.button("quit", "quit"),)))

    def entry_card(self, entry: Entry) -> Reply:
        """Show the values of an entry, with a button to change each."""
        words, entries = self.content.phrases.admin.writing, self.content.entries
        text = words.entry_card.format(
            title=entry.title,
            count=len(entry.phrasings),
            phrasings=list_lines(entry.phrasings, "／"),
            follow=list_lines((entries[topic].title for topic in entry.follow if topic in entries), "／")
            or self.content.phrases.admin.flagged_none,
            source=self.describe_source(entry.source, entry.checked_on),
        )
        names = ("answer", "title", "phrasings", "follow", "source", "checked_on")
        buttons = [self.button(name, "ask", name) for name in names]
        last = (*([self.button("delete", "delete")] if is_own(entry) else []), self.button("quit", "quit"))
        return Reply(text, (*(tuple(buttons[at : at + 2]) for at in (0, 2, 4)), last))

    def number(self, lines: Iterable[str]) -> str:
        """Return lines with their numbers."""
        words = self.content.phrases.admin
        rows = [words.writing.numbered.format(n=n, line=line) for n, line in enumerate(lines, start=1)]
        return "\n".join(rows) or words.flagged_none

    def fact_line(self, fact: NoticeFact) -> str:
        """Return whose day or phone it is and its value."""
        return self.content.phrases.admin.writing.fact_line.format(label=fact.label, value=fact.value)

    def fact_changes(self, fact: NoticeFact, value: str, changed: Sequence[ChangedText]) -> str:
        """List the texts that change with a fact."""
        words = self.content.phrases.admin.writing
        lines = [words.fact_change.format(title=one.title, was=one.was, becomes=one.becomes) for one in changed]
        return words.fact_changes.format(
            label=fact.label,
            was=fact.value,
            becomes=value,
            count=len(changed),
            lines=list_lines(lines),
            quote=words.fact_quote,
        )
