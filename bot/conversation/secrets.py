"""Secrets in a message: found before anything else looks at it, never kept, and said kindly. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation.turn import Context, Turn
from bot.domain import privacy
from bot.domain.privacy import Finding, Kind
from bot.domain.storage_mask import code_steps, find_bare_codes
from bot.domain.tickets import Ticket
from bot.reading.acts import SecretAct
from bot.tickets import graduate


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


def warn_of_secret(ctx: Context, found: Sequence[Finding], ticket: Ticket | None = None) -> Turn:
    """Say which secret it was and why it is not wanted; the channel deletes the message where it can.

    While words go to a person by this ticket, all but the secrets goes there.
    """
    phrases = ctx.content.phrases
    kinds = dict.fromkeys(phrases.tripwire_kinds[finding.kind.value] for finding in found)
    if ticket:
        passed = graduate.relay(ctx.voice, ticket, _blot(ctx, ctx.incoming.text.strip()))
        said = phrases.desk.masked.format(kinds=phrases.facts.comma.join(kinds))
        turn = Turn(ctx.session, ctx.voice.bubbles(said), effects=passed.effects)
        return replace(turn, withdraw=True, understood=(SecretAct(),))
    said = phrases.tripwire.format(kinds=phrases.facts.comma.join(kinds), why=phrases.tripwire_why)
    return replace(ctx.say(said), withdraw=True, understood=(SecretAct(),))


def _blot(ctx: Context, text: str) -> str:
    """Hide the codes of a step that asks for one; what is private anywhere is hidden for staff in any case."""
    mark = f"〔{ctx.content.phrases.tripwire_kinds[Kind.CODE.value]}〕"
    while found := [one for one in find_secrets(ctx, text) if one.kind is Kind.CODE]:
        text = text[: found[0].start] + mark + text[found[0].end :]
    return text
