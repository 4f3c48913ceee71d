"""The use cases that look at revisions and change nothing: compare two, export the files in force."""

from __future__ import annotations

from dataclasses import dataclass

from bot.content.files import Change, Files, Refused, diff_names, to_patch, with_shipped
from bot.domain.zone import local
from bot.knowledge.examine import Examination
from bot.knowledge.revisions import Knowledge
from bot.store.knowledge import Revision


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes from one revision to another: entry by entry, and as a patch; both empty when nothing differs."""

    old: Revision
    new: Revision
    changes: tuple[Change, ...]
    patch: str


async def compare(knowledge: Knowledge, old: int, new: int) -> Comparison:
    """Compare two revisions. Refused when there is no such revision; OSError, TimeoutError.

    Where one of them can no longer be loaded, the changes are those of files.
    """
    rows = knowledge.store.knowledge
    was, becomes = await rows.revision(old), await rows.revision(new)
    if was is None or becomes is None:
        raise Refused("no_revision")
    report = await knowledge.examiner(Examination(becomes.files, was.files, local(becomes.at, None).date()))
    changes = report.changes or tuple(("file_changed", name, "") for name in diff_names(was.files, becomes.files))
    return Comparison(was, becomes, changes, to_patch(was.files, becomes.files))


async def export(knowledge: Knowledge) -> tuple[int, Files]:
    """Return the number of the revision in force (0: none was published yet) and all its files, shipped ones too."""
    number, files = await knowledge.in_force()
    return number, with_shipped(files)
