"""The command line as an operator and a script see it: real processes, real pipes, real signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.content.loading import SHIPPED, load
from tests.bot_process import warm
from tests.conftest import Here
from tests.knowledge.test_revisions import OWN

GRADBOT = (sys.executable, "-m", "bot")
ROOT = Path(__file__).parents[2]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADBOT_")}
    return {**kept, "GRADBOT_HOME": str(warm(home)), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


def gradbot(home: Path, *words: str, said: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GRADBOT, *words],
        check=False,
        input=said,
        text=True,
        capture_output=True,
        env=environment(home, **more),
        cwd=home,
        timeout=60,
    )


def chatting(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*GRADBOT, "chat", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(home),
        cwd=home,
    )


def talk(process: subprocess.Popen[str], line: str) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def turns(home: Path, *lines: str, day: str = "2013-12-05", user: str = "lin") -> list[dict[str, Any]]:
    done = gradbot(home, "chat", "--json", "--today", day, "--user", user, said="".join(f"{line}\n" for line in lines))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def buttons(turn: Mapping[str, Any]) -> dict[str, str]:
    return {b["text"]: b["id"] for reply in turn["replies"] for row in reply["buttons"] for b in row}


def test_one_json_object_a_line_and_the_greeting_before_the_first_answer(tmp_path: Path) -> None:
    first, second = turns(tmp_path, "用户名忘了怎么办", "开始核对")
    assert set(first) == {"in", "replies", "step", "state", "understood"}
    assert first["understood"] == [{"as": "question", "topic": "forgot-username"}]
    assert second["understood"] == [{"as": "command", "name": "start"}]
    assert first["in"] == "用户名忘了怎么办"
    assert first["state"] == "new"
    assert first["step"] is None
    assert "我不是学信网" in first["replies"][0]["text"]
    assert first["replies"][-1]["topic"] == "forgot-username"
    assert second["step"] == "m0-who"
    assert all(set(reply) == {"text", "buttons", "source", "topic"} for reply in first["replies"])


@pytest.mark.slow
def test_done_within_forty_presses(tmp_path: Path) -> None:
    with chatting(tmp_path, "--json", "--today", "2013-12-05") as process:
        turn = talk(process, "你好")
        for _ in range(40):
            if turn["state"] == "done":
                break
            turn = talk(process, "/press " + next(iter(buttons(turn).values())))
        process.communicate()
    assert turn["state"] == "done"
    assert process.returncode == 0


@pytest.mark.slow
def test_state_lasts_between_runs_and_people_are_told_apart(tmp_path: Path) -> None:
    turns(tmp_path, "开始核对", "专科")
    [again] = turns(tmp_path, "我的进度")
    [other] = turns(tmp_path, "我的进度", user="wang")
    assert again["step"] == "m0-major"
    assert other["state"] == "new"


def test_a_number_presses_a_button_and_the_chat_begins_by_itself(tmp_path: Path) -> None:
    done = gradbot(tmp_path, "chat", "--today", "2013-12-05", said="1\n1\n")
    assert done.returncode == 0
    assert done.stdout.index("我不是学信网") < done.stdout.index("你读的是哪一种") < done.stdout.index("你的专业")
    assert "\x1b" not in done.stdout
    again = gradbot(tmp_path, "chat", "--today", "2013-12-05")
    assert "你回来了" in again.stdout


@pytest.mark.slow
def test_a_calendar_is_written_beside_the_data(tmp_path: Path) -> None:
    done = gradbot(tmp_path, "chat", "--today", "2013-12-05", said="截止日期\n")
    assert "毕业核对日程.ics" in done.stdout
    assert (tmp_path / "毕业核对日程.ics").read_text("utf-8").startswith("BEGIN:VCALENDAR")


def test_asks_one_question_or_one_a_line(here: Here, tmp_path: Path) -> None:
    answer = json.loads(here("ask", "--json", "毕业证上两个编号填哪个").out)
    assert set(answer) == {"q", "verdict", "topics", "ms"}
    assert answer["topics"][0]["id"] == "certificate-numbers"
    assert 1 <= len(answer["topics"]) <= 5
    assert answer["topics"] == sorted(answer["topics"], key=lambda topic: -topic["score"])
    many = gradbot(tmp_path, "ask", "--json", said="忘记密码了\n\n今晚吃什么\n")
    assert [json.loads(line)["q"] for line in many.stdout.splitlines()] == ["忘记密码了", "今晚吃什么"]
    assert "0550-3055417" in here("ask", "电话多少", "--today", "2013-12-05").out


@pytest.mark.slow
def test_a_folder_is_tried_in_the_terminal_before_it_is_in_force(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "mine" / "faq" / "canteen.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OWN, "utf-8")
    assert here("faq", "publish", str(file)).code == 0
    file.write_text(OWN.replace("我只管核对", "我只会核对"), "utf-8")
    mine = {"GRADBOT_CONTENT": str(tmp_path / "mine")}
    assert "我只会核对" in here("ask", "红烧肉几点卖", **mine).out
    assert "我只会核对" in gradbot(tmp_path, "chat", said="红烧肉几点卖\n", **mine).stdout
    assert "我只管核对" in gradbot(tmp_path, "chat", said="红烧肉几点卖\n").stdout
    file.write_text(OWN.replace("title:", "titel:"), "utf-8")
    assert here("ask", "红烧肉几点卖", **mine).code == 1


@pytest.mark.slow
def test_chinese_goes_in_and_out_where_nobody_chose_a_code(tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    asked = subprocess.run(
        [*GRADBOT, "ask", "--json"],
        check=True,
        input="忘记密码了\n".encode(),
        capture_output=True,
        env=environment(tmp_path, **plain),
        cwd=tmp_path,
    )
    assert json.loads(asked.stdout.decode())["topics"][0]["id"] == "forgot-password"


@pytest.mark.slow
def test_an_older_file_of_phrases_passes_and_is_told_what_it_lacks(here: Here, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    shipped = SHIPPED["phrases.yaml"].read_text("utf-8")
    older = "".join(line for line in shipped.splitlines(keepends=True) if not line.startswith("stale: "))
    (tmp_path / "mine" / "phrases.yaml").write_text(older, "utf-8")
    checked = here("check", "--content", "mine")
    assert checked.code == 0
    assert "phrases.yaml:1:1 phrases: 这份文件里缺 1 处，先用自带的：stale。" in checked.out
    assert "缺 1 处，先用自带的：stale。" in here("faq", "lint", GRADBOT_CONTENT="mine").out


def test_checks_the_content_and_draws_the_flow(here: Here, tmp_path: Path) -> None:
    good = here("check")
    assert good.code == 0
    assert "没有问题" in good.out
    (tmp_path / "mine" / "faq").mkdir(parents=True)
    (tmp_path / "mine" / "faq" / "own.yaml").write_text("- id: x\n  titel: 好\n", encoding="utf-8")
    bad = here("check", "--content", "mine")
    assert bad.code == 1
    assert "faq/own.yaml:2:3" in bad.out
    assert "是不是“title”" in bad.out
    assert here("draw").out.startswith("flowchart TD\n")
    assert here("chat", GRADBOT_CONTENT="mine").code == 1


@pytest.mark.parametrize(
    ("words", "more", "told"),
    [
        (("chat", "--colour"), {}, "--colour"),
        (("chatt",), {}, "chatt"),
        (("chat", "--today", "5.12.2013"), {}, "2013-12-05"),
        (("check", "--content", "nowhere"), {}, "nowhere"),
        (("chat",), {"GRADBOT_TODAY": "soon"}, "GRADBOT_TODAY"),
        (("chat",), {"GRADBOT_HOEM": "x"}, "GRADBOT_HOEM"),
        (("run",), {"GRADBOT_WEB": "8000"}, "GRADBOT_WEB"),
        (("links",), {}, "GRADBOT_TELEGRAM_TOKEN"),
    ],
)
def test_wrong_usage_and_settings_are_one_line(
    here: Here, words: tuple[str, ...], more: dict[str, str], told: str
) -> None:
    ended = here(*words, **more)
    assert ended.code == 2
    assert told in ended.err
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize("words", [(), ("chat",), ("ask",), ("check",), ("draw",), ("run",)])
def test_every_command_helps(here: Here, words: tuple[str, ...]) -> None:
    ended = here(*words, "--help")
    assert ended.code == 0
    assert "Usage" in ended.out


def test_a_database_that_is_none_is_told_in_one_line(here: Here, tmp_path: Path) -> None:
    (tmp_path / "gradbot.db").write_bytes(b"not a database at all" * 1000)
    ended = here("chat")
    assert ended.code == 1
    assert len(ended.err.strip().splitlines()) == 1


def test_without_a_command_serves_the_page_until_it_is_stopped(tmp_path: Path) -> None:
    start = [sys.executable, "-m", "bot"]
    with subprocess.Popen(start, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = re.search(r"http://[\d.:]+/", process.stdout.readline())
        assert address
        assert "GRADBOT_TELEGRAM_TOKEN" in process.stdout.readline()
        assert "你好" in httpx.get(address[0]).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_control_c_ends_a_chat_at_once(tmp_path: Path) -> None:
    with chatting(tmp_path) as process:
        assert process.stdout
        while "打字提问" not in process.stdout.readline():
            pass
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=5)
    assert process.returncode == 0
    assert time.monotonic() - started < 3
    assert load().phrases.console_bye in rest


@pytest.mark.slow
def test_killed_at_any_moment_the_next_message_finds_the_same_step(tmp_path: Path) -> None:
    step, line = None, "开始核对"
    for _ in range(3):
        with chatting(tmp_path, "--json", "--today", "2013-12-05") as process:
            found, moved = talk(process, "帮助"), talk(process, line)
            process.kill()
        assert found["step"] == step
        assert moved["step"] != step
        step, line = moved["step"], "/press " + next(iter(buttons(moved).values()))


def test_output_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    piped = f"{sys.executable} -m bot draw | head -1"
    done = subprocess.run(
        ["sh", "-c", piped], check=False, text=True, capture_output=True, env=environment(tmp_path), cwd=tmp_path
    )
    assert done.stdout == "flowchart TD\n"
    assert done.stderr == ""
