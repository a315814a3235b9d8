"""Which keys are entities: decided for one key from the sums of its evidence, so that few are decided anew.

Every choice is by count, then by the text itself, never by what was seen first.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from typing import NamedTuple

from knowledge_graph.evidence import joined
from knowledge_graph.facts import Kind
from knowledge_graph.tallies import Sum, Tallies

SCHEMA = """
CREATE TABLE lexicon (
    key TEXT PRIMARY KEY, target TEXT NOT NULL, label TEXT NOT NULL, kind TEXT NOT NULL, cased INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_of_target ON lexicon (target) WHERE target != key;
"""
"""`lexicon`: what the corpus names. An alias has another key as its target, an entity its own."""

TERM_CHUNKS, NOUN_CHUNKS = 3, 2
"""A term must stand in so many chunks, a Chinese noun in so many."""
HELD = 0.8
"""What one longer term holds in this share of its chunks is no term of its own (the idea of C-value, Frantzi et al.
2000)."""


class Entry(NamedTuple):
    """A key of the lexicon.

    Args:
        target: The key of the entity that is meant: its own, or for an alias another.
        cased: Whether it only matches where it is written with a capital.
    """

    key: str
    target: str
    label: str
    kind: Kind
    cased: bool


def settle(connection: sqlite3.Connection, tallies: Tallies) -> list[tuple[str, bool]]:
    """Decide the touched keys and write what changed.

    Returns:
        The keys that match other text than before, or mean another entity, each with whether only text with a capital
        is concerned.
    """
    tallies.complete(min(TERM_CHUNKS, NOUN_CHUNKS))
    changed: list[tuple[str, bool]] = []
    for key, sums in tallies.touched():
        row = connection.execute("SELECT * FROM lexicon WHERE key = ?", (key,)).fetchone()
        old = Entry(*row) if row else None
        new = decide(key, sums, tallies)
        if new is None and old is not None:
            connection.execute("DELETE FROM lexicon WHERE key = ?", (key,))
        elif new is not None and old != new:
            connection.execute("INSERT OR REPLACE INTO lexicon VALUES (?, ?, ?, ?, ?)", new)
            if old:
                connection.execute("UPDATE nodes SET label = ?, kind = ? WHERE key = ?", (new.label, new.kind, key))
        if (old and (old.target, old.cased)) != (new and (new.target, new.cased)):
            changed.append((key, all(entry.cased for entry in (old, new) if entry)))
    connection.execute("DELETE FROM touched")
    return changed


def decide(key: str, sums: list[Sum], tallies: Tallies) -> Entry | None:
    """The entry of a key, or that it has none."""
    by = _by_role(sums)
    if target := _alias(by, sums):
        return Entry(key, target, "", "term", True)
    names = _names(sums, tallies)
    if names and _only_joins(key, names.total(), tallies):
        names.clear()
    spread = by["free"].total() + by["held"].total()
    held = Counter[str]()
    for sum_ in sums:
        if sum_.role == "held":
            held[sum_.other] += sum_.total
    term = spread >= TERM_CHUNKS and max(held.values(), default=0) < HELD * spread
    kind: Kind
    if names:
        kind, labels = "name", names
    elif term:
        kind, labels = "term", by["free"] + by["held"]
    elif by["noun"].total() >= NOUN_CHUNKS:
        kind, labels = "term" if len(key) < 4 else "name", by["noun"]
    elif by["long"]:
        labels = by["long"]
        kind = "name" if _best(labels)[0].isupper() else "term"
    elif by["also"]:
        kind, labels = "term", by["also"]
    elif by["topic"] or by["row"] or by["given"]:
        kind, labels = "name", by["topic"] or by["row"] or by["given"]
    else:
        return None
    if by["given"]:
        kind, labels = "name" if kind == "term" else kind, by["given"]  # people write names as they are written
    topic = by["topic"] or any(_is_topic(sum_.other, key, tallies) for sum_ in sums if sum_.role == "long")
    cased = bool(names) and (" " not in key or names.total() >= spread)
    cased = cased and not by["long"] and not (topic and " " in key)
    return Entry(key, key, _best(labels), "topic" if topic else kind, cased)


def _by_role(sums: list[Sum]) -> defaultdict[str, Counter[str]]:
    by: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sum_ in sums:
        by[sum_.role][sum_.label] += sum_.total
    return by


def _best(counts: Counter[str]) -> str:
    """The most frequent text; of several the shortest, and of these the last in the order of characters."""
    return max(counts, key=lambda text: (counts[text], -len(text), text))


def _alias(by: defaultdict[str, Counter[str]], sums: list[Sum]) -> str:
    """What an abbreviation stands for most often; empty for what is none, or is itself the long form of one."""
    if not by["short"] or by["long"]:
        return ""
    return _best(Counter({sum_.other: sum_.total for sum_ in sums if sum_.role == "short"}))


def _is_topic(alias: str, target: str, tallies: Tallies) -> bool:
    """Whether an abbreviation of `target` is a title or heading."""
    sums = tallies.of(alias)
    by = _by_role(sums)
    return bool(by["topic"]) and _alias(by, sums) == target


def _names(sums: list[Sum], tallies: Tallies) -> Counter[str]:
    """Spellings of a proper name; those that begin a sentence in the reading that the corpus speaks for."""
    found: Counter[str] = Counter()
    for role, label, other, count in sums:
        if role == "name" or (role in ("proper", "common") and tallies.proper(other) == (role == "proper")):
            found[label] += count
    return found


def _only_joins(key: str, count: int, tallies: Tallies) -> bool:
    """Whether a name is two joined by "and", "Silver Card and the Onyx Card": both occur as often without it."""
    # a joined name also counts for its parts
    return any(all(_names(tallies.of(end), tallies).total() >= 2 * count for end in ends) for ends in joined(key))
