"""What the notice itself says, word for word, by the names of its facts. Absent where nobody copied it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from flows.fields import NoticeRow
from flows.model import QuoteName
from flows.notice import Notice


def quotes_of(notice: Notice, names: Iterable[QuoteName], cohort: str | None) -> tuple[str, ...]:
    """Return the notice's sentences behind these facts for a cohort (an id; None: unknown), each once, in order."""
    rows = (row for name in names for row in _ROWS[name](notice, cohort))
    return tuple(dict.fromkeys(row.quote for row in rows if row.quote))


_ROWS: Mapping[QuoteName, Callable[[Notice, str | None], Sequence[NoticeRow]]] = {
    "notice": lambda notice, _: [notice.notice],
    "school": lambda notice, _: [notice.school],
    "cohorts": lambda notice, _: notice.cohorts,
    "check": lambda notice, cohort: notice.windows_for(cohort, "check"),
    "correction": lambda notice, cohort: notice.windows_for(cohort, "correction"),
    "account": lambda notice, _: [notice.account],
    "browser": lambda notice, _: notice.entry_paths[:1],
    "entry": lambda notice, _: notice.entry_paths,
    "verdict": lambda notice, _: [notice.verdict],
    "fields": lambda notice, _: notice.check_fields,
    "photo": lambda notice, _: [notice.photo],
    "corrections": lambda notice, _: [row for row in notice.corrections if row.allowed == "no"],
    "papers": lambda notice, _: [row for row in notice.corrections if row.documents],
    "contact": lambda notice, cohort: [notice.contact_for("record", cohort)],
    "consequence": lambda notice, _: notice.consequences,
}
