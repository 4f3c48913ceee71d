"""Decodes a file that was saved by any common editor."""

from __future__ import annotations

import codecs
import re

from bot.content.places import Place, place_after

SAMPLE = 100_000
"""Bytes that are looked at to choose between GBK and Big5."""

_TWO_BYTES = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
"""A character in GBK or in Big5."""


def decode(raw: bytes) -> str | Place:
    """Return the text of a file in UTF-8, UTF-16, GBK or Big5; else the place of the first byte that is no UTF-8."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(raw) % 2 == 0:
        return raw.decode("utf-16", "replace")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = place_after(raw[: error.start].decode("utf-8", "replace"))
    else:
        return text if "\0" not in text else place_after(text[: text.index("\0")])
    if _is_damaged_utf8(raw):
        return broken
    try:
        return raw.decode("cp950" if _is_big5(raw) else "gb18030")
    except UnicodeDecodeError:
        return broken


def _is_damaged_utf8(raw: bytes) -> bool:
    """Return whether most of the text is UTF-8: in GBK and Big5 hardly anything is a UTF-8 character of three bytes."""
    foreign = sum(byte > 127 for byte in raw)
    return 6 * sum("\u0800" <= sign < "\U00010000" for sign in raw.decode("utf-8", "ignore")) > foreign


def _is_big5(raw: bytes) -> bool:
    """Return whether more characters are common ones as Big5 than as GBK.

    Nearly all of a text is common in its own encoding, about half of it in the other.
    """
    signs: list[bytes] = _TWO_BYTES.findall(raw, 0, SAMPLE)
    big5 = sum(b"\xa4" <= sign < b"\xc7" for sign in signs)
    return big5 > sum(b"\xb0" <= sign < b"\xd8" and sign[1:] > b"\xa0" for sign in signs)
