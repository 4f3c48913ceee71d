"""The day that a typed message names, counted from today, among whatever else it says. The past reading wins: the
question is always on which day something was done. Pure. Must not know notices, steps or how far back is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from flows.date_rules import PLAIN, RULES
from flows.date_words import FORGETTING, find_forgetting, respell
from flows.words import Folded, Span, clause_of, fold, is_question

MOST = 12
"""Days that are read in one message; further ones are dropped."""


@dataclass(frozen=True, slots=True)
class DayFound:
    """What a message says of a day. `days`: one for `day`, two or more in the order said for `open`, else none.

    `forgotten`: whoever wrote does not remember; `impossible`: the calendar has no such day. `spans` are the parts of
    the message that say so, in its order. `asked`: all of them stand in questions, so that nothing is stated.
    `planned`: what was to be done on that day is not done yet.
    """

    kind: Literal["day", "open", "forgotten", "impossible"]
    days: tuple[date, ...]
    spans: tuple[Span, ...]
    asked: bool = False
    planned: bool = False


@dataclass(frozen=True, slots=True)
class _Mention:
    """Days named at one place of a folded text, with the weight of the words (see `flows.date_rules`)."""

    span: Span
    days: tuple[date, ...]
    weight: int
    asked: bool


def find_day(text: str, today: date) -> DayFound | None:
    """The day that a message names; None when it names none. Days to come are found too: the caller refuses them."""
    folded = respell(fold(text))
    mentions = _weighty([m for m in _mentions(folded.text, today) if not _is_denied(folded.text, m.span)])
    forgetting = None if any(m.weight == PLAIN for m in mentions) else find_forgetting(folded.text)
    if forgetting:
        return DayFound("forgotten", (), (folded.origin(forgetting),), _is_asked(folded.text, forgetting))
    return _settle(folded, mentions) if mentions else None


def _weighty(mentions: Sequence[_Mention]) -> Sequence[_Mention]:
    """What is stated before what is asked, and of that the heaviest words."""
    stated = [m for m in mentions if not m.asked] or mentions
    return [m for m in stated if m.weight == max(n.weight for n in stated)]


def _settle(folded: Folded, mentions: Sequence[_Mention]) -> DayFound:
    days = _common(folded.text, [m for m in mentions if m.days])
    spans = tuple(folded.origin(m.span) for m in mentions)
    planned = any(_PLAN.search(folded.text, *clause_of(folded.text, m.span)) for m in mentions)
    kind: Literal["day", "open", "impossible"] = "day" if len(days) == 1 else "open" if days else "impossible"
    return DayFound(kind, days, spans, all(m.asked for m in mentions), planned)


def _common(text: str, dated: Sequence[_Mention]) -> tuple[date, ...]:
    """The days that all mentions share; the last one's after a correction; else all of them, in the order said."""
    named = tuple(dict.fromkeys(day for m in dated for day in m.days))
    shared = tuple(day for day in named if all(day in m.days for m in dated))
    if shared or len(dated) < 2:
        return shared
    is_corrected = _CORRECTION.search(text, dated[-2].span[1], dated[-1].span[0])
    return dated[-1].days if is_corrected else named


def _mentions(text: str, today: date) -> list[_Mention]:
    taken, mentions = set[int](), list[_Mention]()
    for span, days, weight in _matches(text, today):
        if taken.isdisjoint(range(*span)):
            taken.update(range(*span))
            mentions.append(_Mention(span, days, weight, _is_asked(text, span)))
        if len(mentions) == MOST:
            break
    return sorted(mentions, key=lambda m: m.span)


def _matches(text: str, today: date) -> Iterator[tuple[Span, tuple[date, ...], int]]:
    """Matches of every rule with what belongs to them behind: the weekday, the time of day, the clock."""
    for weight, pattern, read in RULES:
        for found in pattern.finditer(text):
            days = read(found, today)
            if days is not None:
                tail = _TAIL.match(text, found.end())
                yield (found.start(), tail.end() if tail else found.end()), days, weight


def _is_asked(text: str, span: Span) -> bool:
    """Whether the clause asks; 昨天点的算不算 states the day, whatever it goes on to ask."""
    start, end = clause_of(text, span)
    if _DONE.match(text, span[1], end):
        return False
    return is_question(FORGETTING.sub("", f"{text[start : span[0]]} {text[span[1] : end]}"))


def _is_denied(text: str, span: Span) -> bool:
    """Whether it was not on that day, or only before or after it."""
    start, end = clause_of(text, span)
    return bool(_NOT_BEFORE.search(text[start : span[0]]) or _NOT_AFTER.match(text[span[1] : end]))


_HOUR = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
_CLOCK = rf"(?:大概|大约|差不多)?{_HOUR}(?::\d\d|点(?:半|多|钟|左右|过|\d{{1,2}}分?)+|点(?=[点弄打报]))"
_PART = r"(?:大?清早|早[上晨]|上午|中午|午后|下午|傍晚|大?晚上|夜里|半夜|凌晨|白天)"
_TAIL = re.compile(
    rf"(?:\s?\(?(?:周|星期|礼拜)[一二三四五六日天]\)?)?(?:\s?的?(?:时候)?{_PART}(?!好))?(?:\s?{_CLOCK})?"
)
_NOT_BEFORE = re.compile(r"(?<!是)(?:不是|不在|并非|没在)(?:在|这个?)?\s?$")
_NOT_DONE = r"没有?(?:来得及|空|时间|能)?(?:点|弄|打|报|说|去|做|办|完|成|有)"
_NOT_AFTER = re.compile(
    rf"(?:[之以]?前|[之以]?后(?!来)|起(?!床|来)|开始|截止|到期|为止|止|结束|出生|生日|毕业|入学|(?:就|我|还|都)?(?:{_NOT_DONE}|忘))"
)
_PLAN = re.compile(r"准备|打算|[等待]下|[等待]会|一会儿?|马上|这就|再去?[点弄打报说]|去[点弄](?![的了过])|还没|要去")
_DONE = re.compile(r"(?:我|就|才|已经){0,4}(?:[点弄报打说办做搞]|报告|联系)(?:完|好)?的")
_CORRECTION = re.compile(r"不对|错了|不不|哦不|应该是|改成|才是")
