"""Content as texts by file name, before it is content: where a file belongs, what a change of files changes. Pure but
for `of_folder` and `put`, which read and write a folder.

A part (faq, notices, scripts, phrases.yaml) that no file is of is the one that ships. Must not know: revisions, people.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

from bot.content import yaml_source
from bot.content.content import Content
from bot.content.loading import SHIPPED
from faq.model import Entry

Files = Mapping[str, str]
"""Texts by name as in a content folder: `faq/account.yaml`, `phrases.yaml`."""

_NAME = re.compile(r"[\w\u3400-\u9fff（）()+ -][\w\u3400-\u9fff（）()+. -]{0,80}\.ya?ml")
_AGAIN = re.compile(r" ?[(（]\d+[)）](?=\.ya?ml$)")
"""What a phone or a browser puts behind the name of a file that it has already."""
_KEY = re.compile(r"^([a-z_]+)\s*[:：]", re.MULTILINE)


class Refused(Exception):
    """A file that is not taken; `rule` has a sentence in the phrases, `about` its particulars."""

    def __init__(self, rule: str, **about: object) -> None:
        super().__init__(rule)
        self.rule = rule
        self.about = about


def part_of(name: str) -> str:
    """The part of the content that a file belongs to."""
    return name.split("/", 1)[0]


def text_of(raw: bytes) -> str:
    """The text of a file that somebody gives. Refused when it is too large or no text."""
    if len(raw) > yaml_source.MAX_BYTES:
        raise Refused("too_large", size=len(raw), limit=yaml_source.MAX_BYTES)
    text = yaml_source.decode(raw)
    if not isinstance(text, str):
        raise Refused("no_text", line=text[0], column=text[1])
    return text


def of_folder(folder: Path | None) -> dict[str, str | bytes]:
    """The files of a content folder; bytes of what is no text. Links that lead out of it are not followed."""
    found: dict[str, str | bytes] = {}
    for part in SHIPPED if folder and folder.is_dir() else ():
        assert folder
        path = folder / part
        paths = sorted(path.glob("[!.]*.y*ml")) if path.is_dir() else [path]
        for file in paths:
            if file.is_file() and file.resolve().is_relative_to(folder.resolve()):
                raw = file.read_bytes()
                text = yaml_source.decode(raw) if len(raw) <= yaml_source.MAX_BYTES else raw
                found[str(file.relative_to(folder))] = text if isinstance(text, str) else raw
    return found


def shipped_files(part: str) -> dict[str, str]:
    """The files of a part as they ship."""
    path = SHIPPED[part]
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return {f"{part}/{file.name}" if path.is_dir() else part: file.read_text("utf-8") for file in files}


def whole(files: Files) -> dict[str, str]:
    """The files with the shipped ones of the parts that they lack."""
    own = {part_of(name) for name in files}
    return {
        **{name: text for part in SHIPPED if part not in own for name, text in shipped_files(part).items()},
        **files,
    }


def safe_name(name: str) -> str:
    """The name of a file that somebody gives. Refused for a path and for what is not called YAML."""
    if not _NAME.fullmatch(name):
        raise Refused("bad_name", name=name[:60])
    return name


def place_file(files: Files, name: str, text: str) -> dict[str, str]:
    """The files with this one in its place: found by its name, as exported too, else by what is in it.

    Refused for a path or no YAML.
    """
    known, name = whole(files), safe_name(name)
    own = _AGAIN.sub("", name)
    place = next((path for path in known if own in (path.rsplit("/", 1)[-1], path.replace("/", "-"))), None)
    place = place or _place(name, text)
    return with_file(files, place, text)


def with_file(files: Files, place: str, text: str) -> dict[str, str]:
    """The files with one put in; the first of a part brings the shipped ones of that part along."""
    part = part_of(place)
    beside = {} if any(part_of(name) == part for name in files) else shipped_files(part)
    return {**files, **beside, place: text}


def _place(name: str, text: str) -> str:
    """By the keys at the margin: reading a large file whole, only to find its place, holds everybody up."""
    keys = set(_KEY.findall(text))
    part = next((part for key, part in (("notice", "notices"), ("steps", "scripts")) if key in keys), "faq")
    return "phrases.yaml" if "commands" in keys and "buttons" in keys else f"{part}/{name}"


def write_files(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Write the files into a folder, each whole or not at all. OSError when the disk says no."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text if isinstance(text, bytes) else text.encode())
            Path(aside).chmod(path.stat().st_mode if path.exists() else 0o644)
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise


def diff_names(old: Files, new: Files) -> list[str]:
    """Names of files that differ, as the bot would read them, in order."""
    before, after = whole(old), whole(new)
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def to_patch(old: Files, new: Files) -> str:
    """The difference as a patch."""
    before, after = whole(old), whole(new)
    lines: list[str] = []
    for name in diff_names(old, new):
        was, becomes = (files.get(name, "").splitlines(keepends=True) for files in (before, after))
        patch = unified_diff(was, becomes, f"a/{name}", f"b/{name}")
        lines += [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in patch]
    return "".join(lines)


Change = tuple[str, str, str]
"""What happened (a key of the phrases), the entry's title or the file, and the particular."""

_FIELDS = ("title", "answer", "source", "checked_on", "step", "references")
_LISTS = ("phrasings", "must_match", "must_not_match", "follow")


def describe_changes(old: Content, new: Content, old_files: Files = (), new_files: Files = ()) -> list[Change]:  # type: ignore[assignment]
    """What changed between two contents, entry by entry, then other files."""
    told: list[Change] = []
    for topic in dict.fromkeys((*old.entries, *new.entries)):
        was, becomes = old.entries.get(topic), new.entries.get(topic)
        if was is None and becomes:
            told.append(("entry_added", becomes.title, topic))
        elif becomes is None and was:
            told.append(("entry_removed", was.title, topic))
        elif was and becomes and was != becomes:
            told += _entry(was, becomes)
    other = (
        [name for name in diff_names(old_files, new_files) if part_of(name) != "faq"] if old_files or new_files else []
    )
    return told + [("file_changed", name, "") for name in other]


def _entry(was: Entry, becomes: Entry) -> Iterator[Change]:
    for name in _LISTS:
        before: Sequence[str] = getattr(was, name)
        after: Sequence[str] = getattr(becomes, name)
        yield from ((f"{name}_removed", becomes.title, line) for line in before if line not in after)
        yield from ((f"{name}_added", becomes.title, line) for line in after if line not in before)
    yield from (
        (f"{name}_changed", becomes.title, "") for name in _FIELDS if getattr(was, name) != getattr(becomes, name)
    )
