"""From chunks to a graph: nodes, their mentions, and facts with the chunks that state them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from knowledge_graph import english
from knowledge_graph.facts import RELATED, Mention, Node, Triple
from knowledge_graph.lexicon import Lexicon, mine, outermost
from knowledge_graph.names import key_of
from knowledge_graph.relations import in_records, in_sentence, in_table, is_entity_like, relation_name, values
from retrieval.document import Chunk
from retrieval.text import sentences

PER_SENTENCE = 6
"""Most entities of one sentence that are paired as co-occurring."""


@dataclass
class Extraction:
    """A graph as lists; chunks are given by position.

    Args:
        mentions: For each chunk, how often it names each node.
        topics: For each chunk, the nodes its title and headings name.
        triples: Typed facts and co-occurrences, each with the positions of the chunks that state it.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    mentions: list[dict[str, int]] = field(default_factory=list)
    topics: list[set[str]] = field(default_factory=list)
    triples: dict[Triple, list[int]] = field(default_factory=dict)


def extract(
    chunks: Sequence[Chunk],
    titles: dict[str, str],
    language: str = "en",
    triples: Sequence[tuple[str, str, str]] = (),
    progress: Callable[[int], None] = lambda count: None,
) -> Extraction:
    """Build the graph of a corpus.

    Args:
        titles: Document titles by id.
        triples: Facts brought by the user (subject, relation, object), linked to the chunks that name both ends.
        progress: Called with the number of chunks done since the last call.
    """
    lexicon = mine(chunks, titles, language)
    given = [
        Triple(_given(lexicon, subject), relation, _given(lexicon, object_)) for subject, relation, object_ in triples
    ]
    graph = Extraction(aliases=lexicon.aliases)
    stated: dict[Triple, dict[int, None]] = defaultdict(dict)
    together: Counter[tuple[str, str]] = Counter()
    seen: Counter[str] = Counter()
    where: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    for position, chunk in enumerate(chunks):
        text = english.prose(chunk.text)
        found = Counter(mention.key for mention in lexicon.mentions(text))
        heading = f"{titles.get(chunk.document_id, '')} | {chunk.section}"
        topics = {mention.key for mention in lexicon.mentions(heading)}
        for start, end in sentences(text):
            sentence = text[start:end]
            mentions = _usable(lexicon, sentence, language)
            for triple in in_sentence(sentence, mentions, language):
                stated[_registered(lexicon, triple)][position] = None
            keys = list(dict.fromkeys(mention.key for mention in mentions))[:PER_SENTENCE]
            seen.update(keys)
            for index, first in enumerate(keys):
                for second in keys[index + 1 :]:
                    pair = (first, second) if first < second else (second, first)
                    together[pair] += 1
                    where[pair][position] = None
        whole = english.prose(chunk.whole)
        for _, row, column, cell in (*in_table(whole), *in_records(whole)):
            if fact := _table_fact(lexicon, row, column, cell, language):
                stated[fact][position] = None
                found[fact.subject] += 1
        graph.mentions.append(dict(found))
        graph.topics.append(topics)
        progress(1)
    for triple in given:
        stated[triple] |= dict.fromkeys(
            position
            for position, found in enumerate(graph.mentions)
            if triple.subject in found and triple.object in found
        )
    linked = {frozenset((triple.subject, triple.object)) for triple in stated}
    for pair in _significant(together, seen, len(chunks)):
        if frozenset(pair) not in linked:
            stated[Triple(pair[0], RELATED, pair[1])] = where[pair]
    graph.triples = {triple: list(positions) for triple, positions in stated.items()}
    graph.nodes = lexicon.nodes
    return graph


def _usable(lexicon: Lexicon, sentence: str, language: str) -> list[Mention]:
    """Entities of a sentence that facts may join: in no other entity and not part of an amount."""
    amounts = values(sentence, language)
    mentions = outermost(lexicon.mentions(sentence))
    return [m for m in mentions if not any(m.start < end and start < m.end for start, end in amounts)]


def _given(lexicon: Lexicon, label: str) -> str:
    """An end of a fact brought by the user; what cannot be a name, like a year, is a value."""
    return lexicon.add(label, "name") or lexicon.add(label, "value")


def _registered(lexicon: Lexicon, triple: Triple) -> Triple:
    """A triple whose object is a value gets a node of its own for it."""
    if triple.object not in lexicon.nodes:
        return Triple(triple.subject, triple.relation, lexicon.add(triple.object, "value"))
    return triple


def _table_fact(lexicon: Lexicon, row: str, column: str, cell: str, language: str) -> Triple | None:
    if not is_entity_like(row) or not relation_name(column):
        return None
    subject = lexicon.add(row, "name")
    known = lexicon.resolve(key_of(cell)) in lexicon.nodes and not values(cell, language)
    object_ = lexicon.add(cell, "term" if known else "value")
    if not subject or not object_ or subject == object_:
        return None
    return Triple(subject, relation_name(column), object_)


def _significant(together: Counter[tuple[str, str]], seen: Counter[str], chunks: int) -> list[tuple[str, str]]:
    """Pairs that share sentences more often than chance: positive pointwise mutual information, at most 8 a node."""
    total = sum(seen.values()) or 1
    scored = []
    for (first, second), count in together.items():
        information = math.log(count * total / (seen[first] * seen[second]))
        if information > 0 and (count > 1 or chunks < 2_000):
            scored.append((information * count, first, second))
    scored.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    degree: Counter[str] = Counter()
    kept = []
    for _, first, second in scored:
        if degree[first] < 8 and degree[second] < 8:
            degree[first] += 1
            degree[second] += 1
            kept.append((first, second))
    return kept
