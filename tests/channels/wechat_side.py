"""A channel that the bot does not know: plain words in short messages, few at a time; a button is a number to type.

Written from the contract alone (`bot/channels/README.md`). What such an account of WeChat cannot do, its `capabilities`
say: it changes and copies nothing, and takes no files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from itertools import count

from bot.domain.messages import (
    Answer,
    Bulletin,
    Button,
    Capabilities,
    Delivered,
    Incoming,
    NotSaved,
    Outcome,
    Post,
    Ready,
    Receive,
    Reply,
)

TRIES = 3
"""Times that the platform sends a message again when it is not acknowledged."""


@dataclass
class WeChatSide:
    """The account. `sent` is what everybody has on the screen, `blocked` are those who unfollowed it."""

    receive: Receive
    name = "wechat"
    capabilities = Capabilities(posts=True, copies=False, files=False, text=600, label=8, replies=2)
    recalled_within: timedelta | None = timedelta(minutes=2)
    sent: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    offered: dict[str, tuple[Button, ...]] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=count)

    async def says(self, user: str, text: str, number: int | None = None) -> Answer:
        """Take in what somebody typed: a number is that button of theirs. Not acknowledged until it is saved."""
        number = next(self._numbers) if number is None else number
        choice = int(text) - 1 if re.fullmatch(r"[1-9]\d?", text) else -1
        offered = self.offered.get(user, ())
        press = offered[choice].id if 0 <= choice < len(offered) else None
        for _ in range(TRIES):
            try:
                answer = await self.receive(
                    Incoming(self.name, user, "" if press else text, press, update_id=f"{user}-{number}")
                )
            except NotSaved:
                continue
            self._show(user, *answer.replies)
            return answer
        raise AssertionError("never acknowledged")

    async def presses(self, user: str, label: str) -> Answer:
        """Type the number of the button with this label."""
        labels = [button.text for button in self.offered[user]]
        return await self.says(user, str(1 + next(n for n, text in enumerate(labels) if text.startswith(label))))

    def _show(self, user: str, *replies: Reply) -> None:
        if any(reply.buttons for reply in replies):
            self.offered[user] = tuple(button for reply in replies for row in reply.buttons for button in row)
        for reply in replies:
            source = f"\n（{reply.source}）" if reply.source else ""
            self.sent[user].append(f"{reply.text}{source}")

    # What comes unasked

    async def deliver(self, post: Post) -> Delivered:
        """Show a message that is due."""
        if post.user in self.blocked:
            return Delivered(Outcome("blocked"))
        if post.user and post.reply:
            self._show(post.user, post.reply)
        return Delivered(Outcome("sent", str(next(self._numbers))))

    # Broadcasts

    async def send(self, user: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Send a bulletin as plain words."""
        if not await ready():
            return Outcome("later")
        if user in self.blocked:
            return Outcome("blocked")
        self._show(user, Reply(unescape(re.sub(r"<[^>]*>", "", bulletin.html)), bulletin.buttons))
        return Outcome("sent", str(next(self._numbers)))

    async def edit(self, user: str, message: str, bulletin: Bulletin, ready: Ready) -> Outcome:
        """Nothing can be changed: the new words are sent."""
        return await self.send(user, bulletin, ready)

    async def delete(self, user: str, message: str, ready: Ready) -> Outcome:
        """Nothing can be taken back."""
        return Outcome("failed", reason="fetched")

    async def card(self, user: str, message: str | None, reply: Reply) -> str | None:
        """Show no card: staff are elsewhere."""
        return None
