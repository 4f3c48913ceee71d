"""Makes windows of the days that a notice names: for graduates with kind and audience, for staff as duties. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import zip_longest

from bot.notice_import.audience import choose_groups, find_audience
from bot.notice_import.cohorts import DEPARTMENTS, GraduateGroup
from bot.notice_import.counted import CountedDays, find_counted
from bot.notice_import.found_days import DraftWindow, DutyOfStaff, FoundDays
from bot.notice_import.kinds import LABELS, names_purpose
from bot.notice_import.mentions import WITHOUT_MONTH, DaysMention, YearSense, find_mentions
from bot.notice_import.purpose import EVENTS, Purpose, find_purpose, find_twin
from bot.notice_import.sentences import FramedNotice, Sentence
from bot.notice_import.slots import read_hours_line
from bot.notice_import.tables import RowSentence, spell_out

_ONE_DAY = ("register_public", "collection", "capture", "recapture", "prepare", "check", "recheck", "confirm_capture")
"""Kinds for which a bare day is the day itself; for the others it is the last day."""
_INTRODUCES = re.compile(r"如下[:：]?$")
"""The sentence before the items; it says what they are about where a notice has no title."""
_LATE = re.compile(
    r"(?:逾期|过期|过时)[^，。；]{0,12}?(?:不(?:予|再)?(?:受理|办理|补办|接收|补采)|视为[^，。；]{2,16}"
    r"|自动关闭|责任自负)"
)
_LOST_BESIDE = re.compile(r"(?:时间|日期|于|在|至|到|[—~～–-]|截止|[:：]|必须|务必|前|年)\s{0,9}$")
_LOST_IN = re.compile(r"时间|日期|截止|[日前]|号前|至")
_HANDS_IN = re.compile(r"^[^，。；]{0,4}[^，。；]{0,16}(?:交|寄|报|送|提交)")
_PREPARE = re.compile(
    r"邮寄|寄[到送回]|纸质(?:版|毕业|学历)*(?:照片|图像)|缴费|交费|缴纳[\u4e00-\u9fff]{0,4}"
    r"|答辩|考试|报到|培训|论文|学费|登记表"
)


def find_days(notice: FramedNotice, groups: Sequence[GraduateGroup]) -> FoundDays:
    """Return windows and duties in the order of the text; what is said twice is one window."""
    found = FoundDays()
    head = notice.title + "".join(one.plain for one in notice.sentences[:12])
    graduation = re.search(r"(20\d\d)\s{0,9}[届年](秋季?学期|下半年)?", head)
    autumn = bool(graduation and graduation[2])
    years = YearSense(notice.issued, int(graduation[1]) if graduation else None, autumn)
    introducing = (one.plain for one in notice.body[:6] if _INTRODUCES.search(one.plain))
    title = notice.title if names_purpose(notice.title) else next(introducing, notice.title)
    before: Sentence | None = None
    said = above = ""
    for one in spell_out(notice.body):
        said = _find_said(before, one, said)
        above = above + before.plain if before and before.line == one.line else ""
        before = one
        mentions = [m for m in find_mentions(one.plain, years) if _is_plausible(m, one.plain)]
        counted = list(find_counted(one, notice, [(w.kind, w.closes) for w in found.windows], years))
        for days in counted:
            mentions = [m for m in mentions if m.end <= days.mention.start or days.mention.end <= m.start]
            _take_counted(found, notice, groups, one, days, said, title)
        if not mentions and not counted:
            _attach_times(found, one, groups)
        past = 0
        lost = False
        for m, following in zip_longest(mentions, mentions[1:]):
            if m.lost and lost:
                continue
            lost = bool(m.lost)
            past = _take(found, notice, groups, _end_before(one, m, following), m, past, (said, above), title)
    found.windows = [w for w in found.windows if not _is_repeated(w, found.windows)]
    found.windows = [w for w in found.windows if not _is_sum(w, found.windows, notice)]
    return found


def _find_said(before: Sentence | None, one: Sentence, said: str) -> str:
    """Return the last sentence of the same line that says what is done; a question goes on in the next line."""
    if before is None or not (before.line == one.line or before.plain.endswith("？")):
        return ""
    return before.plain if names_purpose(before.plain) or not said else said


def _end_before(one: Sentence, m: DaysMention, following: DaysMention | None) -> Sentence:
    """Return the sentence up to the clause of the next days: what is said there is about those."""
    if following is None:
        return one
    clause = max(one.plain.rfind(sign, m.end, following.start) for sign in "，。；;、（(") + 1
    says = len(re.findall(r"[\u4e00-\u9fff]", one.plain[m.end : clause])) >= 4
    return replace(one, plain=one.plain[:clause]) if clause and says else one


def _is_plausible(m: DaysMention, text: str) -> bool:
    """Return whether damaged digits stand where a day would; whole days always do."""
    if not m.lost or not m.lost.isdigit():
        return True
    return bool(
        (not text[: m.start].strip() or _LOST_BESIDE.search(text[: m.start]))
        and (_LOST_IN.search(text[m.end : m.end + 3]) or re.search("时间|截止", text[: m.start]))
    )


def _take(
    found: FoundDays,
    notice: FramedNotice,
    groups: Sequence[GraduateGroup],
    one: Sentence,
    m: DaysMention,
    past: int,
    said: tuple[str, str],
    title: str,
) -> int:
    """Add the window or duty of one mention; return where the words about it end.

    `past` is where those about the mention before it end, `said` what stands before it, `title` as in find_purpose.
    """
    purpose = _find_purpose(found, one, m, said, title)
    last = m.closes or m.opens
    if (
        purpose.none
        or (m.role == "from" and not m.closes and "即" in one.plain[m.start : m.end])
        or (notice.issued and last and last < notice.issued and not m.lost)
    ):
        found.skipped[one.n] = purpose.none or "过去"
        return m.end
    opens, closes = m.opens, m.closes
    if m.role == "date":
        opens = closes if purpose.kind in _ONE_DAY and not _HANDS_IN.search(one.plain[m.end :]) else None
    if purpose.staff:
        clause = re.sub(
            r"^(?:(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s{0,9}[、.．](?!\d)"
            r"|[（(][\d一二三四五六七八九十]{1,3}[）)])\s{0,9}",
            "",
            one.text,
        )
        found.duties.append(
            DutyOfStaff(clause[:280], one.n, None if opens == closes else opens, closes, m.time_to, _why(m))
        )
        return m.end
    audience, about, end = find_audience(one, m, past, groups)
    if purpose.kind == "prepare" and not about and (words := _PREPARE.search(one.plain)):
        about = words[0]
    window = DraftWindow(
        purpose.kind, opens, closes, m.time_from, m.time_to, m.hours, m.inclusive, audience, about,
        late[0] if (late := _LATE.search(one.plain)) else "", [one.n], _find_doubts(m, purpose, one, opens, closes),
    )  # fmt: skip
    if about and audience is None and purpose.kind != "prepare":
        window.doubts["cohorts"] = (f"通知只对“{about}”写了这个时间，请选是哪些毕业生", one.n)
    _merge_in(found.windows, window)
    if twin := find_twin(one.plain, m.start, one.heads, purpose.kind):
        _merge_in(found.windows, replace(window, kind=twin, at=list(window.at), doubts=dict(window.doubts)))
    return end


def _take_counted(
    found: FoundDays,
    notice: FramedNotice,
    groups: Sequence[GraduateGroup],
    one: Sentence,
    counted: CountedDays,
    said: str,
    title: str,
) -> None:
    """Add the window of days that are counted from another one; it keeps from which."""
    start = None if counted.after is None else found.windows[counted.after]
    _take(found, notice, groups, one, counted.mention, 0, (said, ""), title)
    last = found.windows[-1] if found.windows else None
    if (
        last
        and last is not start
        and last.at == [one.n]
        and last.closes == counted.mention.closes
        and not counted.named
    ):
        last.counted = (start, counted.unit, counted.n)


def _find_purpose(found: FoundDays, one: Sentence, m: DaysMention, said: tuple[str, str], title: str) -> Purpose:
    """Return what a mention is for; in a table and after a duty, who has to act is said elsewhere."""
    purpose = find_purpose(one.plain, m.start, m.end, one.heads, title, *said)
    staff = purpose.staff or _is_led(found, one, m)
    if isinstance(one, RowSentence) and one.staff is not None:
        staff = one.staff
    elif isinstance(one, RowSentence) and purpose.kind in EVENTS and one.what:
        staff = staff and _is_of_staff(one.what)
    return replace(purpose, staff=staff)


def _is_led(found: FoundDays, one: Sentence, m: DaysMention) -> bool:
    """Return whether the staff of the duty in the sentence before goes on, in a clause without a subject."""
    last = found.duties[-1] if found.duties else None
    goes_on = last and one.n - last.at == 1 and last.what.endswith("；") and not one.plain[: m.start].strip()
    return bool(goes_on and re.match(r"[^，。；学]{0,6}[交报送寄]", one.plain[m.end :]))


def _is_of_staff(what: str) -> bool:
    """Return whether what a row calls work is reporting, at which no graduate is present."""
    return re.search("报|名单|汇总|统计|审", what) is not None


def _why(m: DaysMention) -> str:
    return f"{m.why}：“{m.lost}”" if m.lost else m.why


def _find_doubts(
    m: DaysMention, purpose: Purpose, one: Sentence, opens: date | None, closes: date | None
) -> dict[str, tuple[str, int]]:
    doubts = dict[str, tuple[str, int]]()
    about = re.match(r"\s{0,9}左右", one.plain[m.end :])
    why = "原文写的是“左右”" if about else _why(m)
    if m.lost or (closes and why):
        doubts["to"] = (why, one.n)
    why_opens = m.why_opens or (m.why if m.opens else "")
    if opens and (why_opens or about):
        doubts["from"] = (why_opens or why, one.n)
    if not purpose.sure or (purpose.kind == "prepare" and not _PREPARE.search(one.plain)):
        doubts["kind"] = (f"原文没有写明这段时间做什么，暂按“{LABELS[purpose.kind]}”", one.n)
    return doubts


def _attach_times(found: FoundDays, one: Sentence, groups: Sequence[GraduateGroup]) -> None:
    """Give a line of hours to the window that stands just above it; those of one department make it a window apart."""
    line = read_hours_line(one.plain)
    last = next((w for w in reversed(found.windows) if one.n - w.at[-1] <= 2), None)
    if line is None or last is None:
        return
    spans = line.spans
    departments = DEPARTMENTS.match(line.plain, line.end)
    names = departments["names"] if departments else line.names
    if spans and names:
        _add_slot(found, last, one, spans, names, groups)
    elif (
        spans
        and not last.time_from
        and last.kind in ("capture", "recapture", "check", "paper_check", "prepare", "collection")
    ):
        for window in [w for w in found.windows if w.at[-1] == last.at[-1] and w.kind == last.kind and not w.time_from]:
            window.hours = (*window.hours, *spans)
            window.at.append(one.n)


def _add_slot(
    found: FoundDays,
    last: DraftWindow,
    one: Sentence,
    spans: tuple[str, ...],
    names: str,
    groups: Sequence[GraduateGroup],
) -> None:
    """Add the hours of one department on the day that stands above; the day alone is no window then."""
    if found.slots_of is None or found.slots_of.at[0] != last.at[0]:
        found.slots_of = last
        if last.audience is None and not last.time_from:
            found.windows = [window for window in found.windows if window is not last]
    named = choose_groups(names, found.slots_of.audience, groups)
    begins, ends = spans[0].split("-") if len(spans) == 1 else ("", "")
    window = replace(
        found.slots_of,
        audience=named or None,
        about="" if named else names,
        time_from=begins,
        time_to=ends,
        hours=() if begins else spans,
        at=[found.slots_of.at[0], one.n],
        doubts=dict(found.slots_of.doubts),
    )
    if not named:
        window.doubts["cohorts"] = (f"通知只对“{names}”写了这个时间，请选是哪些毕业生", one.n)
    found.windows.append(window)


def _merge_in(windows: list[DraftWindow], new: DraftWindow) -> None:
    """Add a window, or complete one of the same kind and audience that says the same days or the other end of them."""
    for old in windows:
        if (old.kind, old.audience, old.about) != (new.kind, new.audience, new.about):
            continue
        if not (new.closes or new.opens):
            if old.closes or old.opens:
                continue
            old.at.extend(new.at)
            return
        guess = "from" in old.doubts or "from" in new.doubts
        same = old.closes == new.closes and (old.opens == new.opens or not old.opens or not new.opens or guess)
        joins = old.closes is None and old.opens and new.opens is None and new.closes and old.opens <= new.closes
        if same or (joins and new.at[0] - old.at[-1] <= 3):
            _complete(old, new)
            return
    windows.append(new)


def _complete(old: DraftWindow, new: DraftWindow) -> None:
    for key, doubt in new.doubts.items():
        if key != "kind" and not (key == "to" and old.closes) and not (key == "from" and old.opens):
            old.doubts[key] = doubt
    if "from" in old.doubts and new.opens and new.opens != new.closes and "from" not in new.doubts:
        old.opens = new.opens
        del old.doubts["from"]
    if old.closes and old.closes == new.closes and "to" in old.doubts and "to" not in new.doubts:
        del old.doubts["to"]
    if "kind" in old.doubts and "kind" not in new.doubts:
        del old.doubts["kind"]
    if old.closes and new.closes and new.inclusive:
        old.inclusive = old.inclusive or new.inclusive
    old.opens, old.closes = old.opens or new.opens, old.closes or new.closes
    old.time_from, old.time_to = old.time_from or new.time_from, old.time_to or new.time_to
    old.hours, old.late = old.hours or new.hours, old.late or new.late
    old.at.extend(n for n in new.at if n not in old.at)


def _is_repeated(one: DraftWindow, windows: Sequence[DraftWindow]) -> bool:
    """Return whether another window of the kind says the same end for everybody, with its beginning."""
    if one.opens is not None or one.closes is None or one.audience is not None:
        return False
    for other in windows:
        if (
            other is not one
            and other.kind == one.kind
            and other.closes == one.closes
            and other.opens
            and other.audience is None
        ):
            _complete(other, one)
            return True
    return False


def _is_sum(one: DraftWindow, windows: Sequence[DraftWindow], notice: FramedNotice) -> bool:
    """Return whether a span for everybody only introduces the days of each group, which stand below it."""
    if one.audience is not None or one.opens is None or one.closes is None:
        return False
    parts = [
        w for w in windows
        if w is not one and w.opens and w.closes and one.opens <= w.opens <= w.closes <= one.closes and w.at > one.at
    ]  # fmt: skip
    covered = parts and (min(w.opens for w in parts if w.opens), max(w.closes for w in parts if w.closes))
    introduces = any(_INTRODUCES.search(s.plain) for s in notice.sentences if s.n in one.at)
    goes_on = [w for w in parts if w.kind == one.kind and WITHOUT_MONTH in w.doubts.get("from", "")]
    return len(parts) > 1 and covered == (one.opens, one.closes) and (introduces or len(goes_on) > 1)


def place_facts(found: FoundDays) -> Iterator[tuple[int, str]]:
    """Yield the sentences of windows and duties with the paths of what they say."""
    for n, window in enumerate(found.windows):
        for at in window.at:
            yield from (
                (at, f"windows.{n}.{key}") for key, there in (("from", window.opens), ("to", window.closes)) if there
            )
            if not window.opens and not window.closes:
                yield at, f"windows.{n}.to"
    for n, duty in enumerate(found.duties):
        yield duty.at, f"staff.duties.{n}.to"
