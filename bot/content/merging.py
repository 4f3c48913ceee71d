"""Merges two edits of a file: entry by entry in a list, key by key in a mapping, comments and layout kept. Pure.

A file is cut into blocks, each a key or an item with all that is indented below it and the comments above it. A block
that one side alone changed is taken from that side. Where both changed the same one, its own blocks are merged: the
keys of an entry or a section, the lines of a list of ways of asking. Where it has none, it is a `Conflict`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

from rapidfuzz import fuzz

_HEAD = re.compile(r"(?:- +id: *(?P<id>\S+)|(?P<key>[^\s#-][^:#]{0,200}):(?:\s|$)|(?P<item>- .*))")
MAX_COMPARED = 20_000
"""Characters of changed blocks that are compared with earlier ones."""
_TAIL = ""
"""The key of what stands below the last block: comments and empty lines."""

LINES = ("phrasings", "must_match", "must_not_match")
"""Lists whose lines are merged one by one: what either side adds or removes is added or removed."""

Side = Literal["mine", "theirs"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A block that both sides changed: its path of keys, both texts (empty: deleted), the line of mine (from 1)."""

    path: tuple[str, ...]
    mine: str
    theirs: str
    line: int


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text, in which each conflict was decided for one side."""

    text: str
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class _SideChoice:
    """The side of each block that both changed: by its key what somebody decided, else `side` and a conflict."""

    side: Side
    decided: Mapping[str, Side]
    conflicts: list[Conflict] = field(default_factory=list)

    def choose(self, conflict: Conflict) -> Side:
        side = self.decided.get(conflict.path[-1])
        if side is None:
            self.conflicts.append(conflict)
        return side or self.side


def merge(
    base: str, mine: str, theirs: str, side: Side = "mine", decided: Mapping[str, Side] = MappingProxyType({})
) -> Merged:
    """Merge two edits of `base`; `decided` says by key which side a block has that both changed. Others are conflicts,
    which have that of `side`. A text that cannot be cut is one block.
    """
    choice = _SideChoice(side, decided)
    lines = _merge_lines(base.splitlines(), mine.splitlines(), theirs.splitlines(), (), 1, choice)
    return Merged("".join(f"{line}\n" for line in lines), tuple(choice.conflicts))


def merge_lines(base: str, mine: str, theirs: str) -> Merged:
    """Merge two edits of a file that is a set of lines: what either side took out goes, what either put in stays."""
    was, here, there = (text.splitlines() for text in (base, mine, theirs))
    kept = [line for line in there if line in here or line not in was]
    added = [line for line in here if line not in was and line not in there]
    return Merged("".join(f"{line}\n" for line in (*kept, *added)), ())


def choose_base(mine: str, versions: Sequence[str], *, is_list: bool = False) -> int:
    """Return which of the versions (newest first) `mine` was made from: that with most blocks in common, then that of
    which fewest are gone, then the one most like it; the oldest of those that are alike. So an edit is rather asked
    about than lost, and what somebody else added is not taken for deleted. A line is a block of a file that `is_list`.
    """

    def cut(text: str) -> set[tuple[str, tuple[str, ...]]]:
        lines = text.splitlines()
        return {(line, (line,)) for line in lines} if is_list else {*_cut(lines).items()}

    own = cut(mine)

    def rate(version: str) -> tuple[int, int, float]:
        old = cut(version)
        changed, was = ("\n".join("\n".join(block) for _, block in sorted(one)) for one in (own - old, old - own))
        gone = {key for key, _ in old} - {key for key, _ in own}
        return len(own & old), -len(gone), round(fuzz.ratio(changed[:MAX_COMPARED], was[:MAX_COMPARED]), 1)

    rated = [rate(version) for version in versions]
    return len(rated) - 1 - rated[::-1].index(max(rated)) if rated else 0


def without_blocks(text: str, keys: Collection[str]) -> str:
    """Return a file without the blocks of these keys or ids."""
    blocks = _cut(text.splitlines())
    return "".join(f"{line}\n" for key, block in blocks.items() if key not in keys for line in block)


def block_of(text: str, key: str) -> tuple[str, ...]:
    """Return the lines of a top-level block of a file; none when it has no such key."""
    return tuple(_cut(text.splitlines()).get(key, ()))


Blocks = Mapping[str, tuple[str, ...]]


def _cut(lines: Sequence[str]) -> Blocks:
    """Cut lines into blocks by key, in order; all of them are one block where a key stands twice."""
    indent = min((len(line) - len(line.lstrip(" ")) for line in lines if _says_something(line)), default=0)
    heads = [(at, key) for at, line in enumerate(lines) if (key := _key_at(line, indent)) is not None]
    if not heads or len({key for _, key in heads}) < len(heads):
        return {_TAIL: tuple(lines)} if lines else {}
    starts = [_go_up(lines, at, floor) for floor, (at, _) in zip([-1, *(at for at, _ in heads)], heads, strict=False)]
    starts[0] = 0
    last = heads[-1][0] + 1
    end = next((n for n in range(len(lines), last - 1, -1) if n == last or _says_something(lines[n - 1])), last)
    blocks = {
        key: tuple(lines[start:stop]) for (_, key), (start, stop) in zip(heads, pairwise([*starts, end]), strict=True)
    }
    return {**blocks, **({_TAIL: tuple(lines[end:])} if lines[end:] else {})}


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _key_at(line: str, indent: int) -> str | None:
    """Return the key of the block that a line begins at this indent; None when it begins none."""
    head = _HEAD.match(line[indent:]) if _says_something(line) and not line[:indent].strip() else None
    return (head["id"] or head["key"] or head["item"]).strip() if head else None


def _go_up(lines: Sequence[str], at: int, floor: int) -> int:
    """Return the first line of the comments and empty lines above a block, below the line `floor`."""
    while at - 1 > floor and not _says_something(lines[at - 1]):
        at -= 1
    return at


def _merge_lines(
    base: Sequence[str],
    mine: Sequence[str],
    theirs: Sequence[str],
    path: tuple[str, ...],
    line: int,
    choice: _SideChoice,
) -> list[str]:
    old, own, other = _cut(base), _cut(mine), _cut(theirs)
    lines_of = dict(_number(own, line))
    result: list[str] = []
    for key in _order(own, other):
        was, here, there = old.get(key, ()), own.get(key, ()), other.get(key, ())
        if here in (there, was):
            result += there
        elif there == was:
            result += here
        else:
            at = lines_of.get(key, line)
            result += _merge_block(was, here, there, (*path, key), at, choice)
    return result


def _merge_block(
    was: Sequence[str],
    here: Sequence[str],
    there: Sequence[str],
    path: tuple[str, ...],
    line: int,
    choice: _SideChoice,
) -> list[str]:
    """Merge a block that both changed: its own blocks where its first line is the same and it has such."""
    tops = [next((n for n, text in enumerate(block) if _says_something(text)), None) for block in (was, here, there)]
    if None not in tops:
        cuts = [top + 1 for top in tops if top is not None]
        heads = [tuple(block[:cut]) for block, cut in zip((was, here, there), cuts, strict=True)]
        bodies = [block[cut:] for block, cut in zip((was, here, there), cuts, strict=True)]
        if heads[1] == heads[2] and _has_blocks(path[-1], heads[1][-1], bodies):
            body = _merge_lines(bodies[0], bodies[1], bodies[2], path, line + 1, choice)
            return [*heads[1], *body]
    side = choice.choose(Conflict(path, "\n".join(here), "\n".join(there), line))
    return [*(here if side == "mine" else there)]


def _has_blocks(key: str, head: str, bodies: Sequence[Sequence[str]]) -> bool:
    """Return whether what stands below the first line of a block are keys, or lines of LINES."""
    found, opens = _HEAD.match(head.strip()), head.rstrip().endswith(":")
    if opens and key in LINES:
        return all(map(_is_list, bodies))
    return bool(opens or (found and found["id"])) and all(map(_is_mapping, bodies))


def _is_list(lines: Sequence[str]) -> bool:
    """Return whether these are items of one line each, none of them twice."""
    blocks = {key: block for key, block in _cut(lines).items() if key != _TAIL}
    return bool(blocks) and all(
        key.startswith("- ") and sum(map(_says_something, block)) == 1 for key, block in blocks.items()
    )


def _is_mapping(lines: Sequence[str]) -> bool:
    blocks = _cut(lines)
    return bool(blocks) and [*blocks] != [_TAIL] and not any(key.startswith("- ") for key in blocks)


def _number(blocks: Blocks, first: int) -> Iterator[tuple[str, int]]:
    """Yield the number of the line at which each block says something first."""
    for key, lines in blocks.items():
        yield key, first + next((n for n, text in enumerate(lines) if _says_something(text)), 0)
        first += len(lines)


def _order(own: Blocks, other: Blocks) -> list[str]:
    """Return the keys of both: theirs in their order, each of mine that they lack behind the one above it in mine."""
    order = [key for key in other if key != _TAIL]
    above: str | None = None
    for key in (key for key in own if key != _TAIL):
        if key not in other:
            order.insert(order.index(above) + 1 if above in order else 0, key)
        above = key
    return [*order, *([_TAIL] if _TAIL in own or _TAIL in other else [])]
