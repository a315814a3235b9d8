"""What one chunk says of the entities of a lexicon: which it names, what it states of them, which stand together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from knowledge_graph import english
from knowledge_graph.evidence import headings, table_cells
from knowledge_graph.extraction import Said
from knowledge_graph.facts import Mention, Triple, value_key
from knowledge_graph.lexicon import BREAK, Lexicon, Seen, outermost
from knowledge_graph.names import key_of
from knowledge_graph.relations import in_sentence, may_hold_values, values
from retrieval.document import Chunk
from retrieval.splitter import PATH_SEPARATOR
from retrieval.text import sentences

PER_SENTENCE = 6
"""Most entities of one sentence that are paired as standing together."""


@dataclass(slots=True)
class Reading:
    """Entities are given by key, values by `value_key`.

    Args:
        mentions: How often the text names each entity by itself; 0 if only within a longer name.
        topics: The entities that the title and the headings over the chunk name.
        facts: Typed facts.
        pairs: Entities that a sentence names together, each pair in the order of their keys.
        seen: What the chunk was searched by.
    """

    mentions: Counter[str] = field(default_factory=Counter)
    topics: set[str] = field(default_factory=set)
    facts: set[Triple] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    seen: Seen = field(default_factory=Seen)


def read(
    chunk: Chunk,
    title: str,
    lexicon: Lexicon,
    language: str,
    given: Callable[[str, str], bool] = lambda *_: False,
    stated: Sequence[Said] = (),
) -> Reading:
    """Read a chunk of a document of this title.

    Args:
        given: Whether the user brings facts of a subject, as written, in whose relation a line is told; such a line,
            `Ada works for: Graft`, states these and nothing else.
        stated: Facts that an extractor found in the chunk.
    """
    found = Reading()
    text = english.prose(chunk.text)
    inner: set[str] = set()
    for start, end in sentences(text):
        sentence = text[start:end]
        before = len(found.seen.words)
        if mentions := lexicon.mentions(sentence, found.seen):
            found.mentions.update([mention.key for mention in outermost(mentions)])
            inner.update([mention.key for mention in mentions])
            lead, colon, _ = sentence.partition(": ")
            if colon and given(chunk.section.split(PATH_SEPARATOR)[-1], lead):
                continue
            numbers = may_hold_values(sentence, found.seen.words[before:], language)
            amounts = values(sentence, language) if numbers else []
            free = usable(mentions, amounts)
            found.facts.update(in_sentence(sentence, free, language, bool(amounts)))
            together = list(dict.fromkeys([mention.key for mention in free]))[:PER_SENTENCE]
            found.pairs.update(combinations(sorted(together), 2))
    found.mentions.update(dict.fromkeys(inner, 0))
    for row, relation, cell in table_cells(chunk):
        for words in (key_of(row).split(), key_of(cell).split()):
            found.seen.words += (*words, BREAK)
            found.seen.capitals += words  # a cell names what it does in any case
        if fact := _table_fact(row, relation, cell, lexicon, language):
            found.facts.add(fact)
            found.mentions[fact.subject] += 1
    for subject, relation, object_ in stated:
        of, to = lexicon.resolve(key_of(subject)), lexicon.resolve(key_of(object_))
        for words in (key_of(subject).split(), key_of(object_).split()):
            found.seen.words += (*words, BREAK)
            found.seen.capitals += words
        if of and of != to:
            found.facts.add(Triple(of, relation, to or value_key(object_)))
    for heading in headings(title, chunk.section):
        keys, seen = lexicon.named(heading)
        found.topics |= keys
        found.seen.words += seen.words
        found.seen.capitals += seen.capitals
    return found


def usable(mentions: list[Mention], amounts: list[tuple[int, int]]) -> list[Mention]:
    """Entities of a sentence that facts may join: in no other entity and not part of an amount."""
    outer = outermost(mentions)
    if not amounts:
        return outer
    return [m for m in outer if not any(m.start < end and start < m.end for start, end in amounts)]


def _table_fact(row: str, relation: str, cell: str, lexicon: Lexicon, language: str) -> Triple | None:
    subject = lexicon.resolve(key_of(row))
    known = "" if values(cell, language) else lexicon.resolve(key_of(cell))
    return Triple(subject, relation, known or value_key(cell)) if subject and subject != known else None
