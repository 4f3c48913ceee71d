"""Draws the pictures of replies, with the extra `charts`; without it replies are text."""
