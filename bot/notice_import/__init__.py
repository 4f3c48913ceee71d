"""Draft a notice's YAML from the text that a college published. Pure."""
