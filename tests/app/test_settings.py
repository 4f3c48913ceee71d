"""Settings: every variable understood, every problem named, no secret shown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.app.settings import Address, ProblemCode, SettingFault, SettingsProblem, read_settings, setting_names

TOKEN = "123456:AAfake-token_of-a-test"


def problems(folder: Path, **given: str) -> list[tuple[str, str, str]]:
    with pytest.raises(SettingsProblem) as caught:
        read_settings({f"GRADBOT_{name}": value for name, value in given.items()}, folder)
    return [(p.name.removeprefix("GRADBOT_"), p.code, p.about) for p in caught.value.problems]


def test_nothing_set(tmp_path: Path) -> None:
    settings = read_settings({"PATH": "/bin"}, tmp_path)
    assert settings.telegram_token is None
    assert settings.telegram_api == "https://api.telegram.org"
    assert settings.home == tmp_path / "data"
    assert settings.database == tmp_path / "data" / "gradbot.db"
    assert settings.content is None
    assert settings.owners == ()
    assert settings.rate == 25
    assert settings.log == "console"
    assert settings.listen == Address("127.0.0.1", 8080)
    assert settings.pages == Address("127.0.0.1", 8081)


def test_everything_set(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    environ = {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API": "http://127.0.0.1:8081/",
        "PROXY": "socks5://name:word@10.0.0.1:1080",
        "WEBHOOK_URL": "https://bot.example.edu.cn/hook",
        "WEBHOOK_SECRET": "se-cret_1se-cret_1",
        "LISTEN": "[::1]:8443",
        "PAGES": "0.0.0.0:9000",
        "WEB": "127.0.0.1:8000",
        "WEB_URL": "https://www.example.edu.cn/check/",
        "WEB_PROXIES": "127.0.0.1, 10.0.0.0/8",
        "WEB_FRAMES": "https://www.example.edu.cn",
        "WEB_INDEX": "yes",
        "OIDC_ISSUER": "https://login.example.edu.cn",
        "OIDC_CLIENT": "gradbot",
        "OIDC_SECRET": "word-of-the-client",
        "DATABASE_URL": "postgres://gradbot:pass@db/gradbot",
        "DATABASE_POOL": "20",
        "DATABASE_TIMEOUT": "7.5",
        "PGBOUNCER": "on",
        "MIGRATE": "off",
        "HOME": "keep",
        "CONTENT": "ours",
        "OWNERS": "42，7, 42",
        "STAFF_CHAT": "-1001234567890",
        "TODAY": "2013-12-05",
        "RATE": "29.5",
        "LOG": "json",
    }
    assert {f"GRADBOT_{name}" for name in environ} == {name for name in setting_names() if not name.endswith("_FILE")}
    settings = read_settings({f"GRADBOT_{name}": value for name, value in environ.items()}, tmp_path)
    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == TOKEN
    assert settings.telegram_api == "http://127.0.0.1:8081"
    assert settings.proxy == "socks5://name:word@10.0.0.1:1080"
    assert settings.webhook_url == "https://bot.example.edu.cn/hook"
    assert settings.webhook_secret is not None
    assert settings.webhook_secret.get_secret_value() == "se-cret_1" * 2
    assert settings.listen == Address("::1", 8443)
    assert settings.pages == Address("0.0.0.0", 9000)
    assert settings.page == Address("127.0.0.1", 8000)
    assert settings.web_url == "https://www.example.edu.cn/check"
    assert settings.web_proxies == ("127.0.0.1", "10.0.0.0/8")
    assert settings.web_frames == ("https://www.example.edu.cn",)
    assert (settings.oidc_issuer, settings.oidc_client) == ("https://login.example.edu.cn", "gradbot")
    assert settings.database == "postgresql+asyncpg://gradbot:pass@db/gradbot"
    assert (settings.database_pool, settings.database_timeout) == (20, 7.5)
    assert (settings.pgbouncer, settings.migrate) == ("on", "off")
    assert settings.home == tmp_path / "keep"
    assert settings.content == tmp_path / "ours"
    assert settings.owners == (42, 7)
    assert settings.staff_chat == -1001234567890
    assert settings.today == datetime.fromisoformat("2013-12-05T09:00")
    assert settings.rate == 29.5
    assert settings.log == "json"
    for secret in (TOKEN, "se-cret_1", "word-of-the-client", "name:word", "gradbot:pass"):
        assert secret not in repr(settings)
        assert secret not in str(settings)
    with pytest.raises(ValidationError):
        settings.rate = 1  # type: ignore[misc]


def test_home_and_content_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/teacher")
    settings = read_settings({"GRADBOT_HOME": "~/bot", "GRADBOT_CONTENT": str(tmp_path)}, Path("/srv"))
    assert settings.home == Path("/home/teacher/bot")
    assert settings.content == tmp_path


def test_dotenv_below_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"# 我们学校\nexport GRADBOT_TELEGRAM_TOKEN='{TOKEN}'\nGRADBOT_RATE=3 # slow\nOTHER=x\nGRADBOT_PROXY=\n",
        encoding="utf-8",
    )
    settings = read_settings({"GRADBOT_RATE": "4"}, tmp_path)
    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == TOKEN
    assert settings.rate == 4
    assert settings.proxy is None


def test_dotenv_problems(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GRADBOT_RATE=0\n\nGRADBOT_LOG='json\nGRADBOT_TOKN=1\n", encoding="utf-8")
    assert problems(tmp_path) == [
        (".env", "bad_line", "3"),
        ("RATE", "not_positive", "0"),
        ("TOKN", "unknown", "GRADBOT_TELEGRAM_TOKEN"),
    ]
    (tmp_path / ".env").write_bytes("GRADBOT_HOME=毕业生".encode("gbk"))
    assert problems(tmp_path) == [(".env", "unreadable", str(tmp_path / ".env"))]


def test_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n", encoding="utf-8")
    settings = read_settings({"GRADBOT_TELEGRAM_TOKEN_FILE": "token"}, tmp_path)
    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == TOKEN
    absent = str(tmp_path / "absent")
    assert problems(tmp_path, TELEGRAM_TOKEN_FILE="absent", RATE_FILE="token") == [
        ("RATE_FILE", "unknown", "GRADBOT_RATE"),
        ("TELEGRAM_TOKEN_FILE", "unreadable", absent),
    ]
    assert problems(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_TOKEN_FILE="token") == [
        ("TELEGRAM_TOKEN", "twice", "GRADBOT_TELEGRAM_TOKEN_FILE")
    ]


def test_all_problems_at_once_and_no_secret_in_them(tmp_path: Path) -> None:
    wrong = {
        "TELEGRAM_TOKEN": "hunter2",
        "TELEGRAM_API": "ftp://x",
        "PROXY": "hunter2:1080",
        "WEBHOOK_URL": "https://",
        "WEBHOOK_SECRET": "hunter2 ",
        "LISTEN": "8080",
        "DATABASE_URL": "mysql://hunter2",
        "CONTENT": "nowhere",
        "OWNERS": "me, you",
        "STAFF_CHAT": "@staff",
        "TODAY": "2013-12-5",
        "RATE": "fast",
        "LOG": "xml",
        "TELEGRAM_TOKEM": "hunter2",
        "XYZZY": "hunter2",
    }
    assert problems(tmp_path, **wrong | {"WEBHOOK_SECRET": "hunter2!"}) == [
        ("CONTENT", "not_a_folder", str(tmp_path / "nowhere")),
        ("DATABASE_URL", "not_a_database", ""),
        ("LISTEN", "not_an_address", "8080"),
        ("LOG", "not_a_choice", "console or json: xml"),
        ("OWNERS", "not_an_id", "me, you"),
        ("PROXY", "not_a_url", ""),
        ("RATE", "not_a_number", "fast"),
        ("STAFF_CHAT", "not_an_id", "@staff"),
        ("TELEGRAM_API", "not_a_url", "ftp://x"),
        ("TELEGRAM_TOKEM", "unknown", "GRADBOT_TELEGRAM_TOKEN"),
        ("TELEGRAM_TOKEN", "not_a_token", ""),
        ("TODAY", "not_a_date", "2013-12-5"),
        ("WEBHOOK_SECRET", "not_a_secret", ""),
        ("WEBHOOK_URL", "not_a_url", "https://"),
        ("XYZZY", "unknown", "GRADBOT_PROXY"),
    ]
    with pytest.raises(SettingsProblem) as caught:
        read_settings({f"GRADBOT_{name}": value for name, value in wrong.items()}, tmp_path)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert "GRADBOT_TELEGRAM_TOKEM is no setting of gradbot; did you mean GRADBOT_TELEGRAM_TOKEN?" in str(caught.value)


@pytest.mark.parametrize("given", ["2013-12-20T23:50", "2013-12-20 23:50", "2013-12-20T23:50:00"])
def test_a_moment_of_the_day_can_be_rehearsed(tmp_path: Path, given: str) -> None:
    read = read_settings({"GRADBOT_TODAY": given}, tmp_path)
    assert read.today == datetime.fromisoformat("2013-12-20T23:50")


@pytest.mark.parametrize("given", ["20131220", "2013-12-20T", "2013-12-20T25:00", "2013-12-20T23:50+08:00"])
def test_what_is_no_moment_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(SettingsProblem) as caught:
        read_settings({"GRADBOT_TODAY": given}, tmp_path)
    assert [problem.code for problem in caught.value.problems] == ["not_a_date"]


def test_the_address_of_a_database_may_be_what_a_hosting_service_hands_out(tmp_path: Path) -> None:
    given = "postgresql://u:p@db.example.com/x?sslmode=require"
    read = read_settings({"GRADBOT_DATABASE_URL": given}, tmp_path)
    assert read.database_url == "postgresql+asyncpg://u:p@db.example.com/x?ssl=require"


def test_a_secret_in_a_file_that_notepad_saved_is_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN, "utf-8-sig")
    read = read_settings({"GRADBOT_TELEGRAM_TOKEN_FILE": "token"}, tmp_path)
    assert read.telegram_token is not None
    assert read.telegram_token.get_secret_value() == TOKEN


def test_webhook_needs_its_secret(tmp_path: Path) -> None:
    assert problems(tmp_path, WEBHOOK_URL="https://x.cn") == [("WEBHOOK_SECRET", "missing", "GRADBOT_WEBHOOK_URL")]


@pytest.mark.parametrize("value", ["http://[::1", "https://x:port", "https://x:0", "https://a b", "x"])
def test_addresses_are_whole(tmp_path: Path, value: str) -> None:
    assert problems(tmp_path, TELEGRAM_API=value) == [("TELEGRAM_API", "not_a_url", value)]


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf"])
def test_rate_is_positive(tmp_path: Path, value: str) -> None:
    assert problems(tmp_path, RATE=value) == [("RATE", "not_positive", value)]


@pytest.mark.parametrize("value", [":0", "host:65536", "a b:80", "[::1]", "http://x:80"])
def test_listen_is_host_and_port(tmp_path: Path, value: str) -> None:
    assert problems(tmp_path, LISTEN=value) == [("LISTEN", "not_an_address", value)]


def test_every_code_has_a_sentence() -> None:
    for code in get_args(ProblemCode):
        assert str(SettingFault("GRADBOT_X", code, "y")).startswith("GRADBOT_X ")


@given(name=st.sampled_from(setting_names()), value=st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_any_text_is_settings_or_a_problem(name: str, value: str) -> None:
    try:
        read_settings({name: value}, Path("/nonexistent"))
    except SettingsProblem as problem:
        assert problem.problems  # noqa: PT017 - either end is fine, a crash is not
