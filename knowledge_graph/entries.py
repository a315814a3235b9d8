"""Which keys name something: decided for one key from the sums of its evidence, so that few are decided anew.

Every choice is by count, then by the text itself, never by what was seen first.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from knowledge_graph.evidence import joined
from knowledge_graph.facts import Kind
from knowledge_graph.forms import spelling, stem
from knowledge_graph.tallies import Sum, Tallies

SCHEMA = """
CREATE TABLE entries (
    key TEXT PRIMARY KEY, label TEXT NOT NULL, kind TEXT NOT NULL, cased INTEGER NOT NULL, weight INTEGER NOT NULL,
    spelling TEXT NOT NULL, stem TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_of_spelling ON entries (spelling);
CREATE INDEX entries_of_stem ON entries (stem);
CREATE TABLE links (
    key TEXT NOT NULL, other TEXT NOT NULL, rule TEXT NOT NULL, told INTEGER NOT NULL, PRIMARY KEY (key, other, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_to ON links (other);
CREATE TABLE unresolved (key TEXT PRIMARY KEY, spelling TEXT NOT NULL, stem TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
"""`entries`: what the corpus names, each name for itself. `links`: that one name stands for another, told so often.
`unresolved`: keys of which either has changed."""

TERM_CHUNKS, NOUN_CHUNKS = 3, 2
"""A term must stand in so many chunks, a Chinese noun in so many."""
HELD = 0.8
"""What one longer term or name holds in this share of its chunks is no term of its own (the idea of C-value, Frantzi
et al. 2000)."""
AGREED = 0.5
"""What an extractor that looks at all finds in a smaller share of the chunks that have the word is found by mistake."""
_TOLD = "rule IN ('abbreviation', 'called', 'synonym')"
"""Of the links that texts and metadata tell."""
_LINKS = f"SELECT other, rule, told FROM links WHERE key = ? AND {_TOLD}"


class Entry(NamedTuple):
    """A name that the corpus uses.

    Args:
        cased: Whether it only matches where it is written with a capital.
        weight: How often what makes it an entity is told.
        spelling, stem: Its forms (`knowledge_graph.forms`).
    """

    key: str
    label: str
    kind: Kind
    cased: bool
    weight: int
    spelling: str
    stem: str


class Link(NamedTuple):
    """What is told of a name: that it stands for another, by which rule, and how often."""

    other: str
    rule: str
    told: int


def settle(connection: sqlite3.Connection, tallies: Tallies, exhaustive: bool = False) -> None:
    """Decide the touched keys, and note those that changed as unresolved.

    Args:
        exhaustive: See `knowledge_graph.extraction.Extractor`.
    """
    tallies.complete(min(TERM_CHUNKS, NOUN_CHUNKS))
    first = not connection.execute("SELECT EXISTS (SELECT 1 FROM entries)").fetchone()[0]
    for key, sums in tallies.touched():
        row = None if first else connection.execute("SELECT * FROM entries WHERE key = ?", (key,)).fetchone()
        old = Entry(*row) if row else None
        new = decide(key, sums, tallies, exhaustive)
        if new is None and old is not None:
            connection.execute("DELETE FROM entries WHERE key = ?", (key,))
        elif new is not None and old != new:
            connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", new)
        links = told_links(key, sums)
        before = [] if first else [Link(*row) for row in connection.execute(_LINKS, (key,))]
        if links != before:
            connection.execute(f"DELETE FROM links WHERE key = ? AND {_TOLD}", (key,))
            connection.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", ((key, *link) for link in links))
        if old != new or links != before:
            unresolve(connection, (key, *(link.other for link in {*before, *links})))
    connection.execute("DELETE FROM touched")


def unresolve(connection: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Have it decided anew what keys mean."""
    rows = ((key, spelling(key), stem(key)) for key in keys)
    connection.executemany("INSERT OR IGNORE INTO unresolved VALUES (?, ?, ?)", rows)


def decide(key: str, sums: list[Sum], tallies: Tallies, exhaustive: bool = False) -> Entry | None:
    """The entry of a key, or that it has none; see `settle`."""
    by = _by_role(sums)
    names = _names(key, sums, tallies)
    if names and _only_joins(key, names.total(), tallies):
        names.clear()
    spread = by["free"].total() + by["held"].total()
    held = Counter[str]()
    for sum_ in sums:
        if sum_.role == "held":
            held[sum_.other] += sum_.total
    term = spread >= TERM_CHUNKS and max(held.values(), default=0) < HELD * spread
    extracted = by["found"].total() + by["concept"].total()
    if exhaustive and extracted < AGREED * by["word"].total():
        extracted = 0
    if exhaustive and not extracted:
        names.clear()
    kind: Kind
    if names:
        kind, labels = "name", names
    elif term:
        kind, labels = "term", by["free"] + by["held"]
    elif extracted:
        named = by["found"].total() >= by["concept"].total()
        kind, labels = ("name", by["found"]) if named else ("term", by["concept"])
    elif by["noun"].total() >= NOUN_CHUNKS:
        kind, labels = "term" if len(key) < 4 else "name", by["noun"]
    elif by["long"]:
        labels = by["long"]
        kind = "name" if _best(labels)[0].isupper() else "term"
    elif by["also"]:
        kind, labels = "term", by["also"]
    elif labels := by["topic"] or by["row"] or by["given"] or by["short"] or by["synonym"]:
        kind = "name"
    else:
        return None
    if by["given"]:
        kind, labels = "name" if kind == "term" else kind, by["given"]  # people write names as they are written
    cased = bool(names) and (" " not in key or names.total() >= spread)
    cased = cased and not by["long"] and not (by["topic"] and " " in key)
    # nothing else tells that "AS", or a number of a concept, is more than a word
    cased = cased or _is_short(by) or (labels is by["synonym"] and " " not in key and not _best(labels).islower())
    return Entry(key, _best(labels), "topic" if by["topic"] else kind, cased, labels.total(), spelling(key), stem(key))


def told_links(key: str, sums: list[Sum]) -> list[Link]:
    """What a key stands for by what is told of it: an abbreviation for its most frequent long form, a synonym for the
    only title that has it, unless it is a title itself: lists of synonyms also hold what is broader or narrower. What
    it is called besides is left to choose from."""
    by = _by_role(sums)
    stands: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sum_ in sums:
        stands[sum_.role][sum_.other] += sum_.total
    links = []
    if long := stands["short"] if _is_short(by) else None:
        links.append(Link(_best(long), "abbreviation", long[_best(long)]))
    if " " in key or not _best(by["also"] or Counter([key])).islower():  # "often called the board" is said of many
        links += (Link(of, "called", told) for of, told in stands["called"].items())
    titles = stands["synonym"]
    if titles and not by["topic"] and len(set(map(spelling, titles))) == 1:
        links.append(Link(_best(titles), "synonym", titles[_best(titles)]))
    return sorted(links)


def _by_role(sums: list[Sum]) -> defaultdict[str, Counter[str]]:
    by: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sum_ in sums:
        by[sum_.role][sum_.label] += sum_.total
    return by


def _best(counts: Counter[str]) -> str:
    """The most frequent text; of several the shortest, and of these the last in the order of characters."""
    return max(counts, key=lambda text: (counts[text], -len(text), text))


def _is_short(by: defaultdict[str, Counter[str]]) -> bool:
    """Whether a name abbreviates another and is not itself the long form of one."""
    return bool(by["short"]) and not by["long"]


def _names(key: str, sums: list[Sum], tallies: Tallies) -> Counter[str]:
    """Spellings of a proper name; those that begin a sentence in the reading that the corpus speaks for: with the first
    word where that is a name by itself, or where the whole is one within a sentence."""
    found: Counter[str] = Counter()
    within = any(sum_.role == "name" for sum_ in sums)
    for role, label, other, count in sums:
        proper = role == "proper" and (within or tallies.proper(other))
        common = role == "common" and not tallies.proper(other) and not tallies.within(f"{other} {key}")
        if role == "name" or proper or common:
            found[label] += count
    return found


def _only_joins(key: str, count: int, tallies: Tallies) -> bool:
    """Whether a name is two joined by "and", "Silver Card and the Onyx Card": both occur as often without it."""
    # a joined name also counts for its parts
    return any(all(_names(end, tallies.of(end), tallies).total() >= 2 * count for end in ends) for ends in joined(key))
