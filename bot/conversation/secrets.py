"""Secrets in a message: found before anything else looks at it, never kept, and said kindly. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation.turn import Context, Turn
from bot.domain import privacy
from bot.domain.privacy import Finding, Kind
from bot.domain.storage_mask import code_steps, find_bare_codes
from bot.reading.acts import SecretAct


def find_secrets(ctx: Context, text: str) -> tuple[Finding, ...]:
    """Find what must not be typed here. The phones and addresses of the notices are no secrets."""
    position = ctx.session.position
    found = privacy.find(text, ctx.content.public_contacts)
    if position and position.step in code_steps():
        return found or find_bare_codes(text, ctx.content.public_contacts)
    step = ctx.content.script.by_id.get(position.step) if position else None
    if step and step.reads and step.reads.reader == "certificate":
        # A certificate's number may be as long as an ID's; this step keeps nothing of what it reads.
        return tuple(finding for finding in found if finding.kind is not Kind.LONG_NUMBER)
    return found


def warn_of_secret(ctx: Context, found: Sequence[Finding]) -> Turn:
    """Say which secret it was and why it is not wanted; the channel deletes the message where it can."""
    phrases = ctx.content.phrases
    kinds = dict.fromkeys(phrases.tripwire_kinds[finding.kind.value] for finding in found)
    said = phrases.tripwire.format(kinds=phrases.facts.comma.join(kinds), why=phrases.tripwire_why)
    return replace(ctx.say(said), withdraw=True, understood=(SecretAct(),))
