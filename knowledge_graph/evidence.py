"""What one chunk tells of the entities of its corpus, whatever the other chunks hold.

A lexicon is decided from the sums of these rows over all chunks (`knowledge_graph.entries`), so that a chunk that
goes takes exactly its rows away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from knowledge_graph import chinese, english
from knowledge_graph.extraction import Found
from knowledge_graph.names import acceptable, key_of, token_pattern
from knowledge_graph.relations import in_records, in_table, is_entity_like, relation_name
from knowledge_graph.words import walk
from retrieval.document import Chunk
from retrieval.splitter import PATH_SEPARATOR
from retrieval.text import CJK, STOPWORDS, sentences

Role = Literal[
    "name", "proper", "common", "joined", "free", "held", "noun", "long", "short", "also", "topic", "row", "given",
    "synonym", "called", "found", "concept", "word"
]  # fmt: skip
"""How a key occurs.

`name`: a proper name; `proper`, `common`: one that starts a sentence, if the word `other` is a name itself or if it
is not; `joined`: `other` is a name that joins this one with another by "and"; `free`: a run of content words;
`held`: one that is in the longer run or name `other`; `noun`: of Chinese; `long`: has the short form `other`; `short`:
abbreviates `other`; `also`: another name of something; `topic`: a title or heading; `row`: names a table's row, or in
Chinese is a cell; `given`: by the user; `synonym`: another name of `other`, a document's title, by its metadata;
`called`: another name of `other`, if that names something, or of a longer run of words before "also called";
`found`, `concept`: a name and a term that an extractor found; `word`: a word of a text that it read.
"""
Row = tuple[str, Role, str, str]
"""Key, role, spelling and another key."""
_CHINESE_NAME = re.compile(rf"[{CJK}]{{3,12}}")
_THESE = frozenset(["this", "that", "these", "those", "such", "it", "they", "which"])
"""Words that point at what was named before."""
_AND = re.compile(r" and (?:the )?")


@dataclass(slots=True)
class Evidence:
    """Rows, one for each occurrence, and words with and without a capital where one means something (folded)."""

    rows: list[Row] = field(default_factory=list)
    upper: list[str] = field(default_factory=list)
    lower: list[str] = field(default_factory=list)


def evidence(chunk: Chunk, title: str, language: str) -> Evidence:
    """What a chunk of a document of this title tells."""
    found = Evidence()
    text = english.prose(chunk.text)
    if language == "zh":
        found.rows += (row for noun in sorted(set(chinese.names(text))) for row in _spelled(noun, "noun"))
    else:
        _english(text, found)
    for heading in headings(title, chunk.section, short=True):
        found.rows += _spelled(heading, "topic")
    for row, _, cell in table_cells(chunk):
        found.rows += _spelled(row, "row")
        if _CHINESE_NAME.fullmatch(cell):  # no capital tells names from other words
            found.rows += _spelled(cell, "row")
    return found


def of_facts(chunk: Chunk) -> Evidence:
    """What a chunk of a table of facts tells, `- Ada works for: Graft` under the heading `Ada`: the ends of each, and
    nothing of the words around them."""
    subject = chunk.section.rsplit(PATH_SEPARATOR, 1)[-1]
    found = Evidence(_spelled(subject, "row"))
    for line in chunk.text.splitlines():
        told, colon, object_ = line.partition(": ")
        if colon and told.startswith(f"- {subject} ") and is_entity_like(object_):
            found.rows += _spelled(object_, "row")
    return found


def headings(title: str, section: str, short: bool = False) -> list[str]:
    """A document's title and the headings over a chunk; `short`: without headings that are sentences."""
    parts = section.split(PATH_SEPARATOR) if section else []
    if short:
        parts = [part for part in parts if len(key_of(part).split()) <= 3 and not part.rstrip().endswith(("?", "？"))]
    return [title, *parts]


def table_cells(chunk: Chunk) -> Iterator[tuple[str, str, str]]:
    """Cells of a chunk's tables that may be facts: what its row is about, the relation its column is, its text."""
    whole = english.prose(chunk.whole)
    for _, row, column, cell in (*in_table(whole), *in_records(whole)):
        if is_entity_like(row) and (relation := relation_name(column)):
            yield row, relation, cell


def given(label: str) -> list[Row]:
    """What a fact of the user tells of one of its ends; nothing if it cannot be a name, like a year."""
    return _spelled(label, "given")


def of_extractor(found: Found, text: str) -> Evidence:
    """What an extractor found in a text tells, and which words the text has beside."""
    text = english.prose(text)
    rows = [row for name in dict.fromkeys(found.names) for row in _spelled(name, "found")]
    rows += [row for term in dict.fromkeys(found.terms) for row in _spelled(term, "concept")]
    words = {_key(match.group()) for match in token_pattern(text).finditer(text)} - {""}
    return Evidence(rows + [(word, "word", "", "") for word in sorted(words)])


def _english(text: str, found: Evidence) -> None:
    spans = sentences(text)
    words = walk(text, spans)
    found.upper, found.lower = words.upper, words.lower
    rows = found.rows
    names = [(name, _key(name.text)) for name in english.names(text, spans)]
    held = _held(text, names, words.terms)
    for key, (term, longer) in words.terms.items():
        longer = longer or held.get(key, "")
        rows.append((key, "held" if longer else "free", term, longer))
    for (name, gate, proper), key in names:
        if not key:
            continue
        rows.append((key, "name" if not gate else "proper" if proper else "common", " ".join(name.split()), gate))
        if " and " in key:
            rows += [(end, "joined", "", key) for ends in joined(key) for end in ends]
    for long, short in english.abbreviations(text):
        key, alias = _key(long), key_of(short)
        if key and alias and key != alias:
            rows += [(key, "long", " ".join(long.split()), alias), (alias, "short", short, key)]
    for name, before in english.also_called(text):
        rows += _spelled(name, "also")
        rows += _called(_key(name), before)


def _held(text: str, names: list[tuple[english.Name, str]], terms: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Terms that a text only has within a longer name, "chief information security", each with the key of the name."""
    found: dict[str, str] = {}
    lower = ""
    for name, key in names:
        words = key.split() if key.count(" ") > 1 else []
        for size in range(2, min(len(words), 4)):
            for part in (" ".join(words[at : at + size]) for at in range(len(words) - size + 1)):
                if part in terms and part not in found:
                    lower = lower or text.lower()
                    if lower.count(terms[part][0]) == lower.count(name.text.lower()):
                        found[part] = key
    return found


def _called(key: str, before: list[str]) -> list[Row]:
    """What has another name: the words before, from the first or one after a function word. "This procedure" and "the
    test" are what was named before, which nothing here tells."""
    words = [word.lower() for word in before]
    if _THESE & set(words):
        return []
    begins = [at for at in range(len(words)) if not at or words[at - 1] in STOPWORDS]
    if words[-2:-1] == ["the"]:
        begins = [at for at in begins if at < len(words) - 2]
    of = {_key(" ".join(before[at:])) for at in begins} - {"", key}
    return [(key, "called", "", other) for other in sorted(of)] if key else []


def joined(key: str) -> list[tuple[str, str]]:
    """The pairs of names that a name may only join, "silver card and the onyx card"."""
    ends = [(key[: match.start()], key[match.end() :]) for match in _AND.finditer(key)]
    return [(first, second) for first, second in ends if first != second]


def _spelled(label: str, role: Role) -> list[Row]:
    key = _key(label)
    return [(key, role, " ".join(label.split()), "")] if key else []


@lru_cache(maxsize=1 << 15)
def _key(name: str) -> str:
    """A name's key, empty if it cannot be an entity's."""
    key = key_of(name)
    return key if acceptable(key) else ""
