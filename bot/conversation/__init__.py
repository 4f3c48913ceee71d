"""Decide what a message means and what to reply. Pure."""
