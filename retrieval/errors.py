"""Errors meant for people: they say what was wrong, where, and what is accepted."""

from __future__ import annotations


class GraftError(Exception):
    """Base of every error that Graft raises on purpose; the command line prints it as one line and exits with 2."""


class UnreadableFile(GraftError):
    """A file that cannot become a document; the message is the reason, without the file's name."""
