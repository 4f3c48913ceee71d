"""What is hidden before words are stored: examples of the rules, every kind in any spelling, ordinary words, time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import privacy
from bot.domain.spelling import NUMERALS, fold
from bot.domain.storage_mask import find_bare_codes, find_private, mask_for_storage
from tests.conftest import shipped
from tests.domain import private_spellings as spellings
from tests.domain.test_privacy import ENTRIES, PASSES, TEXTS
from tests.secrets import make_secrets

RULES_FILE = Path(privacy.__file__).with_name("privacy.yaml")
RULES = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))
MARKS = shipped().phrases.masks
OPEN = ("0550-3055417", "kefu@chsi.com.cn")
QUESTIONS = Path(__file__).parents[1] / "faq"
CHANGED = 2
"""Phrasings of the FAQ, of some 2,800, that may lose words to the mask."""


def hide(text: str) -> str:
    return mask_for_storage(text, OPEN, MARKS)


def examples(key: str) -> list[tuple[str, str]]:
    return [(rule["name"], line) for rule in RULES["rules"] for line in rule[key]]


@pytest.mark.parametrize(("rule", "line"), examples("hides"))
def test_what_an_example_marks_is_hidden_and_the_rest_stays(rule: str, line: str) -> None:
    masked = hide(re.sub("[【】]", "", line))
    assert re.sub("〔[^〕]*〕", "〔〕", masked) == re.sub("【.*?】", "〔〕", line, flags=re.DOTALL)


@pytest.mark.parametrize(("rule", "line"), examples("keeps"))
def test_what_an_example_keeps_is_kept(rule: str, line: str) -> None:
    assert hide(line) == line


@pytest.mark.parametrize("line", RULES["bare_code"]["hides"])
def test_bare_digits_are_a_code_where_one_is_typed(line: str) -> None:
    text, marked = re.sub("[【】]", "", line), re.search("【(.*)】", line, re.DOTALL)
    assert marked
    assert [text[one.start : one.end] for one in find_bare_codes(text, OPEN)] == [marked[1]]


@pytest.mark.parametrize("line", RULES["bare_code"]["keeps"])
def test_dates_and_counts_are_no_code(line: str) -> None:
    assert find_bare_codes(line, OPEN) == ()


def count_digits(text: str) -> int:
    return sum(char.isdigit() or char in NUMERALS for char in fold(text))


@pytest.mark.parametrize("kind", spellings.NUMBERS)
@given(data=st.data())
def test_no_spelling_of_a_number_passes(kind: str, data: st.DataObject) -> None:
    number = data.draw(spellings.spell(data.draw(spellings.NUMBERS[kind])))
    masked = hide(data.draw(st.sampled_from(spellings.FRAMES)).format(number))
    assert number not in masked
    assert count_digits(masked) <= 2  # one numeral at each end, beside a word, may be a word


@given(st.sampled_from(spellings.LABELS), spellings.make_digits(4, 6), st.booleans())
def test_a_short_number_behind_its_name_is_hidden(label: str, number: str, spaced: bool) -> None:
    written = " ".join(number) if spaced else number
    assert count_digits(hide(f"我的{label}{written}，不对吗").replace(label, "")) == 0


@given(spellings.PASSPORTS)
def test_a_passport_is_hidden_with_its_letters(number: str) -> None:
    assert re.sub("〔[^〕]*〕", "", hide(f"用{number}注册")) == "用注册"


@given(st.sampled_from(spellings.PASSWORD_FRAMES), spellings.PASSWORDS)
def test_a_password_is_hidden(frame: str, word: str) -> None:
    assert word not in hide(frame.format(word))


@given(st.sampled_from(spellings.WECHAT_FRAMES), spellings.PASSWORDS)
def test_a_wechat_id_is_hidden(frame: str, word: str) -> None:
    assert word not in hide(frame.format(word))


@given(st.sampled_from(spellings.NAME_FRAMES), spellings.NAMES)
def test_a_name_that_is_introduced_is_hidden(frame: str, name: str) -> None:
    assert name not in hide(frame.format(name))


@given(st.sampled_from(spellings.ADDRESS_FRAMES), spellings.ADDRESSES)
def test_an_address_is_hidden(frame: str, address: str) -> None:
    assert "滁州" not in hide(frame.format(address))


@given(st.sampled_from(spellings.FRAMES), spellings.MAILS)
def test_no_spelling_of_a_mail_address_passes(frame: str, mail: str) -> None:
    masked = hide(frame.format(mail))
    assert mail not in masked
    assert not re.search("qq|163|sina|gmail", masked)


@pytest.mark.parametrize("secret", make_secrets(300, seed=16))
def test_what_the_warning_finds_is_hidden(secret: object) -> None:
    assert secret.secret not in hide(secret.sentence)  # type: ignore[attr-defined]


@given(TEXTS)
def test_the_mask_hides_at_least_what_the_warning_finds(text: str) -> None:
    hidden = {at for one in find_private(text) for at in range(one.start, one.end)}
    assert {at for one in privacy.find(text) for at in range(one.start, one.end)} <= hidden


WORDS = st.sampled_from(
    [
        *[
            "学号",
            "密码",
            "密码是",
            "我叫",
            "姓名：",
            "住址",
            "微信",
            "后四位",
            "验证码",
            "at",
            "dot",
            "@",
            "qq",
            "com",
            "艾特",
            "点",
            "张三",
            "李",
            "是",
            "的",
            "一",
            "二零一三",
            "2013",
            "12",
        ],
        *[
            "0550",
            "3055417",
            "E",
            "abc",
            "O",
            "l",
            "元",
            "级",
            "，",
            "。",
            "-",
            ".",
            "(",
            "〔",
            "〕",
            "〔号码〕",
            "😀",
            "号",
        ],
        *(" ", "\n", "\u200b"),
    ]
)


@given(st.one_of(TEXTS, st.lists(WORDS, max_size=40).map("".join)))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert hide(hide(text)) == hide(text)


def phrasings() -> Iterator[str]:
    for file in sorted(ENTRIES.glob("*.yaml")):
        for entry in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader):
            yield from (entry["title"], *entry["phrasings"])
    for path in sorted((ENTRIES.parent / "phrasings").glob("*.txt")):
        yield from path.read_text("utf-8").splitlines()


def test_ordinary_questions_stay_as_they_are() -> None:
    assert len([line for line in phrasings() if hide(line) != line]) <= CHANGED


def test_answers_of_the_faq_stay_as_they_are() -> None:
    answers = [line for entry in shipped().entries.values() for line in entry.answer.splitlines()]
    assert [line for line in answers if hide(line) != line] == []


def test_the_mask_may_change_what_passes_without_a_warning_in_few_places() -> None:
    assert len([line for line in PASSES if hide(line) != line]) < len(PASSES) / 4


@pytest.mark.parametrize(
    "text",
    [
        "0550-3055417",
        "0550 3055417",
        "05503055417",
        "3055417",
    ],
)
def test_the_phone_of_the_notice_stays_in_any_spelling(text: str) -> None:
    assert hide(f"打{text}没人接") == f"打{text}没人接"
    assert "3055417" not in mask_for_storage(f"打{text}没人接", (), MARKS)


PIECES = (
    *[
        "1",
        "12345a",
        "1a",
        "a",
        "a@",
        "a@b.",
        "张三@",
        "一",
        "一、",
        "O",
        "OoIl1",
        "(",
        "😀1",
        "密码",
        "验证码是",
        "微信a",
        "我叫张三",
        "姓名张",
        "住址",
        "住址安",
        "2013-",
        "1月",
        "是我的密码",
        "〔号码〕",
        "〔",
    ],
    *("1 ", "O ", "\n", "a at b ", "密码a1 ", "学号1 ", "2013 ", "abc1 是"),
)


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    def measure(length: int) -> float:
        text, times = (piece * length)[:length], []
        for _ in range(5):
            began = time.thread_time()
            hide(text)
            times.append(time.thread_time() - began)
        return min(times)

    assert measure(10_000) < 40 * max(measure(625), 0.0005)  # linear is 16, quadratic 256
