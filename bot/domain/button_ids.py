"""Ids of buttons: each holds its action and, where it counts for one moment only, the script, the step and the moment.

    1|archive-check|m3-account|17|yes    an action of that step, after 17 moves
    cmd|menu     faq|sms-code     notice|2014-autumn     the same at any moment
    quote|sms-code                                       the source's own words behind an answer
    step|m6-record     ack|12-known                      under broadcasts: enter a step, answer broadcast 12
    join|abcdefgh     join|abcdefgh-here                 go on where the join code has come to, or with it where one is
    pick|5f0c2a91|sms-code                               a topic among those that were offered for a question
    hear|5f0c2a91                                        the answer to a question, when there is one
    vote|0b7e5d1c9a42|sms-code|yes                       an opinion of the answer in this wording

Ids are at most 64 bytes (Bot API, InlineKeyboardButton.callback_data).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSION = "1"
MAX_BYTES = 64

_ACT = re.compile(rf"{VERSION}\|([a-z0-9-]{{1,16}})\|([a-z0-9-]{{1,20}})\|(\d{{1,7}})\|([a-z0-9-]{{1,12}})", re.ASCII)
_PLAIN = re.compile(r"(cmd|faq|quote|notice|step|ack|class|hear|join|student)\|([a-z0-9_-]{1,40})", re.ASCII)
_PICK = re.compile(r"pick\|([0-9a-f]{8})\|([a-z0-9-]{1,40})", re.ASCII)
_VOTE = re.compile(r"vote\|([0-9a-f]{12})\|([a-z0-9-]{1,40})\|([a-z]{2,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Act:
    """An action at a step. It counts only while the graduate has made exactly `moves` moves."""

    script: str
    step: str
    moves: int
    action: str

    def __str__(self) -> str:
        return f"{VERSION}|{self.script}|{self.step}|{self.moves}|{self.action}"


@dataclass(frozen=True, slots=True)
class Ask:
    """An action that counts at any moment: a command (`cmd`), an answer (`faq`), its source's words (`quote`), a choice
    of notice, a `step` to enter, a `class` to be in,
    an answer to a broadcast (`ack`), the wish to `hear` what is answered to a question, by its mark,
    the consent that a `student` number is turned into a join code, by its mark.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}|{self.name}"


@dataclass(frozen=True, slots=True)
class Pick:
    """The topic that somebody meant, of those offered for a question; `mark` identifies the question."""

    mark: str
    topic: str

    def __str__(self) -> str:
        return f"pick|{self.mark}|{self.topic}"


@dataclass(frozen=True, slots=True)
class Vote:
    """An opinion of an answer: `yes`, `no`, or the reason why not. `wording` identifies the text that they had read."""

    wording: str
    topic: str
    opinion: str

    def __str__(self) -> str:
        return f"vote|{self.wording}|{self.topic}|{self.opinion}"


def parse(button_id: str) -> Act | Ask | Pick | Vote | None:
    """Parse a button's id; None for an id that this version does not make."""
    if m := _ACT.fullmatch(button_id):
        return Act(m[1], m[2], int(m[3]), m[4])
    if m := _PLAIN.fullmatch(button_id):
        return Ask(m[1], m[2])
    if m := _PICK.fullmatch(button_id):
        return Pick(m[1], m[2])
    if m := _VOTE.fullmatch(button_id):
        return Vote(m[1], m[2], m[3])
    return None
