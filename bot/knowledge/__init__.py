"""Revisions of the content: examine a draft, publish it, swap it in while the bot runs."""
