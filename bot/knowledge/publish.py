"""The use cases that put other files in force: a change, an admin's draft, an earlier revision.

The rules, for the chat and the command line alike:
- What changes nothing is refused (`nothing_changed`), and so is a revision or a draft that is not there.
- Problems and lint errors refuse a publication.
- A rollback is refused by problems alone: its content was in force before, and going back must not depend on lint
  rules that are newer than it. Its findings are in the report.
- With `four_eyes` an admin's change needs approval: another admin publishes the draft (`own_draft` refuses the author).
  Whoever has the machine's command line needs none.

A `Publication` is prepared first; its effects are then written with an admin's turn, or by `publish`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.content.content import Content
from bot.content.files import Files, Refused, diff_names, keep_texts, with_shipped
from bot.domain.effects import Outdated
from bot.domain.revisions import Drafted, Revised
from bot.knowledge.examine import Report
from bot.knowledge.revisions import START, Knowledge
from bot.store.knowledge import Draft

Edit = Callable[[Files], Mapping[str, str | bytes]]
"""Makes the new files of those in force."""
MAX_NOTE = 200
"""Characters of a note."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Files that are to come into force, examined. `parent` is the revision in force (0: none was published yet).

    `effects` write the revision; there are none when it is refused. `goes_back_to` is set for a rollback.
    """

    files: Files
    parent: int
    report: Report
    effects: tuple[Revised, ...]
    goes_back_to: int | None = None

    @property
    def is_refused(self) -> bool:
        return not self.effects

    @property
    def replaces(self) -> int:
        """The number of the revision that this one replaces: what ships becomes the first one at the first change."""
        return max(self.parent, 1)

    @property
    def number(self) -> int:
        """The number that the new revision gets."""
        return self.replaces + 1

    def as_draft(self, author: str, note: str) -> Drafted:
        """Return the effect that keeps the files as a draft."""
        return Drafted(self.report.revision, self.files, self.parent, author, note[:MAX_NOTE])


def needs_approval(content: Content) -> bool:
    """Return whether another admin must publish what one has changed."""
    return content.phrases.admin.four_eyes


async def prepare(knowledge: Knowledge, edit: Edit, author: str, note: str = "") -> Publication:
    """Examine a change of the files in force. Refused, OSError, TimeoutError."""
    return await _examine(knowledge, edit, author, note, allow_lint_errors=False)


async def prepare_draft(knowledge: Knowledge, key: str, approver: str) -> Publication:
    """Examine a draft on top of what was published since it was made. Refused, OSError, TimeoutError."""
    draft = await knowledge.store.knowledge.draft(key)
    if draft is None:
        raise Refused("gone")
    if needs_approval(knowledge.content) and draft.author == approver:
        raise Refused("own_draft")
    parent = await knowledge.store.knowledge.revision(draft.parent)
    made_from = parent.files if parent else {}
    return await prepare(knowledge, lambda old: _rebase(draft, made_from, old), draft.author, draft.note)


async def prepare_rollback(knowledge: Knowledge, number: int | None, author: str) -> Publication:
    """Examine the files of an earlier revision (None: of the one before). Refused, OSError, TimeoutError."""
    wanted = await knowledge.store.knowledge.number() - 1 if number is None else number
    revision = await knowledge.store.knowledge.revision(wanted)
    if revision is None:
        raise Refused("no_revision")
    publication = await _examine(knowledge, lambda _: revision.files, author, f"↩ {wanted}", allow_lint_errors=True)
    return replace(publication, goes_back_to=wanted)


async def publish(knowledge: Knowledge, prepare: Callable[[], Awaitable[Publication]]) -> Publication:
    """Prepare a publication and write it; prepare it again when somebody else published meanwhile.

    Nothing is written when it is refused. Raises like `prepare`, and StoreProblem.
    """
    while True:
        publication = await prepare()
        if publication.is_refused:
            return publication
        try:
            await knowledge.store.apply(publication.effects, "", knowledge.present())
        except Outdated:
            continue
        await knowledge.look()
        return publication


async def _examine(knowledge: Knowledge, edit: Edit, author: str, note: str, *, allow_lint_errors: bool) -> Publication:
    parent, old = await knowledge.in_force()
    files = edit(old)
    texts = keep_texts(files)
    if len(texts) == len(files) and not diff_names(old, texts):
        raise Refused("nothing_changed")
    report = await knowledge.examine(files, old)
    if report.problems or (report.errors and not allow_lint_errors):
        return Publication(texts, parent, report, ())
    first = [] if parent else [Revised(old, 0, knowledge.content.revision, START)]
    revised = Revised(texts, max(parent, 1), report.revision, author, note[:MAX_NOTE])
    return Publication(texts, parent, report, (*first, revised))


def _rebase(draft: Draft, made_from: Files, now: Files) -> Files:
    """Return the files in force with those that the draft changed, added or removed."""
    names = diff_names(made_from, draft.files)
    base = with_shipped(now) if names else now
    kept = {name: text for name, text in base.items() if name not in names}
    return {**kept, **{name: draft.files[name] for name in names if name in draft.files}}
