"""Finds for which of a notice's groups the days in a sentence are: by the words around them, or the headings. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.notice_import.cohorts import GraduateGroup
from bot.notice_import.mentions import DaysMention
from bot.notice_import.sentences import Sentence
from bot.notice_import.tables import RowSentence

_PLACE_AHEAD = re.compile(
    r"((?:[\u4e00-\u9fff]{1,10}(?:校区|教学点|学院|系|(?<!网)站)、)*[\u4e00-\u9fff]{1,10}(?:校区|教学点|函授站"
    r"|学习中心|校本部|学院|系|(?<!网)站)|校本部|本部|[A-E]类"
    r"|(?:专升本|专科|本科|高起[本专]|硕士|博士|留学|延期|结业|补采|未采集)(?:毕业|学|新)?(?:生|员|同学)"
    r"|第[一二三四]批次?)[^，。；:：]{0,6}[:：\t ]*$"
)
_PLACE_BEHIND = re.compile(
    r"[（(\t ]{0,4}(?:在|于)([\u4e00-\u9fff]{1,8}?(?:校区|教学点|函授站|学习中心|分校|校本部)|校?本部|总校)"
    r"|[（(\s]{0,4}((?:专升本|专科|本科|高起[本专]|硕士|博士|留学|延期|结业)(?:毕业|学)?(?:生|员))"
    r"|[（(]([\u4e00-\u9fff、]{1,16}(?:学院|系|专业|班级?))[）)]"
    r"|，([\u4e00-\u9fff]{1,8}?(?:校区|教学点|函授站|学习中心|分校))[\w（）()]{0,16}(?=[。；，]|$)"
)
_NO_PLACE = re.compile("(?:各|所在|本)(?:学院|系)|教育学院|^(?:各|所在|所属|我|本校|到|由)")
_BEHIND = re.compile(r"[（(\t :：，]{0,3}(?!到|前往|去|登|交|报|由|[至携在])([^，。；]{1,16})")
_LEVEL_WORDS = {
    "专科": r"专科|高起专|高职|大专", "专升本": r"专升本|专接本|专续本", "高起本": r"高起本",
    "本科": r"(?<!升)(?<!专升)(?<!高起)本科", "研究生": r"研究生|硕士|博士",
}  # fmt: skip


def find_audience(
    one: Sentence, m: DaysMention, past: int, groups: Sequence[GraduateGroup]
) -> tuple[tuple[int, ...] | None, str, int]:
    """Return the groups that the words around the days name, a place that is no group, and the end of these words.

    Words in the same clause go first, then those right behind the days, then those before; last the headings.
    """
    ahead = one.plain[past : m.start]
    own = ahead[max(ahead.rfind(sign) for sign in "，。；") + 1 :]
    after = _BEHIND.match(one.plain, m.end)
    behind = after[1] if after else ""
    crossed = any(group.sites and group.level != "other" for group in groups)
    both = (f"{own}，{behind}",) if crossed and own and any(_names_level(group, behind) for group in groups) else ()
    for words in (*getattr(one, "audience", ()), *both, own, behind, ahead, *one.heads):
        chosen = tuple(n for n, group in enumerate(groups) if _is_named(group, words, groups))
        end = after.end() if after and words is behind else m.end
        if chosen:
            return (chosen if len(chosen) < len(groups) else None), "", end
    campus = _PLACE_BEHIND.match(one.plain, m.end)
    behind = next(filter(None, campus.groups()), "") if campus else ""
    if chosen := tuple(n for n, group in enumerate(groups) if behind and group.label == behind):
        return chosen, "", campus.end() if campus else m.end
    if isinstance(one, RowSentence) and one.audience:
        return None, "、".join(one.audience), m.end
    if (place := _PLACE_AHEAD.search(own)) and not _NO_PLACE.search(place[1]):
        return None, place[1], m.end
    place = _PLACE_BEHIND.match(one.plain, m.end)
    name = next(filter(None, place.groups())) if place else ""
    if place and ("、" in name or not _NO_PLACE.search(name)):
        return None, name, place.end()
    return None, "", m.end


def choose_groups(words: str, within: Sequence[int] | None, groups: Sequence[GraduateGroup]) -> tuple[int, ...]:
    """Return the groups that some words name, of those in `within` (None: of all)."""
    named = [
        n for n, group in enumerate(groups) if _is_named(group, words, groups) or (group.label and group.label in words)
    ]
    return tuple(n for n in named if within is None or n in within)


def _is_named(group: GraduateGroup, words: str, groups: Sequence[GraduateGroup]) -> bool:
    if group.sites and group.level != "other":
        return _is_named_by_both(group, words, groups)
    names = [name for name in (group.label, group.partner, *group.sites) if name]
    if any(name in words for name in names):
        return not any(
            other is not group
            and any(name in other.label and name != other.label and other.label in words for name in names)
            for other in groups
        )
    if len(groups) < 2:
        return False
    named = [grade for grade in group.grades if grade[2:] in words]  # 2012级, or 12级
    if any(sum(grade in other.grades for other in groups) == 1 for grade in named):
        return True
    return _names_level(group, words) and sum(other.level == group.level for other in groups) < len(groups)


def _is_named_by_both(group: GraduateGroup, words: str, groups: Sequence[GraduateGroup]) -> bool:
    """Return whether a group of a place and a level is named: by both, or by the one that the words have."""
    here = any(site in words for site in group.sites)
    elsewhere = any(site in words for other in groups for site in other.sites)
    levels = any(_names_level(other, words) for other in groups)
    return (here or not elsewhere) and (_names_level(group, words) or not levels) and (elsewhere or levels)


def _names_level(group: GraduateGroup, words: str) -> bool:
    pattern = _LEVEL_WORDS.get(group.level)
    return bool(pattern and re.search(pattern, words))
