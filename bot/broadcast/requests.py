"""Requests about broadcasts, parsed from what staff typed or tapped. Pure.

bc|12|send        a button's id: broadcast 12, the act, and its argument after another bar
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.join_codes import CallOutcome, parse_list
from bot.domain.messages import Incoming

_COMMAND = re.compile(r"/broadcast(?:@\w+)?(?:\s+#?(\d{1,9})(?!\S))?(?:\s+(.*))?", re.ASCII | re.DOTALL)
_STATS = re.compile(r"/stats(?:@\w+)?(?:\s+(\S{1,40}))?\s*(.*)", re.ASCII | re.DOTALL)
_CODES = re.compile(r"/codes(?:@\w+)?(?:\s+(\d{1,9})(?:\s+(.{1,40}))?)?", re.ASCII | re.DOTALL)
_PRESS = re.compile(r"bc\|(\d{1,9})\|([a-z]{2,10})(?:\|([a-z0-9:_-]{1,40}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class BroadcastRequest:
    """An act on broadcast `number` (0: none yet), what it is `about`, and what was typed after that (`more`)."""

    act: str
    number: int = 0
    about: str = ""
    more: str = ""


def parse_request(incoming: Incoming) -> BroadcastRequest | None:
    """Return the request; None when this is none (plain words may still be for a draft that waits for them)."""
    if incoming.press is not None:
        pressed = _PRESS.fullmatch(incoming.press)
        return BroadcastRequest(pressed[2], int(pressed[1]), pressed[3] or "") if pressed else None
    if stats := _STATS.fullmatch(incoming.text.strip()):
        return BroadcastRequest("stats", about=stats[1] or "", more=stats[2])
    if codes := _CODES.fullmatch(incoming.text.strip()):
        return BroadcastRequest("codes", int(codes[1] or 0), more=" ".join((codes[2] or "").split()))
    command = _COMMAND.fullmatch(incoming.text.strip()) if not incoming.other else None
    if command and command[2] and not command[1]:
        return BroadcastRequest("say", more=command[2])
    return BroadcastRequest("card" if command[1] else "list", int(command[1] or 0)) if command else None


def parse_called(text: str, outcomes: Mapping[CallOutcome, str]) -> BroadcastRequest | None:
    """Return what was typed about calls: an outcome and join codes (没打通 ABCD-EFGH); None for anything else."""
    for outcome, label in outcomes.items():
        rest = text.strip().removeprefix(label)
        if rest != text.strip() and parse_list(rest).codes and not parse_list(rest).strange:
            return BroadcastRequest("called", about=f"-{outcome}", more=rest)
    return None
