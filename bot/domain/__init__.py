"""Values that every package uses: messages, sessions, tickets, effects. Pure."""
