"""The kinds of values in a notice (days, addresses, telephones, short texts) and the base of its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_URL = re.compile(r"https?://[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,63}(:\d{1,5})?(/[!-~]*)?")
_PHONE = re.compile(r"(\+86-?)?(0\d{2,3}-\d{7,8}(-\d{1,6})?|1[3-9]\d{9}|400-?\d{3}-?\d{4}|\d{5,8})")
_MAIL = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


END_OF_DAY = time(23, 59, 59)


def _full_match(pattern: re.Pattern[str], rule: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value.strip()):
            raise PydanticCustomError(rule, "malformed", {"value": value})
        return value.strip() if isinstance(value, str) else value

    return BeforeValidator(check)


def read_day(value: object) -> date | None:
    """Return the day that a value of a notice is; None for any other value."""
    try:
        day = _parse_day(value)
    except PydanticCustomError:
        return None
    return day if isinstance(day, date) else None


def _parse_day(value: object) -> object:
    if isinstance(value, Mapping):
        raise PydanticCustomError("day_not_counted", "cannot be counted", {"start": str(value.get("after", ""))})
    if not isinstance(value, str):
        return value
    if not _DAY.fullmatch(value.strip()):
        raise PydanticCustomError("day_without_year", "not a full date", {"value": value})
    year, month, day = map(int, value.strip().split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        raise PydanticCustomError("no_such_day", "no such day", {"value": value}) from None


Day = Annotated[date, BeforeValidator(_parse_day)]
Url = Annotated[str, _full_match(_URL, "malformed_url")]
Phone = Annotated[str, _full_match(_PHONE, "malformed_phone")]
Mail = Annotated[str, _full_match(_MAIL, "malformed_mail")]
ClosingTime = Annotated[time, BeforeValidator(lambda value: END_OF_DAY if value == "24:00" else value)]
"""A time at which something ends; `24:00` is the end of the day."""
DailyHours = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
"""`08:30-11:30`."""
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=24)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Texts = tuple[Text, ...]
CohortIds = tuple[Id, ...]


class NoticeRow(BaseModel):
    """A row of the notice: frozen, and refuses unknown keys. `quote` is what the notice itself says, word for word."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    quote: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)] | None = None
