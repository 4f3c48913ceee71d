"""Messages to many: written, approved, scheduled, sent and reported."""
