"""Everything found in a notice that has to do with days: windows of graduates, duties of staff. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from bot.notice_import.kinds import LABELS


@dataclass
class DraftWindow:
    """A window as found; `audience` are the numbers of groups (None: everybody), `doubts` the doubts by key."""

    kind: str
    opens: date | None = None
    closes: date | None = None
    time_from: str = ""
    time_to: str = ""
    hours: tuple[str, ...] = ()
    inclusive: bool | None = True
    audience: tuple[int, ...] | None = None
    about: str = ""
    late: str = ""
    at: list[int] = field(default_factory=list)
    doubts: dict[str, tuple[str, int]] = field(default_factory=dict)
    counted: tuple[DraftWindow | None, str, int] | None = None
    """The last day is so many `days` or `workdays` after the end of that window; of None: after the notice."""

    @property
    def label(self) -> str:
        name = self.about if self.kind == "prepare" and self.about else LABELS[self.kind]
        return f"{name}（{self.about}）" if self.about and name != self.about else name


@dataclass
class DutyOfStaff:
    """Something that the school's staff has to do, with its last day."""

    what: str
    at: int
    opens: date | None = None
    closes: date | None = None
    time_to: str = ""
    why: str = ""


@dataclass
class FoundDays:
    """Everything found in a notice that has to do with days; `skipped` are sentences whose days are no window."""

    windows: list[DraftWindow] = field(default_factory=list)
    duties: list[DutyOfStaff] = field(default_factory=list)
    skipped: dict[int, str] = field(default_factory=dict)
    slots_of: DraftWindow | None = None
    """The day whose hours are listed by department."""
