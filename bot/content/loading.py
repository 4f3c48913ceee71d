"""Scripts, notices, FAQ and phrases, read from YAML and checked as a whole: what passes is one `Content`.

Everything that is wrong is found in one reading and told in Chinese, each with its place and its cure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from rapidfuzz import fuzz, process

import bot
import faq
import flows
from bot.content import yaml_source
from bot.content.checks import entry_flaws, line_flaws, notice_flaws, phrase_flaws
from bot.content.content import Content
from bot.content.phrases.graduate import Phrases, complete_with_shipped
from bot.content.problem import ContentFault, ContentProblem
from bot.content.schema_repair import MAX_MENDINGS, RULES, errors_of, in_tree, key_of, mend, node_at, where
from bot.content.yaml_source import WIDE_QUOTES, Mistake, Path_, Source
from faq.matcher import Matcher
from faq.model import Entry
from flows.agreement import check
from flows.facts import LIVE, facts
from flows.model import Script
from flows.notice import Notice, NoticeQuestion
from flows.review import review

_BOT = Path(bot.__file__ or "").parent
_FLOWS = Path(flows.__file__ or "").parent
_FAQ = Path(faq.__file__ or "").parent

SHIPPED: Mapping[str, Path] = {
    "phrases.yaml": _BOT / "phrases.yaml",
    "scripts": _FLOWS / "scripts",
    "notices": _FLOWS / "notices",
    "faq": _FAQ / "entries",
}
"""The four parts of a content folder, and where the shipped ones are; a folder may leave out any of them."""

MAX_TITLE = 24
"""Characters of an entry's title, which is also a button."""
MAX_KNOWN = 12
"""Names listed in the sentence about a name that is not known."""
TOLD_WHEN_PUBLISHED = ("yaml_hash", "majors_in_one")
"""Rules about what can be used as it is: it is refused when it is published, and stops no start with older content."""
SIMILAR = 55.0
"""From this similarity (0–100) a known name is suggested for an unknown one."""


Given = Path | Mapping[str, str | bytes] | None
"""A content folder, or the same as files by their names in one: `faq/account.yaml`, `phrases.yaml`."""


def load(given: Given = None, *, rehearsed: bool = False) -> Content:
    """The content given, with shipped parts for those that it lacks. ContentProblem with all that is wrong.

    `rehearsed`: the matcher is also asked the lines that entries must and must not match, which no start waits for.
    """
    reading = _ContentLoader(given)
    content = reading.content()
    if rehearsed:
        reading.rehearse(content)
    return content


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an FAQ entry stands: the file as read, and the path of the entry in it."""

    file: str
    source: Source
    at: Path_

    def problem(self, loc: Path_, text: str, words: object = "") -> ContentFault:
        """Something about the entry's `loc`, where these words of it stand."""
        place = self.source.within((*self.at, *loc), str(words))
        return ContentFault(
            self.file, *place, where(self.source.tree, (*self.at, *loc)), text, _line(self.source, place[0])
        )


def load_with_spots(given: Given, before: Matcher | None) -> tuple[Content, Mapping[str, Spot], Sequence[ContentFault]]:
    """Like `load`; where each entry of the FAQ files stands, by id; and what is wrong with lines that must match.

    `before` is the matcher of the content in force: it has read what did not change.
    """
    reading = _ContentLoader(given)
    content = reading.content()
    content.__dict__["matcher"] = Matcher(content.entries.values(), before=before)
    spots = {p.value.id: Spot(p.file, p.source, p.at) for p in reading.entries if p.value}
    try:
        reading.rehearse(content)
    except ContentProblem as lost:
        return content, spots, lost.problems
    return content, spots, ()


Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class _Piece(Generic[Model]):
    """One row of the schema as it stands in a file: a whole notice or script, or one FAQ entry.

    `value` is what could be made of it (mended where it was wrong, so that the rest can still be checked), `mended` the
    places where that was done, `problems` whether anything was.
    """

    file: str
    source: Source
    at: Path_
    value: Model | None
    mended: tuple[Path_, ...]


class _ContentLoader:
    """One reading of content, gathering problems as it goes."""

    def __init__(self, given: Given) -> None:
        self.folder = given if isinstance(given, Path) else None
        self.files = given if isinstance(given, Mapping) else {}
        self.problems: list[ContentFault] = []
        self.held: list[ContentFault] = []
        self.unread: set[str] = set()
        self.hash = hashlib.sha256()
        self.read: dict[Path, Source] = {}
        self.entries: Sequence[_Piece[Entry]] = ()
        self.lacking: Sequence[str] = ()
        self.shipped = self._load_shipped(Phrases, "phrases.yaml")
        self.sentences = self.shipped.problems

    def content(self) -> Content:
        if self.folder and not self.folder.is_dir():
            self._tell(str(self.folder), Source(None, {}, {}, ()), (), "file_missing")
            raise ContentProblem(self.problems)
        phrases = list(self._phrases())
        notices = list(self._whole("notices", Notice))
        scripts = list(self._whole("scripts", Script))
        self.entries = entries = list(self._rows("faq", Entry))
        self._review(phrases, notices, scripts, entries)
        if self.problems:
            raise ContentProblem([*self.problems, *self.held])
        published = [p.value for p in notices if p.value and p.value.notice.status == "published"]
        known = {p.value.id: p.value for p in entries if p.value}
        known |= {question.id: _entry(question, notice) for notice in published for question in notice.faq}
        script, words = scripts[0].value, phrases[0].value
        assert script
        assert words
        return Content(
            script,
            {notice.id: notice for notice in published},
            known,
            words,
            self.hash.hexdigest()[:12],
            tuple(self.lacking),
        )

    def rehearse(self, content: Content) -> None:
        """Asks what the entries in force must and must not match; a notice may answer a topic in an entry's place.

        Tells as well what stops no start.
        """
        self.problems += self.held
        for piece in self.entries:
            if piece.value and content.entries[piece.value.id] is piece.value:
                self._flaws(piece, line_flaws(piece.value, content.matcher))
        if self.problems:
            raise ContentProblem(self.problems)

    def _files(self, part: str) -> Sequence[tuple[str, Path | str | bytes]]:
        """The files of a part by name: those that were given, else the shipped ones."""
        if own := [(name, self.files[name]) for name in sorted(self.files) if name.split("/", 1)[0] == part]:
            return own
        folder = self.folder / part if self.folder else None
        path = folder if folder and folder.exists() else SHIPPED[part]
        return [(f"{part}/{p.name}", p) for p in sorted(path.glob("[!.]*.y*ml"))] if path.is_dir() else [(part, path)]

    def _once(self, path: Path) -> Source:
        return self.read[path] if path in self.read else self.read.setdefault(path, yaml_source.read_file(path))

    def _load_shipped(self, model: type[Model], part: str) -> Model:
        path = SHIPPED[part]
        return model.model_validate(self._once(path if path.is_file() else min(path.glob("*.yaml"))).tree)

    def _sources(self, part: str) -> Iterator[tuple[str, Source]]:
        for name, file in self._files(part):
            read = self._read_source(name, file)
            if read.tree is None:
                self.unread.add(part)
            else:
                yield name, read

    def _read_source(self, name: str, file: Path | str | bytes) -> Source:
        if isinstance(file, Path):
            read = self._once(file)
            self.hash.update(file.read_bytes() if file.is_file() else b"")
        else:
            read = yaml_source.parse_bytes(file)
            self.hash.update(file.encode() if isinstance(file, str) else file)
        for mistake in read.mistakes:
            if mistake.sure:
                self._say(name, read, mistake.place, "", mistake.rule, mistake.about)
        return read

    def _whole(self, part: str, model: type[Model]) -> Iterator[_Piece[Model]]:
        for name, read in self._sources(part):
            yield self._validate(name, read, (), model)

    def _phrases(self) -> Iterator[_Piece[Phrases]]:
        """The phrases, with the shipped words for what an own file lacks."""
        for name, read in self._sources("phrases.yaml"):
            tree, self.lacking = complete_with_shipped(read.tree, self._once(SHIPPED["phrases.yaml"]).tree)
            yield self._validate(name, replace(read, tree=tree), (), Phrases)

    def _rows(self, part: str, model: type[Model]) -> Iterator[_Piece[Model]]:
        for name, read in self._sources(part):
            if isinstance(read.tree, list):
                yield from (self._validate(name, read, (n,), model) for n in range(len(read.tree)))
            else:
                self.unread.add(part)
                self._tell(name, read, (), "not_entries")

    def _validate(self, name: str, read: Source, at: Path_, model: type[Model]) -> _Piece[Model]:
        tree, mended = node_at(read.tree, at), list[Path_]()
        for attempt in range(MAX_MENDINGS):
            try:
                return _Piece(name, read, at, model.model_validate(tree), tuple(mended))
            except ValidationError as wrong:
                errors = list(errors_of(wrong))
                for error in errors:
                    loc = in_tree(tree, error["loc"])
                    if attempt == 0 and not _is_misspelt(error, errors):
                        self._schema(name, read, at, model, error, loc)
                    inside = [error["loc"][-1]] if error["type"] == "missing" else _INSIDE.get(error["type"], ())
                    mended += [(*loc, key) for key in inside] or [loc]
                tree = mend(tree, errors)
        return _Piece(name, read, at, None, tuple(mended))

    def _schema(self, name: str, read: Source, at: Path_, model: type[BaseModel], error: Any, loc: Path_) -> None:
        if cause := _cause(read, (*at, *loc), missing=error["type"] == "missing"):
            self._say(name, read, cause.place, "", cause.rule, cause.about)
            return
        about = {**error.get("ctx", {}), "value": _short(error["input"]), "key": key_of((*at, *loc))}
        about |= {"detail": error["msg"], "size": len(error["input"]) if isinstance(error["input"], str) else 0}
        if error["type"] == "missing":
            about["key"] = str(error["loc"][-1])
        if error["type"] == "extra_forbidden":
            about |= {"id": about["key"], "known": _keys(model, error["loc"][:-1])}
        if "expected" in about:
            about["expected"] = str(about["expected"]).replace(" or ", ", ").replace("'", "").replace(", ", "、")
        line, column = read.place((*at, *loc))
        rule, key = _guess_rule(error, _line(read, line)[column - 1 : column]), about.pop("at", None)
        if rule == "model_type" and not (*at, *loc):
            rule = "not_keys"
            self.unread.add(name.split("/", 1)[0])
        self._tell(name, read, (*at, *loc, *filter(None, [key])), rule, **about)

    def _review(
        self,
        phrases: Sequence[_Piece[Phrases]],
        notices: Sequence[_Piece[Notice]],
        scripts: Sequence[_Piece[Script]],
        entries: Sequence[_Piece[Entry]],
    ) -> None:
        self._check_published(notices)
        nowhere, count = Source(None, {}, {}, ()), len(self._files("scripts"))
        if count != 1:
            self._tell("scripts", nowhere, (), "one_script", count=count)
        if not entries and "faq" not in self.unread:
            self._tell("faq", nowhere, (), "no_entries")
        some_day, notice = datetime.fromisoformat("2100-01-01"), self._load_shipped(Notice, "notices")
        names = {*facts(notice, self.shipped.facts, {}, (), some_day).whole(), *LIVE}
        topics = {str(node_at(p.source.tree, (*p.at, "id"))) for p in entries}
        steps = {str(node_at(step, ("id",))) for p in scripts for step in node_at(p.source.tree, ("steps",)) or ()}
        templates = {name for p in phrases if p.value for name in p.value.broadcast.templates}
        for piece in notices:
            if piece.value:
                self._flaws(piece, (*check(piece.value), *notice_flaws(piece.value, names, templates, steps)))
        for script in scripts:
            if script.value:
                self._flaws(script, review(script.value, topics, names))
        for row in phrases:
            if row.value:
                self._flaws(row, phrase_flaws(row.value, self.shipped, names))
        ids: dict[str, str] = {}
        said: dict[str, str] = {}
        for entry in entries:
            if entry.value:
                self._flaws(entry, entry_flaws(entry.value, topics, steps, names, ids, said))

    def _check_published(self, notices: Sequence[_Piece[Notice]]) -> None:
        """Tells when no notice is in force, and when two have the same id."""
        broken = any(not piece.value or ("notice", "status") in piece.mended for piece in notices)
        if "notices" in self.unread or broken:
            return
        known: dict[str, str] = {}
        for piece in notices:
            if piece.value and known.setdefault(piece.value.id, piece.file) != piece.file:
                self._tell(piece.file, piece.source, ("notice", "id"), "id_twice", id=piece.value.id)
        if not any(piece.value and piece.value.notice.status == "published" for piece in notices):
            file, read = (notices[0].file, notices[0].source) if notices else ("notices", Source(None, {}, {}, ()))
            self._tell(file, read, ("notice", "status") if notices else (), "no_notice")

    def _flaws(self, piece: _Piece[Any], found: Iterable[InitErrorDetails]) -> None:
        """Tells findings that are not mere consequences of something that was told before."""
        flaws = [(error.get("loc", ()), error["type"]) for error in found]
        told = {kind.type for _, kind in flaws if isinstance(kind, PydanticCustomError)}
        wrong = [*piece.mended, *(m.loc[len(piece.at) :] for m in piece.source.mistakes if m.sure and m.loc)]
        for loc, kind in flaws:
            if not isinstance(kind, PydanticCustomError) or _UNREAD.get(kind.type) in self.unread:
                continue
            reasons, sections = _FOLLOWS.get(kind.type, ((), ()))
            follows = told & {*reasons} or any(m[: len(loc)] == loc or loc[: len(m)] == m for m in wrong)
            if not follows and not any(_explains(m, sections, kind.type) for m in wrong):
                self._tell(piece.file, piece.source, (*piece.at, *loc), kind.type, **(kind.context or {}))

    def _tell(self, name: str, read: Source, loc: Path_, rule: str, **about: object) -> None:
        at_key = rule in ("extra_forbidden", "yaml_duplicate_key")
        words = str(about.get(_WORDS.get(rule, ""), ""))
        place = read.within(loc, words) if words else read.place(loc, key=at_key)
        self._say(name, read, place, where(read.tree, loc), rule, about)

    def _say(
        self, name: str, read: Source, place: tuple[int, int], where: str, rule: str, about: Mapping[str, object]
    ) -> None:
        known = sorted(map(str, about.get("known", ()) or ()))  # type: ignore[call-overload]
        near = process.extractOne(str(about.get("id", "")), known, scorer=fuzz.ratio, score_cutoff=SIMILAR)
        some = "、".join(known[:MAX_KNOWN]) + ("…" if len(known) > MAX_KNOWN else "")
        nearest = self.sentences["nearest"].format(id=near[0]) if near else ""
        if rule == "extra_forbidden" and not near:
            nearest = self.sentences["known_keys"].format(known=some)
        told = {**about, "known": some, "nearest": nearest}
        sentence = self.sentences.get(rule) or self.sentences["invalid"]
        text = sentence.format_map(_Known({"key": "", "value": "", "detail": rule, **told}))
        problems = self.held if rule in TOLD_WHEN_PUBLISHED else self.problems
        problems.append(ContentFault(name, *place, where, text, _line(read, place[0])))


_WORDS: Mapping[str, str] = {"unknown_placeholder": "id", "broken_placeholder": "text", "unknown_brace": "id"}
"""Rules about a few words of a longer text, and which of their particulars these are."""


class _Known(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "？"


_UNREAD = {"unknown_topic": "faq", "unknown_template": "phrases.yaml"}
"""Rules about names that stand in another part, which may be the one that could not be read."""

_FOLLOWS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "cohort_without_window": (["unknown_cohort"], ["cohorts", "windows"]),
    "cohort_without_contact": (["unknown_cohort", "unknown_contact"], ["cohorts", "contacts", "routing"]),
    "unknown_cohort": ([], ["cohorts"]),
    "unknown_contact": ([], ["contacts"]),
    "unknown_window": ([], ["windows"]),
    "unknown_correction": ([], ["corrections"]),
    "unknown_track": ([], ["tracks"]),
    "unknown_step": ([], []),
    "unreachable_step": (["unknown_step"], ["steps", "start", "resume_at", "doors"]),
}
"""By rule: other rules, and sections of the file, that explain it when something is wrong with them."""


def _is_misspelt(error: Any, errors: Iterable[Any]) -> bool:
    """Whether a key is only missing because it was misspelt, which another error says."""
    if error["type"] != "missing":
        return False
    *row, key = error["loc"]
    extra = (e["loc"][-1] for e in errors if e["type"] == "extra_forbidden" and [*e["loc"][:-1]] == row)
    return any(fuzz.ratio(str(name), str(key)) >= SIMILAR for name in extra)


def _explains(mended: Path_, sections: Sequence[str], rule: str) -> bool:
    """Whether a finding may be a mere consequence of what was wrong at `mended`, elsewhere in the file."""
    if not mended or mended[0] not in sections:
        return False
    return not rule.startswith("unknown_") or len(mended) == 1 or mended[-1] in ("id", "kind")


_INSIDE: Mapping[str, Sequence[str]] = {"end_before_start": ["from", "to"], "beyond_without_date": ["checked_on"]}
"""Rules that pydantic tells of a whole row, and the keys that they are about."""


def _cause(read: Source, loc: Path_, *, missing: bool) -> Mistake | None:
    """The mistake in the YAML that explains why the schema finds something wrong at `loc`."""
    for mistake in read.mistakes:
        hurt = mistake.loc
        if hurt is not None and (loc[: len(hurt)] == hurt or (missing and hurt[:-1] == loc)):
            return mistake
    return None


def _guess_rule(error: Any, first: str) -> str:
    """The rule whose sentence tells best what the person did; `first` is the sign that the value begins with."""
    rule: str = RULES.get(error["type"], error["type"])
    if error["input"] is None and rule.endswith("_type"):
        return "empty"
    if rule == "string_type" and isinstance(error["input"], list) and first != "[":
        return "text_not_list"
    if rule != "string_too_long" and first in WIDE_QUOTES:
        return "yaml_full_width_quote"
    if rule == "string_pattern_mismatch" and ":" in error["ctx"]["pattern"]:
        return "hours"
    if rule == "string_type" and isinstance(error["input"], dict):
        return "yaml_after_bracket" if first == "{" else "yaml_colon_inside"
    return rule


def _line(read: Source, number: int) -> str:
    return read.lines[number - 1] if 0 < number <= len(read.lines) else ""


def _short(value: object) -> str:
    text = "" if isinstance(value, dict | list) else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _keys(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """The keys that may be written at a place, as pydantic gives it."""
    schema = model.model_json_schema()
    parts = [schema]
    for name in loc:
        parts = [inner for part in parts for inner in _within(schema, part, name)]
    return {key for part in parts for key in part.get("properties", {})}


def _within(schema: Any, part: Any, name: str | int) -> Iterator[Any]:
    """What a JSON schema says of the value under one name or row."""
    found = part.get("items") if isinstance(name, int) else part.get("properties", {}).get(name)
    for inner in (found or part.get("additionalProperties"),):
        for one in inner.get("anyOf", [inner]) if isinstance(inner, dict) else ():
            yield schema["$defs"][one["$ref"].rsplit("/", 1)[-1]] if "$ref" in one else one


def _entry(question: NoticeQuestion, notice: Notice) -> Entry:
    """A question that a notice answers itself; it stands in the place of an FAQ entry with the same id."""
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
