"""Reads the text of a school's document: plain text, a saved web page (.html, .mht), Word (.docx, .doc), PDF with text.

Bounded: by the size of the file, of what is unpacked from it, and the number of its pages. Opens no network.
"""

from __future__ import annotations

import codecs
import email
import io
import logging
import re
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

MOST_BYTES = 8_000_000
MOST_UNPACKED = 12_000_000
MOST_PAGES = 60
ANTIWORD_S = 10.0
MOST_OF_CELL = 160
"""Characters of a cell of a table; a longer one is the layout of a page."""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BLOCKS = frozenset(
    {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "table", "ul", "ol",
     "dd", "dt", "title", "blockquote", "hr"}
)  # fmt: skip
_SILENT = frozenset(["script", "style", "noscript", "template", "svg", "head"])
_STARTS = re.compile(r"\s*(?:[一二三四五六七八九十]+、|[（(][\d一二三四五六七八九十]+[）)]|\d{1,2}[.、．]|附)|\s{2,}")
"""The beginning of a paragraph or an item."""
_ROW = re.compile(r"\S{2,20} +(?:20\d\d年|\d{1,2}月).{4,40} +\S{2,30}")
"""A row of a table with a day in it."""
_APART = re.compile(r"(?<=\d) (?=[年月日号届级时点元〕])|(?<=[年月日自至于从〔—]) (?=\d)")
"""Blanks that a PDF has between digits and characters."""
_PRINTED = re.compile(
    r"\d{1,4}/\d{1,2}/\d{1,4},? \d{1,2}:\d\d(?: [AP]M)? [^\n]*|(?:ﬁ|fi)le:///\S*(?: \d+/\d+)?|https?://\S+ \d+/\d+"
)
"""The lines that a browser prints above and below a page."""
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{3,20})", re.IGNORECASE)


_ARCHIVED = re.compile(rb"(?:from|subject|date|mime-version|content-type|snapshot-[a-z-]{1,30}):", re.IGNORECASE)
"""The head of a page that a browser saved as one file (.mht)."""
_NO_TEXT = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
"""The beginnings of pictures."""


class UnreadableDocument(Exception):
    """A document whose text cannot be had; `rule` has a sentence in the phrases."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def read_document(raw: bytes) -> str:
    """Return the text of a document, known by its first bytes. UnreadableDocument when there is none to be had."""
    if len(raw) > MOST_BYTES:
        raise UnreadableDocument("document_too_large")
    if raw.startswith(b"PK\x03\x04"):
        return _read_docx(raw)
    if raw.startswith(_OLE):
        return _read_doc(raw)
    if raw.lstrip()[:5] == b"%PDF-":
        return _read_pdf(raw)
    if _ARCHIVED.match(raw) and b"mime-version:" in raw[:4000].lower():
        raw = _find_page(raw)
    elif raw.startswith(_NO_TEXT):
        raise UnreadableDocument("document_picture")
    text = _decode(raw)
    return (
        _read_page(text)
        if re.search(r"<(?:!doctype html|html|body|div|p|table)\b", text[:4000], re.IGNORECASE)
        else text
    )


def extract_text(raw: bytes) -> str | UnreadableDocument:
    """Return the text of a document, or why it cannot be had: for another process, whose errors would be ours."""
    try:
        return read_document(raw)
    except UnreadableDocument as trouble:
        return trouble


def _decode(raw: bytes) -> str:
    """Return bytes as text: by their mark, as UTF-8, by what a page says of itself, as GBK."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    said = _CHARSET.search(raw[:2000])
    for name in ("utf-8-sig", said[1].decode("ascii") if said else "gb18030", "gb18030"):
        try:
            text = raw.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text
    raise UnreadableDocument("document_no_text")


def _find_page(raw: bytes) -> bytes:
    """Return the first page or text in a file that a browser saved; its pictures are left aside."""
    parts = (part for part in email.message_from_bytes(raw).walk() if part.get_content_maintype() == "text")
    found = next((part.get_payload(decode=True) for part in parts), None)
    if not isinstance(found, bytes) or not found.strip():
        raise UnreadableDocument("document_no_text")
    return found


def _read_docx(raw: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if "word/document.xml" not in archive.namelist():
                raise UnreadableDocument("document_other_kind")
            with archive.open("word/document.xml") as part:
                source = part.read(MOST_UNPACKED + 1)
        if len(source) > MOST_UNPACKED:
            raise UnreadableDocument("document_too_large")
        if b"<!DOCTYPE" in source[:2000] or b"<!ENTITY" in source:
            raise UnreadableDocument("document_broken")
        body = ET.fromstring(source).find(f"{_W}body")  # noqa: S314 - a text with entities was refused above
    except (zipfile.BadZipFile, ET.ParseError, RuntimeError, NotImplementedError, EOFError, zlib.error):
        raise UnreadableDocument("document_broken") from None
    return "\n".join(_walk_blocks(body)) if body is not None else ""


def _walk_blocks(element: ET.Element) -> Iterator[str]:
    """Yield the paragraphs of a Word text, and the rows of its tables with a tab between cells."""
    for child in element:
        if child.tag == f"{_W}p":
            yield from "".join(_walk_runs(child)).split("\n")
        elif child.tag == f"{_W}tr":
            cells = (" ".join(part for part in _walk_blocks(cell) if part.strip()) for cell in child.iter(f"{_W}tc"))
            yield "\t".join(cells)
        else:
            yield from _walk_blocks(child)


def _walk_runs(paragraph: ET.Element) -> Iterator[str]:
    for part in paragraph.iter():
        if part.tag == f"{_W}t":
            yield part.text or ""
        elif part.tag in (f"{_W}br", f"{_W}cr"):
            yield "\n"
        elif part.tag == f"{_W}tab":
            yield "\t"


def _read_doc(raw: bytes) -> str:
    """Return the text of an old Word file by antiword, where that is installed."""
    program = shutil.which("antiword")
    if program is None:
        raise UnreadableDocument("document_old_word")
    try:
        done = subprocess.run(  # noqa: S603 - the file comes by standard input, no word of it is an argument
            [program, "-m", "UTF-8.txt", "-w", "0", "-"], input=raw, capture_output=True, timeout=ANTIWORD_S, check=True
        )
    except (subprocess.SubprocessError, OSError):
        raise UnreadableDocument("document_old_word") from None
    return done.stdout.decode("utf-8", "replace")


def _read_pdf(raw: bytes) -> str:
    try:
        import pypdf  # noqa: PLC0415 - it takes a tenth of a second, and most notices are no PDF
    except ModuleNotFoundError:
        raise UnreadableDocument("document_pdf_reader") from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(raw))
        locked = reader.is_encrypted
        text = "" if locked else "\n".join(page.extract_text() for page in reader.pages[:MOST_PAGES])
    except Exception:  # noqa: BLE001 - a broken PDF raises whatever the reader stumbles over
        raise UnreadableDocument("document_broken") from None
    if locked:
        raise UnreadableDocument("document_locked")
    if len(re.findall(r"[\u4e00-\u9fff]", text)) < 20:
        raise UnreadableDocument("document_scan")
    text = _PRINTED.sub("\n", _APART.sub("", text))
    return "\n".join(_join_wraps(text.split("\n")))


def _join_wraps(lines: list[str]) -> Iterator[str]:
    """Yield the lines of a PDF with those joined that were only wrapped at the margin."""
    widths = sorted(len(line.rstrip()) for line in lines if line.strip())
    margin = widths[len(widths) * 9 // 10] if widths else 0
    whole, last = "", 0
    for line in lines:
        text = line.rstrip()
        wrapped = bool(whole) and last >= margin - 3 > 12 and bool(text.strip())
        if wrapped and not (_STARTS.match(line) or _ROW.match(line.strip()) or _ROW.match(whole.strip())):
            whole += text.strip()
        else:
            if whole:
                yield whole
            whole = text
        last = len(text)
    yield whole


class _Page(HTMLParser):
    """Collects the visible text of a page, a line for each block and a tab between cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._cells: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append("\t")
            self._cells.append(len(self.parts))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th") and self._cells:
            self._join_cell(self._cells.pop())

    def _join_cell(self, start: int) -> None:
        """Make one line of the paragraphs of a cell; a long one is the layout of a page and stays as it is."""
        text = "".join(self.parts[start:])
        if len(text) <= MOST_OF_CELL and "\t" not in text:
            self.parts[start:] = [" ".join(text.split())]

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def _read_page(text: str) -> str:
    page = _Page()
    page.feed(text)
    page.close()
    lines = (re.sub(r" *\t *", "\t", line).strip() for line in "".join(page.parts).split("\n"))
    return "\n".join(line for line in lines if line)
