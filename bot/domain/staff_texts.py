"""Checks texts of staff for secrets; a phone number and a mail address are allowed. Pure."""

from __future__ import annotations

from bot.domain import privacy
from bot.domain.privacy import Finding, Kind

WRITABLE = (Kind.MOBILE, Kind.MAIL)
"""Kinds of secrets that staff may write, because graduates are to phone or write there."""


def find_forbidden(text: str) -> tuple[Finding, ...]:
    """Find the secrets of other kinds than WRITABLE, in their order."""
    return tuple(finding for finding in privacy.find(text) if finding.kind not in WRITABLE)
