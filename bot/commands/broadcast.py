"""`gradbot broadcast …`: the group with all of its commands, in the order in which its help lists them."""

from bot.commands import broadcast_drafts, broadcast_say, broadcast_send, broadcast_status, join_codes
from bot.commands.broadcast_group import broadcast

__all__ = ["broadcast", "broadcast_drafts", "broadcast_say", "broadcast_send", "broadcast_status", "join_codes"]
