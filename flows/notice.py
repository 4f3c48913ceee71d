"""A college's notice as data: cohorts, windows, pages to click, papers, contacts.

`None` everywhere means "the notice does not say"; whoever renders it says so and never guesses. Must not know: YAML,
steps of the walk, sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from flows.fields import CohortIds, Day, Id, Mail, NoticeRow, Phone, Text, Texts, Url
from flows.notice_plan import Reminders, StaffContact
from flows.papers import Collection, Correction, Document
from flows.switches import Switches
from flows.windows import EVERYONE, Window, count_days, overlap

CAUSE = "cause"
"""The first part of the name of an answer that says why a field differs: `cause:出生日期`."""


class Head(NoticeRow):
    """The notice's own data. Only a `published` notice is offered to graduates.

    `signed_by` is the unit under the text, `attachments` the files that came with it, with a remark where one is
    missing; `supersedes` is the id of the notice that this one takes the place of; `version` and `source_file` are for
    the editors of the file.
    """

    id: Id
    version: Text | None = None
    source_file: Text | None = None
    status: Literal["draft", "published", "withdrawn"]
    title: Text
    short: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=20)]
    issued_on: Day | None = None
    doc_no: Text | None = None
    tz: Literal["Asia/Shanghai"] = "Asia/Shanghai"
    supersedes: Id | None = None
    attachments: Texts = ()
    signed_by: Text | None = None


class School(NoticeRow):
    name: Text
    unit: Text
    unit_aliases: Texts = ()
    basis: Texts = ()


class Cohort(NoticeRow):
    """A group of graduates; everybody belongs to exactly one. Without `majors` the label itself is offered.

    `aliases` are further names of what is named here (a major, the label, the partner school, a site): former names,
    local abbreviations. Those that follow from a name (安财, 经管, 造价) need not be written.
    """

    id: Id
    label: Text
    level: Literal["专科", "专升本", "高起本", "本科", "研究生", "other"]
    form: Text | None = None
    grades: Texts = ()
    majors: Texts = ()
    partner_school: Text | None = None
    sites: Texts = ()
    graduates_on: Day | None = None
    includes_held_back: bool | None = None
    excluded: Texts = ()
    aliases: Mapping[Text, Texts] = {}
    note: Text | None = None

    def __hash__(self) -> int:
        # pydantic's own hash takes in every field, and a dict has none.
        return hash((self.id, self.label, self.majors))


class Account(NoticeRow):
    """Rules of an account on CHSI, by this notice."""

    username: tuple[Literal["email", "mobile", "id_no"], ...] = ()
    code_channels: tuple[Literal["sms", "edu_mail"], ...] = ()
    unique: tuple[Literal["email", "mobile", "id_no"], ...] = ()
    id_rule: Text | None = None
    keep: Texts = ()
    other_login: Texts = ()
    browser: Text | None = None
    first_view_identity_check: Literal["none", "school_name", "face", "manual"] | None = None


class EntryPath(NoticeRow):
    """The clicks on CHSI that lead to the check, as it looked in `as_of`."""

    label: Text
    url: Url
    clicks: Texts = ()
    device: Literal["pc", "app", "wechat"] = "pc"
    as_of: Text


class VerdictRule(NoticeRow):
    """The buttons under the record, and the rule for something that is wrong."""

    ok_button: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12)] | None = None
    wrong_button: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12)] | None = None
    on_mismatch: Literal["report_only", "mark_then_report", "mark_edit_submit"]
    proxy_allowed: bool = False
    recheck_required: bool | None = None
    effect_delay_hours: int | None = Field(default=None, ge=0, le=720)


class Cause(NoticeRow):
    """One of several reasons for which a field differs: `text` on its button, `say` in the sentence for the telephone.

    `kind` names the row of `corrections` that it falls under, `note` is told to whoever chooses it.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=12)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
    say: Text
    kind: Text | None = None
    note: Text | None = None


class CheckField(NoticeRow):
    """A field of the record to compare, asked with `ask` and explained by `note`.

    A mistake in it falls under the row of `corrections` that `kind` names, needs these `documents` instead of that
    row's, and may have one of several `causes`.
    """

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]
    editable_by: Literal["school", "admission_office", "police"] | None = None
    kind: Text | None = None
    ask: Text | None = None
    note: Text | None = None
    documents: tuple[Document, ...] = ()
    causes: tuple[Cause, ...] = ()

    def cause(self, cause_id: str | None) -> Cause | None:
        """Return the cause with this id; None when there is none."""
        return next((cause for cause in self.causes if cause.id == cause_id), None)


class Contact(NoticeRow):
    id: Id
    role: Text
    person: Text | None = None
    aliases: Texts = ()
    phones: tuple[Phone, ...] = ()
    email: Mail | None = None
    im: Text | None = None
    room: Text | None = None
    hours: Text | None = None
    topics: tuple[Literal["account", "record", "photo", "correction", "deadline", "other"], ...] = ()
    cohorts: CohortIds = (EVERYONE,)


_CHSI = Contact(id="chsi", role="学信网客服", email="kefu@chsi.com.cn", topics=("account",))
ELSEWHERE = {"chsi": _CHSI, "chsi_then_issuing_school": _CHSI}
"""Contacts that a notice may route to without listing them: CHSI's desk is the same for every school."""


class Routing(NoticeRow):
    """The contact for each kind of trouble: ids of `contacts`, or of `ELSEWHERE`, which no notice need list."""

    account: Id
    record: Id
    photo: Id
    old_diploma: Id


class OfficialLink(NoticeRow):
    label: Text
    url: Url
    official: bool = True


class Consequence(NoticeRow):
    when: Text = Field(alias="if")
    then: Text


class Conflict(NoticeRow):
    """A place where the notice can be read in two ways; `shown_to_students` is the sentence for graduates.

    One on `correction` appears wherever the notice's refusals do.
    """

    where: Texts
    topic: Literal["check", "correction", "account"] | None = None
    readings: Texts
    shown_to_students: Text | None = None


class NoticeQuestion(NoticeRow):
    """A question that the notice answers itself: asked as in `q`, answered with `a`."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
    q: Annotated[Texts, Field(min_length=1)]
    a: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1200)]
    source: Literal["notice", "help", "office", "beyond"] = "notice"
    verify_with: Id | None = None


class Privacy(NoticeRow):
    """The data that is kept of a graduate, and for how long (days after the last window)."""

    collects: Texts = ()
    retention_days_after_last_window: int = Field(default=60, ge=0, le=3650)
    contact: Id | None = None
    processor: Text | None = None


class UnsureValue(NoticeRow):
    """A value of a draft that nobody has looked at yet: its path (`windows.0.to`), the doubt, and the sentence.

    A notice with one of these is never in force.
    """

    at: Text
    why: Text
    sentence: Text | None = None


class Notice(Switches):
    """One notice. `flows.agreement` checks the rows against each other.

    `chapters` are what graduates do, in order; without them its windows tell, in the order of the script.
    """

    unsure: tuple[UnsureValue, ...] = ()
    notice: Head
    school: School
    cohorts: tuple[Cohort, ...] = Field(min_length=1)
    account: Account
    entry_paths: tuple[EntryPath, ...] = Field(min_length=1)
    verdict: VerdictRule
    check_fields: tuple[CheckField, ...] = Field(min_length=1, max_length=30)
    check_fields_source: Literal["notice", "beyond"] = "notice"
    ignore_fields: Texts = ()
    collection: Collection = Collection()
    contacts: tuple[Contact, ...] = Field(min_length=1)
    routing: Routing
    links: tuple[OfficialLink, ...] = Field(min_length=1)
    warnings: Texts = ()
    consequences: tuple[Consequence, ...] = ()
    staff: StaffContact = StaffContact()
    reminders: Reminders = Reminders()
    privacy: Privacy = Privacy()
    conflicts: tuple[Conflict, ...] = ()
    faq: tuple[NoticeQuestion, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _count_days(cls, data: Any) -> Any:
        return count_days(data)

    @property
    def id(self) -> str:
        return self.notice.id

    @property
    def on_phone(self) -> bool:
        """Whether the path to the check is one on a phone: in CHSI's App or in WeChat."""
        return self.entry_paths[0].device != "pc"

    def contact(self, contact_id: str) -> Contact:
        """Return the contact with this id. KeyError when there is none, which the checks rule out for routed ids."""
        return {**ELSEWHERE, **{c.id: c for c in self.contacts}}[contact_id]

    def contact_for(self, topic: Literal["record", "photo"], cohort: str | None) -> Contact:
        """Return the contact that this cohort (an id) asks about a topic: its own, else the routed one."""
        own = (c for c in self.contacts if cohort in c.cohorts and topic in c.topics)
        return next(own, self.contact(getattr(self.routing, topic)))

    def contacts_for(self, cohort: str | None) -> tuple[Contact, ...]:
        """Return the contacts for this cohort (an id), in the notice's order."""
        return tuple(c for c in self.contacts if overlap(c.cohorts, (cohort or EVERYONE,)))

    def find_open_cause(self, answers: Mapping[str, str]) -> CheckField | None:
        """Return the first field that differs for one of several causes while nobody said for which."""
        differs = (f for f in self.check_fields if f.causes and answers.get(f"field:{f.name}") in ("wrong", "unsure"))
        return next((f for f in differs if f"{CAUSE}:{f.name}" not in answers), None)

    def windows_for(self, cohort: str | None, *kinds: str) -> tuple[Window, ...]:
        """Return this cohort's windows of these kinds (all kinds when none is named), earliest end first."""
        special = self.special_windows if kinds == ("correction",) else ()
        chosen = (w for w in self.windows if w.is_for(cohort) and (not kinds or w.kind in kinds) and w not in special)
        return tuple(sorted(chosen, key=lambda w: (w.closes or date.max, w.opens or date.min)))

    def has(self, path: str) -> bool:
        """Return whether there is something true at a dotted path such as `photo.code_required`."""
        return bool(reduce(getattr, path.split("."), self))

    def corrections_for(
        self, fields: Sequence[str], cohort: str | None = None, causes: Mapping[str, str] | None = None
    ) -> tuple[Correction, ...]:
        """Return the corrections that mistakes in these fields may fall under, with the general one (`*`).

        `causes` are the ids of those that are known, by the name of the field; a known one decides alone.
        """
        kinds = {"*"}
        for field in self.check_fields:
            if field.name in fields:
                cause = field.cause((causes or {}).get(field.name))
                kinds.add((cause and cause.kind) or field.kind or "*")
        return tuple(c for c in self.corrections if c.kind in kinds and overlap(c.cohorts, (cohort or EVERYONE,)))
