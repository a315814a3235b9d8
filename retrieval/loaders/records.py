"""JSON and JSON Lines: questions and answers, titled texts, records as a table, or any data as a bullet list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from retrieval.errors import UnreadableFile
from retrieval.loaders.clean import clean, one_line, tidy
from retrieval.loaders.encoding import decode
from retrieval.loaders.faq import faq, faq_columns
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.tables import MAX_COLUMNS, render_rows
from retrieval.loaders.titles import readable_name

_TITLES = ("title", "heading", "headline", "name", "标题")
_TEXTS = ("text", "content", "body", "contents", "markdown", "正文", "内容")
_MAX_DEPTH = 12
_MAX_INNER = 2
_MAX_VALUE = 200  # characters of a value that is nested too deeply to be a list


def parse(data: bytes, path: Path) -> Parsed:
    """Reads JSON, or one JSON value per line, by the shape of its objects."""
    text, title = decode(data), readable_name(path)
    value = _lines(text) if path.suffix.lower() == ".jsonl" else _value(text, "")
    records, heading = _records(value)
    if records and (pairs := _pairs(records)):
        return faq(heading or title, pairs)
    if records and any(_field(record, _TEXTS) for record in records):
        if len(records) == 1 and (own := _field(records[0], _TITLES)):
            return Parsed(_section(records[0], "#"), title=one_line(own))
        sections = "\n\n".join(_section(record, "##") for record in records)
        return Parsed(f"# {heading or title}\n\n{sections}", title=heading or title)
    body = _tabled(value, records) or "\n".join(_bullets(value, 0))
    return Parsed(f"# {title}\n\n{body}" if body else "", title=title)


def _value(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = where or f"line {error.lineno}"
        raise UnreadableFile(f"not valid JSON: {error.msg} ({place}, column {error.colno})") from error
    except RecursionError as error:
        raise UnreadableFile("nested too deeply") from error
    except ValueError as error:
        raise UnreadableFile(f"not valid JSON: {one_line(error)[:100]}") from error


def _lines(text: str) -> list[Any]:
    # Not splitlines(): U+2028 and its like may stand inside JSON strings.
    return [_value(line, f"line {number}") for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _records(value: Any) -> tuple[list[dict[str, Any]], str]:
    """The objects of a list, of an object's only list of objects, or the object itself; and a title above them."""
    if isinstance(value, list):
        return (value if all(isinstance(item, dict) for item in value) else []), ""
    if not isinstance(value, dict):
        return [], ""
    lists = [v for v in value.values() if isinstance(v, list) and v and all(isinstance(item, dict) for item in v)]
    if len(lists) == 1 and not _field(value, _TEXTS):
        return lists[0], one_line(_field(value, _TITLES))
    return [value], ""


def _pairs(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The questions and answers, where at least half of the records have both, or the others have empty ones."""
    pairs, fitting = [], 0
    for record in records:
        names = list(record)
        if (columns := faq_columns(names)) is not None:
            question, answer = (_said(record[names[column]]) for column in columns)
            fitting += question is not None and answer is not None
            if question and answer:
                pairs.append((question, answer))
    return pairs if fitting == len(records) or 2 * len(pairs) >= len(records) else []


def _said(value: Any) -> str | None:
    """A text or number, or the texts of a list, as text; empty for nothing, None for anything else."""
    if isinstance(value, list):
        value = "\n".join(item for item in value if isinstance(item, str))
    if value is None or isinstance(value, str):
        return (value or "").strip()
    return _scalar(value) if isinstance(value, int | float) else None


def _field(record: dict[str, Any], names: tuple[str, ...]) -> str:
    folded = {key.casefold(): value for key, value in record.items()}
    return next((v for name in names if isinstance(v := folded.get(name), str) and v.strip()), "")


def _section(record: dict[str, Any], mark: str) -> str:
    title, text = one_line(_field(record, _TITLES)), tidy(_field(record, _TEXTS))
    rest = {key: value for key, value in record.items() if key.casefold() not in {*_TITLES, *_TEXTS}}
    parts = [f"{mark} {title}" if title else "", text, "\n".join(_bullets(rest, 0))]
    return "\n\n".join(part for part in parts if part)


def _tabled(value: Any, records: list[dict[str, Any]]) -> str:
    """The records as a table, under what is said beside them; empty where they are too deep, too wide, or but one."""
    rows = [_cells(record) for record in records]
    full = [row for row in rows if row]
    names = list(dict.fromkeys(name for row in full for name in row))
    if len(full) < 2 or None in rows or len(names) > MAX_COLUMNS:
        return ""
    beside = {key: item for key, item in value.items() if item is not records} if isinstance(value, dict) else {}
    table = render_rows([names, *([row.get(name, "") for name in names] for row in full)], named=True)
    return "\n\n".join(filter(None, ["\n".join(_bullets(beside, 0)), table]))


def _cells(record: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str] | None:
    """A record's values by column, those of an inner object after its name; None where there are lists of objects, or a
    column comes twice."""
    cells: dict[str, str] = {}
    for key, value in record.items():
        name = one_line(f"{prefix} {key}")
        if name in cells:
            return None
        if isinstance(value, dict):
            inner = _cells(value, name, depth + 1) if depth < _MAX_INNER else None
            if inner is None or inner.keys() & cells.keys():
                return None
            cells |= inner
        elif isinstance(value, list):
            if any(isinstance(item, dict | list) for item in value):
                return None
            cells[name] = ", ".join(filter(None, map(_scalar, value)))
        else:
            cells[name] = _scalar(value)
    return {name: cell for name, cell in cells.items() if cell}


def _bullets(value: Any, depth: int) -> list[str]:
    """`- key: value` lines, nested values indented below their key; empty values are left out."""
    pad = "  " * depth
    if depth > _MAX_DEPTH:
        return [f"{pad}- {one_line(json.dumps(value, ensure_ascii=False))[:_MAX_VALUE]}"]
    if isinstance(value, dict):
        pairs = [(one_line(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [("", item) for item in value]
    else:
        return [f"{pad}- {_scalar(value)}"] if _scalar(value) else []
    lines: list[str] = []
    for key, item in pairs:
        if isinstance(item, dict | list):
            nested = _bullets(item, depth + 1)
            if nested and not key and isinstance(item, dict):
                nested = [f"{pad}- {nested[0].lstrip(' -')}", *nested[1:]]
            elif nested:
                nested = [f"{pad}- {key}:" if key else f"{pad}-", *nested]
            lines += nested
        elif text := _scalar(item):
            lines.append(f"{pad}- {key}: {text}" if key else f"{pad}- {text}")
    return lines


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else one_line(clean(str(value)))
