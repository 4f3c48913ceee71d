"""Turns mistakes, schema errors and flaws into sentences at their places, for whoever writes the content.

Mistakes are what is wrong as YAML, schema errors come from pydantic, flaws from the checks of valid rows (in pydantic's
form). A fault is reported once: what only follows from another one is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from pydantic_core import InitErrorDetails, PydanticCustomError
from rapidfuzz import fuzz, process

from bot.content.places import Loc, Place
from bot.content.problem import ContentFault
from bot.content.schema_repair import RULES, describe_loc, key_of, loc_in_tree
from bot.content.yaml_slips import WIDE_QUOTES, Mistake
from bot.content.yaml_source import Source

MAX_KNOWN = 12
"""Names listed in the sentence about an unknown name."""
SIMILAR = 55.0
"""Similarity (0–100) from which a known name is suggested for an unknown one."""
STOP_NO_START = (
    "yaml_hash",
    "yaml_swallowed",
    "yaml_invisible",
    "yaml_item_lost",
    "majors_in_one",
    "line_item",
    "line_key",
)
"""Rules about what can be used as it is: they refuse a publication, and let a start with older content pass."""

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
    "unreachable_step": (["unknown_step"], ["steps", "start", "resume_at", "shortcuts"]),
}
"""By rule: other rules, and sections of the file, that explain it when something is wrong with them."""
_AT_WORDS: Mapping[str, str] = {"unknown_placeholder": "id", "broken_placeholder": "text", "unknown_brace": "id"}
"""Rules about a few words of a longer text, and the particular that holds these words."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Piece(Generic[Model]):
    """A whole notice or script, or one FAQ entry, at `at` in its file.

    `value` is what could be made of it (repaired where it was wrong, so that the rest can still be checked), `repaired`
    the places where that was done. `tail` is the piece of an entry in the file of its further phrasings.
    """

    file: str
    source: Source
    at: Loc
    value: Model | None
    repaired: tuple[Loc, ...]
    tail: Piece[Model] | None = None

    def find(self, loc: Loc) -> tuple[str, Source, Loc]:
        """Return the file in which a path of the piece stands, its source, and the path in it."""
        if self.tail and (*self.tail.at, *loc) in self.tail.source.values:
            return self.tail.find(loc)
        return self.file, self.source, (*self.at, *loc)


class FaultReport:
    """The faults found so far, worded by `sentences` (by rule).

    `faults` make the content unusable, `at_publication` refuse a publication only. `unread` are the parts that could
    not be parsed: rules that depend on one of them are not reported.
    """

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self.faults: list[ContentFault] = []
        self.at_publication: list[ContentFault] = []
        self.unread: set[str] = set()
        self._sentences = sentences

    def add_mistake(self, file: str, source: Source, mistake: Mistake) -> None:
        """Report a mistake in the YAML."""
        self._add(file, source, mistake.place, "", mistake.rule, mistake.about)

    def add(self, file: str, source: Source, loc: Loc, rule: str, **about: object) -> None:
        """Report a broken rule at a path."""
        words = str(about.get(_AT_WORDS.get(rule, ""), ""))
        is_about_key = rule in ("extra_forbidden", "yaml_duplicate_key")
        place = source.find_words(loc, words) if words else source.place(loc, key=is_about_key)
        self._add(file, source, place, describe_loc(source.tree, loc), rule, about)

    def add_schema_errors(self, piece: Piece[Any], model: type[BaseModel], tree: Any, errors: Sequence[Any]) -> None:
        """Report pydantic's errors about a piece, but for keys that are missing because they are misspelt."""
        for error in errors:
            if not _is_misspelt(error, errors):
                self._add_schema_error(piece, model, error, loc_in_tree(tree, error["loc"]))

    def _add_schema_error(self, piece: Piece[Any], model: type[BaseModel], error: Any, loc: Loc) -> None:
        file, source, at = piece.find(loc)
        if mistake := _find_cause(source, at, missing=error["type"] == "missing"):
            self.add_mistake(file, source, mistake)
            return
        line, column = source.place(at)
        rule, about = _guess_rule(error, source.line(line)[column - 1 : column]), _particulars(error, model, at)
        key = about.pop("at", None)
        if rule == "model_type" and not at:
            rule = "not_keys"
            self.unread.add(file.split("/", 1)[0])
        self.add(file, source, (*at, *filter(None, [key])), rule, **about)

    def add_flaws(self, piece: Piece[Any], flaws: Iterable[InitErrorDetails]) -> None:
        """Report flaws that do not merely follow from something that is reported already."""
        kinds = [(flaw.get("loc", ()), kind) for flaw in flaws if isinstance(kind := flaw["type"], PydanticCustomError)]
        rules = {kind.type for _, kind in kinds}
        mistakes = piece.source.mistakes
        wrong = [*piece.repaired, *(m.loc[len(piece.at) :] for m in mistakes if m.is_certain and m.loc)]
        for loc, kind in kinds:
            if _UNREAD.get(kind.type) not in self.unread and not _follows(loc, kind.type, rules, wrong):
                self.add(*piece.find(loc), kind.type, **(kind.context or {}))

    def _add(self, file: str, source: Source, place: Place, where: str, rule: str, about: Mapping[str, object]) -> None:
        known = sorted(map(str, about.get("known", ()) or ()))  # type: ignore[call-overload]
        listed = "、".join(known[:MAX_KNOWN]) + ("…" if len(known) > MAX_KNOWN else "")
        nearest = self._suggest(str(about.get("id", "")), known)
        if rule == "extra_forbidden" and not nearest:
            nearest = self._sentences["known_keys"].format(known=listed)
        particulars = {"key": "", "value": "", "detail": rule, **about, "known": listed, "nearest": nearest}
        sentence = self._sentences.get(rule) or self._sentences["invalid"]
        faults = self.at_publication if rule in STOP_NO_START else self.faults
        text = sentence.format_map(_Particulars(particulars))
        faults.append(ContentFault(file, *place, where, text, source.line(place[0])))

    def _suggest(self, name: str, known: Sequence[str]) -> str:
        name = _KEYS.get(name, name.lower())
        near = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=SIMILAR)
        return self._sentences["nearest"].format(id=near[0]) if near else ""


_KEYS: Mapping[str, str] = {
    "标题": "title", "答案": "answer", "回答": "answer", "问法": "phrasings", "问题": "phrasings", "出处": "source",
    "来源": "source", "编号": "id", "核对日期": "checked_on", "接着问": "follow", "步骤": "step",
}  # fmt: skip
"""Keys by their Chinese names, which people write in their place."""


class _Particulars(dict[str, object]):
    """Fill a sentence; a name without a value becomes `？`."""

    def __missing__(self, key: str) -> str:
        return "？"


def _is_misspelt(error: Any, errors: Iterable[Any]) -> bool:
    """Return whether a key is only missing because it is misspelt, which another error reports."""
    if error["type"] != "missing":
        return False
    *row, key = error["loc"]
    extra = (e["loc"][-1] for e in errors if e["type"] == "extra_forbidden" and [*e["loc"][:-1]] == row)
    return any(fuzz.ratio(str(name), str(key)) >= SIMILAR for name in extra)


def _follows(loc: Loc, rule: str, rules: set[str], wrong: Sequence[Loc]) -> bool:
    """Return whether a flaw may be a mere consequence: of another rule, or of something `wrong` at or near its path."""
    reasons, sections = _FOLLOWS.get(rule, ((), ()))
    if rules & {*reasons} or any(m[: len(loc)] == loc or loc[: len(m)] == m for m in wrong):
        return True
    return any(_explains(m, sections, rule) for m in wrong)


def _explains(wrong: Loc, sections: Sequence[str], rule: str) -> bool:
    """Return whether a flaw may follow from what was wrong elsewhere in the file, in one of these sections."""
    if not wrong or wrong[0] not in sections:
        return False
    return not rule.startswith("unknown_") or len(wrong) == 1 or wrong[-1] in ("id", "kind")


def _find_cause(source: Source, loc: Loc, *, missing: bool) -> Mistake | None:
    """Return the mistake in the YAML that explains why the schema finds something wrong at `loc`."""
    for mistake in source.mistakes:
        hurt = mistake.loc
        if hurt is not None and (loc[: len(hurt)] == hurt or (missing and hurt[:-1] == loc)):
            return mistake
    return None


def _guess_rule(error: Any, first: str) -> str:
    """Return the rule whose sentence fits best; `first` is the character that the value begins with in the file."""
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


def _particulars(error: Any, model: type[BaseModel], at: Loc) -> dict[str, Any]:
    """Return what the sentence about a schema error may name; `at`, where there is one, is a key of the row."""
    value = error["input"]
    about = {**error.get("ctx", {}), "value": _shorten(value), "key": key_of(at), "detail": error["msg"]}
    about["size"] = len(value) if isinstance(value, str) else 0
    if error["type"] == "missing":
        about["key"] = str(error["loc"][-1])
    if error["type"] == "extra_forbidden":
        about |= {"id": about["key"], "known": _keys_at(model, error["loc"][:-1])}
    if "expected" in about:
        about["expected"] = str(about["expected"]).replace(" or ", ", ").replace("'", "").replace(", ", "、")
    return about


def _shorten(value: object) -> str:
    text = "" if isinstance(value, dict | list) else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """Return the keys that may be written at a path, as pydantic gives it."""
    schema = model.model_json_schema()
    parts = [schema]
    for name in loc:
        parts = [inner for part in parts for inner in _inner_schemas(schema, part, name)]
    return {key for part in parts for key in part.get("properties", {})}


def _inner_schemas(schema: Any, part: Any, name: str | int) -> Iterator[Any]:
    """Yield the JSON schemas of the value under one name or row."""
    found = part.get("items") if isinstance(name, int) else part.get("properties", {}).get(name)
    for inner in (found or part.get("additionalProperties"),):
        for one in inner.get("anyOf", [inner]) if isinstance(inner, dict) else ():
            yield schema["$defs"][one["$ref"].rsplit("/", 1)[-1]] if "$ref" in one else one
