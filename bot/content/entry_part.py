"""One FAQ entry as it is written: its own lines in its file and those of its further phrasings. Pure.

Somebody opens the lines as they `was`, writes `mine`, and meanwhile the file may hold others: all three are merged key
by key and line by line, with their comments, so that nobody's work is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pydantic_core import InitErrorDetails

from bot.content import yaml_source
from bot.content.add_line import NoSuchList, split_at_entry
from bot.content.checks import find_entry_flaws
from bot.content.content import Content
from bot.content.edit_entry import Value, render_entry, set_phrasings, set_value
from bot.content.files import Files, holds_entries, with_file, with_shipped
from bot.content.lint import Level, lint
from bot.content.loading import EntrySource, list_names, locate_finding, validate
from bot.content.merging import Conflict, Side, merge
from bot.content.problem import ContentFault
from bot.content.report import FaultReport, Piece
from bot.content.tails import add_to_tail, keep_in_tail, name_tail, read_tail
from bot.content.yaml_source import Source
from bot.domain.staff_texts import find_forbidden
from faq.lines import number_lines
from faq.model import Entry

SLOW = ("unheard",)
"""Rules that ask the matcher, which has not read the entry yet: they are asked when it is examined as a whole."""
FILE, TAIL = "entry.yaml", "phrasings.txt"
"""The names of an entry's text and of its further phrasings in their faults."""


class Clashed(Exception):
    """Two people changed the same of an entry; `conflicts` are both texts of each key."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(len(conflicts))
        self.conflicts = tuple(conflicts)


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it is written: its text, and that of the file of its further phrasings (`tail`, empty for none)."""

    text: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class EntryPart:
    """An entry in its file: what stands `before` and `after` it there, and how it is `written`."""

    file: str
    before: str
    written: Written
    after: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about an entry that is being written: its key, the line of its value and that of the text (from 1)."""

    key: str
    line: int
    row: int
    text: str
    level: Level


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """An entry's text as it was read; the entry is None where nothing can be made of it."""

    entry: Entry | None
    remarks: tuple[Remark, ...]


def find_part(files: Files, topic: str) -> EntryPart:
    """Return an entry in whichever file it is. NoSuchList."""
    known = with_shipped(files)
    for name, text in known.items():
        if holds_entries(name) and topic in text:
            try:
                before, part, after = cut_entry(text, topic)
            except NoSuchList:
                continue
            return EntryPart(name, before, Written(part, known.get(name_tail(topic), "")), after)
    raise NoSuchList(topic)


def cut_entry(text: str, topic: str) -> tuple[str, str, str]:
    """Return the lines before an entry, its own, and those after it, without reading the whole file where its first
    line is written as people write it. NoSuchList.
    """
    head = re.search(rf"^([ ]*)- +id: *['\"]?{re.escape(topic)}['\"]?[ \t]*(?:#.*)?\r?$", text, re.MULTILINE)
    if head is None:
        return split_at_entry(text, topic)
    following = re.compile(rf"^{head[1]}-[ ]", re.MULTILINE).search(text, head.end())
    end = following.start() if following else len(text)
    tree = yaml_source.parse(text[head.start() : end]).tree
    is_one = isinstance(tree, list) and len(tree) == 1 and isinstance(tree[0], dict) and tree[0].get("id") == topic
    return (text[: head.start()], text[head.start() : end], text[end:]) if is_one else split_at_entry(text, topic)


def with_part(files: Files, topic: str, was: Written, mine: Written, decided: Mapping[str, Side]) -> dict[str, str]:
    """Return the files with an entry as somebody wrote it, merged with what others changed since it `was` opened.

    `decided` says by key whose text stays where both changed it. Clashed where that is not said; NoSuchList.
    """
    part = find_part(files, topic)
    end, now = ("\r\n" if "\r\n" in part.written.text else "\n"), _unify(part.written.text)
    merged = merge(was.text, mine.text, now, decided=decided) if was.text != now else None
    if merged and merged.conflicts:
        raise Clashed(merged.conflicts)
    text = merged.text if merged else mine.text if mine.text.endswith("\n") or not mine.text else f"{mine.text}\n"
    changed = with_file(files, part.file, part.before + text.replace("\n", end) + part.after)
    name, tail = name_tail(topic), _merge_tail(was.tail, mine.tail, part.written.tail)
    changed.pop(name, None)
    return {**changed, name: tail} if tail and text else changed


def _merge_tail(was: str, mine: str, theirs: str) -> str:
    """Return the file of further phrasings with what either side added and without what either removed."""
    if was == _unify(theirs):
        return mine if "\r\n" not in theirs else mine.replace("\n", "\r\n")
    before, here = ([line for _, line in number_lines(text)] for text in (was, mine))
    there = [line for _, line in number_lines(theirs)]
    merged = keep_in_tail(theirs, [line for line in there if line in here or line not in before])
    for line in here:
        if line not in before and line not in there:
            merged = add_to_tail(merged, line)
    return merged


def _unify(text: str) -> str:
    return text.replace("\r\n", "\n")


def write_part(was: Written, topic: str, row: Mapping[str, Value]) -> Written:
    """Return an entry with these values where they differ, everything else as it is written. NoSuchList."""
    tree = yaml_source.parse(was.text).tree
    old = tree[0] if isinstance(tree, list) and tree and isinstance(tree[0], dict) else None
    if old is None:
        return Written(render_entry({"id": topic, **row}))
    text, tail = was.text, was.tail
    said = [*(old.get("phrasings") or ()), *(line for _, line in number_lines(tail))]
    for key, value in row.items():
        if key == "phrasings" and tail and _plain(value) != _plain(said):
            text, tail = set_phrasings(text, tail, topic, value)  # type: ignore[arg-type]
        elif _plain(value) != _plain(said if key == "phrasings" else old.get(key)):
            text = set_value(text, topic, key, value)
    return Written(text, tail)


def _plain(value: object) -> object:
    """Return a value as it is compared: nothing is nothing, however it is written."""
    if isinstance(value, str):
        return "\n".join(line.rstrip() for line in value.strip().split("\n"))
    if isinstance(value, date):
        return value.isoformat()
    return tuple(value) if isinstance(value, list | tuple) else value


def check_part(written: Written, content: Content, today: date, topic: str = "") -> CheckedPart:
    """Read and check one entry; `topic` is the one in force that it will replace.

    Quick enough to be asked while somebody types: what it does to other questions, only an examination tells.
    """
    source, report = yaml_source.parse(written.text), FaultReport(content.phrases.problems)
    found = list(_find_secrets(written, content))
    _add_mistakes(report, FILE, source)
    piece: Piece[Entry] | None = None
    if isinstance(source.tree, list) and len(source.tree) == 1:
        piece = validate(report, FILE, source, (0,), Entry, _read_tail(written, source.tree[0], topic, report))
        if piece.value:
            report.add_flaws(piece, _find_flaws(piece.value, content, topic))
    else:
        report.add(FILE, source, (), "not_entries")
    found += [(fault, "error") for fault in (*report.faults, *report.at_publication)]
    if piece and piece.value and not report.faults:
        found += _lint_part(piece, content, today, topic)
    keys = sorted((place[0], str(loc[1])) for loc, place in source.keys.items() if len(loc) == 2 and loc[0] == 0)
    return CheckedPart(piece.value if piece else None, tuple(_locate(fault, level, keys) for fault, level in found))


def _find_secrets(written: Written, content: Content) -> Iterator[tuple[ContentFault, Level]]:
    sentence = content.phrases.admin.lint["secret_written"].format()
    for file, text in ((FILE, written.text), (TAIL, written.tail)):
        for one in find_forbidden(text):
            yield ContentFault(file, text.count("\n", 0, one.start) + 1, 1, "", sentence), "error"


def _add_mistakes(report: FaultReport, file: str, source: Source) -> None:
    for mistake in source.mistakes:
        if mistake.is_certain:
            report.add_mistake(file, source, mistake)


def _read_tail(written: Written, row: object, topic: str, report: FaultReport) -> Piece[Entry] | None:
    if not written.tail or not isinstance(row, dict):
        return None
    own = row.get("phrasings")
    source = read_tail(written.tail, topic, own if isinstance(own, list) else ())
    _add_mistakes(report, TAIL, source)
    return Piece(TAIL, source, (0,), None, ()) if source.tree else None


def _find_flaws(entry: Entry, content: Content, topic: str) -> Iterator[InitErrorDetails]:
    others = [other for other in content.entries.values() if other.id != topic]
    own = {line.casefold() for line in entry.phrasings}
    phrasings = {low: one.id for one in others for line in one.phrasings if (low := line.casefold()) in own}
    topics = {*content.entries, entry.id}
    ids = {one.id: one.id for one in others}
    yield from find_entry_flaws(entry, topics, set(content.script.by_id), _names(content), ids, phrasings)


def _names(content: Content) -> set[str]:
    return list_names(next(iter(content.notices.values())), content.phrases)


def _lint_part(piece: Piece[Entry], content: Content, today: date, topic: str) -> Iterator[tuple[ContentFault, Level]]:
    entry = piece.value
    assert entry
    others = {name: one for name, one in content.entries.items() if name != topic}
    whole = replace(content, entries={**others, entry.id: entry})
    for one in lint(whole, today, {entry.id}, without=SLOW):
        yield locate_finding(one, {entry.id: EntrySource(piece)}, content), one.level


def _locate(fault: ContentFault, level: Level, keys: Sequence[tuple[int, str]]) -> Remark:
    """Return a fault by the key that it is in; a list or a long text begins below its key."""
    if fault.file == TAIL:
        return Remark("phrasings", fault.line, fault.line, fault.text, level)
    row, key = next(((row, key) for row, key in reversed(keys) if row <= fault.line), (fault.line, ""))
    return Remark(key, max(1, fault.line - row), fault.line, fault.text, level)
