"""A content folder beside the published revisions: what is new in it, and what is written back into it."""

from __future__ import annotations

from pathlib import Path

from bot.content.content import Content
from bot.content.files import Files, is_shipped, part_of, read_folder, write_files
from bot.content.loading import load
from bot.content.own_folder import insert_saved, load_folder
from bot.runtime.log import LazyLogger
from bot.store import Store
from bot.store.knowledge import KnowledgeRows, text_hash

KNOWN_REVISIONS = 200
"""Newest revisions in which a file's text is searched."""

_log = LazyLogger()


async def preview(store: Store, folder: Path | None) -> Content:
    """Return what a server that starts now will answer from: the newest revision, and what is new in the folder.

    ContentProblem with all faults; nothing is published.
    """
    revision = await store.knowledge.revision()
    if revision is None:
        return load_folder(folder)
    return load(insert_saved(revision.files, await find_new_files(store.knowledge, folder)))


async def find_new_files(rows: KnowledgeRows, folder: Path | None) -> dict[str, str | bytes]:
    """Return the files of a folder whose text was never in force under its name."""
    published = {one for revision in await rows.history(KNOWN_REVISIONS) for one in revision.hashes.items()}
    files = read_folder(folder).items()
    return {name: text for name, text in files if not isinstance(text, str) or (name, text_hash(text)) not in published}


def write_back(folder: Path, files: Files, before: Files) -> None:
    """Write the files in force into the folder, but for those that somebody is editing: that differ from `before`.

    Only the parts that the folder has are written. What cannot be written is logged.
    """
    there = read_folder(folder)
    own = {part_of(name) for name in there}
    stale = {
        name: text
        for name, text in files.items()
        if there.get(name) != text
        and part_of(name) in own
        and there.get(name) in (None, before.get(name))
        and (name in there or not is_shipped(name) or before.get(name) != text)
    }
    try:
        write_files(stale, folder)
        for name in before.keys() - files.keys():
            if there.get(name) == before[name]:
                (folder / name).unlink(missing_ok=True)
    except OSError as trouble:
        _log.warning("folder_not_written", why=trouble.strerror)
