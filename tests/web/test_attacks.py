"""What an attacker tries with the page: markup in every text of ours, the ids of others, cookies, addresses, floods."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PIL import Image
from pydantic import BaseModel
from starlette.routing import Route

from bot.channels.web import views
from bot.channels.web.browser_key import BrowserKey
from bot.channels.web.channel import Web, WebWords
from bot.channels.web.limits import ADDRESS, BROWSER, LOOKS, LOOKS_OF_ADDRESS, InboundLimits
from bot.channels.web.site import Site
from bot.content.content import Content
from bot.domain.messages import Answer, Attachment, Button, Incoming, PastTalk, PastTurn, Picture, Reply
from bot.pictures.drawing import MOST_HEIGHT, WIDTH, draw_picture
from bot.render.links import list_links, write_poster
from bot.render.preview import preview, to_html
from tests.conftest import shipped
from tests.person import at
from tests.web.conftest import Place, Visitor, open_place
from tests.web.test_accounts import invites
from tests.web.test_page import arrives, count

EVIL = """<x-evil on="'">"""
CHINESE = re.compile("[\u4e00-\u9fff]")
T = TypeVar("T")


def batched(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (texts[at : at + size] for at in range(0, len(texts), size))


def poison(value: T, evil: str = EVIL) -> T:
    """Return content with markup in every text that people read; ids and patterns, which are ASCII, stay."""
    found: Any = value
    if isinstance(value, str):
        found = value + evil if CHINESE.search(value) else value
    elif isinstance(value, BaseModel):
        more = {name: poison(getattr(value, name), evil) for name in type(value).model_fields}
        found = value.model_copy(update=more)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = {one.name: poison(getattr(value, one.name), evil) for one in fields(value) if one.init}
        found = replace(value, **changed)
    elif isinstance(value, Mapping):
        found = {key: poison(one, evil) for key, one in value.items()}
    elif isinstance(value, tuple | list):
        found = type(value)(poison(one, evil) for one in value) if type(value) in (tuple, list) else value
    return found  # type: ignore[no-any-return]


class Tags(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(f"on:{name}" for name, _ in attrs if name.startswith("on"))}
        for name, said in attrs:
            if name in ("href", "src", "action"):
                assert not re.match(r"\s*(javascript|data|vbscript):", said or "", re.IGNORECASE), said

    def handle_data(self, data: str) -> None:
        self.text += data


def check(html: str) -> int:
    """No markup of a text became an element; return how often a text with it is shown."""
    tags = Tags(html)
    assert not {tag for tag in tags.found if tag.startswith(("x-", "on:"))}
    return tags.text.count("x-evil")


def texts_of(value: object) -> Iterator[str]:
    """Yield every text that people read."""
    if isinstance(value, str):
        yield from (value,) if CHINESE.search(value) else ()
    elif isinstance(value, BaseModel):
        yield from chain.from_iterable(texts_of(getattr(value, name)) for name in type(value).model_fields)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from chain.from_iterable(texts_of(getattr(value, one.name)) for one in fields(value))
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(texts_of, value.values()))
    elif isinstance(value, tuple | list):
        yield from chain.from_iterable(map(texts_of, value))


def poisoned() -> Content:
    real = shipped()
    notices = {name: poison(notice) for name, notice in real.notices.items()}
    entries = {name: poison(entry) for name, entry in real.entries.items()}
    return replace(real, phrases=poison(real.phrases), notices=notices, entries=entries, script=poison(real.script))


async def draw(picture: Picture) -> bytes | None:
    """Draw as the studio does, in this process."""
    drawn = draw_picture(picture)
    return drawn if isinstance(drawn, bytes) else None


async def begins_and_asks_for_the_card(place: Place, turns: int) -> Visitor:
    she = await arrives(place)
    for number in range(turns):
        press = next(name for name in re.findall(r'name="press" value="([^"]*)"', she.html) if name.startswith("1|"))
        await she.sends({**she.hidden('id="composer"'), "update": f"walk-{number:04}", "press": press})
    await she.sends({**she.hidden('id="composer"'), "press": "cmd|card"})
    return she


HOSTILE = EVIL + "长" * 100 + "W" * 100 + "\u202e反\u2066\u200b\x00\x1b[31m\r\u2028\ufeff"


@pytest.mark.slow
async def test_whatever_a_notice_calls_things_the_card_is_a_small_picture_of_its_persons_alone(
    open_: AsyncExitStack, tmp_path: Path
) -> None:
    """Markup, names without end, text that turns round, and control characters."""
    real = shipped()
    notices = {name: poison(notice, HOSTILE) for name, notice in real.notices.items()}
    bad = replace(real, notices=notices, script=poison(real.script))
    place = await open_place(open_, tmp_path / "gradbot.db", content=bad, draw=draw)
    she = await begins_and_asks_for_the_card(place, 2)
    (address,) = set(re.findall(r'href="(file/[^"]*/p)"', she.html))
    assert not {tag for tag in Tags(she.html).found if tag.startswith(("x-", "on:"))}
    card = await she.client.get(address)
    assert card.headers["content-type"] == "image/png"
    assert re.fullmatch(r"inline; filename\*=UTF-8''[\w.~%-]+", card.headers["content-disposition"], re.ASCII)
    assert card.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(card.content)) as picture:
        assert picture.width == WIDTH
        assert picture.height < MOST_HEIGHT + 200
        assert picture.info == {}  # no text travels with it
    assert len(card.content) < 1_000_000
    other = await arrives(place)
    assert (await other.client.get(address)).status_code == 404


def test_every_text_of_ours_is_shown_as_text_wherever_it_stands() -> None:
    """In a bubble, under it, on a button, as what was said, as a file, as a toast."""
    bad = poisoned()
    texts = sorted({*texts_of([bad.phrases, bad.script, list(bad.notices.values()), list(bad.entries.values())])})
    assert len(texts) > 3000
    channel = Web(WebWords(**bad.phrases.web.model_dump(exclude={"unkept"})), nobody, NoTalk(), Site())
    for piece in batched(texts, 200):
        replies = [
            Reply(
                text,
                ((Button("cmd|menu", text),),),
                text,
                attachment=Attachment(text, ""),
                copies=(Button(text, text),),
                picture=Picture(text, ()),
            )
            for text in piece
        ]
        turns = [PastTurn(f"turn-{n}", Answer((reply,), said=reply.text)) for n, reply in enumerate(replies)]
        page = channel._templates.get_template("page.html").render(
            turns=views.view(turns), form="f", saves_nothing=True, cursor="c", start="", notice=piece[0], is_over=False,
            is_indexed=False, version="1",
        )  # fmt: skip
        assert check(page) > 5 * len(piece)


async def nobody(_: Incoming) -> Answer:
    raise AssertionError


class NoTalk:
    def greet(self) -> Answer:
        return Answer(())

    async def recall(self, user: str) -> PastTalk:
        return PastTalk()

    async def load_file(self, key: str) -> bytes | None:
        return None


async def test_no_text_of_ours_is_markup_on_page_card_and_poster(open_: AsyncExitStack, tmp_path: Path) -> None:
    bad = poisoned()
    place = await open_place(open_, tmp_path / "gradbot.db", content=bad)
    place.service.accounts.addresses["web"] = lambda: f"{place.url}/"
    she, shown = await arrives(place), 0
    for number in range(4):
        press = next(name for name in re.findall(r'name="press" value="([^"]*)"', she.html) if name.startswith("1|"))
        shown += check(await she.sends({**she.hidden('id="composer"'), "update": f"walk-{number:04}", "press": press}))
    for press in ("cmd|card", "cmd|deadline", "cmd|contact", "cmd|privacy", "cmd|help", "cmd|where", "faq|cost"):
        shown += check(await she.sends({**she.hidden('id="composer"'), "update": f"asked-{shown:04}", "press": press}))
    for address in ("nowhere", "say"):
        check((await she.client.get(address)).text)
    check((await she.client.post("say", data={"form": "0"})).text)
    assert shown > 100
    link = next(iter(list_links(bad, at("2013-12-05"))))
    assert check(write_poster(bad, link, [f"{place.url}/{EVIL}"], tmp_path).read_text("utf-8")) > 2
    assert check(to_html(preview(bad, next(iter(bad.notices.values()))))) > 10


async def everything_of(she: Visitor) -> tuple[str, ...]:
    """Begin, ask, and keep something of each kind; return the texts that are nobody else's to see."""
    await she.presses("开始核对")
    await she.types("截止日期")
    await she.types("要钱吗")
    return ("要钱吗", "t-" + re.findall(r'id="t-([^"]+)"', she.html)[-1])


async def test_no_id_of_another_opens_anything_on_any_route(place: Place, tmp_path: Path) -> None:
    """Every route of the table, with every id that a page shows: a new route must be tried here."""
    place.service.accounts.addresses["web"] = lambda: f"{place.url}/"
    she, other = await arrives(place), await arrives(place)
    private = await everything_of(she)
    await other.types("你好")
    ids = set(re.findall(r'(?:value|id|href)="([^"]*)"', she.html)) | {"../..", "0", "%00"}
    files = {one for one in ids if one.startswith("file/")}
    turns = {one.removeprefix("t-") for one in ids if one.startswith("t-")}
    presses = {one for one in ids if "|" in one}
    assert files
    assert len(turns) > 2
    tried = set()
    for route in place.routes:
        assert isinstance(route, Route)
        tried.add(route.path)
        said = ""
        if "{turn}" in route.path:
            for address in {*files, *(f"file/{turn}/{n}/{kind}" for turn in turns for n in (0, 1) for kind in "ap")}:
                answer = await other.client.get(address)
                assert answer.status_code == 404
                said += answer.text
        elif route.path == "/news":
            for turn in turns:
                said += (await other.client.get("news", params={"after": turn})).text
        elif route.path == "/say":
            for number, press in enumerate(sorted(presses)):
                form = other.hidden('id="composer"') | {"press": press, "update": f"stolen-{number:04}"}
                said += (await other.client.post("say", data=form)).text
            said += await other.opens()
            for name, stolen in she.hidden('id="composer"').items():
                said += (await other.client.post("say", data={**other.hidden('id="composer"'), name: stolen})).text
        else:
            said += (await other.client.get(route.path.format(name="page.css"), params=dict.fromkeys(turns, "1"))).text
        assert not [one for one in private if one in said], route.path
    assert tried == {"/", "/say", "/news", "/file/{turn}/{number:int}/{kind}", "/static/{name}"}
    await she.opens()
    assert she.said == ["开始核对", "截止日期", "要钱吗"]  # and nothing was done in her name


async def test_over_https_no_other_site_can_set_the_cookie(open_: AsyncExitStack, tmp_path: Path) -> None:
    place = await open_place(open_, tmp_path / "gradbot.db", Site("https://check.example.edu"))
    answer = await place.visit().client.get("")
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-gradbot=")  # what browsers take from this very host alone, for / and by https
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(attributes)
    assert not [one for one in attributes if one.startswith("Domain")]
    she = place.visit()
    she.client.cookies.set("gradbot", BrowserKey.new().secret)  # a name that anybody may set opens nothing here
    assert (await she.client.get("")).headers["set-cookie"].split("=")[0] == "__Host-gradbot"


async def test_secrets_are_long_all_different_and_not_to_be_guessed(place: Place, tmp_path: Path) -> None:
    place.service.accounts.addresses["web"] = lambda: f"{place.url}/"
    she = await arrives(place)
    await she.types("要钱吗")
    secret = she.client.cookies["gradbot"]
    assert len({BrowserKey.new().secret for _ in range(1000)}) == 1000
    assert len(secret) == 32  # 192 random bits
    guesses = [secret[:-1] + letter for letter in "AZaz09-_"] + [
        secret.swapcase(),
        secret[::-1],
        secret[:31],
        secret + "A",
    ]
    for guess in [one for one in guesses if one != secret]:
        other = place.visit()
        other.client.cookies.set("gradbot", guess)
        assert "要钱吗" not in await other.opens()
    invited = await invites(she)
    assert len(invited) == len("move-") + 32
    assert count(tmp_path, "people") == 1


@pytest.mark.parametrize(
    "address",
    [
        "static/..%2f..%2fchannel.py",
        "static/%2e%2e/channel.py",
        "static/page.css%00.py",
        "static//etc/passwd",
        "file/..%2f..%2f/0/a",
        "file/x/0/a/../../../../etc/passwd",
        "file/x/-1/a",
        "file/x/999999999999999999999/a",
        "file/x/0/zz",
        "%2f%2fevil.example",
        ";/say",
        "news/..;/console",
    ],
)
async def test_no_path_leads_out(place: Place, address: str) -> None:
    she = await arrives(place)
    answer = await she.client.get(address)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "import" not in answer.text
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"])
async def test_no_other_method_does_anything(place: Place, tmp_path: Path, method: str) -> None:
    she = await arrives(place)
    form = she.hidden('id="composer"') | {"text": "要钱吗"}
    override = {"x-http-method-override": "POST", "x-method-override": "POST"}
    answer = await she.client.request(method, "say", params=form, headers=override)
    assert answer.status_code in (303, 404, 405)
    assert count(tmp_path, "people") == 0


async def test_whoever_says_to_be_another_address_is_not_believed(open_: AsyncExitStack, tmp_path: Path) -> None:
    """Without a configured proxy, and every answer carries the headers that forbid frames and sniffing."""
    place = await open_place(open_, tmp_path / "gradbot.db", clock=lambda: 0.0)
    she = await arrives(place)
    form = she.hidden('id="composer"') | {"text": ""}
    for n in range(70):
        said = {"x-forwarded-for": f"10.0.0.{n}", "x-real-ip": f"10.1.1.{n}"}
        await she.client.post("say", data=form, headers=said)
    answer = await she.client.post("say", data=form)
    assert answer.status_code == 429
    for name in ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"):
        assert answer.headers[name]
    assert "set-cookie" not in answer.headers


def near(burst: int) -> range:
    """Floats round."""
    return range(burst - 1, burst + 1)


def test_a_flood_is_stopped_by_browser_by_code_and_far_later_by_address() -> None:
    now = [0.0]
    limits = InboundLimits(lambda: now[0])
    assert sum(limits.admits(f"browser {n}", "203.0.113.7") for n in range(2 * ADDRESS[1])) in (
        ADDRESS[1] - 1,
        ADDRESS[1],
    )
    assert limits.admits("another", "203.0.113.8")
    assert sum(limits.admits("one", None) for _ in range(200)) == BROWSER[1]
    assert sum(limits.admits_code("ABCDEFGH") for _ in range(200)) == BROWSER[1]
    assert sum(limits.admits_look("one", None) for _ in range(300)) == LOOKS[1]
    assert sum(limits.admits_look(None, "203.0.113.7") for _ in range(20_000)) in (
        LOOKS_OF_ADDRESS[1] - 1,
        LOOKS_OF_ADDRESS[1],
    )
    now[0] += 2
    assert limits.admits("one", "203.0.113.7")
    assert limits.admits_look("one", "203.0.113.7")


async def test_a_page_that_is_loaded_again_and_again_is_held_up_and_others_are_not(
    open_: AsyncExitStack, tmp_path: Path
) -> None:
    place = await open_place(open_, tmp_path / "gradbot.db", clock=lambda: 0.0)
    she, other = await arrives(place), await arrives(place)
    codes = [(await she.client.get("news", params={"after": "arrival"})).status_code for _ in range(LOOKS[1] + 5)]
    assert codes[0] == 204
    assert codes[-1] == 429
    assert shipped().phrases.web.busy in await she.opens()
    assert shipped().phrases.web.busy not in await other.opens()
