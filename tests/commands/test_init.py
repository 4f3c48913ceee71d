"""`gradbot init`: six answers become a folder that is checked and walked once its doubts are settled."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest

from bot.content.own_folder import count_entries, load_folder
from bot.conversation.decide import decide
from bot.domain.messages import Incoming
from bot.notice_import.review import WrongAnswer, list_doubts, read_draft, settle, write_draft
from tests.conftest import NOTICES, Here

ANSWERS = """东海学院教务处
{task}
2031届夏季
专科：会计、护理；专升本：护理学、小学教育
{dates}
学籍科 张老师 0550-1234567
"""


def finish(file: Path) -> None:
    """Settle every doubt of a draft as right, or as not in the notice."""
    data = read_draft(file.read_text("utf-8"))
    while list_doubts(data):
        try:
            data = settle(data, "same")
        except WrongAnswer:
            data = settle(data, "absent")
    file.write_text(write_draft(data), "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "dates", "day"),
    [
        ("1", "2031年5月6日至5月20日", "2031-05-10"),
        ("3", "2031年3月1日至3月10日；2031年5月6日至5月20日", "2031-05-10"),
    ],
)
def test_six_answers_become_a_college(
    task: str, dates: str, day: str, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(ANSWERS.format(task=task, dates=dates)))
    code, _, asked = here("init", "college")
    assert code == 0, asked
    folder = tmp_path / "college"
    assert "gradbot check" in (folder / "接下来做什么.txt").read_text("utf-8")
    (notice,) = (folder / "notices").glob("*.yaml")
    finish(notice)
    content = load_folder(folder, to_publish=True)
    counts = count_entries(folder)
    assert counts is not None
    assert (counts.own, counts.replaced) == (2, 2)
    assert {*content.entries} >= {"diploma-when", "ceremony", "cost"}
    (known,) = content.notices.values()
    assert [cohort.label for cohort in known.cohorts] == ["专科", "专升本"]
    assert known.school.name == "东海学院"
    now = datetime.fromisoformat(f"{day}T10:00")
    turn = decide(content, None, Incoming("test", "somebody"), now)
    for _ in range(45):
        if turn.state == "done":
            break
        buttons = [button for row in turn.replies[-1].buttons for button in row]
        turn = decide(content, turn.session, Incoming("test", "somebody", press=buttons[0].id), now)
    assert turn.state == "done"
    assert here("init", "college").code == 2, "a folder with something in it is left alone"


def test_a_folder_is_made_of_the_schools_own_notice(here: Here, tmp_path: Path) -> None:
    assert here("init", "college", "--from", str(NOTICES / "words" / "mingde.txt")).code == 0
    assert "明德大学" in (tmp_path / "college" / "notices" / "2031-summer.yaml").read_text("utf-8")


def test_a_ready_notice_is_no_notice_in_force_until_its_values_are_the_schools_own(here: Here, tmp_path: Path) -> None:
    assert here("init", "college", "--template", "capture-check").code == 0
    (file,) = (tmp_path / "college" / "notices").glob("*.yaml")
    assert len(list_doubts(read_draft(file.read_text("utf-8")))) > 10
    assert here("check", "--content", "college").code == 1
    file.write_text(file.read_text("utf-8").replace("status: draft", "status: published"), "utf-8")
    refused = here("check", "--content", "college")
    assert refused.code == 1
    assert "集中拍照的日期和钟点是编的" in refused.out + refused.err
    wrong = here("init", "other", "--template", "nothing")
    assert wrong.code == 2
    assert "capture-check" in wrong.err
