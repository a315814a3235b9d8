"""Pieces of documents made fit to show: the cited words marked, the Markdown signs taken out, everything escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from adapters.reader.attribution import Word

AROUND = 200
"""Characters shown before and after the cited words."""

_RULER = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}[-| :\t]*$\n?", re.MULTILINE)
_SIGNS = [
    (re.compile(r"^#{1,6}[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"[ \t]+\|[ \t]+"), " · "),
    (re.compile(r"^[ \t]*[-*+][ \t]+", re.MULTILINE), "• "),
    (re.compile(r"\*\*|__"), ""),
    (re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)"), r"\1"),
    (re.compile(r"\n{2,}"), "\n"),
]
_OPEN, _CLOSE, _FIRST = "\ue000", "\ue001", 0xE100
_SHADED = re.compile(f"{_OPEN}(.)(.*?){_CLOSE}", re.DOTALL)
_PRIVATE = re.compile("[\ue000-\uf8ff]")


def plain(text: str) -> str:
    """A piece of Markdown without its signs; its words stay as they are."""
    text = _RULER.sub("", text)
    for pattern, replacement in _SIGNS:
        text = pattern.sub(replacement, text)
    return text


def excerpt(text: str, start: int, end: int, around: int = AROUND) -> str:
    """HTML of `text[start:end]` in a `<mark>`, with what stands around it, cut between words."""
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    before, cut_before = _tail(text[:start], around)
    after, cut_after = _head(text[end:], around)
    pieces = [
        "… " if cut_before else "",
        html.escape(plain(before)),
        f"<mark>{html.escape(plain(text[start:end]))}</mark>",
        html.escape(plain(after)),
        " …" if cut_after else "",
    ]
    return "".join(pieces).strip()


def shaded(text: str, words: Sequence[Word], start: int, end: int, around: int = AROUND) -> str:
    """HTML of `text[start:end]` and what stands around it, cut between words, each of some words shaded.

    Args:
        words: In the order of the text.
    """
    before, cut_before = _tail(text[:start], around)
    after, cut_after = _head(text[end:], around)
    at, last = start - len(before), end + len(after)
    pieces = []
    for number, word in enumerate(words):
        if at <= word.start and word.end <= last:
            pieces += [_PRIVATE.sub("", text[at : word.start]), _OPEN, chr(_FIRST + number), word.text, _CLOSE]
            at = word.end
    page = html.escape(plain("".join([*pieces, _PRIVATE.sub("", text[at:last])])))
    page = _SHADED.sub(lambda match: shade(match[2], words[ord(match[1]) - _FIRST].weight), page)
    return f"{'… ' if cut_before else ''}{page}{' …' if cut_after else ''}".strip()


def shade(escaped: str, weight: float) -> str:
    """HTML of a word, the stronger coloured the more it weighs, from -1 to 1."""
    kind = "against" if weight < 0 else "for"
    return f'<span class="shade {kind}" style="--weight:{abs(weight):.0%}" title="{weight:+.2f}">{escaped}</span>'


def shortened(text: str, length: int = 240) -> str:
    """HTML of the beginning of a piece of Markdown, cut between words."""
    piece, cut = _head(" ".join(plain(text).split()), length)
    return html.escape(piece) + (" …" if cut else "")


def _head(text: str, length: int) -> tuple[str, bool]:
    if len(text) <= length:
        return text.rstrip(), False
    piece = text[: length + 1]
    cut = max(piece.rfind(" "), piece.rfind("\n"))
    return piece[: cut if cut > length // 2 else length].rstrip(), True


def _tail(text: str, length: int) -> tuple[str, bool]:
    if len(text) <= length:
        return text.lstrip(), False
    piece = text[-length - 1 :]
    cuts = [place for place in (piece.find(" "), piece.find("\n")) if place >= 0]
    cut = min(cuts, default=-1)
    return piece[cut + 1 if 0 <= cut < length // 2 else 1 :].lstrip("\n"), True
