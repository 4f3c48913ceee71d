"""Decodes a file that was saved by any common editor."""

from __future__ import annotations

import codecs
import re

from bot.content.places import Place, place_after

SAMPLE = 100_000
"""Bytes that are looked at to choose between GBK and Big5."""

_TWO_BYTES = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
"""A character in GBK or in Big5."""


_FORMATS = (
    (b"PK\x03\x04", " Word 或 Excel 文件（.docx、.xlsx 一类）"),
    (b"\xd0\xcf\x11\xe0", "旧版的 Word 或 Excel 文件（.doc、.xls）"),
    (b"%PDF", " PDF 文件"),
    (b"{\\rtf", " RTF 文件（写字板或 Word 存的）"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
)


def name_format(raw: bytes) -> str:
    """Return the name of a file's format that is no text, in Chinese; empty when it may be one."""
    return next((name for magic, name in _FORMATS if raw.startswith(magic)), "")


def decode(raw: bytes) -> str | Place:
    """Return the text of a file in UTF-8, UTF-16, GBK or Big5; else the place of the first byte that is no UTF-8."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(raw) % 2 == 0:
        return raw.decode("utf-16", "replace")
    if wide := _guess_utf16(raw):
        return raw.decode(wide, "replace")
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


def _guess_utf16(raw: bytes) -> str:
    """Return the byte order of UTF-16 that was saved without a mark; empty for anything else.

    Each key, blank and line end of a YAML file is ASCII: one byte of the two is zero, nearly always on the same side.
    """
    first, second = raw[:SAMPLE:2].count(0), raw[1:SAMPLE:2].count(0)
    few, many = sorted((first, second))
    if len(raw) % 2 or 20 * many < min(len(raw), SAMPLE) or 5 * few > many:
        return ""
    return "utf-16-le" if second == many else "utf-16-be"


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
