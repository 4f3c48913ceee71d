"""The plan of a notice: the order of its chapters, the duties of the school's staff, the reminders to graduates."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from flows.fields import ClosingTime, Day, Id, NoticeRow, Text

ChapterName = Literal["account", "capture", "identity", "confirm", "paper", "check", "report", "diploma"]
"""What graduates do: get an account on CHSI, have the photo taken, be examined where it does not match, confirm it on
CHSI, check on paper, check on CHSI, report how it ended, and get the diploma."""


class StaffDuty(NoticeRow):
    """Something that the school's staff has to do until a day; no graduate is told of it.

    The staff's chat is reminded of it these days before, in the morning.
    """

    what: Text
    opens: Day | None = Field(default=None, alias="from")
    closes: Day | None = Field(default=None, alias="to")
    time_to: ClosingTime | None = None
    remind_days: Annotated[tuple[Annotated[int, Field(ge=0, le=60)], ...], Field(max_length=6)] = (3, 1, 0)


class StaffContact(NoticeRow):
    """Duties of the school's own staff; graduates see nothing of it but in the calendar.

    `chase_days`: days before a window's end on which people are reminded (alarms in the calendar file).
    """

    duties: tuple[StaffDuty, ...] = ()
    chase_days: tuple[Annotated[int, Field(ge=0, le=60)], ...] = (7, 3, 1)


ReminderButton = Annotated[str, StringConstraints(pattern=r"^(acks|resume|(step|faq):[a-z0-9][a-z0-9_-]{0,39})$")]


class Reminder(NoticeRow):
    """One automatic reminder: `days` before a window's end, `at` a local time, to an audience, with a template.

    `audience` is a rule as staff write it, `template` the id of one in phrases.yaml. `buttons` stand under it instead
    of the template's.
    """

    window: Id
    days: int = Field(ge=0, le=60)
    at: time = time(9, 30)
    audience: Text = "-done"
    template: Id
    buttons: tuple[ReminderButton, ...] | None = None


class Reminders(NoticeRow):
    """The plan of automatic reminders; one person gets at most `most` of them. Empty: none are sent."""

    most: int = Field(default=6, ge=1, le=20)
    plan: tuple[Reminder, ...] = ()
