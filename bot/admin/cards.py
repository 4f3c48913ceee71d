"""Messages and buttons of the `/faq` area, and the requests that admins make in it. Pure.

`asks` parses a request; whether somebody may make it is decided elsewhere. Loaded and examined values come in, replies
go out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.content.content import Content
from bot.content.files import Change
from bot.content.notice_changes import OF_NOTICES
from bot.content.own import is_own, own_lines
from bot.content.problem import ContentFault
from bot.domain.areas import Decision
from bot.domain.effects import Effect
from bot.domain.messages import Attachment, Button, Incoming, Reply, Tone
from bot.domain.session import Session
from bot.domain.zone import ZONE, local
from bot.knowledge.examine import LocatedFinding, Report, Shift
from bot.knowledge.inbox import QuestionGroup
from bot.knowledge.merge import Clash
from bot.knowledge.why import Why
from bot.render.reply import Voice

MOST_LINES = 12
"""Problems, warnings or changes listed in a message; when there are more, all go into a file."""
MOST_TEXT = 3_600
"""Characters of a message."""
MOST_FIRST = 60
"""Characters of the first line of an answer."""
MOST_SIDE, MOST_CLASHES = 400, 4
"""Characters of each of two texts of an entry, and entries that are shown so."""
Rows = tuple[tuple[Button, ...], ...]
ACTS = (
    "edit",
    "inbox",
    "why",
    "try",
    "history",
    "diff",
    "rollback",
    "lint",
    "export",
    "publish",
    "flagged",
    "digest",
    "set",
)

_COMMAND = re.compile(r"/faq(?:@\w+)?(?![\w-])\s*(.*)", re.DOTALL | re.ASCII | re.IGNORECASE)
_PRESS = re.compile(r"know\|([a-z]{2,9})(?:\|([\w-]{0,16}))?(?:\|([a-z0-9-]{1,40}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """An admin's request: the act, what it is about, and one more argument."""

    act: str
    about: str = ""
    more: str = ""


def asks(incoming: Incoming, words: Mapping[str, Sequence[str]]) -> Wish | None:
    """Parse a request: a tap, a command, or `words` of an act with what follows them; None when this is none."""
    if incoming.press is not None:
        pressed = _PRESS.fullmatch(incoming.press)
        return Wish(pressed[1], pressed[2] or "", pressed[3] or "") if pressed else None
    command = _COMMAND.fullmatch(incoming.text.strip())
    if incoming.file and incoming.other == "document":
        name = incoming.file.name.lower()
        if name.endswith((".xlsx", ".xls", ".ods")) and (command or name.startswith(SHEET)):
            return Wish("sheetback")
        known = name.endswith((".yaml", ".yml", *DOCUMENTS))
        if not command and (incoming.text.startswith("/") or not known):
            return None
        note = command[1].strip() if command else ""
        return Wish("draft" if name.endswith(DOCUMENTS) else "file", "now" if command else "", note)
    if incoming.other:
        return None
    if command is None:
        return _find_words(incoming.text.strip(), words)
    act, about = (*command[1].split(maxsplit=1), "", "")[:2]
    return Wish(act.lower(), about.strip()) if act.lower() in ACTS else Wish("status")


def _find_words(text: str, words: Mapping[str, Sequence[str]]) -> Wish | None:
    """Return the request that typed words make; what stands behind them is what it is about."""
    found = [(word, act) for act, own in words.items() for word in own if text.startswith(word)]
    word, act = max(found, key=lambda one: len(one[0]), default=("", ""))
    rest = text.removeprefix(word)
    goes_on = bool(rest) and rest[0].isalnum()
    if not word or (goes_on and (len(word) < LEAST_WORD or word.startswith("/"))):
        return None
    return Wish("facts", act) if act in ("deadline", "phone") else Wish(act, rest.strip(' ：:，,“”"'))


def describe_settled(content: Content, counts: Mapping[str, int]) -> str:
    """Return what became of the questions that do not wait, each kind with its number."""
    words = content.phrases.admin
    kinds = [words.became[name].format(count=count) for name, count in counts.items() if name in words.became]  # type: ignore[index]
    return "，".join(kinds) or words.flagged_none


def format_moment(at: datetime) -> str:
    """Return a moment in local time, to the minute."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"


TONES: Mapping[str, Tone] = {"publish": "good", "drop": "bad"}
"""Colours of buttons, by name."""


def button(content: Content, name: str, act: str, *about: object, **own: object) -> Button:
    """Make a button of the `/faq` area; its label is cut to 40 characters."""
    label = content.phrases.admin.buttons[name].format(**own)  # type: ignore[index]
    return Button("|".join(("know", act, *map(str, about))), label[:40], TONES.get(name, ""))


LEAST_WORD = 3
"""Characters of a word of an act that what it is about may follow without a blank."""
SHEET = "问答"
"""The beginning of the name of a sheet with entries: other sheets are lists of graduates."""
DOCUMENTS = (".txt", ".doc", ".docx", ".pdf", ".html", ".htm", ".mht", ".mhtml")
"""Ends of the names of files that are a school's notice in words."""


@dataclass(frozen=True)
class Admin:
    """Makes the messages about the content in force, revision `number` (0: the shipped content, never changed)."""

    content: Content
    number: int

    @property
    def edition(self) -> int:
        """The revision's number as people read it; at least 1."""
        return max(self.number, 1)

    def author(self, who: str, people: Mapping[str, str] = MappingProxyType({})) -> str:
        """Return the name of an author; `people` are names by id."""
        names: Mapping[str, str] = self.content.phrases.admin.authors  # type: ignore[assignment]
        return names.get(who) or people.get(who) or who

    def changes(self, changes: Sequence[Change]) -> str:
        """Describe changes, one a line."""
        words = self.content.phrases.admin
        lines = [words.change[kind].format(title=title, text=text) for kind, title, text in changes]
        return self.some(lines) or words.nothing_changed

    def some(self, lines: Sequence[str]) -> str:
        """Join the first MOST_LINES lines, and say how many more there are."""
        more = len(lines) - MOST_LINES
        shown = [line[:300] for line in lines[:MOST_LINES]]
        return "\n".join([*shown, self.content.phrases.admin.more.format(count=more)] if more > 0 else shown)

    def show_refusal(self, report: Report, *, folder: bool = False) -> Reply:
        """Say why a draft cannot be published: the problems, and the questions that would lose their answer."""
        words = self.content.phrases.admin
        found: list[ContentFault] = [*report.problems, *(told.problem for told in report.errors)]
        lines = [problem.with_caret() for problem in found]
        lost = self._shifts(report.lost)
        sentence = words.folder_refused if folder else words.problems
        text = sentence.format(number=self.edition, count=len(lines), lines="\n".join(lines[:MOST_LINES]))
        if len(lines) > MOST_LINES:
            text += "\n" + words.problems_more.format(count=len(lines) - MOST_LINES)
        if lost:
            text += "\n\n" + words.lost.format(count=len(lost), lines=self.some(lost))
        whole = Attachment("problems.txt", "\n".join(lines) + "\n") if len(lines) > MOST_LINES else None
        return Reply(text[:MOST_TEXT], attachment=whole)

    def _shifts(self, shifts: Iterable[Shift]) -> list[str]:
        words = self.content.phrases.admin
        said = [(shift.question, shift.was or words.nothing, shift.becomes or words.nothing) for shift in shifts]
        return [words.shift.format(question=question, was=was, becomes=becomes) for question, was, becomes in said]

    def _beside(self, report: Report) -> str:
        """Describe warnings, and questions that would get another answer."""
        words, parts = self.content.phrases.admin, list[str]()
        warnings = [f"{told.problem.where}: {told.problem.text}" for told in report.findings if told.level == "warning"]
        if warnings:
            parts.append(words.warnings.format(count=len(warnings), lines=self.some(warnings)))
        if shifts := self._shifts(report.shifts):
            parts.append(words.shifts.format(count=len(shifts), lines=self.some(shifts)))
        return "".join(f"\n\n{part}" for part in parts)

    def show_draft(self, report: Report, key: str) -> Reply:
        """Show a draft without errors, with the buttons that publish, drop, try and compare it."""
        text = self.content.phrases.admin.good.format(changes=self.changes(report.changes)) + self._beside(report)
        rows = (
            (button(self.content, "publish", "publish", key), button(self.content, "drop", "drop", key)),
            (button(self.content, "try", "trying", key), button(self.content, "diff", "patch", key)),
            *self._preview_row(report, key),
        )
        return Reply(text[:MOST_TEXT], rows)

    def _preview_row(self, report: Report, key: str = "") -> Rows:
        """Return the button that shows changed notices as graduates see them: of a draft, or those in force."""
        changed = any(kind.startswith(OF_NOTICES) for kind, _, _ in report.changes)
        return ((button(self.content, "preview", "page", *filter(None, [key])),),) if changed else ()

    def show_published(self, report: Report, number: int, *, undo: int, settled: Iterable[int] = ()) -> Reply:
        """Say that a revision is in force, with a button that takes it back. `settled`: questions that it answers."""
        said = self.content.phrases.admin.published.format(number=number, changes=self.changes(report.changes))
        about = next(iter(settled), "")
        rows = (
            (
                button(self.content, "undo", "rollback", undo, *([about] if about else [])),
                button(self.content, "inbox", "inbox"),
            ),
            *self._preview_row(report),
        )
        return Reply((said + self._beside(report))[:MOST_TEXT], rows)

    def show_clashes(self, clashes: Sequence[Clash], key: str) -> Reply:
        """Show entries that two people changed, both texts of each, with a button for either."""
        words = self.content.phrases.admin
        parts = []
        for clash in clashes:
            mine, theirs = (side.strip().splitlines() for side in (clash.conflict.mine, clash.conflict.theirs))
            first, *rest = clash.conflict.path
            entry = self.content.entries.get(first)
            parts.append(
                words.clash_sides.format(
                    where=entry.title if entry else ".".join((first, *rest)),  # an entry's texts begin with their key
                    author=clash.author,
                    when=format_moment(clash.at),
                    mine=_only_in(mine, theirs) or words.clash_gone,
                    theirs=_only_in(theirs, mine) or words.clash_gone,
                )
            )
        text = words.clash_head.format(count=len(parts), lines="\n\n".join(parts[:MOST_CLASHES]))
        rows = (
            (button(self.content, "keep_mine", "publish", key, "mine"),),
            (button(self.content, "keep_theirs", "publish", key, "theirs"),),
            (button(self.content, "drop", "drop", key), button(self.content, "diff", "patch", key)),
        )
        return Reply(text[:MOST_TEXT], rows)

    def show_pending_approval(self) -> Reply:
        """Tell the author of a draft that somebody else must publish it."""
        return Reply(self.content.phrases.admin.asked_others)

    def to_others(self, report: Report, author: str, key: str) -> Reply:
        """Show a draft to the other admins."""
        text = self.content.phrases.admin.to_others.format(author=author, changes=self.changes(report.changes))
        rows = ((button(self.content, "publish", "publish", key), button(self.content, "diff", "patch", key)),)
        return Reply((text + self._beside(report))[:MOST_TEXT], rows)

    def show_findings(self, findings: Sequence[LocatedFinding]) -> Reply:
        """List what lint found in the content in force."""
        words = self.content.phrases.admin
        if not findings:
            return Reply(words.lint_none)
        own = [told for told in findings if self._is_own(told)]
        rest = [told for told in findings if told not in own]
        lines = [f"{words.levels[told.level]} {told.problem}" for told in (*own, *rest)]  # type: ignore[index]
        errors = sum(told.level == "error" for told in own)
        text = words.lint_head.format(
            errors=errors, warnings=len(own) - errors, lines=self.some(lines[: len(own)]) or words.lint_none
        )
        if rest:
            text += "\n\n" + words.lint_shipped.format(count=len(rest))
        return Reply(text[:MOST_TEXT], attachment=Attachment("lint.txt", "\n".join(lines) + "\n"))

    def _is_own(self, told: LocatedFinding) -> bool:
        """Return whether a finding is about what the college wrote itself."""
        entry = self.content.entries.get(told.problem.where.split(".")[0])
        return entry is None or is_own(entry) or bool(own_lines(entry))

    # The inbox

    def card(
        self,
        found: Sequence[QuestionGroup],
        place: int,
        poor: Sequence[str] = (),
        only: str = "",
        name: Callable[[str], str] = str,
    ) -> Reply:
        """Show one group of unanswered questions, with buttons; `place` counts from 0.

        `poor` are lines about answers that help too few, `only` is the filter that the next card keeps; `name` gives
        the name of an admin.
        """
        words = self.content.phrases.admin
        flags = "\n\n" + words.flagged.format(lines=self.some(poor)) if poor else ""
        if not found:
            return Reply(words.inbox_empty + flags)
        place %= len(found)
        group = found[place]
        known = [self.content.entries[topic] for topic in group.topics if topic in self.content.entries]
        answers = [(entry, fill_as_read(self.content, entry.answer, group.latest)) for entry in known]
        text = words.inbox_card.format(
            place=place + 1,
            groups=len(found),
            count=len(group.numbers),
            when=f"{group.latest:%m-%d}" if group.latest else "",
            lines="\n".join(words.inbox_like.format(question=line) for line in group.lines),
            tied=self._describe_tie(group)
            + (f"\n{words.inbox_given.format(name=name(group.assignee))}" if group.assignee else ""),
            topics="\n".join(
                words.inbox_near.format(title=entry.title, answer=_first_line(answer)[:MOST_FIRST])
                for entry, answer in answers
            )
            or words.inbox_none_near,
        )
        number = max(group.numbers)
        rows: list[tuple[Button, ...]] = [
            (button(self.content, "add", "add", number, entry.id, title=entry.title),) for entry in known
        ]
        rows += [
            (button(self.content, "new", "new", number), button(self.content, "out", "out", number)),
            (
                button(self.content, "ignore", "ignore", number),
                button(self.content, "give", "give", number),
                button(self.content, "next", "inbox", place + 1, *([only] if only else [])),
            ),
        ]
        return Reply((text + flags)[:MOST_TEXT], tuple(rows))

    def _describe_tie(self, group: QuestionGroup) -> str:
        """Say how often a choice was offered and which topics people picked; "" when it never was."""
        words, entries = self.content.phrases.admin, self.content.entries
        picked = [
            words.inbox_picked.format(title=entries[topic].title, count=count)
            for topic, count in group.picked.most_common()
            if topic in entries
        ]
        if not group.tied and not picked:
            return ""
        return "\n" + words.inbox_tied.format(count=group.tied, picked="".join(picked))

    # Why

    def why(self, seen: Why) -> Reply:
        """Explain a match: nearest phrasings and the weight of each feature; buttons add the question to an entry."""
        words = self.content.phrases.admin
        clues = [
            words.why_clue.format(
                place=place,
                title=near.title,
                phrasing=near.phrasing,
                like=_quote_all(near.like) or words.nothing_there,
                unlike=_quote_all(near.unlike) or words.nothing_there,
            )
            for place, near in enumerate(seen.near[:3], start=1)
        ]
        acts = words.why_acts.format(
            acts="，".join(map(self.content.describe_act, seen.acts)) or words.act_kinds["unsure"]
        )
        chosen = "、".join(self.content.entries[topic].title for topic in seen.chosen)
        text = words.why.format(
            question=seen.question,
            verdict=words.verdicts[seen.verdict],
            chosen=f"：{chosen}" if chosen else "",
            clues="\n".join((*(clues or [words.why_none]), acts)),
        )
        first = seen.chosen[0] if seen.verdict == "answer" else None
        rows = tuple(
            (button(self.content, "add", "mend", "", near.id, title=near.title),)
            for near in seen.near[:3]
            if near.id != first
        )
        return Reply(text[:MOST_TEXT], rows)


def fill_as_read(content: Content, text: str, at: datetime | None) -> str:
    """Return a text as somebody reads it at a moment who has not begun."""
    return Voice(content, Session(next(iter(content.notices))), local(at, None)).fill(text) if at else text


def _first_line(answer: str) -> str:
    """Return the first line of an answer."""
    return answer.strip().split("\n")[0]


def _quote_all(pieces: Sequence[str]) -> str:
    return "".join(f"“{piece}”" for piece in pieces)


def _only_in(lines: Sequence[str], others: Sequence[str]) -> str:
    """Return the lines that the other side lacks."""
    return "\n".join(line.strip() for line in lines if line not in others)[:MOST_SIDE]


def say(text: str, *effects: Effect) -> Decision:
    """Return a decision with one sentence and these effects."""
    return Decision((Reply(text),), effects)
