"""An answer's text as the chat's Markdown: citation numbers become links, and nothing in it can act as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable

_CODE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[^`\n]*(?:\n(?P<block>.*?))??(?:\n[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<![\\`])(?P<tick>`{1,3})(?!`)(?P<inline>[^\n]+?)(?<!`)(?P=tick)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_ACTIVE = re.compile(r"\\\\|\\?([&<`]|!(?=\[))")
_NOT_PLAIN = re.compile(r"[^\w ]|_")
_MARK = re.compile(r"\[(\d{1,2})\](?![(\[])")


def harmless(text: str) -> str:
    """Markdown in which HTML shows as it was written and no image is fetched."""
    return _shown(text, _escape)


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

    return _shown(text, lambda part: _MARK.sub(link, _escape(part)))


def _shown(text: str, prose: Callable[[str], str]) -> str:
    """The text with its code as HTML and the rest as `prose` makes it.

    Markdown shows an entity in code as it is written, and it may see code elsewhere than `_CODE` does; so it is given
    neither a backtick nor a `<` of the text.
    """
    parts, at = [], 0
    for match in _CODE.finditer(text):
        parts += [prose(text[at : match.start()]), _code(match)]
        at = match.end()
    return "".join([*parts, prose(text[at:])])


def _code(match: re.Match[str]) -> str:
    if match["inline"]:
        return f"<code>{_literal(match['inline'].strip())}</code>"
    block = re.sub(rf"^[ \t]{{0,{len(match['indent'])}}}", "", match["block"] or "", flags=re.MULTILINE)
    return f"{match['indent']}<pre><code>{_literal(block)}</code></pre>"


def _literal(text: str) -> str:
    """Text in which Markdown finds nothing to change, on one line."""
    return _NOT_PLAIN.sub(lambda match: f"&#{ord(match[0])};", text)


def _escape(text: str) -> str:
    return _ACTIVE.sub(lambda match: f"&#{ord(match[1])};" if match[1] else match[0], text)
