"""The environment, read once into one frozen `Settings`; every problem of it named at once.

Plain pydantic, not pydantic-settings: that reports a wrong value and an unknown name one source at a time, knows no
`NAME_FILE` for a single secret, and costs another 0.1 s of every start. Knows no sentence but the English one of an
exception; what a person reads is made from the codes.
"""

from __future__ import annotations

import io
import ipaddress
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from rapidfuzz import fuzz

from bot.domain.zone import parse_moment

PREFIX = "GRADBOT_"
# A secret NAME may also be given as the path of a file that holds it, in NAME_FILE.
SECRETS = ("telegram_token", "webhook_secret", "database_url", "proxy", "oidc_secret")

ProblemCode = Literal[
    "unknown",  # no setting has this name; about: the nearest that has
    "twice",  # both NAME and NAME_FILE are given; about: NAME_FILE
    "unreadable",  # the file cannot be read; about: its path
    "bad_line",  # .env has a line that is not NAME=value; about: the line number
    "missing",  # needed by another setting; about: that one
    "not_a_token",
    "not_a_secret",  # of A-Z a-z 0-9 _ -, which Telegram allows; at least 16, so that nobody guesses it
    "not_a_url",
    "not_a_database",
    "not_an_address",  # not host:port
    "not_a_number",
    "not_positive",
    "not_an_id",
    "not_a_date",
    "not_a_folder",
    "not_a_choice",  # about: what there is to choose from
    "not_a_network",
    "not_an_origin",  # of a web site: https://host
    "in_use",  # another process serves from this home; about: the home and the process
    "unwritable",  # the home cannot be written; about: its path
    "refused",  # the right shape, and Telegram does not know it
    "taken",  # nothing can listen there; about: what the system says
    "webhook_set",  # a webhook that is not ours gets the updates; about: its host
    "unreachable",  # nobody answers there; about: what went wrong
]
_ENGLISH: dict[ProblemCode, str] = {
    "unknown": "is no setting of gradbot; did you mean {about}?",
    "twice": "is given twice, also as {about}",
    "unreadable": "names a file that cannot be read: {about}",
    "bad_line": "line {about} is not NAME=value",
    "missing": "is missing; {about} needs it",
    "not_a_token": "is not a bot token (digits:letters, from @BotFather)",
    "not_a_secret": "must be 16 to 256 characters of A-Z a-z 0-9 _ -",
    "not_a_url": "is not a web address that starts with http:// or https:// (a proxy: also socks5://)",
    "not_a_database": "must start with sqlite+aiosqlite:/// or postgresql+asyncpg://",
    "not_an_address": "is not host:port: {about}",
    "not_a_number": "is not a number: {about}",
    "not_positive": "must be more than 0: {about}",
    "not_an_id": "is not a Telegram id, or a comma-separated list of them: {about}",
    "not_a_date": "is not a date like 2013-12-05, or 2013-12-20T23:50: {about}",
    "not_a_folder": "is not a folder: {about}",
    "not_a_choice": "must be {about}",
    "not_a_network": "is not an address, or a list of addresses and networks (10.0.0.0/8): {about}",
    "not_an_origin": "is not a web site like https://www.example.edu, or a list of them: {about}",
    "in_use": "is in use by another gradbot, one at a time serves from it: {about}",
    "unwritable": "cannot be written: {about}",
    "refused": "is refused by Telegram; copy it again from @BotFather",
    "taken": "cannot be listened on: {about}",
    "webhook_set": (
        "belongs to a bot that another program serves by webhook, at {about}; "
        "stop that one, or take the bot over: gradbot run --take-over"
    ),
    "unreachable": "cannot be reached: {about}",
}


@dataclass(frozen=True, slots=True)
class SettingFault:
    """One problem: the variable (or file) by its name, a code, and what the code is about."""

    name: str
    code: ProblemCode
    about: str = ""

    def __str__(self) -> str:
        """One English sentence without its full stop; never a secret."""
        return f"{self.name} {_ENGLISH[self.code].format(about=self.about)}"


class SettingsProblem(Exception):
    """All problems of the settings, ordered by the setting's name."""

    def __init__(self, problems: list[SettingFault]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.name, problem.code)))
        super().__init__("; ".join(map(str, self.problems)))


class Address(NamedTuple):
    """An address to listen on: host name or IP, port 1-65535."""

    host: str
    port: int


PAGE = Address("127.0.0.1", 8000)
"""Where the page listens when nothing else is said."""


def _match(pattern: str, code: ProblemCode) -> BeforeValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise PydanticCustomError(code, "malformed")
        return value

    return BeforeValidator(check)


def _match_url(*schemes: str) -> BeforeValidator:
    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            sound = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            sound = False
        if not sound or re.search(r"\s", value):
            raise PydanticCustomError("not_a_url", "malformed")
        return value.rstrip("/")

    return BeforeValidator(check)


def _parse_address(value: str) -> Address:
    match = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[\w.-]{0,253})):(?P<port>\d{1,5})", value, re.ASCII)
    if not match or not 0 < int(match["port"]) < 65536:
        raise PydanticCustomError("not_an_address", "malformed")
    return Address(match["six"] or match["host"] or "0.0.0.0", int(match["port"]))  # noqa: S104 - ":8080" asks for it


def _parse_database(value: str) -> str:
    """Translate the addresses that hosting services hand out (postgres://, sslmode=) to SQLAlchemy's."""
    value = re.sub(r"^postgres(ql)?://", "postgresql+asyncpg://", re.sub(r"^sqlite:///", "sqlite+aiosqlite:///", value))
    if not re.match(r"sqlite\+aiosqlite:///(?!:memory:).|postgresql\+asyncpg://.", value):
        raise PydanticCustomError("not_a_database", "malformed")
    return re.sub(r"(?<=[?&])sslmode=", "ssl=", value)


def _parse_ids(value: str) -> tuple[int, ...]:
    words = re.split(r"[\s,，;；]+", value.strip(" ,，;；"))
    if not all(re.fullmatch(r"[1-9]\d{0,18}", word, re.ASCII) for word in words):
        raise PydanticCustomError("not_an_id", "malformed")
    return tuple(dict.fromkeys(map(int, words)))


def _parse_chat(value: str) -> int:
    if not re.fullmatch(r"-?[1-9]\d{0,18}", value, re.ASCII):
        raise PydanticCustomError("not_an_id", "malformed")
    return int(value)


def _parse_today(value: str) -> datetime:
    try:
        return parse_moment(value)
    except ValueError:
        raise PydanticCustomError("not_a_date", "malformed") from None


def _parse_rate(value: str) -> float:
    try:
        pace = float(value)
    except ValueError:
        raise PydanticCustomError("not_a_number", "malformed") from None
    if not math.isfinite(pace) or pace <= 0:
        raise PydanticCustomError("not_positive", "malformed")
    return pace


def _parse_count(value: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,3}", value, re.ASCII):
        raise PydanticCustomError("not_a_number", "malformed")
    return int(value)


def _check_folder(value: Path) -> Path:
    if not value.is_dir():
        raise PydanticCustomError("not_a_folder", "malformed")
    return value


def _parse_networks(value: str) -> tuple[str, ...]:
    words = re.split(r"[\s,，;；]+", value.strip(" ,，;；"))
    try:
        return tuple(str(ipaddress.ip_network(word)).removesuffix("/32").removesuffix("/128") for word in words)
    except ValueError:
        raise PydanticCustomError("not_a_network", "malformed") from None


def _parse_origins(value: str) -> tuple[str, ...]:
    words = re.split(r"[\s,，;；]+", value.strip(" ,，;；"))
    if not all(re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", word, re.ASCII) for word in words):
        raise PydanticCustomError("not_an_origin", "malformed")
    return tuple(words)


class Settings(BaseModel):
    """The operator's settings; frozen, and no secret shows in the repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    telegram_token: Annotated[SecretStr, _match(r"\d+:[\w-]+", "not_a_token")] | None = None
    telegram_api: Annotated[str, _match_url("http", "https")] = "https://api.telegram.org"
    proxy: Annotated[str, _match_url("http", "https", "socks5")] | None = Field(default=None, repr=False)
    webhook_url: Annotated[str, _match_url("http", "https")] | None = None
    webhook_secret: Annotated[SecretStr, _match(r"[\w-]{16,256}", "not_a_secret")] | None = None
    listen: Annotated[Address, BeforeValidator(_parse_address)] = Address("127.0.0.1", 8080)
    # Where the page for browsers listens; None: nowhere beside Telegram, else on this machine (`page`).
    web: Annotated[Address, BeforeValidator(_parse_address)] | None = None
    # Its public address, with the path under which a proxy serves it.
    web_url: Annotated[str, _match_url("http", "https")] | None = None
    # Proxies whose word is taken for who asks, by address or network; none by default.
    web_proxies: Annotated[tuple[str, ...], BeforeValidator(_parse_networks)] = ()
    # Sites that may show the page in a frame.
    web_frames: Annotated[tuple[str, ...], BeforeValidator(_parse_origins)] = ()
    # Whether search engines may list it.
    web_index: Literal["yes", "no"] = "no"
    # The school's own logins for the console (OpenID Connect); None: none. The client's id and secret go with it.
    oidc_issuer: Annotated[str, _match_url("https", "http")] | None = None
    oidc_client: str | None = None
    oidc_secret: SecretStr | None = None
    # Where health and metrics are; nothing else is there.
    pages: Annotated[Address, BeforeValidator(_parse_address)] = Address("127.0.0.1", 8081)
    # The folder of everything the bot keeps; absolute.
    home: Path
    # None: the file in `home`.
    database_url: Annotated[str, BeforeValidator(_parse_database)] | None = Field(default=None, repr=False)
    # Connections to PostgreSQL, and seconds that a statement may take there.
    database_pool: Annotated[int, BeforeValidator(_parse_count)] = 10
    database_timeout: Annotated[float, BeforeValidator(_parse_rate)] = 10.0
    # PgBouncer in transaction mode is between; mostly noticed without it.
    pgbouncer: Literal["on", "off"] = "off"
    # Whether a start brings the schema up to date, or only `gradbot db migrate` does.
    migrate: Literal["auto", "off"] = "auto"
    # None: the content that ships.
    content: Annotated[Path, BeforeValidator(_check_folder)] | None = None
    # Telegram ids of people, each once, in the order given.
    owners: Annotated[tuple[int, ...], BeforeValidator(_parse_ids)] = ()
    staff_chat: Annotated[int, BeforeValidator(_parse_chat)] | None = None
    # The moment to rehearse, local time of the notice; None: the real one.
    today: Annotated[datetime, BeforeValidator(_parse_today)] | None = None
    # Bulk messages a second.
    rate: Annotated[float, BeforeValidator(_parse_rate)] = 25.0
    log: Literal["console", "json"] = "console"

    @property
    def public(self) -> Mapping[str, str]:
        """Everything that is set, by variable, without secrets and without addresses that may hold one."""
        rows = {field: getattr(self, field) for field in type(self).model_fields if field not in SECRETS}
        return {_name(field): _show(value) for field, value in rows.items() if value not in (None, ())}

    @property
    def page(self) -> Address | None:
        """Where the page listens; without a setting only where there is no Telegram, and then on this machine."""
        return self.web or (None if self.telegram_token else PAGE)

    @property
    def database(self) -> str | Path:
        """The address of the database, or the path of SQLite's file, which is no address: it may hold ?, # and %."""
        return self.database_url or self.home / "gradbot.db"


def read_settings(environ: Mapping[str, str], folder: Path) -> Settings:
    """Read settings from `environ` over `folder`/.env; an empty value counts as absent, paths start at `folder`.

    Raises SettingsProblem with everything that is wrong.
    """
    problems: list[SettingFault] = []
    given = _read_dotenv(folder / ".env", problems) | {name: text for name, text in environ.items() if _is_ours(name)}
    values = _collect_values(given, folder, problems)
    if "webhook_url" in values and "webhook_secret" not in values:
        problems.append(SettingFault(_name("webhook_secret"), "missing", _name("webhook_url")))
    lacking = [name for name in ("oidc_client", "oidc_secret") if "oidc_issuer" in values and name not in values]
    problems += [SettingFault(_name(name), "missing", _name("oidc_issuer")) for name in lacking]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_context=False):
            field = str(wrong["loc"][0])
            code: Any = "not_a_choice" if wrong["type"] == "literal_error" else wrong["type"]
            about = "" if field in SECRETS else str(values[field])
            if code == "not_a_choice":
                choices = get_args(Settings.model_fields[field].annotation)
                about = f"{' or '.join(map(str, choices))}: {about}"
            problems.append(SettingFault(_name(field), code, about))
        raise SettingsProblem(problems) from None
    if problems:
        raise SettingsProblem(problems)
    return settings


def _show(value: object) -> str:
    """Return a setting as it is written."""
    if isinstance(value, Address):
        return f"{value.host}:{value.port}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def setting_names() -> tuple[str, ...]:
    """Return every variable that is read, sorted; for documents, their tests and the nearest-name hint."""
    return tuple(sorted([_name(field) for field in Settings.model_fields] + [_name(s) + "_FILE" for s in SECRETS]))


def _name(field: str) -> str:
    return PREFIX + field.upper()


def _similarity(one: str, other: str) -> float:
    """Return how similar two names are, as a whole and in part, without the prefix; 0-200."""
    one, other = one.removeprefix(PREFIX), other.removeprefix(PREFIX)
    return fuzz.ratio(one, other) + fuzz.partial_ratio(one, other)


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _read_dotenv(path: Path, problems: list[SettingFault]) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        problems.append(SettingFault(path.name, "unreadable", str(path)))
        return {}
    from dotenv.parser import parse_stream  # noqa: PLC0415 - most starts have no such file

    lines = list(parse_stream(io.StringIO(text)))
    for text, number in [line.original for line in lines if line.error]:
        number += len(text[: len(text) - len(text.lstrip())].splitlines())  # the parser counts blank lines before it in
        problems.append(SettingFault(path.name, "bad_line", str(number)))
    return {line.key: line.value or "" for line in lines if line.key and not line.error and _is_ours(line.key)}


def _collect_values(given: Mapping[str, str], folder: Path, problems: list[SettingFault]) -> dict[str, Any]:
    """Return texts by field (paths made absolute), without names that are unknown, empty or unreadable."""
    known = setting_names()
    values: dict[str, Any] = {"home": folder / "data"}
    for name, text in given.items():
        text = text.strip()
        if name not in known:
            problems.append(SettingFault(name, "unknown", max(known, key=partial(_similarity, name.upper()))))
            continue
        field = name.removeprefix(PREFIX).lower()
        if not text:
            continue
        if field.endswith("_file"):
            field, path = field.removesuffix("_file"), _path(folder, text)
            if given.get(_name(field), "").strip():
                problems.append(SettingFault(_name(field), "twice", name))
                continue
            try:
                text = path.read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError):
                problems.append(SettingFault(name, "unreadable", str(path)))
                continue
        values[field] = _path(folder, text) if field in {"home", "content"} else text
    return values


def _path(folder: Path, text: str) -> Path:
    return (folder / os.path.expanduser(text)).absolute()  # noqa: PTH111 - pathlib fails on ~nobody-here
