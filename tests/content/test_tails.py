"""Phrasings in a file of their own: read with the entry, told of at their own lines, written, merged, removed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.content.add_line import with_line
from bot.content.edit_entry import with_entry, with_value, without_entry
from bot.content.files import load_shipped, place_file, read_folder, write_files
from bot.content.loading import SHIPPED, load
from bot.content.merging import merge_lines
from bot.content.problem import ContentProblem
from faq.lines import MOST_IN_ENTRY

TAIL = "faq/phrasings/cost.txt"
NEW = "这事要掏多少银子啊"


def test_an_entry_that_ships_begins_with_what_a_teacher_reads_and_stays_short() -> None:
    for file in SHIPPED["faq"].glob("*.yaml"):
        for row in yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader):
            assert [*row][:4] == ["id", "title", "answer", "source"]
            assert len(row["phrasings"]) <= MOST_IN_ENTRY


def test_a_phrasing_that_is_added_goes_into_the_file_and_all_else_stays_byte_for_byte() -> None:
    before = load_shipped("faq")
    after = with_line({}, "cost", "phrasings", NEW)
    assert after == {**before, TAIL: f"{before[TAIL]}{NEW}\n"}
    assert load(after).entries["cost"].phrasings == (*load().entries["cost"].phrasings, NEW)


def test_a_phrasing_is_written_without_the_sign_that_would_make_a_comment_or_a_list_of_it() -> None:
    after = with_line({}, "cost", "phrasings", f"#- {NEW}")
    assert after[TAIL].splitlines()[-1] == NEW


def test_a_folder_of_ones_own_has_such_files_too(tmp_path: Path) -> None:
    write_files(load_shipped("faq"), tmp_path)
    (tmp_path / TAIL).write_text(f"# 群里问的\r\n\r\n  {NEW}  \r\n", "utf-8")
    assert load(tmp_path).entries["cost"].phrasings[MOST_IN_ENTRY:] == (NEW,)
    assert load(read_folder(tmp_path)) == load(tmp_path)


def test_other_phrasings_leave_each_line_where_it_stands() -> None:
    known, shipped = load().entries["cost"].phrasings, load_shipped("faq")
    wanted = (*known[1:20], *known[21:], NEW)  # one goes from the entry, one from the file
    after = with_value({}, "cost", "phrasings", wanted)
    assert set(load(after).entries["cost"].phrasings) == set(wanted)
    assert after[TAIL] == shipped[TAIL].replace(f"{known[20]}\n", "")
    assert f"    - {NEW}\n" in after["faq/account.yaml"]  # where one went there is room
    again = with_value(after, "cost", "phrasings", load(after).entries["cost"].phrasings[:5])
    assert again[TAIL] == ""


def test_a_new_entry_with_many_phrasings_keeps_the_first_ones() -> None:
    lines = tuple(f"第{n}种问法" for n in range(40))
    row = {"id": "canteen", "title": "食堂在哪", "source": "notice", "phrasings": lines, "answer": "食堂在北门。"}
    after = with_entry({}, row)
    assert after["faq/phrasings/canteen.txt"].splitlines() == [*lines[MOST_IN_ENTRY:]]
    assert load(after).entries["canteen"].phrasings == lines


def test_an_entry_that_goes_takes_its_phrasings_along() -> None:
    assert TAIL not in without_entry({}, "cost")
    account = load_shipped("faq")["faq/account.yaml"]
    kept = account[: account.index("- id: cost\n")] + account[account.index("- id: who-can-register\n") :]
    assert TAIL not in place_file({}, "account.yaml", kept)
    assert TAIL in place_file({}, "account.yaml", account)


@pytest.mark.parametrize("name", ["cost.txt", "faq-phrasings-cost.txt"])
def test_a_file_that_is_named_after_an_entry_finds_its_place(name: str) -> None:
    assert place_file({}, name, f"{NEW}\n")[TAIL] == f"{NEW}\n"


def test_what_is_wrong_is_told_at_the_line_of_the_file() -> None:
    files = {**load_shipped("faq"), TAIL: f"{NEW}\n\n{'长' * 130}\n是不是一定要实名\n"}
    with pytest.raises(ContentProblem) as told:
        load({**files, "faq/phrasings/how-to-register.txt": "是不是一定要实名\n"})
    assert [(one.file, one.line, one.where) for one in told.value.problems] == [
        (TAIL, 3, "cost.phrasings.17"),
        ("faq/phrasings/how-to-register.txt", 1, "how-to-register.phrasings.16"),
    ]


def test_what_both_the_entry_and_the_file_have_counts_once() -> None:
    known = load().entries["cost"].phrasings
    files = load_shipped("faq")
    assert load({**files, TAIL: f"{known[0]}\n{files[TAIL]}"}).entries["cost"].phrasings == known


def test_two_who_change_the_lines_both_get_their_way() -> None:
    merged = merge_lines("甲\n乙\n丙\n", "甲\n丙\n丁\n", "甲\n乙\n丙\n戊\n")
    assert merged.text == "甲\n丙\n戊\n丁\n"
    assert merged.conflicts == ()
