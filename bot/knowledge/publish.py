"""The use cases that put other files in force: a change, an admin's draft, an earlier revision.

The rules, for the chat and the command line alike:
- What changes nothing is refused (`nothing_changed`), and so is a revision or a draft that is not there.
- Problems and lint errors refuse a publication.
- A rollback is refused by problems alone: its content was in force before, and going back must not depend on lint
  rules that are newer than it. Its findings are in the report.
- A file that somebody made from an older revision is merged with those in force, entry by entry; what both changed
  refuses it, until it is said whose text stays (`side`).
- With `four_eyes` in force whatever changes the files needs a second person: an edit, a rollback, an undo, the content
  folder, the command line. So does, with `four_eyes` or without, a revision that weakens a rule of two people, or that
  brings a strange link or bait into an answer. It is kept as a draft, which somebody else publishes (`own_draft`
  refuses the author). The command line can go without (`alone`), which is in the audit: whoever has the machine is
  beyond these rules.

A `Publication` is prepared first; its effects are then written with an admin's turn, or by `publish`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.content.files import SETTINGS, Files, Refused, diff_names, keep_texts, part_of
from bot.content.loading import SHIPPED
from bot.content.merging import Side
from bot.content.problem import ContentFault
from bot.domain.effects import Effect, Outdated
from bot.domain.questions import Settled, Unsettled
from bot.domain.revisions import Drafted, Revised
from bot.knowledge.examine import Report
from bot.knowledge.merge import Clash, merge_draft, merge_edit
from bot.knowledge.revisions import START, Knowledge
from bot.store.knowledge import text_hash

Edit = Callable[[Files], Mapping[str, str | bytes]]
"""Makes the new files of those in force."""
MAX_NOTE = 200
"""Characters of a note."""
ANSWERED = "answered"
"""Whatever became of a question that a revision answers."""
KEY_LENGTH = 16
"""Characters of a draft's key, which stands in buttons."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Files that are to come into force, examined. `parent` is the revision in force (0: none was published yet).

    `effects` write the revision, or the draft of it that somebody else must publish; there are none when it is refused.
    `goes_back_to` is set for a rollback. `clashes` are what somebody else changed too: `undecided` keeps the edit until
    it is said whose text stays. `behind` are the workers that did not answer from it in time.
    """

    files: Files
    parent: int
    report: Report
    effects: tuple[Revised | Drafted | Settled | Unsettled, ...]
    goes_back_to: int | None = None
    clashes: tuple[Clash, ...] = ()
    undecided: Drafted | None = None
    behind: int = 0

    @property
    def is_refused(self) -> bool:
        return not self.effects

    @property
    def waiting(self) -> Drafted | None:
        """The draft that waits for a second person; None when none is needed."""
        return next((effect for effect in self.effects if isinstance(effect, Drafted)), None)

    @property
    def replaces(self) -> int:
        """The number of the revision that this one replaces: what ships becomes the first one at the first change."""
        return max(self.parent, 1)

    @property
    def number(self) -> int:
        """The number that the new revision gets."""
        return self.replaces + 1

    def as_draft(self, author: str, note: str) -> Drafted:
        """Return the effect that keeps the files as a draft; nobody else's has its key."""
        drafted = Drafted("", self.files, self.parent, author, note[:MAX_NOTE])
        return replace(drafted, key=_key_of(drafted))


def _key_of(drafted: Drafted) -> str:
    files = "".join(f"{name}\0{text}\0" for name, text in sorted(drafted.files.items()))
    return text_hash(f"{drafted.parent}/{drafted.author}/{files}")[:KEY_LENGTH]


async def prepare(
    knowledge: Knowledge, edit: Edit, author: str, note: str = "", *, alone: bool = False, side: Side | None = None
) -> Publication:
    """Examine a change of the files in force, merged with what others published meanwhile; `side` decides what both
    changed. Refused, OSError, TimeoutError.
    """
    parent, old = await knowledge.in_force()
    edited = await merge_edit(knowledge.store.knowledge, edit(old), old, author, side or "mine")
    if edited.clashes and side is None:
        drafted = Drafted("", edited.own, edited.parent, author, knowledge.content.mask(note)[:MAX_NOTE])
        return _show_clashes(knowledge, parent, replace(drafted, key=_key_of(drafted)), edited.clashes)
    return await _examine(knowledge, lambda _: edited.files, author, note, allow_lint_errors=False, alone=alone)


async def prepare_draft(knowledge: Knowledge, key: str, approver: str, side: Side | None = None) -> Publication:
    """Examine a draft on top of what was published since it was made; `side` decides what both changed.
    Refused, OSError, TimeoutError.
    """
    draft = await knowledge.store.knowledge.draft(key)
    if draft is None or not all(part_of(name) in (*SHIPPED, SETTINGS) for name in draft.files):
        raise Refused("gone")  # a form under way and a notice in review are kept as drafts too, and are no content
    parent = await knowledge.store.knowledge.revision(draft.parent)
    made_from = parent.files if parent else {}
    number, now = await knowledge.in_force()
    merged = await merge_draft(knowledge.store.knowledge, made_from, draft.files, now, side or "mine")
    if merged.clashes and side is None:
        kept = Drafted(draft.key, draft.files, draft.parent, draft.author, draft.note)
        return _show_clashes(knowledge, number, kept, merged.clashes)
    # A draft of a rollback has the very files of an earlier revision; on top of other changes it is one no more.
    goes_back = draft.goes_back_to if draft.parent == await knowledge.store.knowledge.number() else None
    publication = await _examine(
        knowledge,
        lambda _: merged.files,
        draft.author,
        draft.note,
        allow_lint_errors=goes_back is not None,
        alone=draft.author != approver,
    )
    if publication.waiting:
        raise Refused("own_draft")
    return replace(publication, goes_back_to=goes_back)


async def prepare_rollback(
    knowledge: Knowledge, number: int | None, author: str, *, alone: bool = False
) -> Publication:
    """Examine the files of an earlier revision (None: of the one before). Refused, OSError, TimeoutError."""
    wanted = await knowledge.store.knowledge.number() - 1 if number is None else number
    revision = await knowledge.store.knowledge.revision(wanted)
    if revision is None:
        raise Refused("no_revision")
    note = knowledge.content.phrases.admin.buttons["back"].format(number=wanted)
    publication = await _examine(knowledge, lambda _: revision.files, author, note, allow_lint_errors=True, alone=alone)
    return replace(publication, goes_back_to=wanted)


async def publish(
    knowledge: Knowledge,
    prepare: Callable[[], Awaitable[Publication]],
    accompany: Callable[[Publication], Awaitable[Sequence[Effect]]] | None = None,
    *,
    channel: str = "",
    by: str = "",
) -> Publication:
    """Prepare a publication and write it; prepare it again when somebody else published meanwhile.

    `accompany` returns what is written with it: a line of the audit (of the act of `by`), a message to those who are to
    agree, on `channel`. Nothing is written when it is refused. Raises like `prepare`, and StoreProblem.
    """
    while True:
        publication = await prepare()
        if publication.is_refused:
            return publication
        try:
            also = await accompany(publication) if accompany else ()
            await knowledge.store.apply((*publication.effects, *also), channel, knowledge.present(), by)
        except Outdated:
            continue
        return replace(publication, behind=await knowledge.await_all() if not publication.waiting else 0)


async def _examine(
    knowledge: Knowledge, edit: Edit, author: str, note: str, *, allow_lint_errors: bool, alone: bool
) -> Publication:
    """Examine an edit; with `alone` it becomes no draft, though by the rules a second person must agree."""
    parent, old = await knowledge.in_force()
    files = edit(old)
    texts = keep_texts(files)
    if len(texts) == len(files) and not diff_names(old, texts):
        raise Refused("nothing_changed")
    report = await knowledge.examine(files, old)
    if report.problems or (report.errors and not allow_lint_errors):
        return Publication(texts, parent, report, ())
    publication, note = Publication(texts, parent, report, ()), knowledge.content.mask(note)[:MAX_NOTE]
    if (report.needs_second or knowledge.content.phrases.admin.four_eyes) and not alone:
        return replace(publication, effects=(publication.as_draft(author, note),))
    first = [] if parent else [Revised(old, 0, knowledge.content.revision, START)]
    revised = Revised(texts, max(parent, 1), report.revision, author, note)
    return replace(publication, effects=(*first, revised, *await _settle(knowledge, report)))


async def _settle(knowledge: Knowledge, report: Report) -> tuple[Settled | Unsettled, ...]:
    """Return the effects on the questions that wait: what these files answer leaves, what they do not any more waits
    again, unless an admin dealt with it.
    """
    asked = await knowledge.list_questions()
    answered = [one.number for one in asked if one.became is None and one.question in report.answered]
    lost = [one.number for one in asked if one.became == ANSWERED and one.question not in report.answered]
    return (
        *([Settled(tuple(answered), ANSWERED)] if answered else []),
        *([Unsettled(tuple(lost))] if lost else []),
    )


def _show_clashes(knowledge: Knowledge, parent: int, kept: Drafted, clashes: Sequence[Clash]) -> Publication:
    """Return a refused publication: each entry that somebody else changed too is a problem at its line."""
    words = knowledge.content.phrases.admin
    problems = tuple(
        ContentFault(one.file, one.conflict.line, 1, ".".join(one.conflict.path), words.clash) for one in clashes
    )
    return Publication(kept.files, parent, Report(problems), (), clashes=tuple(clashes), undecided=kept)
