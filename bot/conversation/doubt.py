"""Which of the acts of a message are sure enough to be acted on. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.reading.acts import SURE_QUESTION, AnswerAct, CommandAct, OfftopicAct, QuestionAct
from bot.reading.reader import Readout

SURE = 0.6
"""The chance (0–1) from which an answer is taken; a less sure one is offered: a wrong one may cost a diploma."""
SURE_SHORTCUT = 0.8
"""The same before the walk, where an answer enters it in the middle; `SURE_START` to begin it, or to leave it."""
SURE_START = 0.6
SURE_END = 0.8
"""The chance (0–1) of the last field of a list from which the fields before it are taken with it."""


def doubt(readout: Readout, sure: float) -> Readout:
    """Keep what is sure: with an answer that is not, nothing is taken but the sure questions beside it, and the
    rest is near.
    """
    acts = tuple(zip(readout.acts, readout.chances, strict=True))
    moves = [
        (chance, sure) for act, chance in acts if isinstance(act, AnswerAct) and not _is_listed(act, chance, readout)
    ]
    moves += [
        (chance, SURE) for act, chance in acts if isinstance(act, OfftopicAct)
    ]  # no question is refused on a guess
    if all(isinstance(act, QuestionAct) for act, _ in acts):
        moves += [(max(readout.chances, default=1.0), SURE_QUESTION)]
    moves += [(chance, SURE_START) for act, chance in acts if act in (CommandAct("start"), CommandAct("later"))]
    if all(chance >= least for chance, least in moves):
        return readout
    kept = [(act, chance) for act, chance in acts if isinstance(act, QuestionAct) and chance >= SURE]
    near = (*[pair for pair in acts if pair not in kept], *readout.near)
    return replace(readout, acts=tuple(act for act, _ in kept), chances=tuple(chance for _, chance in kept), near=near)


def _is_listed(act: AnswerAct, chance: float, readout: Readout) -> bool:
    """Return whether a field stands in a list with one verdict at its end (姓名 性别 民族都对): each is as sure as the
    end, unless another verdict on it is likelier.
    """
    others = (share for other, share in readout.near if isinstance(other, AnswerAct) and other.item == act.item)
    verdicts = {one.action for one in readout.acts if isinstance(one, AnswerAct)}
    is_one = act.item is not None and len(verdicts) == 1
    return is_one and readout.chances[-1] >= SURE_END and chance > max(others, default=0.0)
