"""The chat bot around `flows` and `faq`: packages by subject, each importing only those below it."""
