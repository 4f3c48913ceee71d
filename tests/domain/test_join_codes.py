"""Join codes as they are typed, and lists of them."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import join_codes

DRAWN = list(join_codes.draw_codes(5, random.Random(3).randrange))


@given(st.integers(0, 2**32))
def test_a_code_is_read_however_it_is_typed(seed: int) -> None:
    code = join_codes.draw(random.Random(seed).randrange)
    for typed in (
        code,
        join_codes.format_code(code),
        code.lower(),
        f" {code[:4]} {code[4:]} ",
        f"{code[:4]}—{code[4:]}",
        f"{code[:4]}–{code[4:]}",
        "".join(chr(ord(c) + 0xFEE0) for c in code),
    ):
        assert join_codes.parse_code(typed) == code


@given(st.integers(0, 2**32), st.integers(0, join_codes.LENGTH - 1), st.sampled_from(join_codes.ALPHABET))
def test_a_wrong_letter_and_two_swapped_ones_are_detected(seed: int, place: int, letter: str) -> None:
    code = join_codes.draw(random.Random(seed).randrange)
    other = code[:place] + letter + code[place + 1 :]
    assert (join_codes.parse_code(other) is None) == (other != code)
    swapped = code[:place] + code[place : place + 2][::-1] + code[place + 2 :]
    assert (join_codes.parse_code(swapped) is None) == (swapped != code)


@given(st.text())
def test_any_text_is_a_list(text: str) -> None:
    assert all(join_codes.parse_code(code) == code for code in join_codes.parse_list(text).codes)


def test_a_student_number_or_a_name_is_no_code() -> None:
    for typed in ("20120815", "1208150231", "张三", "ABCD1234", "password", ""):
        assert join_codes.parse_code(typed) is None


def test_a_list_as_a_spreadsheet_saves_it() -> None:
    first = join_codes.format_code(DRAWN[0])
    rows = [
        "\ufeff编号,班级",
        f"{first},会计1班",
        "",
        DRAWN[1].lower(),
        "没有",
        f"{DRAWN[2]} {DRAWN[3]}",
        f"{first},又一次",
    ]
    text = "\r\n".join(rows)
    assert join_codes.parse_list(text) == join_codes.Listed(tuple(DRAWN[:4]), ((5, "没有"),))


def test_a_code_that_was_mistyped_is_named_and_hides_no_other() -> None:
    wrong = join_codes.format_code(DRAWN[0])[:-1] + ("B" if DRAWN[0][-1] == "A" else "A")
    assert join_codes.parse_list(f"{DRAWN[1]} {wrong} {DRAWN[2]}") == join_codes.Listed(
        (DRAWN[1], DRAWN[2]), ((1, wrong),)
    )
    assert join_codes.parse_list(f"{wrong},会计1班\n{DRAWN[1]},会计1班") == join_codes.Listed(
        (DRAWN[1],), ((1, f"{wrong},会计1班"),)
    )
