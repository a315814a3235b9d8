"""What to call a document in a citation."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from urllib.parse import unquote

from retrieval.loaders.clean import one_line, visible

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t#]*$")
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}(?=\S)([^*_`]+)(?<=\S)[*_`]{1,3}")
_SEPARATORS = re.compile(r"_+|\++|(?<!\d)-+|-+(?!\d)")
# Names that programs write into their files' metadata when nobody chose a title.
_MEANINGLESS = re.compile(
    r"^(untitled.*|microsoft (word|powerpoint|excel).*|(document|presentation|slide|book|sheet|doc)\s*\d*"
    r"|powerpoint presentation|.*\.(docx?|pptx?|xlsx?|pdf|tex|dvi|indd|rtf|odt|html?)|[\W\d]*)$",
    re.IGNORECASE,
)
MAX_TITLE = 160
_NEAR_START = 1000  # characters, or a quarter of the text: a later heading is not the document's title


def first_heading(text: str) -> str:
    """The first heading of the highest level near the text's start, without its markup; empty where there is none."""
    best, best_level, fenced = "", 7, False
    for line in text[: max(_NEAR_START, len(text) // 4)].split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and line.startswith("#") and (match := _HEADING.match(line)):
            title = shorten(_MARKUP.sub(lambda m: m[1] or m[2] or "", match[2]))
            if title and len(match[1]) < best_level:
                best, best_level = title, len(match[1])
                if best_level == 1:
                    break
    return best


def sensible(title: object) -> str:
    """A title from a file's metadata as one line, or nothing where a program made it up."""
    line = one_line(title or "")
    return "" if _MEANINGLESS.match(line) else shorten(line)


def source_name(path: Path, root: Path) -> str:
    """The path relative to the root, with forward slashes; what cannot be stored or seen is written as an escape.

    Escaped backslashes keep the names of different files different.
    """
    name = (below(path, root) or path.name).replace(os.sep, "/")
    return visible(name.replace("\\", "\\\\"))


def below(path: Path, root: Path) -> str:
    """The path relative to a folder it is below of, empty where it is not: a tenth of `os.path.relpath`'s time."""
    start = f"{root}{os.sep}"
    return str(path)[len(start) :] if str(path).startswith(start) else ""


def readable_name(path: PurePath) -> str:
    """The file's name for people: `opening_hours-2024.md` → `Opening hours 2024`."""
    name = one_line(_SEPARATORS.sub(" ", unquote(path.stem))) or visible(path.name)
    return shorten(name[0].upper() + name[1:] if name.islower() else name)


def shorten(title: str) -> str:
    """The title as one line, cut at a word where it is longer than `MAX_TITLE` characters."""
    line = one_line(title)
    return line if len(line) <= MAX_TITLE else line[:MAX_TITLE].rsplit(" ", 1)[0].rstrip(",;: ") + "…"
