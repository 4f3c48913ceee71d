"""Papers of a notice, and what is done with them: corrections, reports, the day of the diplomas."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.fields import CohortIds, Id, NoticeRow, Text, Texts
from flows.windows import EVERYONE


class Document(NoticeRow):
    """A paper to bring: the original, and this many copies (None: copies, and the notice does not say how many)."""

    name: Text
    original: bool = True
    copies: Annotated[int, Field(ge=0, le=9)] | None = 0
    condition: Text | None = None


class Correction(NoticeRow):
    """A kind of correction (`*`: any other), whether it may be made, and with which papers."""

    kind: Text
    allowed: Literal["yes", "no", "office_decides"]
    why: Text | None = None
    approval: Literal["school", "province"] | None = None
    forms: Texts = ()
    documents: tuple[Document, ...] = ()
    where: Text | None = None
    window: Id | None = None
    cohorts: CohortIds = (EVERYONE,)


class ReportRule(NoticeRow):
    """The way in which graduates report how their check ended; by when, a window of the kind `report` says.

    `everyone` reports, or else only who found something wrong: `by` whom it is handed on, `to` a contact (None: the one
    for the record), `how`, with which papers.
    """

    everyone: bool = False
    by: Text | None = None
    to: Id | None = None
    how: Text | None = None
    documents: tuple[Document, ...] = ()


class Collection(NoticeRow):
    """The day of the diplomas, whose windows are of the kind `collection`: where, what to bring, and who may come."""

    where: Text | None = None
    documents: tuple[Document, ...] = ()
    proxy: Text | None = None
