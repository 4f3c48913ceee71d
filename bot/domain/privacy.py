"""Find secrets in typed text, to warn of them: ID numbers, phones, mails, codes, passwords. Pure.

A warning stops the conversation, so what anybody may write passes here; `storage_mask` is stricter, and hides it before
it is written down. Every pattern is anchored at the start of a chunk and bounded or possessive: the time is
linear in the text.

The text is folded letter by letter (widths, dashes, dots, blanks; offsets stay true). Then each rule in turn searches
it, surest first, and blots out its findings, so that no later rule sees them again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.id_numbers import is_date, is_id18
from bot.domain.spelling import NUMERALS, TO_DIGITS, ZERO_WIDTH, fold


class Kind(StrEnum):
    """Kind of a secret; LONG_NUMBER is any other string of 16 and more digits."""

    ID18 = "id18"
    ID15 = "id15"
    MOBILE = "mobile"
    MAIL = "mail"
    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    LONG_NUMBER = "long_number"


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret at `text[start:end]` of the text that was searched."""

    kind: Kind
    start: int
    end: int


Spans = Iterator[tuple[int, int]]

# Marks are written 〔…〕: the words in them are never read as a keyword, and no rule looks across them.
_BLOT = "〔"
_PASSES = 8  # rounds: what is blotted out can make a neighbour visible, the next round finds it

_GAP = f"[ .。\\-{ZERO_WIDTH}]{{0,4}}+"  # the gap between two digits of one number
# Its check digit and its date make an ID sure, so that it may also go over lines and between commas.
_ID_GAP = f"[ .。,，、;；:：*\\n\\-{ZERO_WIDTH}]{{0,4}}+"
_SPOKEN_RUN = re.compile(f"(?:[0-9{''.join(NUMERALS)}]{_GAP}){{4,}}+")
_MONTH_DAY = f"(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}(?:0{_GAP}[1-9]|[12]{_GAP}[0-9]|3{_GAP}[01])"
_ID18 = re.compile(
    f"(?<![0-9])[1-9](?:{_GAP}[0-9]){{5}}{_GAP}(?:1{_GAP}9|2{_GAP}0)(?:{_GAP}[0-9]){{2}}{_GAP}{_MONTH_DAY}"
    f"(?:{_GAP}[0-9]){{3}}{_GAP}(?:[0-9](?![0-9])|[xX])".replace(_GAP, _ID_GAP)
)
_ID15 = re.compile(f"(?<![0-9])[1-9](?:{_GAP}[0-9]){{7}}{_GAP}{_MONTH_DAY}(?:{_GAP}[0-9]){{3}}(?![0-9])")
_PREFIX = f"(?:(?:\\+{_GAP}|00)?8{_GAP}6{_GAP}|0)?"
_MOBILE = re.compile(  # written as people write one: whole, or in chunks of three digits and more
    f"(?<![0-9+]){_PREFIX}1[3-9][0-9](?:[0-9]{{8}}|{_GAP}[0-9]{{8}}|{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}|"
    f"{_GAP}[0-9]{{3}}{_GAP}[0-9]{{5}}|[0-9]{{4}}{_GAP}[0-9]{{4}})(?![0-9])"
)
_MOBILE_APART = re.compile(f"(?<![0-9+]){_PREFIX}1{_GAP}[3-9](?:{_GAP}[0-9]){{9}}(?![0-9])")
_RUN = re.compile(
    f"[0-9](?:{_GAP}[0-9]){{10,}}+(?:{_GAP}[xX])?"
)  # 11 digits and more: what the rules of numbers look at
_RUN_ID = re.compile(_RUN.pattern.replace(_GAP, _ID_GAP))
_CHUNK = re.compile("[0-9]+")
_HAS_DIGIT = re.compile("[A-Za-z0-9]{0,40}[0-9]")

# Numbers that anybody may write: dates, spans of years, landlines and hotlines, versions and addresses.
_HARMLESS = (
    r"(?:(?:19|20)[0-9]{2}(?: ?[-. ] ?)(?:0?[1-9]|1[0-2])(?: ?[-. ] ?)(?:[12][0-9]|3[01]|0?[1-9])|"
    r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|"
    r"(?:19|20)[0-9]{2}(?: ?[-. ]{1,2} ?)(?:(?:19|20)[0-9]{2}|0?[1-9]|1[0-2])|"
    r"0[0-9]{2,3}[- ]?[0-9]{7,8}|400[- ]?[0-9]{3,4}[- ]?[0-9]{3,4}|"
    r"(?<!\.)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,4}\.[0-9]{1,4}(?!\.?[0-9]))"
)
_HARMLESS_TOKEN = re.compile(f"(?<![0-9]){_HARMLESS}(?![0-9])")
_HARMLESS_HEAD = re.compile(f"(?:{_HARMLESS}(?![0-9]){_GAP})+")
_HARMLESS_TAIL = re.compile(f"(?<![0-9])(?:{_HARMLESS}(?![0-9]){_GAP})+$")

_LOCAL = "A-Za-z0-9._%+-"
_LOCAL_BACKWARDS = re.compile(f" {{0,2}}[{_LOCAL}]{{0,254}}[A-Za-z0-9]")
_HOST = re.compile(" {0,2}[A-Za-z0-9-]{1,63}+(?:[.。][A-Za-z0-9-]{1,63}+)+")


def _match_words(words: str) -> str:
    """Return a pattern for whole Latin words in any case; each branch begins with a letter, which is quick to find."""
    return "|".join(
        f"{first}(?<![A-Za-z].)(?i:{word[1:]})(?![A-Za-z])"
        for word in words.split()
        for first in (word[0], word[0].upper())
    )


_CODE_KEY = (
    "在[线線][验驗][证證][码碼]|验[证證][码碼]|驗[证證][码碼]|校[验驗][码碼]|动[态態][码碼]|動[态態][码碼]|短信[码碼]|簡訊[码碼]|采集[码碼]"
    "|採集[码碼]|激活[码碼]|特征[码碼]|" + _match_words("code yanzhengma jiaoyanma yzm")
)
_CODE_WORD = re.compile(f"(?:{_CODE_KEY})(?:{_CODE_KEY})*+(?!〕)")
_ERROR_WORD = re.compile("(?i:error|status|http) $")
_LINK = f"[ :：=,，.。、;；!！'\"“”‘’「」【】\\[\\]()（）<>《》→\\-{ZERO_WIDTH}]"
_DIGITS = f"[0-9](?:{_GAP}[0-9])*+"
_CODE_AFTER = re.compile(f"(?P<gap>[^0-9〔〕\\n]{{0,14}}+)(?P<code>{_DIGITS})(?![A-Za-z])")
_CODE_MIXED = re.compile(
    f"(?P<gap>(?:{_LINK}|[是为為就的叫]){{0,6}}+)(?P<code>[A-Za-z0-9]{{4,20}}+)(?P<ask> ?[吗嗎么?？])?"
)
_CODE_BEFORE = re.compile(
    f"(?<![A-Za-z0-9])(?P<code>[A-Za-z0-9]{{4,20}}+|{_DIGITS})"
    "(?P<gap>[ ,，:：(（就这這是为為的我收到学信网短刚手机登录注册来个]{0,12})$"
)
_BETWEEN_WORDS = re.compile(
    f"(?:{_LINK}|[是为為叫就的我你您收到发發来來给給了过刚才短信填输入写本次登录注册学信网验证校码这个]|(?i:is|shi))*"
)
_CODE_FOLLOWS = re.compile("(?:[是为為:：=]|(?i:is|shi))[ :：'\"“「【]*$")
_UNIT = re.compile(
    " ?(?:[年届級级屆分秒个個位次条块元人天月日遍多版字%％]|小时|开头|以[上下前内]|号之?前|(?i:wei|ge|fenzhong|digit))"
)
_LABELLED = re.compile(
    "(?:[编編][号號]|序列[号號]?|学号|班级?|邮编|[电電][话話]|热线|代[码碼]|[错錯][误誤]|(?i:error|no\\.?|qq)|群号?|版本|室|舍|楼|[证證][书書])"
    "[是为為 :：.]{0,3}\\Z"
)

_CERTIFICATE_BEFORE = re.compile(
    "(?:[编編][号號]|[证證][书書][号號]?|[毕畢][业業][证證][号號]|序列[号號])[^0-9A-Za-z\\n]{0,6}\\Z"
)
_CERTIFICATE_AFTER = re.compile("[ ,，]?(?:这个|是)?[^0-9A-Za-z身\\n]{0,6}(?:[编編][号號]|[证證][书書][号號])")
_OF_AN_ID = re.compile("身份|公民|[证證]件")

_PASS_KEY = "密[码碼]|口令|" + _match_words("password passwd pwd psw pw mima")
_PASS_WORD = re.compile(f"(?:{_PASS_KEY})(?:{_PASS_KEY})*+(?!〕)")
_TOKEN = (
    f"(?:[0-9](?:[ {ZERO_WIDTH}][0-9]){{3,}}+|[0-9]{{2,4}}(?: [0-9]{{2,4}})++(?![0-9])|[A-Za-z]{{1,3}} [0-9]{{3,}}+|"
    f"[!-~{ZERO_WIDTH}]{{4,}}+)"
)
_PASS_AFTER = re.compile(
    f"(?P<gap>[^!-~〔〕\\n]{{0,12}}+(?: ?(?i:is|shi) )?[ :=：'\"(（“]{{0,4}}+)(?P<token>{_TOKEN})"
    f"(?P<more>[ /,，、;；]{{1,2}}[!-~]{{4,}}+)?(?P<ask> ?(?:[吗嗎么?？]|还是))?"
)
_PASS_BEFORE = re.compile(f"(?<![!-~])(?P<token>{_TOKEN})[ ,，]{{0,2}}[就这這]{{0,2}}是[我的登录学信网账号]{{0,8}}$")
_PASS_FOLLOWS = re.compile(
    "(?:[是为為成叫用填设設写输了:：=]|(?i:is|shi))(?:我?的?(?:生日|手机号?|学号|拼音))?[ :：=“\"'(（]*$"
)
_ADDRESS = re.compile(r"(?i)https?:|www\.|[a-z0-9.]{0,63}chsi\.|[a-z]{1,63}\.(?:com|cn|net|edu)")
_EVERYDAY = re.compile(
    "(?i:wrong|reset|forgot|forget|forgotten|not|lost|error|help|please|email|login|chrome|firefox|safari|edge|windows"
    "|android|iphone|ipad|wechat|incorrect|invalid|expired|required|zenme|wangle|gai|chsi)[.,!?]*"
)


def _strip_separators(text: str) -> str:
    """Return the letters, digits and @ of a folded text in lower case, for comparison."""
    return re.sub("[^0-9A-Za-z@]", "", text).lower()


def _search_runs(
    pattern: re.Pattern[str], check: Callable[[str], bool], *, in_harmless: bool, runs: re.Pattern[str] = _RUN
) -> Callable[[str], Spans]:
    """Return the rule for matches in runs of digits that pass `check`; `in_harmless`: also in dates and landlines."""

    def rule(text: str) -> Spans:
        for run in runs.finditer(text):
            first = max(0, run.start() - 6)  # a country code may stand before: "+86"
            piece = text[first : run.end()]
            if not in_harmless:
                piece = _HARMLESS_TOKEN.sub(lambda match: "\n" * len(match[0]), piece)
            at = 0
            while match := pattern.search(piece, at):
                good = check(_strip_separators(match[0]))
                if good:
                    yield first + match.start(), first + match.end()
                at = match.end() if good else match.start() + 1

    return rule


def _find_mails(text: str) -> Spans:
    last = 0
    for sign in re.finditer("@", text):
        host = _HOST.match(text, sign.end())
        local = host and _LOCAL_BACKWARDS.match(text[max(last, sign.start() - 256) : sign.start()][::-1])
        if host and local:
            last = host.end()
            yield sign.start() - local.end(), last


def _find_long_numbers(text: str) -> Spans:
    """Yield runs of 16–19 digits that are more than dates and phones in a row, and any 16 digits that touch."""
    for run in _RUN.finditer(text):
        head = _HARMLESS_HEAD.match(text, run.start(), run.end())
        start = head.end() if head else run.start()
        tail = _HARMLESS_TAIL.search(text, start, run.end())
        end = tail.start() if tail else run.end()
        chunks = _CHUNK.findall(text, start, end)
        total = sum(map(len, chunks)) + text[start:end].endswith(("x", "X"))
        if 16 <= total <= 19 and (len(chunks) <= 9 or max(map(len, chunks)) == 1):
            last = end
            while last > start and not text[last - 1].isalnum():
                last -= 1
            yield start, last
            continue
        yield from (chunk.span() for chunk in _CHUNK.finditer(text, start, end) if len(chunk[0]) >= 16)


def _find_codes(text: str) -> Spans:
    for word in _CODE_WORD.finditer(text):
        if _ERROR_WORD.search(text, max(0, word.start() - 8), word.start()):
            continue
        strong = word[0][:1] in "采採在特"
        after = _CODE_AFTER.match(text, word.end())
        if after and _is_code(text, after):
            yield after.span("code")
        mixed = _CODE_MIXED.match(text, word.end())
        if mixed and _is_mixed_code(mixed, strong=strong) and not _UNIT.match(text, mixed.end("code")):
            yield mixed.span("code")
        before = _HAS_DIGIT.search(text, max(0, word.start() - 36), word.start())
        before = before and _CODE_BEFORE.search(text, before.start(), word.start())
        if before and _is_code_before(text, before):
            yield before.span("code")


def _is_code(text: str, match: re.Match[str]) -> bool:
    digits, gap = _strip_separators(match["code"]), match["gap"]
    if not 4 <= len(digits) <= 8 or _UNIT.match(text, match.end("code")) or _LABELLED.search(gap):
        return False
    if _CODE_FOLLOWS.search(gap) or not gap:
        return not _HARMLESS_TOKEN.fullmatch(match["code"]) or match["code"].isdigit()
    if _is_date_like(match["code"]):
        return False
    return len(digits) == 6 or _BETWEEN_WORDS.fullmatch(gap) is not None


def _is_mixed_code(match: re.Match[str], *, strong: bool) -> bool:
    code, gap = match["code"], match["gap"]
    if code.isdigit():
        return strong and len(code) > 8 and not _is_date_like(code)
    if any(char.isdigit() for char in code):
        return not _UNIT.match(code.lstrip("0123456789")) or not code[0].isdigit()
    return bool(_CODE_FOLLOWS.search(gap)) and not match["ask"] and (strong or code.isupper())


def _is_code_before(text: str, match: re.Match[str]) -> bool:
    code, gap = match["code"], match["gap"]
    digits = _strip_separators(code)
    if not any(char.isdigit() for char in code) or _LABELLED.search(text, max(0, match.start() - 12), match.start()):
        return False
    is_stated = any(word in gap for word in ("是", "为", "這", "这", "就"))
    if digits.isdigit() and (not 4 <= len(digits) <= 8 or (not is_stated and _is_date_like(code))):
        return False
    return is_stated or len(gap) <= 2 or gap[0] in "(（"


def _is_date_like(code: str) -> bool:
    """Return whether it is a year, a month of a year, a day, a span of years or a landline."""
    return bool(re.fullmatch(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])?", code) or _HARMLESS_TOKEN.fullmatch(code))


def _find_passwords(text: str) -> Spans:
    """Yield passwords that a keyword introduces (密码是…, 密码：…), or that are called one (…是密码)."""
    for word in _PASS_WORD.finditer(text):
        after = _PASS_AFTER.match(text, word.end())
        if after and _PASS_FOLLOWS.search(after["gap"]) and _is_password(text, after, word[0], pointed=True):
            yield after.start("token"), _password_end(after)
        verb = text.rfind("是", max(0, word.start() - 9), word.start())
        before = _PASS_BEFORE.search(text, max(0, word.start() - 80), word.start()) if verb >= 0 else None
        if before and any(char.isdigit() for char in before["token"]) and not _ADDRESS.match(before["token"]):
            yield before.span("token")


def _find_near_passwords(text: str) -> Spans:
    """Yield passwords that only stand beside the keyword (密码 …, 密码不对 Ab12…)."""
    for word in _PASS_WORD.finditer(text):
        after = _PASS_AFTER.match(text, word.end())
        if after and _is_password(text, after, word[0], pointed=False):
            yield after.start("token"), _password_end(after)


def _is_password(text: str, match: re.Match[str], word: str, *, pointed: bool) -> bool:
    token = match["token"].replace(ZERO_WIDTH, "")
    has_digit = any(char.isdigit() for char in token)
    has_letter = any(char.isalpha() for char in token)
    if not (has_digit or has_letter) or len(token) < 4 or (len(set(token.lower())) == 1 and has_letter):
        return False
    if _ADDRESS.match(token) or _UNIT.match(text, match.end("token")) or re.match("[0-9]{1,2}(?:wei|ge)", token):
        return False
    if _HARMLESS_TOKEN.fullmatch(token) or _EVERYDAY.fullmatch(token):
        return (pointed or not match["gap"]) and token.isdigit()
    if not has_digit and (match["ask"] or (word.isascii() and not re.search("[:：=]", match["gap"]))):
        return False
    if pointed:
        return True
    if match["gap"].strip(" “\"'(（"):
        return has_digit and has_letter
    return not re.fullmatch("(?:19|20)[0-9]{2}", token)


def _password_end(match: re.Match[str]) -> int:
    """Return the end of the password: `账号密码 zhangsan Abc12345` holds a second word with a digit."""
    more = match["more"]
    return match.end("more") if more and any(char.isdigit() for char in more) else match.end("token")


# Order matters: a number that points to itself before one that needs a neighbour, a longer one before a part of it.
_RULES: tuple[tuple[Kind, Callable[[str], Spans]], ...] = (
    (Kind.PASSWORD, _find_passwords),
    (Kind.ID18, _search_runs(_ID18, is_id18, in_harmless=True, runs=_RUN_ID)),
    (Kind.MAIL, _find_mails),
    (Kind.MOBILE, _search_runs(_MOBILE, bool, in_harmless=True)),
    (Kind.LONG_NUMBER, _find_long_numbers),
    (Kind.ID15, _search_runs(_ID15, lambda digits: is_date("19" + digits[6:12]), in_harmless=False)),
    (Kind.MOBILE, _search_runs(_MOBILE_APART, bool, in_harmless=False)),
    (Kind.PASSWORD, _find_near_passwords),
    (Kind.CODE, _find_codes),
)


def find(text: str, allowed: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return the secrets in `text`, in order, not overlapping, without those that equal an `allowed` literal.

    `allowed` is compared without separators, width, case and country code: the notice's own phones and mails. Numbers
    that stand beside the name of a certificate's number are no secrets either.
    """
    plain = whole = fold(text)
    spoken = _SPOKEN_RUN.sub(lambda match: match[0].translate(TO_DIGITS), plain)
    free = {_strip_separators(fold(word)) for word in allowed}
    taken = bytearray(char == _BLOT for char in plain)
    found: list[Finding] = []
    for _ in range(_PASSES):
        before = plain
        for kind, rule in _RULES:
            # Numerals first where a run may go on in them (…123四), else figures first (打一1380…).
            for at_first in (kind is Kind.LONG_NUMBER, kind is not Kind.LONG_NUMBER)[: 1 + (plain != spoken)]:
                page = spoken if at_first else plain
                spans = _take(rule(page), taken)
                found += [
                    Finding(kind, start, end)
                    for start, end in spans
                    if not _is_allowed(page[start:end], free) and not _is_certificate(kind, whole, start, end)
                ]
                plain, spoken = _blot(plain, spans), _blot(spoken, spans)
        if plain == before:
            break
    return tuple(sorted(found, key=lambda finding: finding.start))


def _take(spans: Spans, taken: bytearray) -> list[tuple[int, int]]:
    """Return the spans that overlap nothing that is taken, and take them."""
    new = []
    for start, end in spans:
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            new.append((start, end))
    return new


def _blot(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the text, of the same length, with these spans blotted out."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        parts += text[at:start], _BLOT * (end - start)
        at = end
    return "".join((*parts, text[at:])) if parts else text


def _is_allowed(secret: str, free: Collection[str]) -> bool:
    bare = _strip_separators(secret)
    return bare in free or bare.removeprefix("86") in free


def _is_certificate(kind: Kind, text: str, start: int, end: int) -> bool:
    """Return whether a long number is named as that of a certificate, which may be as long as an ID's."""
    if kind not in (Kind.ID18, Kind.ID15, Kind.LONG_NUMBER):
        return False
    before = text[max(0, start - 12) : start]
    if _CERTIFICATE_BEFORE.search(before):
        return not _OF_AN_ID.search(before)
    return kind is Kind.LONG_NUMBER and _CERTIFICATE_AFTER.match(text, end) is not None


def mask(text: str, findings: Iterable[Finding], marks: Mapping[Kind, str]) -> str:
    """Return `text` with each finding replaced by the mark of its kind.

    Marks are written in 〔〕, so that masking twice equals masking once.
    """
    parts: list[str] = []
    at = 0
    for finding in sorted(findings, key=lambda finding: finding.start):
        parts += text[at : finding.start], marks[finding.kind]
        at = finding.end
    return "".join((*parts, text[at:]))
