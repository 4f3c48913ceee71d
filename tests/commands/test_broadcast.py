"""`gradbot broadcast …` from the first word to the report, as whoever sits at the machine types it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.app import build
from bot.commands import main
from bot.domain import join_codes
from bot.domain.broadcast import Result
from bot.store import Store
from bot.store.times import text_of
from tests.broadcast.harness import add_people, session
from tests.broadcast.test_unfinished import DRAWN, finished
from tests.conftest import shipped

VALID_ID = "341102199212121233"
"""An ID number with a right check digit; made up."""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gradbot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `gradbot broadcast WORDS`: code, standard output, standard error; 3 people."""
    monkeypatch.setenv("GRADBOT_HOME", str(tmp_path))
    monkeypatch.setenv("GRADBOT_TELEGRAM_TOKEN", "1:a")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build, "content", lambda *_, **__: shipped())  # read once, not by each command
    people = [session("walking"), session("done", "m10-done"), finished(DRAWN[0])]
    asyncio.run(_open(tmp_path, lambda store: add_people(store, people, updated_at=text_of(datetime.now(UTC)))))

    def run(*words: str) -> tuple[int, str, str]:
        group = () if words[0] == "roster" else ("broadcast",)
        monkeypatch.setattr(sys, "argv", ["gradbot", *group, *words])
        code = main._run()
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


async def _open(home: Path, work: Callable[[Store], Any]) -> Any:
    store = await Store.open(f"sqlite+aiosqlite:///{home / 'gradbot.db'}")
    try:
        return await work(store)
    finally:
        await store.close()


async def _send(store: Store) -> None:
    """Settle three rows as a bot would: one sent, two failed."""
    now = datetime.now(UTC)
    for n, row in enumerate(await store.ledger.claim(1, "w", 3, now)):
        assert await store.ledger.mark(row.id, "w", now)
        await store.ledger.settle(Result(row.id, "failed" if n else "sent", "no", str(n)), now)
    await store.ledger.end(1, now)


def _json(said: tuple[int, str, str]) -> Any:
    code, out, err = said
    assert code == 0, err
    return json.loads(out)


def _refused(said: tuple[int, str, str]) -> str:
    code, _, err = said
    assert code == 2
    return err


def test_on_a_rehearsed_day_nothing_is_planned_by_the_real_clock(gradbot: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADBOT_TODAY", "2013-12-11")
    gradbot("new", "--text", "明天截止")
    assert "演练" in _refused(gradbot("start", "1", "--at", "明天 9:00"))
    assert _json(gradbot("status", "1", "--json"))["state"] == "draft"


def test_what_needs_a_second_person_is_not_timed_without_one(gradbot: Run, tmp_path: Path) -> None:
    async def many(store: Store) -> None:
        await add_people(store, [session("walking")] * 201, first=100)

    asyncio.run(_open(tmp_path, many))
    gradbot("new", "--text", "请打{{ contact.phone }}", "--late")
    assert "要第二位老师同意" in _refused(gradbot("start", "1", "--at", "明天 9:00"))
    assert _json(gradbot("status", "1", "--json"))["state"] == "draft"


def test_from_a_draft_to_the_report(gradbot: Run, tmp_path: Path) -> None:
    assert _json(gradbot("new", "--text", "请打{{ contact.phone }}", "--loud", "--late", "--json")) == {"number": 1}
    seen = _json(gradbot("audience", "1", "-有误", "--late", "--exact", "--json"))
    assert (seen["left"], seen["samples"][0]) == (3, "请打0550-3055417")
    assert _json(gradbot("start", "1", "--at", "明天 9:00", "--json"))["state"] == "scheduled"
    assert _json(gradbot("start", "1", "--detach", "--json"))["pending"] == 3
    assert _json(gradbot("pause", "1", "--json"))["why"] == "staff"
    assert "没有什么要暂停" in _refused(gradbot("pause", "1"))
    assert "不能再开始" in _refused(gradbot("start", "1", "--detach"))
    assert "发完或取消以后" in _refused(gradbot("again", "1"))
    assert _refused(gradbot("resume", "9")) == "gradbot: #9: 没有这个群发。发 /broadcast 看看最近的都有哪些。\n"
    assert _json(gradbot("resume", "1", "--json"))["state"] == "running"
    asyncio.run(_open(tmp_path, _send))
    assert "结束" not in gradbot("status", "1")[1]
    there = _json(gradbot("status", "1", "--json"))
    assert (there["state"], there["sent"], there["failed"], there["total"]) == ("done", 1, 2, 3)
    lines = [json.loads(line) for line in gradbot("report", "1", "--json")[1].splitlines()]
    assert [(line["state"], line["reason"]) for line in lines] == [("sent", "no"), ("failed", "no"), ("failed", "no")]
    assert set(lines[0]) == {"code", "cohort", "major", "member", "state", "reason", "attempts", "at", "ack", "ack_at"}
    gradbot("report", "1", "--out", "report.csv")
    assert (tmp_path / "report.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert len((tmp_path / "report.csv").read_text("utf-8-sig").splitlines()) == 4
    assert _json(gradbot("again", "1", "--json")) == {"number": 2}
    assert _json(gradbot("start", "2", "--detach", "--json"))["total"] == 2
    cancelled = _json(gradbot("cancel", "2", "--json"))
    assert (cancelled["state"], cancelled["skipped"]) == ("cancelled", 2)
    assert _json(gradbot("again", "1", "--act", "delete", "--json")) == {"number": 3}
    assert _json(gradbot("verify", "--json"))["records"] == 7
    assert [line.split()[0] for line in gradbot("status")[1].splitlines() if "#" in line] == ["群发", "再发", "收回"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new", "--text", "{{ nobody }}"), "没有“nobody”"),
        (("new", "--text", ""), "还没有内容"),
        (("new", "--text", "x", "--audience", "没空的"), "看不懂“没空的”"),
        (("new", "--text", "x", "--template", "t99"), "t99"),
        (("new", "--text", "x", "--notice", "nowhere"), "nowhere"),
        (("start", "7"), "没有这个群发"),
        (("report", "7"), "没有这个群发"),
        (("again", "7"), "没有这个群发"),
        (("import", "nowhere.csv"), "nowhere.csv"),
        (("unfinished", "--notice", "nowhere"), "nowhere"),
    ],
)
def test_a_mistake_is_said_in_one_line(gradbot: Run, words: tuple[str, ...], said: str) -> None:
    code, out, err = gradbot(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_codes_are_drawn_listed_and_put_right(gradbot: Run, tmp_path: Path) -> None:
    drawn = gradbot("codes", "20")[1].split()
    assert len(set(drawn)) == 20
    assert all(join_codes.parse_code(code) for code in drawn)
    never = drawn[0]
    (tmp_path / "all.csv").write_text(f"编号,姓名\n{join_codes.format_code(DRAWN[0])},甲\n{never},乙\n", "gb18030")
    found = _json(gradbot("unfinished", "all.csv", "--json"))
    assert [(one["code"], one["state"]) for one in found] == [(never, "never")]
    (tmp_path / "open.csv").write_text(f"{DRAWN[0]}\n不知道\n", "utf-8")
    result = _json(gradbot("import", "open.csv", "--json"))
    assert (result["corrected"], result["strange"]) == ([DRAWN[0]], [[2, "不知道"]])
    out = gradbot("unfinished", "--csv")[1].splitlines()
    assert out[1].startswith(f"{join_codes.format_code(DRAWN[0])},进行中,点“正确”,")
    assert "0 个说做完了" in gradbot("import", "open.csv")[1]


@pytest.mark.parametrize("text", ["身份证ID的同学请来", "密码是Abc12345，别忘了"])
def test_no_secret_is_stored_from_the_command_line(gradbot: Run, tmp_path: Path, text: str) -> None:
    text = text.replace("ID", VALID_ID)
    code, out, err = gradbot("new", "--text", text, "--late")
    assert (code, out) == (2, "")
    assert "没有保存" in err
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gradbot.db*")).decode("utf-8", "replace")
    assert not [secret for secret in (VALID_ID, "Abc12345") if secret in kept or secret in err]
    assert gradbot("new", "--text", "请打王老师13812345678", "--late")[0] == 0


def test_a_sentence_is_planned_and_nothing_is_made(gradbot: Run) -> None:
    code, out, err = gradbot("say", "明早8点提醒没做完的", "--json", "--now", "2013-12-05T10:00")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "audience": "-完成",
        "who": {"cohorts": [], "majors": [], "states": [], "steps": []}
        | {"not_cohorts": [], "not_majors": [], "not_states": ["done"]},
        "at": "2013-12-06T08:00:00+08:00",
        "template": "t14",
        "text": None,
        "count": 0,  # fewer than five
        "asks": [],
    }
    assert gradbot("status", "1")[0] != 0
    assert "会计学、会计电算化" in gradbot("say", "明早8点提醒会计没做完的", "--now", "2013-12-05T10:00")[1].replace(
        "会计电算化、会计学", "会计学、会计电算化"
    )


def test_a_roster_is_checked_applied_and_undone(gradbot: Run, tmp_path: Path) -> None:
    codes = [join_codes.format_code(code) for code in DRAWN]
    file = tmp_path / "list.csv"
    file.write_text(f"姓名,编号,状态\n甲,{codes[0]},未完成\n乙,{codes[1]},已完成\n丙,{codes[2]},请假\n", "utf-8")
    code, out, err = gradbot("roster", "check", str(file), "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "columns": {"name": "姓名", "code": "编号", "status": "状态"},
        "done": [3],
        "not_done": [2],
        "unread": [{"row": 4, "why": "状态看不懂"}],
        "reset": [codes[0]],
        "unchanged": 1,
    }
    assert "1 人退回，1 人不变，1 行看不懂：第4行" in gradbot("roster", "check", str(file))[1]
    assert "名单 #1：1 人退回最后一步" in gradbot("roster", "apply", str(file))[1]
    assert "没有要退回的人" in gradbot("roster", "apply", str(file))[1]
    assert "1 人恢复成做完" in gradbot("roster", "undo", "1")[1]
    assert "已经撤回过" in gradbot("roster", "undo", "1")[2]
    file.write_bytes(b"PK\x03\x04")
    assert "文件读不出来" in gradbot("roster", "check", str(file))[2]
