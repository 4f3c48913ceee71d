"""Thirty tickets as people write them: every word reaches the other side, or whoever wrote it is told that it did not.

A row is a ticket, step by step. Who does it: `g` the graduate, `t` a teacher, `u` another, `x` somebody in the staff
chat who is none. What they do: words to say, or a kind (`photo`, `voice`, `edit`), a button, or trouble on the way. A
word in 「」 is one that has to arrive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.messages import Answer, Incoming, Outcome, Sent
from bot.store import Store
from tests.conftest import shipped
from tests.tickets.staff_chat import OWNER, Chats, at_noon, join_texts
from tests.tickets.test_roles import join

TICKETS = """
g 「民族」写错了 | t 「周三」带户口本来 | g 「好的」
g 「电话」13912345678 | t 打开看看「甲」
g 我的号码是110101199003078515「遮」 | t 「知道」了
g 回电 「13912345678」 | t 「就打」
g photo 「图一」 | g tap 可以转给老师 | t 「看到」了
g photo 「图二」 | g tap 不转了 | g tap 可以转给老师
g photo 「图三」 | t tap 结束 | g tap 可以转给老师
g photo 「图四」 | t 「先问」一句 | pass 30
g photo 「册一」 | g photo 「册二」 | g photo 「册三」 | g tap 可以转给老师
g photo 「很多」 | g more 12 | g tap 可以转给老师
g document 「表格」说明 | g tap 可以转给老师
g voice 「听我说」 | g sticker | g location | g video 「看我」
g long 「长」
g 「原话」一 | g edit 「改成」二 | t 「明白」
g 「原话」三 | t tap 结束 | g edit 「晚了」
g 「第一」 | t tap 结束 | g tap 转给老师 | g 「第二」 | t 「接着」说
t document 「填表」 | t 「带来」
t photo 「样张」 | t photo 「样张二」
t 「周三」来 | t edit 「周四」来 | t edit 「周五」来
t 「先说」 | t edit //「改成」备注
t //备注 | t edit 「其实」要说
t long 「很长」 | t edit 「改短」
t 打「这个」13912345678 | t 打「这个」13912345678
t 他的号码110101199003078515「不许」 | t 「打电话」问吧
t voice 「语音」 | t sticker
blocked | t 「听得见」吗 | g 「回来了」
failed | t 「退回」
gone | g 「群没了」 | pass 1 | t 「群好了」
u tap 接手 | t 「一」起答 | u 「二」起答 | t tap 放回 | u 「三」
t tap 结束 | t 「结束后」 | t tap 重新打开 | t 「又开」
g 「没人理」 | pass 30 | g 「还在」吗 | t list 「回清单」 | t 「终于」
x 「外人」 | g 「忘了」吧 | g 忘记我 | t 太晚
"""
"""The last word has no mark: staff were told before it that nothing arrives any more."""

NOT = (
    "没有转", "没有发", "没有收下", "没有送到", "还没有送到", "看不到", "改过的消息我不会再看", "这段太长了", "改不了",
    "不会再送到", "没能转", "已经不在了",
)  # fmt: skip
"""What the bot says of words that did not arrive."""
BUTTONS = {"可以转给老师": "cmd|pass", "不转了": "cmd|hold", "转给老师": "cmd|desk"}


@dataclass
class Said:
    """A mark that somebody said at a step: `after` are the posts before it, `heard` what was answered to them."""

    step: str
    by_graduate: bool
    mark: str
    after: int
    heard: list[str]


@dataclass
class Ticket:
    """One ticket of a graduate: the marks that have to arrive."""

    chats: Chats
    user: str
    thread: str = ""
    source: int = 0
    said: list[Said] = field(default_factory=list)

    def read(self, after: int, *, to_staff: bool) -> str:
        posts = (post for post in self.chats.posts[after:] if post.user == (None if to_staff else self.user))
        replies = [post.reply for post in posts if post.reply]
        return "\n".join(f"{reply.text} {reply.bulletin.html if reply.bulletin else ''}" for reply in replies)

    async def run(self, step: str) -> None:
        who, _, what = step.partition(" ")
        after = len(self.chats.posts)
        answer = await self.act(who, *what.partition(" ")[::2], what)
        await self.chats.deliver()
        for one in self.said[-2:]:
            if one.by_graduate == (who == "g"):
                one.heard.append(join_texts(answer))
        marks = re.findall("「[^」]*」", what) if who in "gtux" else ()
        self.said += [Said(step, who == "g", mark, after, [join_texts(answer)]) for mark in marks]

    def list_lost(self) -> list[str]:
        return [
            f"{self.user}: {one.step}"
            for one in self.said
            if one.mark not in self.read(one.after, to_staff=one.by_graduate)
            and not any(
                words in "\n".join((*one.heard, self.read(one.after, to_staff=not one.by_graduate))) for words in NOT
            )
        ]

    async def act(self, who: str, act: str, words: str, what: str) -> Answer:
        if who == "pass":
            self.chats.now += timedelta(hours=int(act))
            await self.chats.service.outbox.release_tickets()
        if who in ("blocked", "failed"):
            self.chats.outcomes = [Outcome(who)]  # type: ignore[arg-type]
        if who == "gone":
            until = self.chats.service._present() + timedelta(minutes=10)
            self.chats.outcomes = [Outcome("later", resume_at=until, cause="desk")]
        if who not in ("g", "t", "u", "x"):
            return Answer(())
        kind = act if act in ("photo", "document", "voice", "sticker", "location", "video") else ""
        file = Sent(kind, f"{self.user}-{words}") if kind in ("photo", "document") else None  # type: ignore[arg-type]
        if act == "more":
            for n in range(int(words)):
                await self.graduate(other="photo", file=Sent("photo", f"{self.user}-{n}"))
            return await self.graduate(other="photo", file=Sent("photo", "last"))
        text = words if kind or act == "edit" else words + "话" * 6000 if act == "long" else what
        other = "edited" if act == "edit" else kind
        if who == "g":
            return await self.graduate(BUTTONS[words] if act == "tap" else None, text, other, file)
        return await self.staff(who, act, words, text, other, file)

    async def graduate(
        self, press: str | None = None, text: str = "", other: str = "", file: Sent | None = None
    ) -> Answer:
        said = Incoming(
            "test", self.user, "" if press else text, press, other, str(next(self.chats._updates)), file=file
        )
        answer = await self.chats._receive(said)
        self.chats.now += timedelta(minutes=1)
        return answer

    async def staff(self, who: str, act: str, words: str, text: str, other: str, file: Sent | None) -> Answer:
        self.source += other != "edited"
        user = {"t": OWNER, "u": "2", "x": "99"}[who]
        press = self.chats.find_button(words) if act == "tap" else None
        if act == "list":
            said = Incoming(
                "test", user, words, update_id=str(next(self.chats._updates)), place="staff",
                reply_button=self.chats.find_button("结束").replace("close", "show"),
            )  # fmt: skip
            return await self.chats._receive(said)
        number = f"{self.user}/{self.source}"
        return await self.chats.act_as_staff(
            "" if press else text, press=press, user=user, thread=self.thread, other=other, message=number, file=file
        )


async def test_every_word_of_thirty_tickets_arrives_or_is_said_not_to(database_url: str) -> None:
    store = await Store.open(database_url)
    chats = Chats(shipped(), store, at_noon("2013-12-02 09:00"))
    await join(chats, "2")
    lost: list[str] = []
    for n, row in enumerate(TICKETS.strip().splitlines()):
        chats.now += timedelta(hours=1)
        ticket = Ticket(chats, f"g{n}")
        await ticket.graduate(text="开始核对")
        await ticket.graduate("cmd|desk")
        ticket.thread = list(chats._threads.values())[-1]
        for step in row.split(" | "):
            await ticket.run(step)
        chats.now += timedelta(minutes=20)
        await chats.deliver()
        lost += ticket.list_lost()
    await store.close()
    assert not lost, "\n".join(lost)
