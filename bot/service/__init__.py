"""Run one turn of one person on the store, and deliver messages to other chats."""
