"""Forms that browsers send: bounded, without what no database takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from bot.channels.http.body import UNSTORABLE, read_body

MOST_FORM = 1_000_000
"""Bytes of a form without a file."""
MOST_FIELDS = 200

Fields = Mapping[str, Sequence[str]]


class BadForm(Exception):
    """A form is too long, or is none."""


async def read_form(request: Request) -> Fields:
    """Return the values of each field of a form without files. BadForm."""
    body = await _read_body(request, MOST_FORM)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadForm from None
    return {name: [clean(value) for value in values] for name, values in fields.items()}


async def read_upload(request: Request, most: int) -> tuple[Fields, str, bytes]:
    """Return the fields of a form, and the name and content of its one file (both empty without one). BadForm."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > most + MOST_FORM:
        raise BadForm
    try:
        async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_FORM) as form:
            fields: dict[str, list[str]] = {}
            name, content = "", b""
            for key, value in form.multi_items():
                if isinstance(value, UploadFile):
                    name, content = clean(value.filename or ""), await value.read(most + 1)
                else:
                    fields.setdefault(key, []).append(clean(value))
    except (MultiPartException, HTTPException, ClientDisconnect):  # Starlette makes the second of the first
        raise BadForm from None
    if len(content) > most:
        raise BadForm
    return fields, name, content


async def _read_body(request: Request, most: int) -> bytes:
    try:
        body = await read_body(request, most)
    except ClientDisconnect:
        raise BadForm from None
    if body is None:
        raise BadForm
    return body


def clean(text: str) -> str:
    """Return a text with the line ends of a database, without characters that none stores."""
    return UNSTORABLE.sub("", text.replace("\r\n", "\n"))
