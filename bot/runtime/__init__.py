"""Run a function in another process, restart a background task, log a bug."""
