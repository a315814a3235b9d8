"""Typed facts from sentences and tables: patterns over the words between two mentions. The patterns are data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from knowledge_graph.facts import Mention, Triple, value_key
from knowledge_graph.names import key_of

_PATTERNS = Path(__file__).parent / "patterns"
_FILLER = (
    r"(?:\s*(?:an?|the|its|their|your|our|any|each|every|one|both|all|some|two|three)\b)?"
    r"(?:\s+(?!(?:in|no|not|never|without)\b)[a-z\-]+){0,2}?"
)
REACH = 70
"""Most characters between two mentions for a pattern to join them."""
_PREPOSITION = r"(?:of|to|for|by|with|at|on|from|about|through|via|under|into|against|between)"
_NO_SUBJECT = re.compile(rf"\b{_PREPOSITION}(?: (?:the|an?|your|our|its))?\W*$", re.IGNORECASE)
_UNNAMED = re.compile(r"column \d+")
_MODIFIER = re.compile(r"\W*(?:\w+ing|also|often|sometimes|based|located|situated|held|kept|stored|known)\b")
"""Begins what is said of a name that a preposition governs."""


@dataclass(frozen=True, slots=True)
class _Value:
    relation: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Patterns:
    """One language's compiled patterns.

    Args:
        between: Every relation in one pattern, the group of the first that fits named by its number.
        relations: By number, the relation and whether subject and object change places.
        figures, numerals: Characters and words of which every amount has one.
    """

    between: re.Pattern[str]
    relations: tuple[tuple[str, bool], ...]
    values: tuple[_Value, ...]
    value: re.Pattern[str]
    figures: re.Pattern[str]
    numerals: frozenset[str]


@lru_cache
def patterns(language: str) -> Patterns:
    """Compile a language's patterns; languages without a file use the English ones."""
    path = _PATTERNS / f"{language}.yaml"
    data = yaml.safe_load((path if path.exists() else _PATTERNS / "en.yaml").read_text(encoding="utf8"))
    filler = "" if path.exists() and language == "zh" else _FILLER
    units = {**data["units"], "any": "|".join(data["units"].values())}
    between = (rf"(?P<r{at}>\W*{p['pattern']}{filler}\W*)" for at, p in enumerate(data["between"]))
    return Patterns(
        re.compile("|".join(between), re.IGNORECASE),
        tuple((p["relation"], p.get("inverse", False)) for p in data["between"]),
        tuple(
            _Value(
                p["relation"],
                re.compile(rf"(\W*{p['pattern']}[^.;。；\d]{{0,25}}?)({units[p['unit']]})", re.IGNORECASE),
            )
            for p in data["values"]
        ),
        re.compile(rf"(?<!\d)(?:{units['any']})", re.IGNORECASE),
        re.compile(data["figures"]),
        frozenset(data["numerals"]),
    )


def in_sentence(text: str, mentions: list[Mention], language: str, amounts: bool = True) -> Iterator[Triple]:
    """Facts of one sentence, `mentions` in reading order, not overlapping, offsets into `text`.

    Args:
        amounts: Whether the sentence names any, as `values` tells.
    """
    for index, first in enumerate(mentions):
        for second in mentions[index + 1 : index + 4]:
            between = text[first.end : second.start]
            if len(between) > REACH or "|" in between or ";" in between:  # a verb joins nothing across cells
                break
            relation = _relation(between, language)
            if relation is None or first.key == second.key:
                continue
            if not _MODIFIER.match(between) and _NO_SUBJECT.search(text[: first.start]):
                continue  # "the safest way to write to NAME is ..."
            name, inverse = relation
            yield Triple(second.key, name, first.key) if inverse else Triple(first.key, name, second.key)
        if amounts:
            limit = mentions[index + 1].start if index + 1 < len(mentions) else len(text)
            for value in patterns(language).values:
                if match := value.pattern.match(text[first.end : max(limit, first.end + REACH)]):
                    yield Triple(first.key, value.relation, value_key(match[2]))
                    break


@lru_cache(maxsize=1 << 15)
def _relation(between: str, language: str) -> tuple[str, bool] | None:
    """The relation that words between two entities state, and whether it is turned round."""
    known = patterns(language)
    match = known.between.fullmatch(between)
    return known.relations[int(match.lastgroup[1:])] if match and match.lastgroup else None


def values(text: str, language: str) -> list[tuple[int, int]]:
    """Where a text names amounts, times and shares."""
    return [match.span() for match in patterns(language).value.finditer(text)]


def may_hold_values(text: str, words: Iterable[str], language: str) -> bool:
    """Whether to look for amounts in a sentence of these words, in lower case: a quick look that misses none."""
    known = patterns(language)
    return not known.numerals.isdisjoint(words) or known.figures.search(text) is not None


def in_table(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Facts of the Markdown tables in a text: (offset of the row, row's name, column's name, cell)."""
    if "|" not in text:
        return
    header: list[str] = []
    ruled = False  # only rows below a ruled header are facts: a chunk may start in the middle of a table
    offset = 0
    for line in text.splitlines(keepends=True):
        body = line.strip()
        if not body.startswith("|"):
            header, ruled = [], False
        else:
            cells = [cell.strip(" *`") for cell in body.strip("|").split("|")]
            if not header:
                header = cells
            elif set(body) <= set("|-: "):
                ruled = True
            elif ruled and len(cells) == len(header):
                yield from _in_row(offset, header, cells)
        offset += len(line)


def in_records(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Facts of table rows told in words, `- Team: A; Head: B` (see `retrieval.loaders.tables`), as of `in_table`.

    Rows are lines of which at least two begin with the same column.
    """
    if "; " not in text:
        return
    rows, offset = [], 0
    for line in text.splitlines(keepends=True):
        pairs = [pair.partition(": ") for pair in line.strip().removeprefix("- ").split("; ")]
        if line.startswith("- ") and all(cell for _, _, cell in pairs):
            rows.append((offset, [name for name, _, _ in pairs], [cell for _, _, cell in pairs]))
        offset += len(line)
    first = Counter(header[0] for _, header, _ in rows)
    for offset, header, cells in rows:
        if first[header[0]] > 1:
            yield from _in_row(offset, header, cells)


def _in_row(offset: int, header: list[str], cells: list[str]) -> Iterator[tuple[int, str, str, str]]:
    if 1 < len(cells) <= 8 and cells[0]:
        for column, cell in zip(header[1:], cells[1:], strict=True):
            if cell and column and len(cell) <= 60 and cell not in "-–—" and not _UNNAMED.fullmatch(column):
                yield offset, cells[0], column, cell


def relation_name(column: str) -> str:
    """A table column's heading as a relation: lower case, words joined by underscores."""
    return re.sub(r"\W+", "_", re.sub(r"[(（].*?[)）]", "", column)).strip("_").lower()


def is_entity_like(cell: str) -> bool:
    """Whether a cell names one thing rather than saying a sentence."""
    return 0 < len(key_of(cell).split()) <= 5 and not cell.rstrip().endswith((".", "。"))
