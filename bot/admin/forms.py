"""Forms that an admin fills in by typing and tapping, one value at a time. Kept as a draft of their author's.

Must not know: how anything is published.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.domain.areas import Decision
from bot.domain.effects import Effect
from bot.domain.messages import Incoming, Reply
from bot.domain.revisions import Drafted
from bot.knowledge.writing import NewEntry
from bot.store.knowledge import KnowledgeRows, text_hash

_FILE = "form.json"
"""The one file of a draft that is a form."""
LASTS = timedelta(hours=2)
"""Time after which what is typed is not taken for a form's next value."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form under way. `does`: what it will do (new, replace, add, edit, fact); `waits` names the value that is to be
    typed next, empty when none is.

    `topic` is the entry that it is about, `key` that of the draft which it became; `asked` are the missed questions
    that it answers, `dropped` those that are no phrasings because they would be read as something else. `place` is the
    number of a fact. `second`: somebody else must agree. `near_seen`: the author chose beside entries that are near.
    `titles`: those that may be tapped.
    """

    does: str
    waits: str = ""
    topic: str = ""
    title: str = ""
    answer: str = ""
    phrasings: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    source: str = "beyond"
    checked_on: str = ""
    asked: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    kind: str = ""
    place: int = 0
    value: str = ""
    key: str = ""
    second: bool = False
    near_seen: bool = False
    titles: tuple[str, ...] = ()

    @property
    def entry(self) -> NewEntry:
        """The entry that it describes."""
        day = date.fromisoformat(self.checked_on) if self.checked_on else None
        return NewEntry(self.title, self.answer, self.phrasings, self.source, day, follow=self.follow)  # type: ignore[arg-type]

    def keep(self, author: str, number: int) -> Drafted:
        """Return the effect that keeps it; `number` is the revision in force."""
        return Drafted(form_key(author), {_FILE: json.dumps(asdict(self), ensure_ascii=False)}, number, author)


def keep_form(incoming: Incoming, form: Form, number: int, *replies: Reply, also: tuple[Effect, ...] = ()) -> Decision:
    """Return a decision with these replies that keeps a form; `number` is the revision in force."""
    return Decision(replies, (*also, form.keep(incoming.user, number)))


def form_key(author: str) -> str:
    """Return the key under which a person's form is kept: one for each."""
    return f"w{text_hash(author)[:15]}"


async def load_form(rows: KnowledgeRows, author: str, at: datetime) -> Form | None:
    """Return a person's form; None when there is none, or it is older than LASTS."""
    kept = await rows.draft(form_key(author))
    if kept is None or _FILE not in kept.files or at - kept.at > LASTS:
        return None
    data: dict[str, Any] = json.loads(kept.files[_FILE])
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    return Form(**{**data, **lists})
