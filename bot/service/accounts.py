"""One person, several accounts: whose turn it is, and invitations to join another one."""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from bot.content.content import Content
from bot.conversation.turn import Turn
from bot.domain.accounts import OPEN_FOR, PAYLOAD, Claim, InvitationOffered, PersonKey, hash_secret
from bot.domain.messages import Attachment, Button, Capabilities, Incoming, Reply
from bot.domain.session import session_of
from bot.store import Store
from bot.store.accounts import Taken
from bot.tickets.staff_posts import announce_merged


@dataclass
class Accounts:
    """The accounts in an open store. `channels` are the abilities of each channel, `present` gives the moment in UTC.

    `addresses` are those of the channels that can be opened, by name, empty until they are known; whoever serves one
    writes it there.
    """

    store: Store
    channels: Mapping[str, Capabilities]
    present: Callable[[], datetime]
    addresses: dict[str, Callable[[], str]] = field(default_factory=dict)

    def can(self, channel: str) -> Capabilities:
        """Return the abilities of a channel; none for one that nobody named."""
        return self.channels.get(channel, Capabilities())

    def list_anonymous(self) -> list[str]:
        """Return the channels where an identity costs nothing."""
        return [name for name, can in self.channels.items() if can.anonymous]

    def can_show(self, incoming: Incoming) -> Capabilities:
        """Return the abilities of where the answer is shown; what comes unasked goes to the person's own channel."""
        own = self.can(incoming.channel)
        return replace(self.can(incoming.shown_in), posts=own.posts, fetched=own.fetched, anonymous=own.anonymous)

    @property
    def _page(self) -> str:
        """The channel whose people come by browsers; empty: there is none."""
        return next((name for name, can in self.channels.items() if can.shows_past), "")

    async def resolve(self, incoming: Incoming) -> Incoming:
        """Return what somebody did as done by the person of that account."""
        if incoming.channel != self._page:
            return incoming
        who = await self.store.accounts.resolve(incoming.channel, incoming.user)
        if who == (incoming.channel, incoming.user):
            return incoming
        return replace(incoming, channel=who.channel, user=who.user, via=incoming.channel)

    async def take(self, content: Content, claim: Claim, account: PersonKey) -> Taken:
        """Take an invitation for an account."""
        return await self.store.accounts.take(
            claim,
            account,
            self.present(),
            page=self._page,
            has_progress=lambda stored: bool(session_of(stored).walks),
            announce=partial(announce_merged, content),
        )

    def offer(self, content: Content, turn: Turn) -> Turn:
        """Return the turn with the links of a new invitation, and the first of them as a picture to scan."""
        words = content.phrases.accounts
        addresses = {name: found for name, address in self.addresses.items() if (found := address())}
        if not addresses:
            return replace(turn, replies=(replace(turn.replies[0], text=words.nowhere), *turn.replies[1:]))
        secret = secrets.token_urlsafe(24)
        links = {name: f"{address}?start={PAYLOAD}{secret}" for name, address in addresses.items()}
        told = "\n\n".join(words.address.get(name, words.elsewhere_at).format(address=links[name]) for name in links)
        first, *rest = turn.replies
        said = replace(first, text=f"{first.text}\n\n{told}", attachment=_draw(words.file, next(iter(links.values()))))
        offered = InvitationOffered(hash_secret(secret), self.present() + OPEN_FOR)
        return replace(turn, replies=(said, *rest), effects=(*turn.effects, offered))


def answer_claim(content: Content, taken: Taken, claim: Claim) -> Reply:
    """Return what is said to somebody who took an invitation."""
    words = content.phrases.accounts
    if taken.became == "choose":
        here, there = Button(claim.button("here"), words.here), Button(claim.button("there"), words.there)
        return Reply(words.choose, ((here,), (there,)))
    said = {"gone": words.gone, "same": words.same, "open": words.open, "elsewhere": words.elsewhere}
    return Reply(said[taken.became])


def _draw(name: str, address: str) -> Attachment:
    """Return a QR code as a file."""
    import segno  # noqa: PLC0415 - few ask for it

    picture = io.BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="png", scale=6, border=4)
    return Attachment(name, base64.b64encode(picture.getvalue()).decode(), base64=True)
