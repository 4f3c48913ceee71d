"""Answers and templates that staff saved to use again, by the acts of the chat."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.visit import ConsolePage, Gone, Visit


async def list_saved(visit: Visit) -> Response:
    """Show the saved texts that this person sees, and a form for a new one."""
    texts = await visit.store.saved_texts.list(visit.session.channel, visit.classes)
    mine = [one.number for one in texts if visit.classes is None or one.classes == visit.classes]
    return await visit.show("saved.html", texts=texts, mine=mine, kinds=_kinds(visit))


async def save(visit: Visit) -> Response:
    """Save a text, or delete one."""
    if press := visit.field("press"):
        await visit.act(visit.incoming(press=press[:40]))
        return visit.lead("/saved")
    kind = visit.field("kind")
    if kind not in _kinds(visit):
        raise Gone
    title = " ".join(visit.field("title").replace(":", " ").replace("：", " ").split())
    await visit.act(visit.incoming(text=f"{kind} {title}：{visit.field('text').strip()}"))
    return visit.lead("/saved")


def _kinds(visit: Visit) -> list[str]:
    return list(visit.content.phrases.staff.saved.kinds.values())


PAGES = (
    ConsolePage("GET", "/saved", "staff", list_saved),
    ConsolePage("POST", "/saved", "staff", save),
)
