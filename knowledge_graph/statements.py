"""The sentences that state a fact, found again in the chunks it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge_graph import english
from knowledge_graph.facts import VALUE, Mention, Triple
from knowledge_graph.lexicon import Lexicon
from knowledge_graph.names import key_of
from knowledge_graph.reading import usable
from knowledge_graph.relations import in_sentence, values
from retrieval.store import Store
from retrieval.text import is_cjk, sentences

READ = 20
"""Most chunks that are read for one fact; a hub's edges have thousands."""
_CELL = re.compile(r"[^|\s](?:[^|]*[^|\s])?")
_VALUE = "(?<![A-Za-z0-9](?=[A-Za-z0-9])){}(?!(?<=[A-Za-z0-9])[A-Za-z0-9])"
"""A value that is not part of a longer number or word."""
_LANGUAGES = {True: "zh", False: "en"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a document.

    Args:
        document: The title of its document.
        chunk: The id of its chunk.
        text: A sentence, or a row of a table.
        marks: Where it names the ends of the fact, in order, as offsets into `text`.
        whole: Whether it names both ends.
    """

    document: str
    chunk: str
    text: str
    marks: tuple[tuple[int, int], ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    mentions: list[Mention]
    facts: frozenset[Triple]


class Statements:
    """Finds statements in a built bot's store; keeps the chunks read last, as many edges come from one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lexicon = Lexicon(store.connection)
        self._read = lru_cache(maxsize=256)(self._sentences)

    def of(self, fact: Triple, chunks: Sequence[str], limit: int = 3) -> list[Statement]:
        """Sentences of some chunks that state a fact.

        They are those that state it as indexing reads it; if there are none, those that name both ends; if there are
        none, a first one for each end. A fact that a user brought, and no document, has none.

        Args:
            fact: Its ends by key.
            limit: Most sentences.
        """
        found: list[tuple[int, Statement]] = []
        halves: dict[str, Statement] = {}
        seen: set[str] = set()
        for chunk in chunks[:READ]:
            title, read = self._read(chunk)
            for sentence in read:
                marks = {end: _marks(end, sentence) for end in (fact.subject, fact.object)}
                if sentence.text in seen or not any(marks.values()):
                    continue
                seen.add(sentence.text)
                both = all(marks.values())
                places = _apart({span for spans in marks.values() for span in spans})
                told = Statement(title, chunk, sentence.text, places, both)
                if both:
                    found.append((0 if fact in sentence.facts else 1, told))
                else:
                    halves.setdefault(next(end for end, spans in marks.items() if spans), told)
        best = min((rank for rank, _ in found), default=None)
        return [told for rank, told in found if rank == best][:limit] or list(halves.values())

    def _sentences(self, chunk_id: str) -> tuple[str, list[_Sentence]]:
        """A chunk's title and the sentences that name something, as `knowledge_graph.reading` reads them."""
        chunk = self._store.chunk(chunk_id)
        if chunk is None:
            return "", []
        text = english.prose(chunk.text)
        read = []
        for start, end in sentences(text):
            sentence = " ".join(text[start:end].split())
            with self._store.lock:
                mentions = self._lexicon.mentions(sentence) + self._cells(sentence)
            if mentions:
                language = _LANGUAGES[is_cjk(sentence)]
                amounts = values(sentence, language)
                facts = frozenset(in_sentence(sentence, usable(mentions, amounts), language, bool(amounts)))
                read.append(_Sentence(sentence, mentions, facts))
        return self._store.titles_of([chunk.document_id])[chunk.document_id], read

    def _cells(self, row: str) -> list[Mention]:
        """The cells of a table's row that are names as a whole; none for a sentence."""
        cells = _CELL.finditer(row) if row.startswith("|") else ()
        return [Mention(key, *cell.span()) for cell in cells if (key := self._lexicon.resolve(key_of(cell[0])))]


def _marks(end: str, sentence: _Sentence) -> list[tuple[int, int]]:
    """Where a sentence names an entity, or holds a value, by key."""
    if not end.startswith(VALUE):
        return [(mention.start, mention.end) for mention in sentence.mentions if mention.key == end]
    value = _VALUE.format(re.escape(end.removeprefix(VALUE)))
    return [match.span() for match in re.finditer(value, sentence.text, re.IGNORECASE)]


def _apart(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans that do not overlap, in order: of those that do, the first and longest."""
    kept: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return tuple(kept)
