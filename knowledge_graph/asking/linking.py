"""Which entities and values of the graph a question names, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_graph.facts import value_key
from knowledge_graph.names import MAX_TOKENS, TOKEN, fold, key_of
from knowledge_graph.store import find_nodes
from retrieval.store import Store
from retrieval.text import STOPWORDS

MANY = 900
"""Most names that are looked up by one query."""


@dataclass(frozen=True, slots=True)
class Word:
    """A token of a question, `text[start:end]`, in lower case and as part of a key."""

    lower: str
    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Link:
    """A node that words `first` to `last`, exclusive, of a question name."""

    node: int
    first: int
    last: int

    @property
    def words(self) -> range:
        """Their numbers."""
        return range(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what it names."""

    text: str
    words: tuple[Word, ...]
    links: tuple[Link, ...]


def linked(text: str, store: Store) -> Question:
    """A question with the names it holds, the longest first where they overlap."""
    text = text.replace("’", "'")
    words = tuple(Word(m.group().lower(), fold(m.group()), m.start(), m.end()) for m in TOKEN.finditer(text))
    spans = [
        (first, first + size)
        for size in range(min(MAX_TOKENS + 2, len(words)), 0, -1)
        for first in range(len(words) - size + 1)
    ]
    keys: dict[tuple[int, int], list[str]] = {}
    for first, last in spans:
        written = text[words[first].start : words[last - 1].end]
        if last - first == 1 and words[first].key in STOPWORDS and not (first and written[0].isupper()):
            continue
        joined = " ".join(word.key for word in words[first:last])
        keys[first, last] = list(dict.fromkeys([key_of(written), joined, value_key(written)]))
    known = _nodes([key for each in keys.values() for key in each], store)
    taken: set[int] = set()
    links: list[Link] = []
    for (first, last), each in keys.items():
        node = next((known[key] for key in each if key in known), None)
        if node is not None and taken.isdisjoint(range(first, last)):
            taken.update(range(first, last))
            links.append(Link(node, first, last))
    return Question(text, words, tuple(sorted(links, key=lambda link: link.first)))


def _nodes(keys: Sequence[str], store: Store) -> dict[str, int]:
    wanted = list(dict.fromkeys(keys))
    known: dict[str, int] = {}
    for begin in range(0, len(wanted), MANY):
        known |= find_nodes(store, wanted[begin : begin + MANY])
    return known
