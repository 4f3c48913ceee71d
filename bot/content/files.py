"""Content as texts by file name: reading and writing a folder, placing a file, comparing two sets of files.

A part (faq, notices, scripts, phrases.yaml) without a file is the shipped one. Must not know: revisions, people. Pure
but for `read_folder` and `write_files`.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from functools import cache
from pathlib import Path

from bot.content.content import Content
from bot.content.encoding import decode, name_format
from bot.content.loading import SHIPPED
from bot.content.notice_changes import list_notice_changes
from bot.content.tails import name_tail, topic_of, topic_of_given
from bot.content.yaml_source import MAX_BYTES
from faq.lines import ENDING, FOLDER
from faq.model import Entry

Files = Mapping[str, str]
"""Texts by name as in a content folder: `faq/account.yaml`, `phrases.yaml`."""

SETTINGS = "content.yaml"
"""The file in which a folder may say `faq: replace` or `faq: add`: whether shipped entries stand beside its own."""
_NAME = re.compile(r"[\w\u3400-\u9fff（）()+ -][\w\u3400-\u9fff（）()+. -]{0,80}\.ya?ml")
_COPY_NUMBER = re.compile(r" ?[(（]\d+[)）](?=\.ya?ml$)")
"""The number that a phone or a browser adds to the name of a file that it has already."""
_ENTRY = re.compile(r"^- +id: *([a-z0-9-]+) *$", re.MULTILINE)
_KEY = re.compile(r"^([a-z_]+)\s*[:：]", re.MULTILINE)


class Refused(Exception):
    """Something that an admin asked for is refused; `rule` has a sentence in the phrases, `about` its particulars."""

    def __init__(self, rule: str, **about: object) -> None:
        super().__init__(rule)
        self.rule = rule
        self.about = about


def part_of(name: str) -> str:
    """Return the part of the content that a file belongs to."""
    return name.split("/", 1)[0]


def holds_entries(name: str) -> bool:
    """Return whether FAQ entries stand in a file."""
    return part_of(name) == "faq" and not topic_of(name)


def decode_text(raw: bytes) -> str:
    """Return the text of a file that somebody gives. Refused when it is too large or no text."""
    if len(raw) > MAX_BYTES:
        raise Refused("too_large", size=len(raw), limit=MAX_BYTES)
    if name := name_format(raw):
        raise Refused("office_file", name=name)
    text = decode(raw)
    if not isinstance(text, str):
        raise Refused("no_text", line=text[0], column=text[1])
    return text


def read_folder(folder: Path | None) -> dict[str, str | bytes]:
    """Return the files of a content folder; bytes of what is no text. Links that lead out of it are not followed."""
    if folder is None or not folder.is_dir():
        return {}
    root, files = folder.resolve(), dict[str, str | bytes]()
    for part in (*SHIPPED, SETTINGS):
        path = folder / part
        found = [*path.glob("[!.~]*.[yY]*[mM][lL]"), *path.glob(f"{FOLDER}/[!.]*{ENDING}")] if path.is_dir() else [path]
        for file in sorted(found):
            if file.is_file() and file.resolve().is_relative_to(root):
                files[str(file.relative_to(folder))] = _decode_or_keep(file.read_bytes())
    return files


def is_shipped(name: str) -> bool:
    """Return whether a shipped file has this name."""
    return name in _shipped_names()


@cache
def _shipped_names() -> frozenset[str]:
    return frozenset(name for part in SHIPPED for name in load_shipped(part))


def _decode_or_keep(raw: bytes) -> str | bytes:
    text = decode(raw) if len(raw) <= MAX_BYTES else raw
    return text if isinstance(text, str) else raw


def keep_texts(files: Mapping[str, str | bytes]) -> dict[str, str]:
    """Return the files that are text."""
    return {name: text for name, text in files.items() if isinstance(text, str)}


def load_shipped(part: str) -> dict[str, str]:
    """Return the shipped files of a part."""
    path = SHIPPED[part]
    files = {f"{part}/{file.name}": file for file in sorted(path.glob("*.yaml"))} if path.is_dir() else {part: path}
    if part == "faq":
        files |= {name_tail(file.stem): file for file in sorted((path.parent / FOLDER).glob(f"*{ENDING}"))}
    return {name: file.read_text("utf-8") for name, file in files.items()}


def with_shipped(files: Files) -> dict[str, str]:
    """Return the files with the shipped ones of the parts that they lack."""
    own = {part_of(name) for name in files}
    return {
        **{name: text for part in SHIPPED if part not in own for name, text in load_shipped(part).items()},
        **files,
    }


def safe_name(name: str) -> str:
    """Return the name of a file that somebody gives. Refused for a path and for what is not called YAML, nor like the
    phrasings of an entry.
    """
    if not _NAME.fullmatch(name) and not topic_of_given(name):
        raise Refused("bad_name", name=name[:60])
    return name


def place_file(files: Files, name: str, text: str) -> dict[str, str]:
    """Return the files with this one in its place: found by its name (as exported, too), else by its keys.

    Refused for a path or no YAML.
    """
    known, name = with_shipped(files), safe_name(name)
    if topic := topic_of_given(name):
        return with_file(files, name_tail(topic), text)
    own = _COPY_NUMBER.sub("", name)
    place = next((path for path in known if own in (path.rsplit("/", 1)[-1], path.replace("/", "-"))), None)
    place = place or _guess_place(name, text)
    return with_file(files, place, text)


def with_file(files: Files, place: str, text: str) -> dict[str, str]:
    """Return the files with one put in; the first of a part brings the shipped ones of that part along. Entries that
    the file had and has no more take the files of their phrasings along.
    """
    part = part_of(place)
    beside = {} if any(part_of(name) == part for name in files) else load_shipped(part)
    gone = {*_ENTRY.findall(files.get(place) or beside.get(place, ""))} - {*_ENTRY.findall(text)}
    kept = {name: old for name, old in {**files, **beside}.items() if topic_of(name) not in gone}
    return {**kept, place: text}


def _guess_place(name: str, text: str) -> str:
    """Return the place by the keys at the margin: parsing a large file only to find its place would take seconds."""
    keys = set(_KEY.findall(text))
    part = next((part for key, part in (("notice", "notices"), ("steps", "scripts")) if key in keys), "faq")
    return "phrases.yaml" if "commands" in keys and "buttons" in keys else f"{part}/{name}"


def write_files(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Write the files into a folder, each completely or not at all. OSError when that fails."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            Path(temporary).chmod(path.stat().st_mode if path.exists() else 0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def diff_names(old: Files, new: Files) -> list[str]:
    """Return the names of files that differ, with shipped parts filled in, in alphabetical order."""
    before, after = with_shipped(old), with_shipped(new)
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def to_patch(old: Files, new: Files) -> str:
    """Return the difference as a unified diff; empty when there is none."""
    before, after = with_shipped(old), with_shipped(new)
    lines: list[str] = []
    for name in diff_names(old, new):
        was, becomes = (files.get(name, "").splitlines(keepends=True) for files in (before, after))
        patch = unified_diff(was, becomes, f"a/{name}", f"b/{name}")
        lines += [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in patch]
    return "".join(lines)


Change = tuple[str, str, str]
"""The kind of change (a key of the phrases), the entry's title or the file, and the particular."""

_FIELDS = ("title", "answer", "source", "checked_on", "step", "references")
_LISTS = ("phrasings", "must_match", "must_not_match", "follow")


def list_changes(old: Content, new: Content, old_files: Files, new_files: Files) -> list[Change]:
    """Return what changed between two contents: entry by entry, then in the notices, then other files."""
    changes: list[Change] = []
    for topic in dict.fromkeys((*old.entries, *new.entries)):
        was, becomes = old.entries.get(topic), new.entries.get(topic)
        if was is None and becomes:
            changes.append(("entry_added", becomes.title, topic))
        elif becomes is None and was:
            changes.append(("entry_removed", was.title, topic))
        elif was and becomes and was != becomes:
            changes += _compare_entries(was, becomes)
    changes += (told := list(list_notice_changes(old, new)))
    own = ("faq", "notices") if told else ("faq",)
    others = [name for name in diff_names(old_files, new_files) if part_of(name) not in own]
    return changes + [("file_changed", name, "") for name in others]


def _compare_entries(was: Entry, becomes: Entry) -> Iterator[Change]:
    for name in _LISTS:
        before: Sequence[str] = getattr(was, name)
        after: Sequence[str] = getattr(becomes, name)
        yield from ((f"{name}_removed", becomes.title, line) for line in before if line not in after)
        yield from ((f"{name}_added", becomes.title, line) for line in after if line not in before)
    yield from (
        (f"{name}_changed", becomes.title, "") for name in _FIELDS if getattr(was, name) != getattr(becomes, name)
    )
