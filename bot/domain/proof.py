"""The proof of notice: records that cannot be changed afterwards without breaking the chain of their hashes. Pure.

A record's hash covers its place, its time, its words and the hash before it. Whoever keeps the last hash (it stands in
every report) can show later that nothing before it was touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

FIRST = "0" * 64
"""What stands before the first record."""


@dataclass(frozen=True, slots=True)
class Record:
    """One link. `at` is ISO 8601 in UTC, `body` JSON."""

    id: int
    at: str
    kind: str
    broadcast: int
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record that does not fit: its number, and what is wrong with it."""

    id: int
    wrong: str


def link(before: str, at: str, kind: str, broadcast: int, body: str) -> str:
    """The hash of a record that follows the one with the hash `before`."""
    whole = json.dumps([before, at, kind, broadcast, body], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).hexdigest()


def canonical_json(body: Any) -> str:
    """A record's words as they are kept: one spelling for one value."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass
class Chain:
    """Reads records in order, oldest first; `last` is the hash so far, `count` how many there were."""

    last: str = FIRST
    count: int = 0

    def find_break(self, records: Iterable[Record]) -> Broken | None:
        """The first record that does not fit; None when all do."""
        for record in records:
            if link(self.last, record.at, record.kind, record.broadcast, record.body) != record.hash:
                return Broken(record.id, "hash")
            self.last = record.hash
            self.count += 1
        return None
