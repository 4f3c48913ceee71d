"""What typed messages are compared with, kept in a file: built of thousands of lines, it takes half a second.

The file is JSON and numbers; nothing in it is run. Its name is the hash of all that it was made of, so that one that
is there is right; one that is not there or cannot be read is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

import faq
from bot import reading
from bot.reading.phrasebook import Phrasebook
from bot.reading.reader import build_book
from bot.reading.score import Model, model
from faq.dumped import Dumped
from faq.index import Index
from faq.matcher import Matcher
from faq.model import Entry
from flows.model import Script


class Built(NamedTuple):
    """The index of the matcher, the phrasebook and the model of the reader."""

    faq: Index
    book: Phrasebook
    model: Model


def load_or_build(folder: Path, revision: str, entries: Collection[Entry], script: Script) -> Built:
    """Return what the file in the folder holds for a content, else build it and write the file."""
    file = folder / f"built-{_hash_sources(revision)}.npz"
    try:
        return _read(file)
    except (OSError, ValueError, KeyError, BadZipFile):  # not there, or cut short when the disk was full
        matcher = Matcher(entries)
        built = Built(matcher.index, build_book(script, matcher), model())
    with suppress(OSError):  # a folder that cannot be written only makes the next start slower
        _write(file, built)
    return built


def _hash_sources(revision: str) -> str:
    """Return a hash of the content's revision, of numpy's, and of the code and words that build."""
    seen = hashlib.sha256(f"{revision} {np.__version__}".encode())
    seen.update(Path(__file__).read_bytes())
    for package in (faq, reading):
        for path in sorted(Path(package.__file__ or "").parent.glob("*.[pytj]*")):  # Python, YAML, text, JSON
            seen.update(path.read_bytes())
    return seen.hexdigest()[:16]


def _read(file: Path) -> Built:
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
        return Built(
            Index.restore(_unpack(kept, "faq")),
            Phrasebook.restore(_unpack(kept, "book")),
            Model.restore(_unpack(kept, "model")),
        )


def _unpack(kept: NpzFile, name: str) -> Dumped:
    return Dumped(
        [json.loads(kept[f"{name}:{at}"].tobytes()) for at in range(int(kept[f"{name}:"]))],
        {key.partition(".")[2]: kept[key] for key in kept.files if key.startswith(f"{name}.")},
    )


def _write(file: Path, built: Built) -> None:
    """Write the file whole or not at all, and drop those of earlier contents."""
    arrays: dict[str, Any] = {}
    for name, dumped in (("faq", built.faq.dump()), ("book", built.book.dump()), ("model", built.model.dump())):
        arrays[f"{name}:"] = np.array(len(dumped.plain))
        for at, plain in enumerate(dumped.plain):
            words = json.dumps(plain, ensure_ascii=False, default=sorted)
            arrays[f"{name}:{at}"] = np.frombuffer(words.encode(), np.uint8)
        arrays.update((f"{name}.{key}", value) for key, value in dumped.arrays.items())
    new = file.with_suffix(f".{os.getpid()}.tmp")
    with new.open("wb") as out:
        np.savez(out, **arrays)
    new.replace(file)
    for old in file.parent.glob("built-*.npz"):
        if old != file:
            old.unlink(missing_ok=True)
