"""Merges files that somebody edited with those that others published meanwhile.

The revision that a file was made from is known for a draft. For a file that somebody sends or saves it is the earlier
text of that file with most entries in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from bot.content.files import Files, diff_names, with_shipped
from bot.content.merging import Conflict, Merged, Side, block_of, choose_base, merge, merge_lines
from bot.content.tails import topic_of
from bot.store.knowledge import KnowledgeRows, Revision

SEARCHED = 200
"""Newest revisions in which earlier texts of a file are looked for."""
VERSIONS = 12
"""Earlier texts of a file that may be what somebody edited."""


@dataclass(frozen=True, slots=True)
class Clash:
    """An entry, or a key, of a file that two people changed; `author` published the other text at `at` (UTC)."""

    file: str
    conflict: Conflict
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MergedFiles:
    """The files after a merge. `own` are the edited ones on revision `parent`, from which they were made."""

    files: Mapping[str, str | bytes]
    clashes: tuple[Clash, ...] = ()
    own: Files = field(default_factory=dict)
    parent: int = 0


async def merge_draft(rows: KnowledgeRows, made_from: Files, draft: Files, now: Files, side: Side) -> MergedFiles:
    """Merge what a draft changed, added or removed into the files in force."""
    names = diff_names(made_from, draft)
    before, after = with_shipped(made_from), with_shipped(now) if names else dict(now)
    whole = with_shipped(draft)  # a file that it lacks is the one that ships
    clashes: list[Clash] = []
    for name in names:
        if name not in whole:
            after.pop(name, None)
        elif after.get(name) in (None, before.get(name)):
            after[name] = whole[name]
        else:
            merged = _merge(name, before.get(name, ""), whole[name], after[name], side)
            clashes += _name_authors(await _list_versions(rows, name), name, merged.conflicts)
            after[name] = merged.text
    return MergedFiles(after, tuple(clashes))


async def merge_edit(
    rows: KnowledgeRows, edited: Mapping[str, str | bytes], old: Files, author: str, side: Side
) -> MergedFiles:
    """Merge files that `author` edited outside with those in force. A text that was in force before is left as it is:
    whoever gives it wants it back. What one wrote oneself is no clash.
    """
    files, whole = dict(edited), with_shipped(old)
    for name, text in edited.items():
        if not isinstance(text, str) or text == whole.get(name) or name not in whole:
            continue
        versions = await _list_versions(rows, name)
        texts = [_text_of(one, name) for one in versions]
        at = choose_base(text, texts, is_list=bool(topic_of(name)))
        if at == 0 or text in texts:
            continue
        merged = _merge(name, texts[at], text, whole[name], side)
        files[name] = merged.text
        clashes = [clash for clash in _name_authors(versions, name, merged.conflicts) if clash.author != author]
        if clashes:
            own = {**with_shipped(versions[at].files), name: text}
            return MergedFiles(files, tuple(clashes), own, versions[at].number)
    return MergedFiles(files)


def _merge(name: str, base: str, mine: str, theirs: str, side: Side) -> Merged:
    return merge_lines(base, mine, theirs) if topic_of(name) else merge(base, mine, theirs, side)


def _text_of(revision: Revision, name: str) -> str:
    return with_shipped(revision.files).get(name, "")


async def _list_versions(rows: KnowledgeRows, name: str) -> list[Revision]:
    """Return the newest revision, and those in which a file had other texts before, each the first with its text."""
    runs: dict[str, int] = {}
    last: str | None = None
    for row in await rows.history(SEARCHED):
        text = row.hashes.get(name, "")
        if text == last or text not in runs:
            runs[text] = row.number
        last = text
    numbers = [*runs.values()][:VERSIONS]
    return [revision for number in numbers if (revision := await rows.revision(number))]


def _name_authors(versions: Sequence[Revision], name: str, conflicts: Sequence[Conflict]) -> list[Clash]:
    """Return the conflicts of a file with who wrote the text in force, and when."""
    clashes = []
    for one in conflicts:
        now = block_of(_text_of(versions[0], name), one.path[0])
        same = takewhile(lambda old: block_of(_text_of(old, name), one.path[0]) == now, versions)  # noqa: B023 - at once
        writer = [*same][-1]
        clashes.append(Clash(name, one, writer.author, writer.at))
    return clashes
