"""What audiences and statistics ask of a session, as columns of its person.

They are written by whoever writes the session, in the same statement: nobody has to look into a million texts.
"""

from __future__ import annotations

import json
from typing import Any

STANDING = ("notice", "state", "step", "cohort", "major", "consents")
"""The columns of `people`; all but the last are of the chosen notice."""
LONGEST = 200
"""Characters of a text; an index of PostgreSQL takes no row of more than 2,700 bytes."""


def standing_of(session: str | None) -> dict[str, Any]:
    """Return the columns of a session (JSON). One that cannot be read belongs to no notice and agrees to nothing."""
    try:
        known: Any = json.loads(session) if session else {"notice": None}
        notice, consents = known["notice"], known.get("reminders") is True
        walk: Any = known["walks"].get(notice, {}) if notice else {}
        answers = walk.get("answers", {})
        texts: list[Any] = [notice, walk.get("state", "new") if notice else None, walk.get("step")]
        texts += [answers.get("cohort"), answers.get("major")]
    except (AttributeError, KeyError, TypeError, ValueError):
        texts, consents = [None] * 5, False
    return dict(zip(STANDING, [*(str(text)[:LONGEST] if text else None for text in texts), consents], strict=True))
