"""Accounts of the school as a second factor, with a small server that gives logins as one does."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http.pages import listen, serving
from bot.console.oidc import SchoolAccounts
from tests.console.conftest import Clock, School, Teacher, open_school

CLIENT, SECRET = "gradbot", "a-long-secret"


@dataclass
class LoginServer:
    """A school's server. `changes` are put into the next ID tokens; `signs` is the key that it signs with."""

    clock: Clock
    url: str = ""
    key: jwk.ECKey = field(default_factory=lambda: jwk.ECKey.generate_key("P-256"))
    signs: jwk.ECKey | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    discovered: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        names = ("/.well-known/openid-configuration", self._discover), ("/keys", self._keys)
        routes = [Route(path, answer) for path, answer in names]
        return Starlette(routes=[*routes, Route("/token", self._give_token, methods=["POST"])])

    async def _discover(self, _: Request) -> Response:
        places = {"authorization_endpoint": "/login", "token_endpoint": "/token", "jwks_uri": "/keys"}
        found = {name: self.url + path for name, path in places.items()}
        return JSONResponse({"issuer": self.url, **found, **self.discovered})

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def log_in(self, address: str, account: str) -> dict[str, str]:
        """Somebody logs in at the address to which they were led; return what their browser is led back with."""
        asked = {name: one[0] for name, one in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(8)
        self.codes[code] = {**asked, "sub": account}
        return {"code": code, "state": asked["state"]}

    async def _give_token(self, request: Request) -> Response:
        form = await request.form()
        asked = self.codes.pop(str(form.get("code")), None)  # a code counts once
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or request.headers.get("authorization") != f"Basic {basic}"
            or challenge != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": asked["sub"],
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 60,
        }
        token = jwt.encode({"alg": "ES256"}, {**claims, **self.changes}, self.signs or self.key)
        return JSONResponse({"id_token": token, "token_type": "Bearer", "access_token": "x"})


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[tuple[School, LoginServer]]:
    async with AsyncExitStack() as stack:
        server = LoginServer(Clock())
        sock = stack.enter_context(closing(listen("127.0.0.1", 0)))
        server.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        await stack.enter_async_context(serving(server.app, sock))
        accounts = SchoolAccounts(server.url, CLIENT, SECRET)
        opened = await open_school(stack, f"sqlite+aiosqlite:///{tmp_path / 'g.db'}", accounts=accounts)
        yield opened, server


async def begin(school: School, user: str) -> tuple[Teacher, str]:
    """Somebody with a new link, at the address to which the button leads."""
    teacher = Teacher(school.browser(), user)
    await teacher.client.post("/console/in", data={"token": await school.link(user)})
    assert "用学校账号进入" in await teacher.opens("/code")
    answer = await teacher.client.get("/console/code/account")
    assert answer.status_code == 303
    return teacher, answer.headers["location"]


async def come_back(teacher: Teacher, answer: dict[str, str]) -> int:
    return (await teacher.client.get("/console/code/account/back", params=answer)).status_code


async def test_the_first_account_is_theirs_from_then_on_and_no_other_one(school: tuple[School, LoginServer]) -> None:
    place, server = school
    user = await place.employ("staff", "王老师")
    teacher, address = await begin(place, user)
    answer = server.log_in(address, "wang")
    planted = teacher.client.cookies["gradbot-console"]
    assert await come_back(teacher, answer) == 303
    assert "今天" in await teacher.opens()
    assert teacher.client.cookies["gradbot-console"] != planted
    assert await come_back(teacher, answer) == 403  # the same answer again
    again, address = await begin(place, user)
    assert await come_back(again, server.log_in(address, "li")) == 403
    assert "学校账号" in await again.opens("/code")
    assert (await again.client.get("/console")).headers["location"] == "/console/code"
    again, address = await begin(place, user)
    assert await come_back(again, server.log_in(address, "wang")) == 303
    assert "今天" in await again.opens()
    colleague, address = await begin(place, await place.employ("staff", "李老师"))
    assert await come_back(colleague, server.log_in(address, "wang")) == 403  # it is somebody's
    stranger = Teacher(place.browser(), "")
    await stranger.opens("/code/account")
    assert stranger.status == 401  # without a link there is no way in


async def test_no_answer_counts_that_is_forged_late_for_another_or_of_another_login(
    school: tuple[School, LoginServer],
) -> None:
    place, server = school
    user = await place.employ("staff", "王老师")
    now = int(place.clock().timestamp())
    wrong: tuple[dict[str, Any], ...] = (
        {"aud": "another"}, {"iss": "https://evil.example"}, {"nonce": "x"}, {"exp": now - 3_600},
        {"aud": [CLIENT, "another"], "azp": "another"}, {"sub": None},
    )  # fmt: skip
    for changes in wrong:
        server.changes = changes
        teacher, address = await begin(place, user)
        assert await come_back(teacher, server.log_in(address, "wang")) == 403, changes
    server.changes, server.signs = {}, jwk.ECKey.generate_key("P-256")
    teacher, address = await begin(place, user)
    assert await come_back(teacher, server.log_in(address, "wang")) == 403
    server.signs = None
    for change in ({"state": "x"}, {"code": "x"}, {"iss": "https://evil.example"}):
        teacher, address = await begin(place, user)
        assert await come_back(teacher, server.log_in(address, "wang") | change) == 403, change
    teacher, address = await begin(place, user)
    thief, _ = await begin(place, user)  # an answer in another browser than the one that asked
    assert await come_back(thief, server.log_in(address, "wang")) == 403
    for found in ({"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}):
        server.discovered = found
        broken = Teacher(place.browser(), user)
        await broken.client.post("/console/in", data={"token": await place.link(user)})
        await broken.opens("/code/account")
        assert broken.status == 403
        assert "没有用学校账号进来" in broken.html
    assert await place.store.console.passkeys("telegram", user) == []
