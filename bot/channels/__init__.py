"""The terminal and Telegram: messages in, replies out."""
