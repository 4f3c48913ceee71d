"""Every route of the page under the same attacks: by table, so that a new route is tried as those before it were."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from starlette.routing import Route

from bot.channels.web import limits
from bot.channels.web.site import Site
from tests.web.conftest import Place, open_place
from tests.web.test_attacks import Tags
from tests.web.test_page import arrives, count

EVIL = "evil.example"
HEADS: dict[str, dict[str, str]] = {
    "plain": {},
    "forwarded": {
        "x-forwarded-host": EVIL, "x-forwarded-proto": "https", "x-forwarded-prefix": f"//{EVIL}",
        "x-forwarded-for": "127.0.0.1", "forwarded": f"host={EVIL};proto=https", "x-real-ip": "127.0.0.1",
        "x-host": EVIL, "x-forwarded-server": EVIL, "via": f"1.1 {EVIL}",
    },
    "another path": {"x-original-url": "/console", "x-rewrite-url": f"//{EVIL}/", "referer": f"https://{EVIL}/"},
    "another site": {
        "origin": f"https://{EVIL}", "sec-fetch-site": "cross-site", "access-control-request-method": "POST",
    },
    "another method": {"x-http-method-override": "DELETE", "x-method-override": "PUT"},
    "another host": {"host": EVIL},
    "a script": {"hx-request": "true", "hx-target": f"https://{EVIL}", "hx-current-url": f"https://{EVIL}/"},
    "odd cookies": {"cookie": "gradbot=" + "A" * 4000 + "; gradbot=x; __Host-gradbot=\"'><x-evil>; =; ;;"},
}  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
TRICKS = (
    "{}/", "/{}", "//{}", "//" + EVIL + "/{}", "{}//", "{}/.", "{}/..", "{}%2f", "{}%00", "{}%0d%0aset-cookie:%20a=b",
    "{};a=b", "{}?start=//" + EVIL, "{}?after=%0d%0alocation:%20https://" + EVIL, "./{}", "%2e%2e/{}", "{}%20",
    "%5c{}", "{}%5c..", "{}%c0%af", "{}%ff", "{}.", "@" + EVIL + "/{}", "http://" + EVIL + "/{}", "{}%23x", "{}%3fx",
)  # fmt: skip
ALWAYS = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "x-robots-tag")


def addresses(place: Place) -> Iterator[str]:
    """One address of each route, without the slash at its beginning; and one of none."""
    for route in place.routes:
        assert isinstance(route, Route)
        yield re.sub(r"\{(\w+)(?::\w+)?\}", lambda part: "0" if part[1] == "number" else "x", route.path).lstrip("/")
    yield "nowhere"


def check(answer: httpx.Response) -> None:
    """Whatever was asked, nothing of the attack is in the answer, and it is framed, sniffed and shared by nobody."""
    about = answer.request.method, answer.request.url, answer.status_code
    assert answer.status_code in (200, 204, 303, 400, 403, 404, 405, 413, 429), about
    assert [name for name in ALWAYS if name not in answer.headers] == [], about
    assert not [name for name in answer.headers if name.startswith("access-control-")], about
    assert len(answer.headers.get_list("set-cookie")) < 2, about
    assert "HttpOnly" in answer.headers.get("set-cookie", "HttpOnly"), about
    assert answer.headers.get("location", "./").startswith("./"), about
    assert EVIL not in f"{answer.headers}{answer.text}", about
    assert "x-evil" not in answer.text, about
    assert answer.status_code != 200 or answer.request.url.path.count("/") < 3, about


@pytest.mark.parametrize("site", [Site(), Site("https://www.example.edu/check")], ids=["own", "under a path"])
async def test_no_head_method_or_path_leads_elsewhere_or_does_anything(
    open_: AsyncExitStack, tmp_path: Path, site: Site
) -> None:
    place = await open_place(open_, tmp_path / "gradbot.db", site, clock=lambda: 0.0)
    transport = httpx.ASGITransport(place.app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://check.example.edu{site.path}") as client:
        for address in addresses(place):
            for method in METHODS:
                for heads in HEADS.values() if method in ("GET", "POST") else (HEADS["forwarded"],):
                    check(await client.request(method, address, headers=heads))
                    client.cookies.clear()
            for trick in TRICKS:
                target = f"{site.path}{trick.format(address)}".encode()
                url = httpx.URL("http://check.example.edu").copy_with(raw_path=target)
                check(await client.get(url, headers=HEADS["forwarded"]))
                client.cookies.clear()
    assert count(tmp_path, "people") == 0


FORMS: dict[str, tuple[dict[str, str], str | bytes]] = {
    "as text, which a form of another site can send": ({"content-type": "text/plain"}, "form=0&text=x"),
    "as JSON": ({"content-type": "application/json"}, '{"form": "0", "text": "x"}'),
    "in parts": (
        {"content-type": "multipart/form-data; boundary=b"},
        '--b\r\nContent-Disposition: form-data; name="form"\r\n\r\nx\r\n--b--',
    ),
    "without end": ({}, b"a=" + b"b" * 70_000),
    "of many fields": ({}, "&".join(f"a{n}=b" for n in range(1000))),
    "of no letters": ({}, bytes(range(256))),
    "empty": ({}, ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
async def test_no_other_form_is_taken(place: Place, tmp_path: Path, kind: str) -> None:
    she = await arrives(place)
    headers, content = FORMS[kind]
    answer = await she.client.post("say", headers=headers, content=content)
    assert answer.status_code in (403, 413)
    check(answer)
    assert count(tmp_path, "people") == 0


MARKUP = """<x-evil on='"'>--></script><svg/onload=alert(1)>{{ 'q' * 9 }}<![CDATA[&#60;x-evil&#62;"""


async def test_no_field_of_a_form_becomes_markup(place: Place) -> None:
    she = await arrives(place)
    for field in ("text", "press", "start", "update", "after", "form", 'press"><x-evil>'):
        form = {"text": "要钱吗", **she.hidden('id="composer"'), field: MARKUP}
        answer = await she.client.post("say", data=form, headers={"hx-request": "true"} if field == "after" else {})
        for html in (answer.text, await she.opens(f"?start={quote(MARKUP)}")):
            assert not {tag for tag in Tags(html).found if tag.startswith(("x-", "on:", "svg"))}, field
            assert "qqqqqqqqq" not in html  # no template reads it
    assert she.said[0] == MARKUP


async def test_a_flood_of_any_route_is_held_up_for_that_browser_alone(
    open_: AsyncExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for static files, which lie in memory."""
    monkeypatch.setattr(limits, "BROWSER", (1.0, 4))
    monkeypatch.setattr(limits, "LOOKS", (1.0, 4))
    place = await open_place(open_, tmp_path / "gradbot.db", clock=lambda: 0.0)
    for address in set(addresses(place)) - {"static/x", "nowhere"}:
        she, other = await arrives(place), await arrives(place)
        method = "POST" if address == "say" else "GET"
        form = she.hidden('id="composer"') if method == "POST" else None
        codes = [(await she.client.request(method, address, data=form)).status_code for _ in range(6)]
        assert codes[0] != 429, address
        assert codes[-1] == 429, address
        form = other.hidden('id="composer"') if method == "POST" else None
        assert (await other.client.request(method, address, data=form)).status_code != 429, address
