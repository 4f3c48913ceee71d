"""What people should never have sent, in every way that Telegram has: kept nowhere, logged nowhere, deleted."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest

from tests.channels.test_desk import STAFF, WithStaff, serving
from tests.secrets import Secret, make_secrets
from tests.telegram_people import ADMINISTRATOR, Message, User, picture

PEOPLE = 12
PHOTO = picture("x")
CLASS = -5


def types(ann: User, secret: Secret) -> bool:
    ann.types(secret.sentence)
    return True


def writes_below_a_photo(ann: User, secret: Secret) -> bool:
    ann.sends(photo=PHOTO, caption=secret.sentence)
    return True


def edits(ann: User, secret: Secret) -> bool:
    telegram = ann.telegram
    edited = {"message_id": telegram.next_message(), "from": ann.who, "chat": ann.chat, "date": 1, "edit_date": 2}
    telegram.update(edited_message=edited | {"text": secret.sentence})
    return True


def forwards(ann: User, secret: Secret) -> bool:
    ann.sends(text=secret.sentence, forward_origin={"type": "hidden_user", "date": 1, "sender_user_name": "Bo"})
    return True


def forges_a_press(ann: User, secret: Secret) -> bool:
    ann.presses(secret.secret)
    return False


def searches_inline(ann: User, secret: Secret) -> bool:
    query = {"id": str(ann.telegram.next_message()), "from": ann.who, "query": secret.sentence, "offset": ""}
    ann.telegram.update(inline_query=query)
    return False


def says_in_the_group(ann: User, secret: Secret) -> bool:
    name = f"@{ann.telegram.me['username']}"
    chat = {"id": CLASS, "type": "supergroup", "title": "class"}
    ann.sends(
        text=f"{name} {secret.sentence}", chat=chat, entities=[{"type": "mention", "offset": 0, "length": len(name)}]
    )
    return True


WAYS = (types, writes_below_a_photo, edits, forwards, forges_a_press, searches_inline, says_in_the_group)


async def test_secrets_are_kept_nowhere_and_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    secrets, deleted = make_secrets(PEOPLE * len(WAYS), seed=3), 0
    async with WithStaff(forum=True) as telegram, serving(telegram, tmp_path / "gradbot.db") as store:
        telegram.groups[CLASS] = [Message(0, CLASS, {"text": "made"}, {})]
        telegram.rights = {**ADMINISTRATOR, "can_delete_messages": True}
        people = [telegram.user(f"P{number}", 5000 + number) for number in range(PEOPLE)]
        for number, person in enumerate(people):
            person.types("/desk" if number % 3 == 0 else "开始核对")
        await telegram.until(lambda: not telegram.pending)
        for number, secret in enumerate(secrets):
            deleted += WAYS[number % len(WAYS)](people[number // len(WAYS)], secret)
        await telegram.until(lambda: not telegram.pending and None not in telegram.queries.values(), 20)
        assert len({_deleted(call.parameters) for call in telegram.made("deleteMessage")}) == deleted
        exported = str([await store.export("telegram", str(person.id)) for person in people])
        said = str([call.parameters for call in telegram.calls])
        running = _files(tmp_path)
        assert telegram.groups[STAFF][1:]
    logged = "".join(capsys.readouterr())
    structlog.reset_defaults()
    places = (running, _files(tmp_path), exported, said, logged, generate_latest().decode())
    assert [secret for secret in secrets if any(secret.secret in place for place in places)] == []
    assert [place for place in places if telegram.token.split(":")[1] in place] == []


def _deleted(parameters: dict[str, Any]) -> tuple[int, int]:
    return parameters["chat_id"], parameters["message_id"]


def _files(folder: Path) -> str:
    return b"".join(path.read_bytes() for path in folder.iterdir()).decode(errors="replace")
