"""The chapters of the walk that a notice switches on: it names them, or its windows and rows tell."""

from __future__ import annotations

import re

from pydantic import Field

from flows.fields import NoticeRow
from flows.notice_plan import ChapterName
from flows.papers import Correction, ReportRule
from flows.photo import Photo
from flows.windows import Window


class Switches(NoticeRow):
    """The parts of a notice that say which chapters there are, and the answers for the gates of a script."""

    chapters: tuple[ChapterName, ...] = ()
    windows: tuple[Window, ...] = Field(min_length=1)
    photo: Photo = Photo()
    corrections: tuple[Correction, ...] = Field(min_length=1)
    report: ReportRule = ReportRule()

    @property
    def has_check(self) -> bool:
        """Whether graduates have to check something on CHSI; else the notice is about the photo alone."""
        return any(window.kind in ("check", "recheck", "confirm_capture") for window in self.windows)

    @property
    def has_capture(self) -> bool:
        """Whether graduates have to have their photo taken."""
        return self._has_chapter("capture", "capture", "recapture") or (self.photo.code_required and not self.chapters)

    @property
    def only_recapture(self) -> bool:
        """Whether only those without a good photo have to have one taken."""
        kinds = {window.kind for window in self.windows}
        return "recapture" in kinds and "capture" not in kinds

    @property
    def has_confirm(self) -> bool:
        """Whether graduates have to confirm their photo on CHSI apart from the check."""
        return self._has_chapter("confirm", "confirm_capture")

    @property
    def has_paper(self) -> bool:
        """Whether graduates have to check and sign something on paper."""
        return self._has_chapter("paper", "paper_check")

    @property
    def has_account(self) -> bool:
        """Whether graduates need an account on CHSI: not for what is done on paper and at a camera alone."""
        offline = bool(self.chapters) and {*self.chapters} <= {"capture", "identity", "paper", "diploma"}
        return not offline or self.photo.code_required

    @property
    def identity(self) -> Correction | None:
        """The row about whoever's photo does not match the one of their admission (身份复核); None without one."""
        return next((row for row in self.corrections if re.search("复核|比对", row.kind)), None)

    @property
    def upgrade(self) -> Correction | None:
        """The row about an earlier diploma that was not found (前置学历); None without one."""
        return next((row for row in self.corrections if "前置学历" in row.kind), None)

    @property
    def special_windows(self) -> tuple[Window, ...]:
        """The windows of 身份复核 and of earlier diplomas, where they are none of other corrections."""
        special = [row for row in (self.identity, self.upgrade) if row]
        own = {row.window for row in special} - {row.window for row in self.corrections if row not in special}
        return tuple(window for window in self.windows if window.id in own)

    @property
    def has_identity(self) -> bool:
        """Whether the school examines who is on a photo that does not match."""
        return "identity" in self.chapters if self.chapters else self.identity is not None

    @property
    def has_report(self) -> bool:
        """Whether there is something to report after the check by more than those who found something wrong."""
        return "report" in self.chapters if self.chapters else self.report.everyone

    @property
    def has_diploma(self) -> bool:
        """Whether the notice says something of the day on which diplomas are handed out."""
        return self._has_chapter("diploma", "collection")

    def _has_chapter(self, name: ChapterName, *kinds: str) -> bool:
        return name in self.chapters if self.chapters else any(window.kind in kinds for window in self.windows)
