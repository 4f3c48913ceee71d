"""The matcher: from a question to the entries that answer it. Pure."""
