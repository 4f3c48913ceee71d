"""Loads scripts, notices, FAQ entries and phrases from YAML, checks them as a whole and builds one `Content`.

All faults are found in one pass, each with its place and a sentence in Chinese that says what to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import bot
import flows
from bot.content import yaml_source
from bot.content.checks import (
    find_entry_flaws,
    find_line_flaws,
    find_notice_flaws,
    find_phrase_flaws,
    find_scars_in,
    find_word_flaws,
)
from bot.content.content import Content, build_after
from bot.content.lint import LintFinding, lint
from bot.content.own import SHIPPED_ENTRIES
from bot.content.phrases.root import Phrases, complete_with_shipped
from bot.content.places import Loc
from bot.content.problem import ContentFault, ContentProblem
from bot.content.report import FaultReport, Model, Piece
from bot.content.schema_repair import MAX_REPAIRS, describe_loc, list_errors, loc_in_tree, node_at, repair_tree
from bot.content.tails import name_tail, read_tail, topic_of
from bot.content.yaml_source import NOWHERE, Source
from faq.lines import ENDING, FOLDER
from faq.model import Entry
from flows.agreement import find_disagreements
from flows.facts import LIVE, facts
from flows.model import Script
from flows.notice import Notice, NoticeQuestion
from flows.review import review

_BOT = Path(bot.__file__ or "").parent
_FLOWS = Path(flows.__file__ or "").parent

SHIPPED: Mapping[str, Path] = {
    "phrases.yaml": _BOT / "phrases.yaml",
    "scripts": _FLOWS / "scripts",
    "notices": _FLOWS / "notices",
    "faq": SHIPPED_ENTRIES,
}
"""The four parts of a content folder, and the shipped ones; a folder may leave out any of them."""
MAX_TITLE = 24
"""Characters of an entry's title, which is also a button."""
_KEYS_OF_ROW: Mapping[str, Sequence[str]] = {
    "end_before_start": ["from", "to"],
    "beyond_without_date": ["checked_on"],
}
"""Rules that pydantic reports of a whole row, and the keys that they are about."""

Given = Path | Mapping[str, str | bytes] | None
"""A content folder, or the same as files by their names in one: `faq/account.yaml`, `phrases.yaml`."""


def load(given: Given = None, *, to_publish: bool = False) -> Content:
    """Return the content given, with shipped parts for those that it lacks. ContentProblem with all faults.

    `to_publish` checks more than a start needs: the lines that entries must and must not match, the words of the
    script's answers, and the rules in `report.STOP_NO_START`.
    """
    loader = _ContentLoader(given)
    content = loader.load()
    if to_publish:
        loader.check_for_publication(content)
        if found := [*_find_refused(content, loader.entry_sources)]:
            raise ContentProblem(found)
    return content


@dataclass(frozen=True, slots=True)
class EntrySource:
    """Where an FAQ entry stands."""

    piece: Piece[Entry]

    def fault(self, loc: Loc, text: str, words: object = "") -> ContentFault:
        """Return a fault of the entry's `loc`, at these words of it."""
        file, source, at = self.piece.find(loc)
        line, column = source.find_words(at, str(words))
        return ContentFault(file, line, column, describe_loc(source.tree, at), text, source.line(line))


def load_to_publish(
    given: Given, before: Content | None, *, has_passed: bool = False
) -> tuple[Content, Mapping[str, EntrySource], Sequence[ContentFault]]:
    """Return the content, the source of each FAQ entry by id, and the faults that refuse a publication.

    ContentProblem like `load`. `before` is the content in force: what did not change is not read again, nor
    checked again where it `has_passed`.
    """
    loader = _ContentLoader(given)
    content = build_after(loader.load(), before)
    sources = loader.entry_sources
    try:
        loader.check_for_publication(content, before if has_passed else None)
    except ContentProblem as problem:
        return content, sources, problem.problems
    return content, sources, ()


def _find_refused(content: Content, sources: Mapping[str, EntrySource]) -> Iterator[ContentFault]:
    """Yield what the rules of `lint` refuse in the entries, each at its place."""
    for finding in lint(content, date.max, errors_only=True):  # no rule of these looks at the day
        yield locate_finding(finding, sources, content)


def locate_finding(finding: LintFinding, sources: Mapping[str, EntrySource], content: Content) -> ContentFault:
    """Return a finding in words, at its place."""
    sentence = content.phrases.admin.lint[finding.rule].format_map(finding.about)
    if source := sources.get(finding.entry):
        return source.fault(finding.loc, sentence, finding.about.get("text", ""))
    return ContentFault("notices", 1, 1, finding.entry, sentence)


class _ContentLoader:
    """Reads each file once, validates every piece, and reports all faults."""

    def __init__(self, given: Given) -> None:
        self.entries: Sequence[Piece[Entry]] = ()
        self._scripts: Sequence[Piece[Script]] = ()
        self._folder = given if isinstance(given, Path) else None
        self._files = given if isinstance(given, Mapping) else {}
        self._parse = yaml_source.parse_kept if given else yaml_source.parse_bytes  # who only starts keeps none of it
        self._hash = hashlib.sha256()
        self._sources: dict[Path, Source] = {}
        self._missing_keys: Sequence[str] = ()
        self._lone_tails: Sequence[str] = ()
        self._shipped = self._load_shipped(Phrases, "phrases.yaml")
        self._report = FaultReport(self._shipped.problems)

    def load(self) -> Content:
        report = self._report
        if self._folder and not self._folder.is_dir():
            report.add(str(self._folder), NOWHERE, (), "file_missing")
            raise ContentProblem(report.faults)
        phrases = list(self._load_phrases())
        notices = [validate(self._report, file, source, (), Notice) for file, source in self._parse_part("notices")]
        scripts = [validate(self._report, file, source, (), Script) for file, source in self._parse_part("scripts")]
        self._scripts = scripts
        self.entries = list(self._load_entries())
        self._review(phrases, notices, scripts)
        if report.faults:
            raise ContentProblem([*report.faults, *report.at_publication])
        script, words = scripts[0].value, phrases[0].value
        assert script
        assert words
        in_force = [piece.value for piece in notices if piece.value and piece.value.notice.status == "published"]
        entries = {piece.value.id: piece.value for piece in self.entries if piece.value}
        entries |= {question.id: _entry_of(question, notice) for notice in in_force for question in notice.faq}
        retired = {notice.notice.supersedes for notice in in_force}
        by_id = {notice.id: notice for notice in in_force if notice.id not in retired}
        return Content(script, by_id, entries, words, self._hash.hexdigest()[:12], tuple(self._missing_keys))

    @property
    def entry_sources(self) -> Mapping[str, EntrySource]:
        """The source of each FAQ entry by id."""
        return {piece.value.id: EntrySource(piece) for piece in self.entries if piece.value}

    def check_for_publication(self, content: Content, before: Content | None = None) -> None:
        """Match the lines of the entries in force (a notice may answer a topic in an entry's place), and read the words
        of the script's answers. ContentProblem.
        """
        report = self._report
        report.faults += report.at_publication
        for piece in self.entries:
            if piece.value and content.entries[piece.value.id] is piece.value:
                report.add_flaws(piece, find_line_flaws(piece.value, content))
        for script in self._scripts:
            report.add_flaws(script, find_word_flaws(content, before))
        self._report_scars(content, before)
        if report.faults:
            raise ContentProblem(report.faults)

    def _report_scars(self, content: Content, before: Content | None) -> None:
        """Report the texts in which an absent fact of a notice leaves a scar, at their places."""
        steps = [step.id for step in content.script.steps]
        entries = {piece.value.id: piece for piece in self.entries if piece.value}
        for name, loc, scar, notice in find_scars_in(content, before):
            piece: Piece[Any] | None = entries.get(name)
            if name in steps:
                piece, loc = self._scripts[0], ("steps", steps.index(name), *loc)
            if piece:
                self._report.add(*piece.find((*loc,)), "scar", text=scar, notice=notice)

    # Files

    def _list_files(self, part: str) -> Sequence[tuple[str, Path | str | bytes]]:
        """Return the files of a part by name: those that were given, else the shipped ones.

        Own files come behind shipped ones, so that what both say is told of the own one.
        """
        shipped = {path.name for path in SHIPPED[part].glob("*")} if SHIPPED[part].is_dir() else set[str]()
        known = sorted(self._files, key=lambda name: (name.rsplit("/", 1)[-1] not in shipped, name))
        names = (name for name in known if name.split("/", 1)[0] == part and not topic_of(name))
        if own := [(name, self._files[name]) for name in names]:
            return own
        folder = self._folder / part if self._folder else None
        path = folder if folder and folder.exists() else SHIPPED[part]
        return (
            [(f"{part}/{p.name}", p) for p in sorted(path.glob("[!.~]*.[yY]*[mM][lL]"))]
            if path.is_dir()
            else [(part, path)]
        )

    def _read_tails(self) -> Mapping[str, str | bytes]:
        """Return the files of further phrasings by name, with the entries that they stand beside."""
        if own := {name: text for name, text in self._files.items() if name.split("/", 1)[0] == "faq"}:
            return {name: text for name, text in own.items() if topic_of(name)}
        folder = self._folder / "faq" if self._folder else None
        root = folder if folder and folder.exists() else SHIPPED["faq"].parent
        paths = sorted((root / FOLDER).glob(f"[!.]*{ENDING}"))
        return {name_tail(path.stem): path.read_bytes() for path in paths}

    def _parse_once(self, path: Path) -> Source:
        if path not in self._sources:
            self._sources[path] = yaml_source.read_file(path, self._parse)
        return self._sources[path]

    def _load_shipped(self, model: type[Model], part: str) -> Model:
        path = SHIPPED[part]
        return model.model_validate(self._parse_once(path if path.is_file() else min(path.glob("*.yaml"))).tree)

    def _parse_part(self, part: str) -> Iterator[tuple[str, Source]]:
        """Yield the files of a part that can be parsed, by name."""
        for name, file in self._list_files(part):
            source = self._parse_file(name, file)
            if source.tree is None:
                self._report.unread.add(part)
            else:
                yield name, source

    def _parse_file(self, name: str, file: Path | str | bytes) -> Source:
        if isinstance(file, Path):
            source = self._parse_once(file)
            self._hash.update(file.read_bytes() if file.is_file() else b"")
        else:
            raw = file.encode() if isinstance(file, str) else file
            source = self._parse(raw)
            self._hash.update(raw)
        self._add_mistakes(name, source)
        return source

    def _add_mistakes(self, name: str, source: Source) -> None:
        for mistake in source.mistakes:
            if mistake.is_certain:
                self._report.add_mistake(name, source, mistake)

    # Pieces

    def _load_phrases(self) -> Iterator[Piece[Phrases]]:
        """Yield the phrases, with the shipped words for what an own file lacks."""
        for name, source in self._parse_part("phrases.yaml"):
            shipped = self._parse_once(SHIPPED["phrases.yaml"]).tree
            tree, self._missing_keys = complete_with_shipped(source.tree, shipped)
            yield validate(self._report, name, replace(source, tree=tree), (), Phrases)

    def _load_entries(self) -> Iterator[Piece[Entry]]:
        tails = dict(self._read_tails())
        for name, source in self._parse_part("faq"):
            if isinstance(source.tree, list):
                for n, row in enumerate(source.tree):
                    topic = str(node_at(row, ("id",)))
                    tail = tails.pop(name_tail(topic), None)
                    more = None if tail is None else self._parse_tail(topic, tail, node_at(row, ("phrasings",)))
                    yield validate(self._report, name, source, (n,), Entry, more)
            else:
                self._report.unread.add("faq")
                self._report.add(name, source, (), "not_entries")
        self._lone_tails = [*tails]

    def _parse_tail(self, topic: str, raw: str | bytes, own: object) -> Piece[Entry] | None:
        """Return the piece of an entry in the file of its further phrasings; None when that cannot be read."""
        name = name_tail(topic)
        source = read_tail(raw, topic, own if isinstance(own, list) else ())
        self._hash.update(raw.encode() if isinstance(raw, str) else raw)
        self._add_mistakes(name, source)
        return Piece(name, source, (0,), None, ()) if source.tree else None

    # Checks between pieces

    def _review(
        self, phrases: Sequence[Piece[Phrases]], notices: Sequence[Piece[Notice]], scripts: Sequence[Piece[Script]]
    ) -> None:
        report, entries = self._report, self.entries
        self._check_notices(notices)
        if (count := len(self._list_files("scripts"))) != 1:
            report.add("scripts", NOWHERE, (), "one_script", count=count)
        if not entries and "faq" not in report.unread:
            report.add("faq", NOWHERE, (), "no_entries")
        names = self._list_facts()
        topics = {str(node_at(p.source.tree, (*p.at, "id"))) for p in entries}
        for name in self._lone_tails if "faq" not in report.unread else ():
            report.add(name, NOWHERE, (), "lone_lines", id=topic_of(name), known=sorted(topics))
        steps = {str(node_at(step, ("id",))) for p in scripts for step in node_at(p.source.tree, ("steps",)) or ()}
        words = next((p.value.broadcast for p in phrases if p.value), None)
        for notice in notices:
            if notice.value:
                flaws = (*find_disagreements(notice.value), *find_notice_flaws(notice.value, names, words, steps))
                report.add_flaws(notice, flaws)
        for script in scripts:
            if script.value:
                report.add_flaws(script, review(script.value, topics, names))
        for one in phrases:
            if one.value:
                report.add_flaws(one, find_phrase_flaws(one.value, self._shipped, names))
        ids: dict[str, str] = {}
        phrasings: dict[str, str] = {}
        for entry in entries:
            if entry.value:
                report.add_flaws(entry, find_entry_flaws(entry.value, topics, steps, names, ids, phrasings))

    def _list_facts(self) -> set[str]:
        """Return the names that `{{ … }}` may hold: those of any notice are the same."""
        return list_names(self._load_shipped(Notice, "notices"), self._shipped)

    def _check_notices(self, notices: Sequence[Piece[Notice]]) -> None:
        """Report that no notice is in force, and notices with the same id."""
        report = self._report
        if "notices" in report.unread or any(not p.value or ("notice", "status") in p.repaired for p in notices):
            return
        files: dict[str, str] = {}
        for piece in notices:
            if piece.value and files.setdefault(piece.value.id, piece.file) != piece.file:
                report.add(piece.file, piece.source, ("notice", "id"), "id_twice", id=piece.value.id)
        if not any(piece.value and piece.value.notice.status == "published" for piece in notices):
            file, source = (notices[0].file, notices[0].source) if notices else ("notices", NOWHERE)
            report.add(file, source, ("notice", "status") if notices else (), "no_notice")


def list_names(notice: Notice, phrases: Phrases) -> set[str]:
    """Return the names that `{{ … }}` may hold: those of any notice are the same."""
    some_day = datetime.fromisoformat("2100-01-01")
    return {*facts(notice, phrases.facts, {}, (), some_day).whole(), *LIVE}


def validate(
    report: FaultReport, file: str, source: Source, at: Loc, model: type[Model], tail: Piece[Model] | None = None
) -> Piece[Model]:
    """Validate a piece; where it is wrong, report that, repair it and validate it again."""
    tree, repaired = node_at(source.tree, at), list[Loc]()
    if tail and isinstance(tree, dict):
        tree = {**tree, "phrasings": node_at(tail.source.tree, (*tail.at, "phrasings"))}
    piece = Piece[Model](file, source, at, None, (), tail)
    for attempt in range(MAX_REPAIRS):
        try:
            return replace(piece, value=model.model_validate(tree), repaired=tuple(repaired))
        except ValidationError as error:
            errors = list(list_errors(error))
            if attempt == 0:
                report.add_schema_errors(piece, model, tree, errors)
            repaired += [loc for one in errors for loc in _list_repaired(tree, one)]
            tree = repair_tree(tree, errors)
    return replace(piece, repaired=tuple(repaired))


def _list_repaired(tree: object, error: dict[str, object]) -> list[Loc]:
    """Return the paths that a schema error makes unreliable."""
    path: Sequence[str | int] = error["loc"]  # type: ignore[assignment]
    loc = loc_in_tree(tree, path)
    keys = [path[-1]] if error["type"] == "missing" else _KEYS_OF_ROW.get(str(error["type"]), ())
    return [(*loc, key) for key in keys] or [loc]


def _entry_of(question: NoticeQuestion, notice: Notice) -> Entry:
    """Return the entry for a question that a notice answers; it replaces an FAQ entry with the same id."""
    return Entry.model_construct(
        id=question.id,
        title=question.q[0][:MAX_TITLE],
        source=question.source,
        checked_on=notice.notice.issued_on,
        step=None,
        follow=(),
        phrasings=question.q,
        answer=question.a,
        references=(),
    )
