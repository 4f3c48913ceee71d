"""The console: teachers and admins work in a browser, by the same use cases and rights as in chat."""
