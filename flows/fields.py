"""The kinds of value that a notice's YAML holds: full dates, addresses, phones, ids, short texts.

Each refuses what is written otherwise, with the rule by which the mistake is reported.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(:\d+)?(/[!-~]*)?")
_PHONE = re.compile(r"(\+86-?)?(0\d{2,3}-\d{7,8}(-\d{1,6})?|1[3-9]\d{9}|400-?\d{3}-?\d{4}|\d{5,8})")
HOURS = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
_MAIL = re.compile(r"[\w.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def _matching(pattern: re.Pattern[str], rule: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value.strip()):
            raise PydanticCustomError(rule, "malformed", {"value": value})
        return value.strip() if isinstance(value, str) else value

    return BeforeValidator(check)


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value.strip()):
        raise PydanticCustomError("day_without_year", "not a full date", {"value": value})
    if isinstance(value, str):
        year, month, day = map(int, value.strip().split("-"))
        try:
            return date(year, month, day)
        except ValueError:
            raise PydanticCustomError("no_such_day", "no such day", {"value": value}) from None
    return value


Day = Annotated[date, BeforeValidator(_day)]
Url = Annotated[str, _matching(_URL, "malformed_url")]
Phone = Annotated[str, _matching(_PHONE, "malformed_phone")]
Mail = Annotated[str, _matching(_MAIL, "malformed_mail")]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=24)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Texts = tuple[Text, ...]
CohortIds = tuple[Id, ...]
