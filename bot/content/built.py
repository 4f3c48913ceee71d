"""What typed messages are compared with, kept in a file: built of thousands of lines, it takes half a second.

The file is JSON and numbers; nothing in it is run. Its first line says what stands where; the numbers are used where
they stand, so that of most of them nothing is ever read into memory, and processes share what is. Its name is the hash
of all that it was made of, so that one that is there is right; one that is not there or cannot be read is made anew.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from itertools import accumulate
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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

_ALIGNED = 64
"""Bytes at whose multiples numbers begin, as processors like it."""


class Built(NamedTuple):
    """The index of the matcher, the phrasebook and the model of the reader."""

    faq: Index
    book: Phrasebook
    model: Model


def load_or_build(folder: Path, revision: str, entries: Collection[Entry], script: Script) -> Built:
    """Return what the file in the folder holds for a content, else build it and write the file."""
    file = folder / f"built-{_hash_sources(revision)}.bin"
    try:
        return _read(file)
    except (OSError, ValueError, KeyError, TypeError):  # not there, or cut short when the disk was full
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
    with file.open("rb") as opened:
        head, start = json.loads(opened.readline()), opened.tell()
        data = mmap(opened.fileno(), 0, access=ACCESS_READ)
    kept = {
        name: np.frombuffer(data, dtype, math.prod(shape), start + at).reshape(shape) for name, dtype, shape, at in head
    }
    built = Built(
        Index.restore(_unpack(kept, "faq")),
        Phrasebook.restore(_unpack(kept, "book")),
        Model.restore(_unpack(kept, "model")),
    )
    data.madvise(MADV_DONTNEED)  # the JSON is values now, and of the numbers a message needs few
    return built


def _unpack(kept: Mapping[str, NDArray[Any]], name: str) -> Dumped:
    plain = [json.loads(kept[key].tobytes()) for key in kept if key.startswith(f"{name}:")]
    return Dumped(plain, {key.partition(".")[2]: kept[key] for key in kept if key.startswith(f"{name}.")})


def _write(file: Path, built: Built) -> None:
    """Write the file whole or not at all, and drop those of earlier contents."""
    arrays: dict[str, Any] = {}
    for name, dumped in (("faq", built.faq.dump()), ("book", built.book.dump()), ("model", built.model.dump())):
        for at, plain in enumerate(dumped.plain):
            words = json.dumps(plain, ensure_ascii=False, default=sorted)
            arrays[f"{name}:{at}"] = np.frombuffer(words.encode(), np.uint8)
        arrays.update((f"{name}.{key}", value) for key, value in dumped.arrays.items())
    ends = [*accumulate(_pad(value.nbytes) for value in arrays.values())]
    rows = zip(arrays.items(), [0, *ends], strict=False)
    head = json.dumps([(key, value.dtype.str, value.shape, at) for (key, value), at in rows]).encode()
    new = file.with_suffix(f".{os.getpid()}.tmp")
    with new.open("wb") as out:
        out.write(head.ljust(_pad(len(head) + 1) - 1) + b"\n")
        for value in arrays.values():
            out.write(value.tobytes().ljust(_pad(value.nbytes), b"\0"))
        out.flush()
        os.fsync(out.fileno())  # else a power cut may leave the name without all of the numbers
    new.replace(file)
    for old in (*file.parent.glob("built-*.bin"), *file.parent.glob("built-*.npz")):  # .npz: of earlier versions
        if old != file:
            old.unlink(missing_ok=True)


def _pad(size: int) -> int:
    """Return a size filled up to the next boundary."""
    return -(-size // _ALIGNED) * _ALIGNED
