"""The content in force: scripts, notices, FAQ and phrases, read from YAML and checked as a whole.

Everything that is wrong is found in one reading and told in Chinese, each with its place and its cure. What passes is
one immutable `Content`; a reader of it never sees half of an edit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from string import Formatter
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from rapidfuzz import fuzz, process

import faq
import flows
from bot import source
from bot.phrases import Phrases
from bot.source import Mistake, Path_, Source
from faq.matcher import Matcher
from faq.model import Entry
from flows.facts import LIVE, facts
from flows.model import Script
from flows.notice import Notice, check, flaw
from flows.review import review, unknown_placeholders

_HOUSE = Path(__file__).parent
_FLOWS = Path(flows.__file__ or "").parent
_FAQ = Path(faq.__file__ or "").parent

SHIPPED: Mapping[str, Path] = {
    "phrases.yaml": _HOUSE / "phrases.yaml",
    "scripts": _FLOWS / "scripts",
    "notices": _FLOWS / "notices",
    "faq": _FAQ / "entries",
}
"""The four parts of a content folder, and where the shipped ones are; a folder may leave out any of them."""

MAX_KNOWN = 12
"""Names listed in the sentence about a name that is not known."""
SIMILAR = 55.0
"""From this similarity (0–100) a known name is suggested for an unknown one."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in a file. `line` and `column` count from 1; `where` names the row and the key."""

    file: str
    line: int
    column: int
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.where}: {self.text}".replace(" : ", ": ")


class ContentProblem(Exception):
    """The content cannot be used; `problems` holds all that is wrong, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Content:
    """What the bot knows. `notices` are the published ones by id, `revision` is a hash of all files.

    The matcher's index is built when it is first asked, or by whoever cannot wait then.
    """

    script: Script
    notices: Mapping[str, Notice]
    entries: Mapping[str, Entry]
    phrases: Phrases
    revision: str

    @cached_property
    def matcher(self) -> Matcher:
        """Finds the entry that a question means."""
        return Matcher(self.entries.values())


def load(folder: Path | None = None) -> Content:
    """The content of a folder, with shipped parts for those that it lacks. ContentProblem with all that is wrong."""
    return _Reading(folder).content()


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


class _Reading:
    """One reading of a content folder, gathering problems as it goes."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.unread: set[str] = set()
        self.hash = hashlib.sha256()
        self.shipped = _shipped(Phrases, "phrases.yaml")
        self.sentences = self.shipped.problems

    def content(self) -> Content:
        if self.folder and not self.folder.is_dir():
            self._tell(str(self.folder), Source(None, {}, {}, ()), (), "file_missing")
            raise ContentProblem(self.problems)
        phrases = list(self._whole("phrases.yaml", Phrases))
        notices = list(self._whole("notices", Notice))
        scripts = list(self._whole("scripts", Script))
        entries = list(self._rows("faq", Entry))
        self._review(phrases, notices, scripts, entries)
        if self.problems:
            raise ContentProblem(self.problems)
        published = (p.value for p in notices if p.value and p.value.notice.status == "published")
        known = {p.value.id: p.value for p in entries if p.value}
        script, words = scripts[0].value, phrases[0].value
        assert script
        assert words
        return Content(
            script,
            {notice.id: notice for notice in published},
            known,
            words,
            self.hash.hexdigest()[:12],
        )

    def _files(self, part: str) -> Sequence[Path]:
        own = self.folder / part if self.folder else None
        path = own if own and own.exists() else SHIPPED[part]
        return sorted(path.glob("[!.]*.y*ml")) if path.is_dir() else [path]

    def _sources(self, part: str) -> Iterator[tuple[str, Source]]:
        for name, read in map(self._read, self._files(part)):
            if read.tree is None:
                self.unread.add(part)
            else:
                yield name, read

    def _read(self, path: Path) -> tuple[str, Source]:
        own = self.folder and path.is_relative_to(self.folder)
        name = str(path.relative_to(self.folder)) if self.folder and own else f"{path.parent.name}/{path.name}"
        read = source.read(path)
        if path.is_file():
            self.hash.update(path.read_bytes())
        for mistake in read.mistakes:
            if mistake.sure:
                self._say(name, mistake.place, "", mistake.rule, mistake.about)
        return name, read

    def _whole(self, part: str, model: type[Model]) -> Iterator[_Piece[Model]]:
        for name, read in self._sources(part):
            yield self._validated(name, read, (), model)

    def _rows(self, part: str, model: type[Model]) -> Iterator[_Piece[Model]]:
        for name, read in self._sources(part):
            if isinstance(read.tree, list):
                yield from (self._validated(name, read, (n,), model) for n in range(len(read.tree)))
            else:
                self.unread.add(part)
                self._tell(name, read, (), "tuple_type", key=name, value="")

    def _validated(self, name: str, read: Source, at: Path_, model: type[Model]) -> _Piece[Model]:
        tree, mended = _at(read.tree, at), list[Path_]()
        for attempt in range(MAX_MENDINGS):
            try:
                return _Piece(name, read, at, model.model_validate(tree), tuple(mended))
            except ValidationError as wrong:
                errors = list(_errors(wrong))
                for error in errors:
                    loc = _in_tree(tree, error["loc"])
                    if attempt == 0 and not _renamed(error, errors):
                        self._schema(name, read, at, model, error, loc)
                    inside = [error["loc"][-1]] if error["type"] == "missing" else _INSIDE.get(error["type"], ())
                    mended += [(*loc, key) for key in inside] or [loc]
                tree = _mend(tree, errors)
        return _Piece(name, read, at, None, tuple(mended))

    def _schema(self, name: str, read: Source, at: Path_, model: type[BaseModel], error: Any, loc: Path_) -> None:
        if cause := _cause(read, (*at, *loc), missing=error["type"] == "missing"):
            self._say(name, cause.place, "", cause.rule, cause.about)
            return
        about = {**error.get("ctx", {}), "value": _short(error["input"]), "key": _key((*at, *loc))}
        about["detail"] = error["msg"]
        if error["type"] == "missing":
            about["key"] = str(error["loc"][-1])
        if error["type"] == "extra_forbidden":
            about |= {"id": about["key"], "known": _all_keys(model)}
        if "expected" in about:
            about["expected"] = str(about["expected"]).replace(" or ", ", ").replace("'", "").replace(", ", "、")
        self._tell(name, read, (*at, *loc), _RULES.get(error["type"], error["type"]), **about)

    def _review(
        self,
        phrases: Sequence[_Piece[Phrases]],
        notices: Sequence[_Piece[Notice]],
        scripts: Sequence[_Piece[Script]],
        entries: Sequence[_Piece[Entry]],
    ) -> None:
        for piece in notices:
            if piece.value:
                self._flaws(piece, check(piece.value))
        self._published(notices)
        nowhere, count = Source(None, {}, {}, ()), len(self._files("scripts"))
        if count != 1:
            self._tell("scripts", nowhere, (), "one_script", count=count)
        if not entries and "faq" not in self.unread:
            self._tell("faq", nowhere, (), "no_entries")
        some_day, notice = datetime.fromisoformat("2100-01-01"), _shipped(Notice, "notices")
        names = {*facts(notice, self.shipped.facts, {}, (), some_day), *LIVE}
        topics = {str(_at(p.source.tree, (*p.at, "id"))) for p in entries}
        steps = {str(_at(step, ("id",))) for p in scripts for step in _at(p.source.tree, ("steps",)) or ()}
        for script in scripts:
            if script.value:
                self._flaws(script, review(script.value, topics, names))
        for row in phrases:
            if row.value:
                self._flaws(row, _phrase_flaws(row.value, self.shipped, names))
        ids: dict[str, str] = {}
        said: dict[str, str] = {}
        for entry in entries:
            if entry.value:
                self._flaws(entry, _entry_flaws(entry.value, topics, steps, names, ids, said))

    def _published(self, notices: Sequence[_Piece[Notice]]) -> None:
        """Tells when no notice is in force, and when two have the same id."""
        if "notices" in self.unread or not all(piece.value for piece in notices):
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
            if not isinstance(kind, PydanticCustomError) or (kind.type == "unknown_topic" and "faq" in self.unread):
                continue
            reasons, sections = _FOLLOWS.get(kind.type, ((), ()))
            follows = told & {*reasons} or any(m[: len(loc)] == loc or loc[: len(m)] == m for m in wrong)
            if not follows and not any(_explains(m, sections, kind.type) for m in wrong):
                self._tell(piece.file, piece.source, (*piece.at, *loc), kind.type, **(kind.context or {}))

    def _tell(self, name: str, read: Source, loc: Path_, rule: str, **about: object) -> None:
        at_key = rule in ("extra_forbidden", "yaml_duplicate_key")
        self._say(name, read.place(loc, key=at_key), _where(read.tree, loc), rule, about)

    def _say(self, name: str, place: tuple[int, int], where: str, rule: str, about: Mapping[str, object]) -> None:
        known = sorted(map(str, about.get("known", ()) or ()))  # type: ignore[call-overload]
        near = process.extractOne(str(about.get("id", "")), known, scorer=fuzz.ratio, score_cutoff=SIMILAR)
        told = {
            **about,
            "known": "、".join(known[:MAX_KNOWN]) + ("…" if len(known) > MAX_KNOWN else ""),
            "nearest": self.sentences["nearest"].format(id=near[0]) if near else "",
        }
        sentence = self.sentences.get(rule) or self.sentences["invalid"]
        text = sentence.format_map(_Known({"key": "", "value": "", "detail": rule, **told}))
        self.problems.append(Problem(name, *place, where, text))


class _Known(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "？"


MAX_MENDINGS = 8
"""How often a row is mended so that the rest of it can be checked too."""

_RULES = {
    "list_type": "tuple_type",
    "dict_type": "model_type",
    "mapping_type": "model_type",
    "model_attributes_type": "model_type",
    "bool_parsing": "bool_type",
    "int_parsing": "int_type",
    "int_from_float": "int_type",
    "date_parsing": "date_type",
    "date_from_datetime_inexact": "date_type",
    "date_from_datetime_parsing": "date_type",
    "time_parsing": "time_type",
}
"""pydantic's error types that share a sentence."""

_SAMPLES: Mapping[str, Callable[[Mapping[str, Any], Any], Any]] = {
    "malformed_url": lambda about, value: "https://example.org/",
    "malformed_phone": lambda about, value: "00000000",
    "malformed_mail": lambda about, value: "nobody@example.org",
    "day_without_year": lambda about, value: None,
    "no_such_day": lambda about, value: None,
    "string_too_long": lambda about, value: value[: about["max_length"]],
    "string_too_short": lambda about, value: "？" * about["min_length"],
    "string_type": lambda about, value: "？？",
    "model_type": lambda about, value: {},
    "tuple_type": lambda about, value: [],
    "too_short": lambda about, value: [*value, *(f"？{n}" for n in range(about["min_length"] - len(value)))],
    "too_long": lambda about, value: value[: about["max_length"]],
    "bool_type": lambda about, value: False,
    "int_type": lambda about, value: 1,
    "date_type": lambda about, value: "2000-01-01",
    "time_type": lambda about, value: "00:00",
    "greater_than_equal": lambda about, value: about["ge"],
    "less_than_equal": lambda about, value: about["le"],
    "beyond_without_date": lambda about, value: {**value, "checked_on": "2000-01-01"},
    "string_pattern_mismatch": lambda about, value: "x",
    "literal_error": lambda about, value: about["expected"].split("'")[1],
    "missing": lambda about, value: "？？",
    "end_before_start": lambda about, value: {**value, "from": None, "to": None},
}
"""By error type: something valid to put in the place of what is wrong, so that what stands around it can be checked."""


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


def _errors(wrong: ValidationError) -> Iterator[Any]:
    """What pydantic found, without those that only count how many items are left after the wrong ones."""
    for error in wrong.errors(include_url=False):
        few = error["type"] == "too_short" and isinstance(error["input"], list | tuple)
        if not few or len(error["input"]) < error.get("ctx", {}).get("min_length", 0):
            yield error


def _renamed(error: Any, errors: Iterable[Any]) -> bool:
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


def _mend(tree: Any, errors: Iterable[Any]) -> Any:
    for error in errors:
        loc = _in_tree(tree, error["loc"])
        sample = _SAMPLES.get(_RULES.get(error["type"], error["type"]))
        if error["type"] == "missing":
            loc = (*loc, error["loc"][-1])
        if sample:
            tree = _with(tree, loc, partial(sample, error.get("ctx", {})))
        elif loc and isinstance(loc[-1], str):
            tree = _with(tree, loc, None)
    return tree


def _with(tree: Any, loc: Path_, change: Callable[[Any], Any] | None) -> Any:
    """The tree with one place changed, or without it (`change` None). The tree itself stays as it is."""
    if not loc:
        return change(tree) if change else tree
    head, rest = loc[0], loc[1:]
    if isinstance(tree, list) and isinstance(head, int) and head < len(tree):
        return [_with(child, rest, change) if n == head else child for n, child in enumerate(tree)]
    if not isinstance(tree, dict):
        return tree
    if not rest and change is None:
        return {key: child for key, child in tree.items() if key != head}
    return {**tree, head: _with(tree.get(str(head)), rest, change)}


def _at(tree: Any, loc: Path_) -> Any:
    for name in loc:
        try:
            tree = tree[name]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _in_tree(tree: Any, loc: Sequence[str | int]) -> Path_:
    """The place that pydantic gives, without the names of union members, which stand in no file."""
    path: list[str | int] = []
    for name in loc:
        inner = (isinstance(tree, dict) and name in tree) or (isinstance(tree, list) and isinstance(name, int))
        if inner and (not isinstance(name, int) or name < len(tree)):
            path.append(name)
            tree = tree[name]
    return tuple(path)


def _where(tree: Any, loc: Path_) -> str:
    """The nearest thing with an id, and the keys below it: `m1-phone.choices.2.go` (rows count from 1)."""
    names: list[str] = []
    node = tree
    for name in loc:
        node = _at(node, (name,))
        names.append(str(name + 1) if isinstance(name, int) else name)
        if isinstance(node, dict) and isinstance(node.get("id"), str):
            names = [node["id"]]
    return ".".join(names)


def _key(loc: Path_) -> str:
    return next((str(name) for name in reversed(loc) if isinstance(name, str)), "")


def _short(value: object) -> str:
    text = "" if isinstance(value, dict | list) else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _all_keys(model: type[BaseModel]) -> set[str]:
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}


def _shipped(model: type[Model], part: str) -> Model:
    path = SHIPPED[part]
    return model.model_validate(source.read(path if path.is_file() else min(path.glob("*.yaml"))).tree)


def _phrase_flaws(phrases: Phrases, shipped: Phrases, names: set[str]) -> Iterator[InitErrorDetails]:
    """Names in `{{ … }}` that no notice has, and names in `{…}` that the code does not fill at that place."""
    for loc, text in phrases.sentences:
        yield from unknown_placeholders(text, loc, names)
    known = dict(_templates(shipped))
    for loc, text in _templates(phrases):
        fields, given = _braces(text), _braces(known.get(loc, ""))
        if fields is None:
            yield flaw("broken_brace", *loc)
        elif loc in known and fields - (given or set()):
            yield flaw("unknown_brace", *loc, id=min(fields - (given or set())), known=sorted(given or ()))


def _templates(phrases: Phrases) -> Iterator[tuple[Path_, str]]:
    for loc, text in phrases.sentences:
        yield loc, text.replace("{{", "").replace("}}", "")
    for name, value in phrases.facts:
        for key, text in value.items() if isinstance(value, dict) else [("", value)]:
            if isinstance(text, str):
                yield ("facts", name, key) if key else ("facts", name), text


def _braces(text: str) -> set[str] | None:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None


def _entry_flaws(
    entry: Entry, topics: set[str], steps: set[str], names: set[str], ids: dict[str, str], said: dict[str, str]
) -> Iterator[InitErrorDetails]:
    if entry.id in ids:
        yield flaw("id_twice", "id", id=entry.id)
    ids[entry.id] = entry.id
    if entry.step and steps and entry.step not in steps:
        yield flaw("unknown_step", "step", id=entry.step, known=sorted(steps))
    for n, topic in enumerate(entry.follow):
        if topic not in topics:
            yield flaw("unknown_topic", "follow", n, id=topic, known=sorted(topics))
    for n, phrasing in enumerate(entry.phrasings):
        owner = said.setdefault(phrasing.casefold(), entry.id)
        if owner != entry.id:
            yield flaw("phrasing_twice", "phrasings", n, text=phrasing, id=owner)
    yield from unknown_placeholders(entry.answer, ("answer",), names)
