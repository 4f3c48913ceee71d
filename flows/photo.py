"""The photo of a diploma in a notice: who takes it, how, and what is done where it does not match."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from flows.fields import NoticeRow, Text, Texts


class MatchResult(NoticeRow):
    value: Text
    action: Text


def _as_list(value: object) -> object:
    return [f"{name}{what}" for name, what in value.items()] if isinstance(value, dict) else value


class Photo(NoticeRow):
    """The way of the photo into the record; `code_required` switches the 采集码 step of the walk on."""

    required: bool = True
    vendor: Text | None = None
    code_required: bool = False
    code_how: Text | None = None
    apps: Texts = ()
    feature_code: Text | None = None
    fee: Text | None = None
    spec: Annotated[Texts, BeforeValidator(_as_list)] = ()
    shows_after_days: tuple[int, int] | None = None
    already_done_rule: Text | None = None
    match_results: tuple[MatchResult, ...] = ()
    dislike_rule: Text | None = None
