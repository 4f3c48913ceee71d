"""Which of the acts of a message are sure enough to be acted on. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.reading.acts import SURE_QUESTION, Act, AnswerAct, CommandAct, DistressAct, OfftopicAct, QuestionAct
from bot.reading.place import AFFIRMING
from bot.reading.reader import Readout

SURE = 0.6
"""The chance (0–1) from which an answer is taken; a less sure one is offered: a wrong one may cost a diploma."""
SURE_SHORTCUT = 0.8
"""The same before the walk, where an answer enters it in the middle; `SURE_START` to begin it, or to leave it."""
MENU_LEAD = 0.2
"""What a question needs less than an answer before the walk, where no step says what is spoken of."""
SURE_START = 0.6
SURE_NOT = 0.95
"""The same to begin it where something is denied (我不要核对)."""
SURE_OFFTOPIC = 0.8
"""The chance (0–1) from which words that ask nothing are refused as none of ours: 幼儿教育 may be a major."""
SURE_AGAINST = 0.8
"""The chance (0–1) from which an answer is taken whose words also speak of trouble or doubt (收到了，过期了), and a
question of words that ask nothing and are nearer to what another step asks (手机能收到短信).
"""
SURE_IF = 0.97
"""The same where they speak of what would be (要是能改), not of what is, or are nearer to what another step asks."""
RIVAL = 0.2
"""The chance (0–1) of another answer to the same from which neither is taken."""
NEVER = 2.0
DISTRESS = 0.25
"""The chance (0–1) from which despair is answered where nothing is sure, if a word of despair is said: better once too
often. Without such a word (不想弄了) it must be as sure as an answer: it calls the staff.
"""
_AGAINST = frozenset({
    "cannot", "unsure", "unseen", "ungot", "late", "quote", "but", "ask", "forgot", "lost", "slip", "wrong", "stranger",
    "refused", "unreached",
})  # fmt: skip
"""Stances that speak against an answer that leads on."""
LEADING = frozenset({*AFFIRMING, "right"})
"""Answers that lead on: as after them nobody looks back, they must be surer."""


def doubt(readout: Readout, sure: float) -> Readout:
    """Keep what is sure: with an answer that is not, nothing is taken but the sure questions beside it, and the
    rest is near.
    """
    acts = tuple(zip(readout.acts, readout.chances, strict=True))
    moves = [(chance, _find_least(act, readout, sure)) for act, chance in acts if isinstance(act, AnswerAct)]
    refusal = SURE if "ask" in readout.said else SURE_OFFTOPIC
    moves += [(chance, refusal) for act, chance in acts if isinstance(act, OfftopicAct)]
    if all(isinstance(act, QuestionAct) for act, _ in acts):
        is_statement = readout.elsewhere and "ask" not in readout.said
        least = SURE_AGAINST if is_statement else max(SURE_QUESTION, sure - MENU_LEAD)
        moves += [(max(readout.chances, default=1.0), least)]
    if "urgent" not in readout.said:
        moves += [(chance, SURE) for act, chance in acts if isinstance(act, DistressAct)]
    start = SURE_NOT if "not" in readout.said else SURE_START
    moves += [(chance, start) for act, chance in acts if act == CommandAct("start")]
    moves += [(chance, SURE_START) for act, chance in acts if act == CommandAct("later")]
    if all(chance >= least for chance, least in moves):
        return readout if acts else _hear_distress(readout)
    kept = [(act, chance) for act, chance in acts if isinstance(act, QuestionAct) and chance >= SURE]
    near = (*[pair for pair in acts if pair not in kept], *readout.near)
    taken = replace(readout, acts=tuple(act for act, _ in kept), chances=tuple(chance for _, chance in kept), near=near)
    return taken if kept else _hear_distress(taken)


def _hear_distress(readout: Readout) -> Readout:
    """Take despair that may be meant, where nothing else is taken."""
    chance = dict(readout.near).get(DistressAct(), 0.0) if "urgent" in readout.said else 0.0
    return replace(readout, acts=(DistressAct(),), chances=(chance,)) if chance >= DISTRESS else readout


def _find_least(act: AnswerAct, readout: Readout, sure: float) -> float:
    """Return the chance from which an answer is taken: none where another answer to the same may be meant as well."""
    pairs = (*readout.near, *zip(readout.acts, readout.chances, strict=True))
    if any(chance >= RIVAL and _is_rival(other, act) for other, chance in pairs):
        return NEVER
    if "if" in readout.said or (readout.elsewhere and act.action in LEADING):
        return SURE_IF
    return max(sure, SURE_AGAINST) if act.action in LEADING and readout.said & _AGAINST else sure


def _is_rival(other: Act, act: AnswerAct) -> bool:
    return isinstance(other, AnswerAct) and other.item == act.item and other.action != act.action
