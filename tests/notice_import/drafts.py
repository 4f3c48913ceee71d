"""Drafts of the notices in `tests/notices/words`, and their days in short."""

from __future__ import annotations

from bot.notice_import.draft import NoticeDraft, draft_notice
from tests.conftest import NOTICES

WORDS = NOTICES / "words"
SIGNED = "\n某某学院教务处　启\n2026年6月3日\n"


def drafted(name: str) -> NoticeDraft:
    return draft_notice((WORDS / f"{name}.txt").read_text("utf-8"))


def spans(made: NoticeDraft) -> list[tuple[str, str | None, str | None, str | None]]:
    """The windows and duties of a draft, as in WINDOWS."""
    told = made.as_json["notice"]
    labels = {row["id"]: row["label"] for row in told["cohorts"]}
    windows = [
        (row["kind"], row["audience"] and "、".join(labels[one] for one in row["audience"]), row["from"], row["to"])
        for row in told.get("windows", ())
    ]
    duties = told.get("staff", {}).get("duties", ())
    return windows + [("staff", None, row["from"], row["to"]) for row in duties]
