"""Finds who is named beside the days of a sentence: 硕士：12月12日, 昆明学习中心6月6日, 11月9日 南校区 本科生. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.notice_import.mentions import YearSense, find_mentions
from bot.notice_import.sentences import Sentence

_LEVEL = r"专升本科?|专接本|专续本|高起专|高职|大专|专科|高起本|高达[本专]|(?<!升)(?<!起)本科|硕士|博士|研究生"
_PLACE = (
    r"校?本部|总校"
    r"|[^\W\d_到交把前由往在于各后至和报送统]{1,8}?(?:校区|学习中心|教学点|函授站|分校|分院|(?<!网)站)"
    r"|非?全日制|函授|业余|脱产|[A-E]类|[\u4e00-\u9fff]{1,6}?(?:地区|以外)|[省市区县][内外]|外省|外地"
    r"|(?:20)?\d\d级[\d、]{1,8}班|第[一二三四]批次?|[一二三四五两]年(?:一贯)?制"
)
_NAMED = (
    rf"(?:(?P<place>{_PLACE})\s{{0,4}})?(?P<level>{_LEVEL})(?:层次|毕业生|学生|研究生|同学|生)?|(?P<alone>{_PLACE})"
)
_AHEAD = re.compile(
    rf"(?:^|(?<=[，。；、:：）)\s]))(?:[一二三四五六七八九十\d]{{1,2}}[、.．])?(?:{_NAMED})(?:全体)?(?:学生"
    rf"|毕业生|学员|同学|人员|生)?\s{{0,4}}(?:[（(][^）)]{{0,12}}[）)])?"
    r"(?:的?(?:同学|学生))?(?:的?[\u4e00-\u9fff]{0,6}(?:时间|日期))?\s{0,4}(?:[:：]|于|须于|应于|请于|在|为|是)?\s{0,4}$"
)
_BEHIND = re.compile(
    rf"[（(\s:：，]{{0,4}}(?:{_NAMED})(?:全体)?(?:学生|毕业生|学员|同学)?[）)]?\s{{0,4}}(?=$|[，。；;、（(\d])"
)
_DEPARTMENTS = re.compile(
    r"\s{0,4}(?:[上下]午|全天)?\s{0,4}[:：\s]\s{0,4}([\u4e00-\u9fff]{1,8}(?:系|学院)(?:[、和][\u4e00-\u9fff]{1,8}(?:系"
    r"|学院)){0,5})(?=$|[，。；;])"
)
"""Departments that stand alone behind a day and a colon."""
_BEFORE_IN_LIST = re.compile(rf"({_PLACE})[、和]$")
_NO_PLACE = re.compile(r"^(?:各|所在|所属|我|学校|在|到|往|由|至|本)")


def find_named_days(body: Sequence[Sentence]) -> Iterator[tuple[str, str, Sentence]]:
    """Yield place and level (either may be empty) of whoever is named beside days, with the sentence."""
    years = YearSense(last=2000)
    for one in body:
        past = 0
        for m in find_mentions(one.plain, years):
            own = one.plain[max(past, *(one.plain.rfind(sign, past, m.start) + 1 for sign in "，。；")) : m.start]
            named = _AHEAD.search(own)
            past = m.end
            if departments := _DEPARTMENTS.match(one.plain, m.end):
                past = departments.end()
                yield from ((name, "", one) for name in re.split("[、和]", departments[1]))
                continue
            if named is None and (named := _BEHIND.match(one.plain, m.end)):
                past = named.end()
            place = (named["place"] or named["alone"] or "") if named else ""
            each = named and named.string is own and re.search(r"各[\u4e00-\u9fff]{1,6}[、和]$", own[: named.start()])
            if named and not each and not _NO_PLACE.search(place):
                yield from ((name, named["level"] or "", one) for name in _find_list(own, named) if place)
                yield place, named["level"] or "", one


def _find_list(own: str, named: re.Match[str]) -> list[str]:
    """Return the places of a list that stand before the last one, which is `named`."""
    if named.string is not own:
        return []
    found, end = list[str](), named.start()
    while m := _BEFORE_IN_LIST.search(own[:end]):
        found.insert(0, m[1])
        end = m.start(1)
    return found
