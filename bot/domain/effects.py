"""What a turn changes beyond the person's own session: tickets, roles, the audit, messages to other chats. Values only.

Decided by pure rooms, applied by `bot.store` in the transaction of the turn. Times are aware. Imports only
`messages` and the words of broadcasts.
"""

from __future__ import annotations

from bot.domain.broadcast import Answered, Cancelled, Moved, Rewritten, Started
from bot.domain.outbox import Queued
from bot.domain.questions import Explained, Picked, Settled, Unsettled, Voted
from bot.domain.reminders import Remind, Reminded, Resaved
from bot.domain.revisions import Drafted, Once, Revised, TrialContinued, TrialEnded, TrialStarted, Undrafted
from bot.domain.roles import Audited, Invited, Joined, Removed
from bot.domain.tickets import Changed, Opened

TicketEffect = Opened | Changed | Queued
RoleEffect = Invited | Joined | Removed | Audited
KnowledgeEffect = Revised | Drafted | Undrafted | TrialStarted | TrialContinued | TrialEnded | Once
QuestionEffect = Settled | Unsettled | Explained | Picked | Voted
BroadcastEffect = Rewritten | Moved | Started | Cancelled | Answered
ReminderEffect = Remind | Reminded | Resaved
Effect = TicketEffect | RoleEffect | KnowledgeEffect | QuestionEffect | BroadcastEffect | ReminderEffect


class Outdated(Exception):
    """Somebody else changed the ticket or used the invitation first; nothing was changed. Decide again."""
