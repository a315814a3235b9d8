"""Markdown, reStructuredText and plain text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from retrieval.loaders.clean import one_line, tidy
from retrieval.loaders.encoding import decode
from retrieval.loaders.parsed import Parsed

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.+)$", re.MULTILINE)
_NAMES = ("aliases", "synonyms")
"""Fields of front matter that hold other names of what the document is about."""
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DATA_IMAGE = re.compile(r"!\[([^\]]*)\]\(data:[^)]*\)")
_RULE = re.compile(r"^([=\-~^\"'`#*+.:_])\1{2,}[ \t]*$")
_BLOCK_START = re.compile(r"^\s*([-*+>|#]|\d+[.)]\s)")


def parse(data: bytes, path: Path) -> Parsed:
    """Keeps the text as it is; front matter goes, but for the title and other names, and underlined headings become `#`
    headings."""
    text, suffix = decode(data), path.suffix.lower()
    fields: dict[str, Any] = {}
    if suffix in {".md", ".markdown"}:
        fields, text = _front_matter(text)
        text = underlined_headings(_DATA_IMAGE.sub(r"\1", _COMMENT.sub("", text)), "=-")
    elif suffix == ".rst":
        text = underlined_headings(text, None)
    title = fields.get("title")
    names = {key: fields[key] if isinstance(fields[key], list) else [fields[key]] for key in _NAMES if key in fields}
    metadata = {key: [one_line(name) for name in told if isinstance(name, str)] for key, told in names.items()}
    return Parsed(tidy(text), title=one_line(title) if isinstance(title, str | int | float) else "", metadata=metadata)


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    """The fields of a YAML block at the start, and the text without the block; `---` rules around prose stay."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    import yaml

    try:
        fields = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        # Titles with an unquoted colon are no YAML, and common.
        named = _TITLE.search(match[1])
        return ({"title": named[1].strip().strip("\"'")}, text[match.end() :]) if named else ({}, text)
    if not isinstance(fields, dict):
        return {}, (text if fields else text[match.end() :])
    return {str(key).casefold(): value for key, value in fields.items()}, text[match.end() :]


def underlined_headings(text: str, marks: str | None) -> str:
    """Turns headings underlined (in reStructuredText also overlined) by a rule into `#` headings.

    Args:
        text: The text.
        marks: The rules' characters, one per level; None takes levels by order of appearance, as reStructuredText does.
    """
    levels = list(marks or "")
    lines, out, fenced = text.split("\n"), list[str](), False
    for index, line in enumerate(lines):
        fenced ^= bool(_FENCE.match(line))
        rule = None if fenced else _RULE.match(line)
        above = lines[index - 1].rstrip() if index else ""
        stands_alone = index < 2 or not lines[index - 2].strip() or bool(_RULE.match(lines[index - 2]))
        if rule is None or not above or not stands_alone or _RULE.match(above) or _BLOCK_START.match(above):
            out.append(line)
            continue
        if marks is None and len(line.rstrip()) < len(above):
            out.append(line)
            continue
        if rule[1] not in levels:
            if marks is not None:
                out.append(line)
                continue
            levels.append(rule[1])
        out[-1] = "#" * min(levels.index(rule[1]) + 1, 6) + " " + above.strip()
        if marks is None and len(out) > 1 and _RULE.match(out[-2]):
            del out[-2]
        out.append("")
    return "\n".join(out)
