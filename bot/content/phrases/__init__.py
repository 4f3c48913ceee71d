"""The schema of `bot/phrases.yaml`, by subject."""
