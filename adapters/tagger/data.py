"""Tagged sentences: the JSONL and CoNLL04 files they are read from, and what a model is fed of a sentence."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adapters.models import locate
from adapters.squad import DataError

TYPES = ("Peop", "Org", "Loc", "Other", "Term")
"""People, organisations, places, other things with a name, and terms: concepts of a domain without a name."""
LABELS = ("O", *(f"{place}-{kind}" for kind in TYPES for place in "BI"))
RELATIONS = {
    "Work_For": ("Peop", "Org"),
    "Live_In": ("Peop", "Loc"),
    "OrgBased_In": ("Org", "Loc"),
    "Located_In": ("Loc", "Loc"),
    "Kill": ("Peop", "Peop"),
}
"""Those of CoNLL04 (Roth & Yih 2004), each with the types of its subject and object."""
CONLL04_TYPES = TYPES[:-1]
SHAPES = 6
"""How many `shape`s there are; 0 is that of special tokens."""
MAX_TOKENS = 256
_WRITTEN = {"-LRB-": "(", "-RRB-": ")", "COMMA": ","}


class Entity(NamedTuple):
    """`text[start:end]` names something of a type."""

    start: int
    end: int
    type: str


class Relation(NamedTuple):
    """The entities, by place in their sentence's list, that a relation joins."""

    subject: int
    name: str
    object: int


@dataclass(frozen=True, slots=True)
class Example:
    """A tagged sentence.

    Args:
        types: Those that were looked for; words outside the entities may be of any other.
        related: Whether relations were looked for.
    """

    text: str
    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...] = ()
    types: tuple[str, ...] = TYPES
    related: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sentence as a model reads it: ids and shapes by token; offsets, and the first token, by word."""

    ids: list[int]
    shapes: list[int]
    offsets: NDArray[np.int64]
    firsts: NDArray[np.int64]


def read_examples(path: Path) -> list[Example]:
    """Examples of a file: CoNLL04's columns where it ends in `.txt`, else JSONL, one sentence a line with `text`,
    `entities` ([start, end, type]) and perhaps `types`.

    Raises:
        DataError: The file is in neither format.
    """
    try:
        text = path.read_text(encoding="utf8")
    except (OSError, UnicodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if path.suffix == ".txt":
        return list(_conll04(path, text))
    return [_example(path, at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()]


def _example(path: Path, at: int, line: str) -> Example:
    try:
        row = json.loads(line)
        entities = tuple(Entity(*entity) for entity in row["entities"])
        example = Example(row["text"], entities, types=tuple(row.get("types", TYPES)))
        if all(0 <= e.start < e.end <= len(example.text) and e.type in TYPES for e in entities):
            return example
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    expected = f"text, and entities as [start, end, type], a type one of {', '.join(TYPES)}"
    raise DataError(f"{path}: line {at}: expected {expected}")


def _conll04(path: Path, text: str) -> Iterator[Example]:
    for part in text.split("#doc ")[1:]:
        try:
            rows = [line.split("\t") for line in part.splitlines()[1:] if line.strip()]
            yield _sentence([(row[1], row[2], ast.literal_eval(row[3]), ast.literal_eval(row[4])) for row in rows])
        except (IndexError, ValueError, KeyError, SyntaxError):
            raise DataError(f"{path}: document {part.split()[0]} is not in the columns of CoNLL04") from None


def _sentence(rows: Sequence[tuple[str, str, list[str], list[int]]]) -> Example:
    """Relations stand at the last token of their subject and point to that of their object."""
    words = [_WRITTEN.get(word, word) for word, *_ in rows]
    starts = [sum(len(word) + 1 for word in words[:at]) for at in range(len(words))]
    entities: list[Entity] = []
    by_last: dict[int, int] = {}
    for at, (_, tag, _, _) in enumerate(rows):
        end = starts[at] + len(words[at])
        if tag.startswith("B-"):
            entities.append(Entity(starts[at], end, tag[2:]))
        elif tag.startswith("I-"):
            entities[-1] = entities[-1]._replace(end=end)
        if tag != "O":
            by_last.pop(at - 1, None) if tag.startswith("I-") else None
            by_last[at] = len(entities) - 1
    relations = tuple(
        Relation(by_last[at], name, by_last[head])
        for at, (_, _, names, heads) in enumerate(rows)
        for name, head in zip(names, heads, strict=True)
        if name != "N"
    )
    return Example(" ".join(words), tuple(entities), relations, CONLL04_TYPES, True)


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(locate("default").path / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def encode(texts: Sequence[str]) -> list[Encoded]:
    """Sentences as a model reads them; the end of what is too long is cut off."""
    return [_encoded(text, found) for text, found in zip(texts, _tokenizer().encode_batch(list(texts)), strict=True)]


def _encoded(text: str, encoding: Any) -> Encoded:
    words: dict[int, list[int]] = {}
    for token, word in enumerate(encoding.word_ids):
        if word is not None:
            words.setdefault(word, []).append(token)
    places = encoding.offsets
    offsets = [(places[tokens[0]][0], places[tokens[-1]][1]) for tokens in words.values()]
    shapes = [0] * len(encoding.ids)
    for (start, end), tokens in zip(offsets, words.values(), strict=True):
        for token in tokens:
            shapes[token] = shape(text[start:end])
    firsts = [tokens[0] for tokens in words.values()]
    return Encoded(
        list(encoding.ids), shapes, np.array(offsets, dtype=np.int64).reshape(-1, 2), np.array(firsts, dtype=np.int64)
    )


@lru_cache(maxsize=1 << 16)
def shape(word: str) -> int:
    """How a word is written, which the backbone does not see: it reads everything in lower case."""
    if word.isdigit():
        return 4
    if not word[0].isalpha():
        return 5
    if not word[0].isupper():
        return 1
    return 3 if len(word) > 1 and word.isupper() else 2


def labels(example: Example, encoded: Encoded) -> tuple[list[int], list[tuple[int, int]]]:
    """Numbers of the words' labels, and of each entity the words it is made of; none where it was cut off."""
    found = [0] * len(encoded.offsets)
    spans = []
    for start, end, kind in example.entities:
        inside = np.flatnonzero((encoded.offsets[:, 0] < end) & (encoded.offsets[:, 1] > start)).tolist()
        spans.append((inside[0], inside[-1] + 1) if inside else (0, 0))
        for place, word in enumerate(inside):
            found[word] = LABELS.index(f"{'I' if place else 'B'}-{kind}")
    return found, spans


def pairs(types: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of entities that some relation may join, subject first."""
    allowed = set(RELATIONS.values())
    return [
        (first, second)
        for first, subject in enumerate(types)
        for second, object_ in enumerate(types)
        if first != second and (subject, object_) in allowed
    ]
