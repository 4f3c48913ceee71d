"""A college's own content folder: its FAQ entries stand beside the shipped ones, or take the place of those with the
same id; and what in it is not read is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.content.content import Content
from bot.content.files import SETTINGS, is_shipped, load_shipped, part_of, read_folder
from bot.content.loading import SHIPPED, load
from bot.content.merging import without_blocks
from bot.content.tails import topic_of

_SAYS = re.compile(r"^faq\s*[:：]\s*(replace|add)\s*(?:#.*)?$", re.MULTILINE)
_ID = re.compile(r"^\s*(?:-\s+)?[\"']?id[\"']?\s*[:：]\s*[\"']?([a-z0-9-]+)[\"']?\s*(?:#.*)?$", re.MULTILINE)
_COPY = re.compile(r"\s{0,3}(?:[-–—]\s{0,3}副本(?:\s{0,3}[（(]\d+[)）])?|[（(]\d+[)）]|\s-\sCopy|\scopy)$")
_FOLDERS = {"entries": "faq", "entry": "faq", "faqs": "faq", "notice": "notices", "script": "scripts"}
"""Names by which folders are called that are meant for a part."""

Given = Mapping[str, str | bytes]


@dataclass(frozen=True, slots=True)
class EntryCounts:
    """Numbers of shipped entries, of own ones, and of own ones in the place of shipped ones."""

    shipped: int
    own: int
    replaced: int


def find_ids(files: Given) -> set[str]:
    """Return the ids of the FAQ entries in some files; none of what is no text."""
    texts = (text for name, text in files.items() if part_of(name) == "faq" and not topic_of(name))
    return {topic for text in texts if isinstance(text, str) for topic in _ID.findall(text)}


def is_whole(files: Given) -> bool:
    """Return whether no shipped entry stands beside those of the files: they have none, say so, or have a script of
    their own, whose steps shipped entries do not know.
    """
    parts, settings = {part_of(name) for name in files}, files.get(SETTINGS, "")
    said = _SAYS.search(settings) if isinstance(settings, str) else None
    return "faq" not in parts or (said[1] == "replace" if said else "scripts" in parts)


def add_shipped(files: Given) -> dict[str, str | bytes]:
    """Return the files with the shipped entries whose ids they lack; unchanged where `is_whole`."""
    if is_whole(files):
        return dict(files)
    ids, result = find_ids(files), dict(files)
    for name, text in load_shipped("faq").items():
        if topic := topic_of(name):
            if topic not in ids:
                result.setdefault(name, text)
            continue
        rest = without_blocks(text, ids)
        mine = result.get(name, "")
        if _ID.search(rest) and isinstance(mine, str):
            result[name] = f"{mine.rstrip()}\n{rest}" if mine else rest
    return result


def insert_saved(old: Mapping[str, str], saved: Given) -> dict[str, str | bytes]:
    """Return the files in force with those that somebody saved in the folder; an own entry takes the place of one with
    its id in a shipped file.
    """
    ids = find_ids({name: text for name, text in saved.items() if not is_shipped(name)})
    kept = {
        name: without_blocks(text, ids) if is_shipped(name) and not topic_of(name) and ids else text
        for name, text in old.items()
        if topic_of(name) not in ids or not is_shipped(name)
    }
    return add_shipped({**kept, **saved})


def load_folder(folder: Path | None, *, to_publish: bool = False) -> Content:
    """Return the content of a folder with the shipped entries beside its own; see `load`. ContentProblem."""
    if folder is None or not folder.is_dir():
        return load(folder, to_publish=to_publish)
    own = read_folder(folder)
    return load(add_shipped(own) if find_ids(own) else folder, to_publish=to_publish)


def count_entries(folder: Path | None) -> EntryCounts | None:
    """Return how many entries are shipped and how many own; None where the two do not stand beside each other."""
    files = read_folder(folder)
    own, shipped = find_ids(files), find_ids(load_shipped("faq"))
    return None if is_whole(files) else EntryCounts(len(shipped), len(own), len(own & shipped))


def find_unread(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what in a folder is not read, or read though it looks like a slip: its name, a rule, and a better name."""
    read = {*read_folder(folder)}
    for path in sorted(folder.rglob("*")):
        name, part = str(path.relative_to(folder)), path.relative_to(folder).parts[0]
        if any(piece.startswith((".", "..")) for piece in path.relative_to(folder).parts):
            continue
        if path.is_dir():
            if path.parent == folder and (meant := _FOLDERS.get(path.name.lower())):
                yield name, "folder", meant
        elif path.name.startswith("~$"):
            yield name, "open_elsewhere", path.name[2:]
        elif re.search(r"\.ya?ml\.txt$", path.name, re.IGNORECASE):
            yield name, "named_txt", path.name[:-4]
        elif name in read and _COPY.search(path.stem):
            yield name, "copy", _COPY.sub("", path.stem) + path.suffix
        elif part in SHIPPED and name not in read and path.suffix.lower() in (".yaml", ".yml"):
            yield name, "too_deep", f"{part}/{path.name}"
