"""Finds the days that a school's notice names in words, and what each is for. Pure.

A day without a year takes that of the day before it, at first the notice's own; `sure` is False for what was inferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

_DIGITS = str.maketrans("零〇○Oo一二三四五六七八九", "000001" + "23456789")
_YEAR = r"(?:(?P<{0}y>20\d\d|二[零〇○Oo0][零〇○Oo0一二三四五六七八九\d]{{2}})\s*[年./-]\s*)"
_MONTH = r"(?P<{0}m>\d{{1,2}}|十[一二]?|[一二三四五六七八九])\s*[月./-]\s*"
_DAY = r"(?P<{0}d>\d{{1,2}}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])\s*[日号]?"
ONE = (_YEAR + "?" + _MONTH + _DAY).format
_TIME = r"(?:\s*(?P<{0}t>(?:上午|下午|晚上?)?\s*\d{{1,2}}(?:[:：]\d\d|[时点](?:\d\d分|半|整)?)))?".format
_WEEKDAY = r"(?:\s*[（(](?:周|星期)[一二三四五六日天][）)])?"
_SPAN = re.compile(
    rf"{ONE('a')}{_WEEKDAY}{_TIME('a')}"
    rf"(?:\s*(?:至|到|—+|－|~|～|-)\s*(?:{ONE('b')}|(?P<only>\d{{1,2}})\s*[日号]?){_WEEKDAY}{_TIME('b')}"
    r"|\s*[、和及]\s*(?P<also>\d{1,2})\s*[日号])?"
    r"\s*(?P<before>[（(]?(?:以前|之前|前|截止|止|为止|起|开始))?"
)
_AGAIN = re.compile(r"补采|补拍|补照|重新采集|重拍")
_FOR = (
    ("recheck", re.compile(r"(?:更正|修改)后[的再]?(?:复核|核对)|复核|再次(?:核对|登录|查看)|二次核对")),
    ("recapture", _AGAIN),
    ("capture", re.compile(r"图像采集|采集图像|集中采集|集中拍摄|拍摄|拍照|照相|采集时间")),
    ("correction", re.compile(r"更正|修改|勘误|变更|改动")),
    ("report", re.compile(r"上报|报送|反馈|汇报|报告(?!厅)|告诉|告知|报(?:教学点|学校|学籍|函授站|班主任)")),
    ("check", re.compile(r"核对|校对|自查|确认|核查|查询")),
    ("register_public", re.compile(r"公示|公布|公开")),
    ("prepare", re.compile(r"领取|领证|发放|发证|答辩|考试|缴费|缴纳|报到|离校|典礼|仪式")),
)
LABELS = {
    "check": "网上核对学籍和照片", "correction": "申请更正信息", "capture": "图像采集", "recapture": "补采集",
    "report": "报告有误", "recheck": "更正后复核", "register_public": "公示和电子注册", "prepare": "时间",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Days that a sentence names; `kind` as in `flows.notice.Window`, `before`: the end is written as a bare 前."""

    kind: str
    opens: date | None
    closes: date | None
    sentence: str
    time_from: str = ""
    time_to: str = ""
    before: bool = False
    sure: bool = True


def to_number(text: str) -> int:
    """Return a number of at most two places, in digits or in words: `二十一` is 21."""
    if text.isdecimal():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return 10 * (int(tens.translate(_DIGITS)) if tens else 1) + (int(ones.translate(_DIGITS)) if ones else 0)
    return int(text.translate(_DIGITS))


def parse_day(m: re.Match[str], which: str, year: int | None, month: int | None = None) -> date | None:
    """Return the day that a match of `ONE(which)` names; None when there is no such day, or no year."""
    written = m[f"{which}y"]
    number = to_number(written) if written else year
    if number is None or not (m[f"{which}m"] or month):
        return None
    try:
        return date(number, to_number(m[f"{which}m"]) if m[f"{which}m"] else month or 0, to_number(m[f"{which}d"]))
    except (ValueError, TypeError):
        return None


def find_spans(body: Sequence[str], issued: date | None) -> list[Span]:
    """Return the days of these sentences, in their order; an end that is repeated with its beginning counts once."""
    return list(_merge_spans(list(_find_each_span(body, issued))))


def _find_each_span(body: Sequence[str], issued: date | None) -> Iterator[Span]:
    year, topic = (issued.year if issued else None), ""
    seen: set[tuple[str, date | None, date | None]] = set()
    for sentence in body:
        if issued and sentence == body[-1] and len(sentence) < 20:
            continue
        topic = next((kind for kind, words in _FOR if words.search(sentence)), topic)
        for m in _SPAN.finditer(sentence):
            first = parse_day(m, "a", year) if m["ay"] or "月" in m[0] else None
            if first is None or (issued and first == issued and len(sentence) < 20):
                continue
            year = first.year
            kind = _guess_kind(sentence, m.start()) or topic or "prepare"
            for span in _parse_mention(m, first, kind, sentence, issued):
                if (kind, span.opens, span.closes) not in seen:
                    seen.add((kind, span.opens, span.closes))
                    yield span


def _parse_mention(m: re.Match[str], first: date, kind: str, sentence: str, issued: date | None) -> Iterator[Span]:
    """Yield the spans of one mention: one span, its end or its beginning alone, one day, or two."""
    opens: date | None = first
    closes, sure, clocks = None, bool(m["ay"]), (m["at"], m["bt"])
    before, ahead = (m["before"] or "").lstrip("（("), sentence[: m.start()]
    if m["bm"]:
        closes = parse_day(m, "b", first.year)
        if closes and closes < first and not m["by"]:
            closes, sure = closes.replace(year=first.year + 1), False
    elif m["only"] or m["also"]:
        closes = _replace_day(first, int(m["only"] or m["also"]))
    elif not before and _ON.search(ahead):
        closes = first
    if closes is None and before not in ("起", "开始"):
        opens, closes, clocks = None, first, ("", m["at"])
    if opens is None and issued and _FROM_NOW.search(ahead):
        opens, sure = issued, False
    for one, other in _split_days(m, first, closes) or [(opens, closes)]:
        yield Span(
            kind,
            one,
            other,
            sentence,
            _parse_time(clocks[0]),
            _parse_time(clocks[1]),
            "前" in before and not clocks[1],
            sure,
        )


_ON = re.compile(r"(?:定于|将于|于|在)$")
_FROM_NOW = re.compile(r"即日起?\s*(?:至|到|[—－~-]+)?\s*$")


def _split_days(m: re.Match[str], first: date, second: date | None) -> list[tuple[date | None, date | None]]:
    """Return two days for `3月15日、22日`; nothing for `3月15日、16日`, which is a span."""
    apart = m["also"] and second and second - first > timedelta(days=1)
    return [(day, day) for day in (first, second) if day] if apart else []


def _merge_spans(spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the spans without ends that are repeated with their beginning.

    A beginning and an end that follow each other and are for the same are one span.
    """
    complete = {(span.kind, span.closes) for span in spans if span.opens}
    kept = [span for span in spans if span.opens or (span.kind, span.closes) not in complete]
    while kept:
        span, *kept = kept
        end = kept[0] if kept and span.closes is None and kept[0].opens is None else None
        if end and end.kind == span.kind and span.opens and end.closes and span.opens <= end.closes:
            both = span.sentence if span.sentence == end.sentence else f"{span.sentence}\n{end.sentence}"
            span = replace(end, opens=span.opens, time_from=span.time_from, sentence=both, sure=False)
            kept = kept[1:]
        yield span


def _replace_day(first: date, day: int) -> date | None:
    try:
        return first.replace(day=day)
    except ValueError:
        return None


def _guess_kind(sentence: str, at: int) -> str:
    """Return what the days are for: the kind whose word is nearest to them in the sentence; empty for none."""
    best, nearest = "", len(sentence) + 1
    for kind, words in _FOR:
        for m in words.finditer(sentence):
            away = m.start() - at if m.start() >= at else at - m.end() + 4
            if away < nearest:
                best, nearest = kind, away
    return "recapture" if best == "capture" and _AGAIN.search(sentence) else best


def _parse_time(text: str | None) -> str:
    """Return `HH:MM`; empty when there is no such time."""
    if not text:
        return ""
    hour, minute, *_ = *map(int, re.findall(r"\d+", text)), 30 * ("半" in text)
    late = text.startswith(("下午", "晚")) and hour < 12
    return f"{hour + 12 * late:02}:{minute:02}" if hour + 12 * late < 24 and minute < 60 else ""
