"""Two workers serve the console from one database: whichever answers, cookies and forms hold."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack

import httpx
import pyotp

from tests.broadcast.harness import add_people, session
from tests.console.conftest import School, Teacher, open_school
from tests.console.test_tickets import open_ticket


class EitherWorker(httpx.AsyncBaseTransport):
    """Brings each request to the other worker than the one before."""

    def __init__(self, *ports: int) -> None:
        self._ports, self._turn, self._wire = ports, 0, httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._turn += 1
        request.url = request.url.copy_with(port=self._ports[self._turn % len(self._ports)])
        return await self._wire.handle_async_request(request)

    async def aclose(self) -> None:
        await self._wire.aclose()


async def test_a_teacher_works_while_each_request_lands_on_another_worker(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        schools = [await open_school(stack, database_url) for _ in range(2)]
        first: School = schools[0]
        await add_people(first.store, [session("walking", cohort="zhuanke") for _ in range(12)])
        number = await open_ticket(first)
        user = await first.employ("staff", "王老师")
        wire = EitherWorker(*(int(school.url.rpartition(":")[2]) for school in schools))
        client = httpx.AsyncClient(transport=wire, base_url="http://127.0.0.1", timeout=60)
        await stack.enter_async_context(client)
        teacher = Teacher(client, user)
        await client.post("/console/in", data={"token": await first.link(user)})
        await teacher.opens("/code")
        secret = re.findall(r'id="secret">([A-Z2-7]+)<', teacher.html)[0]
        assert "今天" in await teacher.sends("/code", code=pyotp.TOTP(secret).at(first.clock()))
        await teacher.opens("/broadcasts")
        await teacher.sends("/broadcasts", sentence="明早8点提醒没做完的")
        assert "12月6日 08:00" in teacher.html  # what the other worker said
        await teacher.presses("确定")
        (made,) = await schools[1].store.broadcasts.all()
        assert made.state == "scheduled"
        await teacher.opens(f"/tickets/{number}")
        form = {**teacher.hidden, "kind": "answer", "text": "收到。"}
        for _ in range(2):  # a tap that is sent again, to the other one
            sent = await client.post(f"/console/tickets/{number}/say", data=form, files={"file": ("表.pdf", b"x")})
            assert sent.status_code == 303
        assert [words.side for words in await first.store.tickets.words(number, 9)] == ["graduate", "staff"]
        await teacher.opens(f"/tickets/{number}")
        address = re.findall(r'href="/console(/tickets/\w+/files/\d+)"', teacher.html)
        assert len(address) == 1
        assert (await client.get(f"/console{address[0]}")).content == b"x"
        await teacher.sends("/out")
        for _ in schools:
            await teacher.opens()
            assert teacher.status == 401
