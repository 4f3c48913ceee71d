"""The tables. A change here needs a migration; a test compares the schemas that both make.

A table with a column `person` belongs to a person: its rows are exported, forgotten and expired without further code.
Times are text, UTC, ISO 8601 with milliseconds (`2013-12-05T08:30:00.000+00:00`), so that they sort. No names, no chat
texts of graduates, nothing that `bot.domain.privacy` masks.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    ScalarSelect,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    select,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")
"""Numbers of rows. SQLite's own INTEGER has as many bits."""

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    # The channel's own id of the person, to which replies go.
    Column("user_id", Text, nullable=False),
    # Random; shown to staff instead of the two above. A person who was forgotten and comes back gets another.
    Column("member", Text, nullable=False, unique=True),
    # JSON of the conversation; NULL: none yet.
    Column("session", Text),
    # Goes up by one with each turn, and by KEPT_TURNS when the session is replaced outside one, so that slots stay.
    Column("turns", Integer, nullable=False),
    Column("updated_at", Text, nullable=False),
    # False once the person has blocked the bot, until they write again.
    Column("reachable", Boolean, nullable=False, server_default=true()),
    # JSON of the answer to their last update, to be given again when that comes again; NULL: see `handled_updates`.
    Column("answer", Text),
    # Of the session, see `standing`: what audiences and statistics ask. NULL: not chosen, not begun.
    Column("notice", Text),
    Column("state", Text),
    Column("step", Text),
    Column("cohort", Text),
    Column("major", Text),
    Column("consents", Boolean, nullable=False, server_default=false()),
    # When they did something, were done, and reported a mistake for the first time; NULL: never.
    Column("came_at", Text),
    Column("done_at", Text),
    Column("reported_at", Text),
    # Every step that they entered, once: `,m1-phone,m2-site,`.
    Column("reached", Text, nullable=False, server_default=","),
    UniqueConstraint("channel", "user_id"),
    Index(None, "updated_at"),
)

# Audiences are counted, and people grouped, from this index alone; the rows with their sessions are not read.
Index(
    "ix_people_standing",
    *(people.c[name] for name in ("channel", "notice", "cohort", "state", "step", "reachable", "consents")),
    *(people.c[name] for name in ("updated_at", "major", "reached", "id")),
)


def person_id(channel: str, user: str) -> ScalarSelect[int]:
    """Return the subquery of a person's id."""
    return select(people.c.id).where(people.c.channel == channel, people.c.user_id == user).scalar_subquery()


# Append-only: what happened at which step of a script, and which answers of the FAQ were given (script `faq`).
step_events = Table(
    "step_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("script", Text, nullable=False),
    # Of an answer: its topic.
    Column("step", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # The content revision in force then; NULL: older than this column.
    Column("revision", Text),
    Index(None, "person"),
)

# Join codes and who has them: each one person's, and one for each. It is in their session as well.
join_codes = Table(
    "join_codes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("person", ForeignKey("people.id"), nullable=False, unique=True),
    UniqueConstraint("channel", "code"),
)

# Lists of the school that were applied.
rosters = Table(
    "rosters",
    metadata,
    # Shown to staff.
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("undone_at", Text),
)

# Sessions that a list changed, as they were: kept for as long as it can be undone.
roster_resets = Table(
    "roster_resets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("roster", ForeignKey("rosters.id"), nullable=False),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("was", Text, nullable=False),
    UniqueConstraint("roster", "person"),
    Index(None, "person"),
)

# Other accounts of a person: browsers, by the hash of their cookie. With an empty channel an invitation that waits,
# by the hash of its secret, until it expires.
accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("expires_at", Text),
    UniqueConstraint("channel", "user_id"),
    Index(None, "person"),
)

KEPT_TURNS = 16
"""Updates of one person that are known when they come again. More never wait at once: see the limits of floods."""

# Sessions that could not be read, as they were: whoever has the machine can mend them.
broken_sessions = Table(
    "broken_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("at", Text, nullable=False),
    Column("session", Text, nullable=False),
    Index(None, "person"),
)

# Updates that took effect. The last KEPT_TURNS of each person: slot = turns % KEPT_TURNS.
handled_updates = Table(
    "handled_updates",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    # Unique in its channel.
    Column("update_id", Text, nullable=False),
    # NULL: this update made the bot forget the person.
    Column("person", ForeignKey("people.id")),
    Column("slot", Integer),
    # JSON of the turn, where a page shows it again, or without a person; NULL: the last is the person's `answer`.
    Column("turn", Text),
    Column("at", Text, nullable=False),
    UniqueConstraint("channel", "update_id"),
    UniqueConstraint("person", "slot"),
)

# Questions that found no answer, or several as good ones, masked, for the editors of the FAQ. Without a person, and
# timed to the hour, so that nobody can be identified by them.
misses = Table(
    "misses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Text, nullable=False),
    Column("question", Text, nullable=False),
    # JSON list of the topic ids that came nearest, best first.
    Column("topics", Text, nullable=False),
    # The content revision that was asked.
    Column("revision", Text, nullable=False),
    # What an admin did about it; NULL: it waits.
    Column("became", Text),
    # True when several topics were as near, so that a choice was offered.
    Column("tied", Boolean, nullable=False, server_default=false()),
    # Its id in the buttons under it: the beginning of a hash of the question. NULL: nothing was offered.
    Column("mark", Text),
    # The topic that was taken of those offered; NULL: none so far.
    Column("picked", Text),
    # The admin who is to answer it; NULL: whoever comes first.
    Column("assignee", Text),
    Index(None, "mark"),
)

# Hand-offs to a person; what was said is in `ticket_words`.
tickets = Table(
    "tickets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    # Random; shown to people.
    Column("number", Text, nullable=False, unique=True),
    # open, taken, released, closed.
    Column("state", Text, nullable=False),
    # Goes up with each change.
    Column("version", Integer, nullable=False),
    Column("notice", Text, nullable=False),
    Column("step", Text, nullable=False),
    # JSON list of the FAQ topics that came nearest, best first.
    Column("topics", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    # Since when a message of the graduate waits for an answer; NULL: none does.
    Column("waiting_since", Text),
    # When the bot takes over again; NULL: never.
    Column("release_at", Text),
    # The channel's own id of the member of staff, and since when.
    Column("taken_by", Text),
    Column("taken_at", Text),
    # JSON list of files by the channel's own ids, which wait for the graduate's yes; NULL: none.
    Column("held", Text),
    # The thread of the staff chat; NULL where it has no threads.
    Column("thread", Text),
    # When the graduate's next words may be sent to the staff chat; NULL: at once.
    Column("words_due_at", Text),
    Index(None, "person"),
    Index(None, "release_at"),
)

# One ticket at a time.
STILL_OPEN = tickets.c.state != "closed"
one_open_ticket = Index("uq_tickets_person_open", tickets.c.person, unique=True, sqlite_where=STILL_OPEN)

# Messages about a ticket in the staff chat: a reply to one of them is meant for it. With a `chat` (channel and
# id) in that of a teacher of its class, as far as they are fleeting.
ticket_messages = Table(
    "ticket_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket", ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    # The channel's number of it; fleeting: deleted when the ticket closes.
    Column("message", Text, nullable=False),
    Column("fleeting", Boolean, nullable=False, server_default=false()),
    Column("chat", Text),
    Index(None, "ticket"),
    Index(None, "message"),
)

# What was said about a ticket, as it was shown to staff: words of graduates are masked.
ticket_words = Table(
    "ticket_words",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("ticket", ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    Column("at", Text, nullable=False),
    # graduate, staff, note.
    Column("side", Text, nullable=False),
    # The channel's id of the member of staff; NULL: the graduate said it.
    Column("who", Text),
    Column("text", Text, nullable=False),
    # Deleted when the ticket closes.
    Column("fleeting", Boolean, nullable=False, server_default=false()),
    Index(None, "person"),
    Index(None, "ticket"),
)

# What graduates got (`message`) of messages in the staff chat (`source`): who edits one edits its copy.
ticket_copies = Table(
    "ticket_copies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket", ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    Column("source", Text, nullable=False),
    Column("message", Text, nullable=False),
    Index(None, "ticket"),
)

# Messages to other chats than the sender's, until they are delivered. Words of graduates in them are masked.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    # staff: the staff chat. graduate: of the ticket. user: `user_id`.
    Column("to", Text, nullable=False),
    Column("user_id", Text),
    Column("ticket", ForeignKey("tickets.id", ondelete="CASCADE")),
    Column("title", Text, nullable=False),
    # Used where there is no ticket: the thread, and the message that is answered.
    Column("thread", Text),
    Column("answers", Text),
    # JSON of the reply; NULL: only commands.
    Column("reply", Text),
    Column("commands", Text, nullable=False),
    # Not to be sent before; a claim moves it on to its end.
    Column("due_at", Text, nullable=False),
    # Since when it could have been sent, whatever became of tries; NULL: older than this column.
    Column("since", Text),
    Column("tries", Integer, nullable=False),
    # Kept for its own time: later messages to the same chat do not wait for it.
    Column("planned", Boolean, nullable=False, server_default=false()),
    # An answer that could not be given at once: later ones wait behind it.
    Column("owed", Boolean, nullable=False, server_default=false()),
    # Messages of one lane are sent one after the other, in the order of ids.
    Column("lane", Text, nullable=False),
    # The first of its lane.
    Column("head", Boolean, nullable=False),
    # Whose it is until `due_at`; NULL: nobody's.
    Column("worker", Text),
    # How often it may have been sent: begun, and the outcome is not known.
    Column("unknown", Integer, nullable=False, server_default="0"),
    # edit, delete, mark: it changes a message; `source` is that of the staff chat which it copies or changes.
    Column("change", Text, nullable=False, server_default=""),
    Column("source", Text),
    Column("fleeting", Boolean, nullable=False, server_default=false()),
    Index(None, "ticket"),
    Index(None, "lane", "id"),
    # No number is used twice, so that an outcome that comes late never settles another message.
    sqlite_autoincrement=True,
)

heads_due = Index("ix_outbox_due", outbox.c.channel, outbox.c.due_at, outbox.c.id, sqlite_where=outbox.c.head)
one_head = Index("uq_outbox_lane_head", outbox.c.lane, unique=True, sqlite_where=outbox.c.head)

IS_HEAD: ColumnElement[Any] = literal_column("outbox.head")
"""In the words of the indexes, for queries: SQLite does not see that `head = 1` is the same, and reads every row."""

PARTIAL = {one_open_ticket: STILL_OPEN, heads_due: outbox.c.head, one_head: outbox.c.head}
"""Indexes of some rows only, and of which. Naming PostgreSQL's option in them would load its dialect at every start."""

# People with a role by invitation; owners are in the settings.
staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    # admin, staff.
    Column("role", Text, nullable=False),
    # The name given by whoever invited them.
    Column("label", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    # When the role ends; NULL: never.
    Column("until", Text),
    # JSON list: a notice, and its classes that they are confined to; NULL: to none.
    Column("classes", Text),
    UniqueConstraint("channel", "user_id"),
)

# Invitations that can be used once, until they expire.
invites = Table(
    "invites",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Text, nullable=False),
    # SHA-256 of the token.
    Column("hash", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("used_at", Text),
    # When the role that it gives ends, and its classes.
    Column("until", Text),
    Column("classes", Text),
)

# Append-only: every privileged act. `who` is the channel's id; `about` holds ids only.
audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("about", Text, nullable=False),
)
