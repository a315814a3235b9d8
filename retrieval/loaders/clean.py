"""Characters that would break storage, search or display are removed from text, or written as escapes."""

from __future__ import annotations

import re

_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[\u00a0\u2007\u202f]")
# Control characters, lone surrogates (SQLite and UTF-8 refuse them), invisible marks and non-characters.
_REMOVED = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u00ad\u200b\u200e\u200f\u2060-\u2064\ufeff\ufffe\uffff]"
)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_TRAILING = re.compile(r"[ \t]+\n")


def clean(text: str) -> str:
    r"""Normalises newlines to `\\n` and no-break spaces to spaces, and removes control and invisible characters."""
    return _REMOVED.sub("", _SPACES.sub(" ", _NEWLINES.sub("\n", text)))


def tidy(text: str) -> str:
    """`clean`, and drops trailing blanks, surplus blank lines and the blank lines around the text."""
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("\n", clean(text) + "\n")).strip("\n").rstrip()


def one_line(value: object) -> str:
    """The value as a single clean line: every run of white space becomes one space."""
    return " ".join(clean(str(value)).split())


def visible(text: str, keep: str = "") -> str:
    """Writes control characters, those that reverse text, and lone surrogates as escapes such as `\\n`.

    Args:
        keep: Characters left as they are.
    """
    return _UNSEEN.sub(lambda m: m[0] if m[0] in keep else m[0].encode("unicode_escape").decode(), text)


def valid(text: str) -> str:
    """Writes lone surrogates, which UTF-8 and SQLite refuse, as escapes."""
    return text.encode("utf8", "backslashreplace").decode("utf8")
