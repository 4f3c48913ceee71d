"""Checks texts of staff: secrets, contacts that need a confirmation, links and bait that need a second person. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import yaml

from bot.domain import privacy
from bot.domain.privacy import Finding, Kind

WRITABLE = (Kind.MOBILE, Kind.MAIL)
"""Kinds of secrets that staff may write, after a confirmation, because graduates are to phone or write there."""
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def find_forbidden(text: str) -> tuple[Finding, ...]:
    """Find the secrets of other kinds than WRITABLE, in their order."""
    return tuple(finding for finding in privacy.find(text) if finding.kind not in WRITABLE)


def find_contacts(text: str, public: Collection[str] = ()) -> tuple[Finding, ...]:
    """Find phones and mail addresses other than the notices' own: staff are asked whether they are meant."""
    return tuple(finding for finding in privacy.find(text, public) if finding.kind in WRITABLE)


def describe_findings(text: str, found: Sequence[Finding], kinds: Mapping[Any, str], place: str, comma: str) -> str:
    """Return the kinds of findings and their places: `place` is a sentence with kind, line and column (from 1)."""
    said = []
    for finding in found:
        before = text[: finding.start]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        said.append(place.format(kind=kinds[finding.kind.value], line=line, column=column))
    return comma.join(dict.fromkeys(said))


def find_risks(text: str, hosts: Collection[str], public: Collection[str] = ()) -> tuple[str, ...]:
    """Return what a second person must agree to: links to hosts that are not allowed, and bait near a number or link.

    `hosts` are ends of host names, `public` the notices' own phones and mails.
    """
    plain = _PLACEHOLDER.sub("", _UNSEEN.sub("", unicodedata.normalize("NFKC", text)))
    strange = [host for host in list_hosts(plain) if not is_allowed(host, hosts)]
    bait = [word for word in _find_bait(plain, public) if word]
    return tuple(dict.fromkeys((*strange, *bait)))


def is_allowed(host: str, hosts: Collection[str]) -> bool:
    """Return whether a host is one of these or below one."""
    return any(host == end or host.endswith(f".{end}") for end in hosts)


def list_hosts(text: str) -> Iterator[str]:
    """Yield the hosts of all links in a text, also of those without https://, and handles as @name."""
    rules = _rules()
    for match in re.finditer(rules["link"], text):
        whole = match[0] if "://" in match[0] else f"http://{match[0]}"
        try:
            host = urlsplit(whole).hostname
        except ValueError:
            host = None
        yield (host or match[0]).rstrip(".")


def _find_bait(text: str, public: Collection[str]) -> Iterator[str]:
    rules, free = _rules(), {re.sub("[^0-9a-z@]", "", word.lower()) for word in public}
    numbers = [
        match.span() for match in re.finditer(rules["number"], text) if re.sub("[^0-9]", "", match[0]) not in free
    ]
    places = [*numbers, *(match.span() for match in re.finditer(rules["link"], text))]
    for word in re.finditer(rules["bait"], text):
        if any(start - word.end() <= rules["near"] and word.start() - end <= rules["near"] for start, end in places):
            yield word[0]


@cache
def _rules() -> Mapping[str, Any]:
    data: Mapping[str, Any] = yaml.load(
        resources.files("bot.domain").joinpath("staff_texts.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    bait = "|".join(data["bait"])
    return {**data, "bait": re.compile(f"(?i:{bait})"), **{n: re.compile(data[n]) for n in ("link", "number")}}
