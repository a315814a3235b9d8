"""An answer's text as the chat's Markdown: citation numbers become links, and nothing in it can act as HTML."""

from __future__ import annotations

import re

_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
_MARK = re.compile(r"\[(\d{1,2})\](?![(\[])")
_IMAGE = re.compile(r"!(?=\[)")


def harmless(text: str) -> str:
    """Markdown in which HTML shows as it was written and no image is fetched."""
    return "".join(part if number % 2 else _escape(part) for number, part in enumerate(_CODE.split(text)))


def with_links(text: str, citations: int, turn: int) -> str:
    """Harmless Markdown whose `[1]` to `[citations]` open that source of the turn.

    Args:
        turn: The turn's place in the conversation, from 0.
    """

    def link(match: re.Match[str]) -> str:
        number = int(match.group(1))
        if not 1 <= number <= citations:
            return match.group()
        return f"[\\[{number}\\]](#source-{turn}-{number})"

    parts = _CODE.split(text)
    return "".join(part if i % 2 else _MARK.sub(link, _escape(part)) for i, part in enumerate(parts))


def _escape(text: str) -> str:
    return _IMAGE.sub(r"!\\", text.replace("&", "&amp;").replace("<", "&lt;"))
