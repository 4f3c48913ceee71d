"""The walk: notice, script, position and engine. Pure."""
