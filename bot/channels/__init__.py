"""The terminal, Telegram and the browser: messages in, replies out."""
