"""Which names mean the same entity: variants, abbreviations and other names are merged, each merge with its reason.

Names that may mean the same have a form in common or a link that is told of them. What hangs together by these is
decided at once, from nothing else, so that the outcome does not depend on what came first: clusters are joined by one
pair after the other, the most trusted rule first, unless the user keeps two of their names apart.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledge_graph.facts import Kind
from knowledge_graph.forms import year

SCHEMA = """
CREATE TABLE lexicon (
    key TEXT PRIMARY KEY, target TEXT NOT NULL, label TEXT NOT NULL, kind TEXT NOT NULL, cased INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_of_target ON lexicon (target) WHERE target != key;
CREATE TABLE merges (
    key TEXT PRIMARY KEY, other TEXT NOT NULL, rule TEXT NOT NULL, evidence REAL NOT NULL
) STRICT, WITHOUT ROWID;
"""
"""`lexicon`: every name; an entity has its own key as its target, an alias that of the entity it means. `merges`: for
each alias, the name through which it was merged and why; `evidence` is how often that was told, or the cosine of both
labels."""

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Unit vectors of texts, shape (len(texts), dimension)."""

RULES = ("alias", "spelling", "synonym", "abbreviation", "called", "inflection")
"""The most trusted first. `alias`: the user says so; `spelling`: the names differ in what writers change at will;
`synonym`: a document's metadata says so; `abbreviation`: texts explain it so; `called`: texts say "also called";
`inflection`: words of the same stems, if the labels also mean nearly the same."""
DIFFERENT = "different"
"""The rule of links between names that the user keeps apart."""
SAME_MEANING = 0.9
"""Least cosine of the labels of two inflections of one name: 0.92 "vaccines" and "vaccination for adults", 0.82 "data
protection office" and "officer"."""

_SPREAD = """INSERT OR IGNORE INTO unresolved
    SELECT key, spelling, stem FROM entries WHERE spelling IN (SELECT spelling FROM unresolved)
    UNION SELECT key, spelling, stem FROM entries WHERE stem IN (SELECT stem FROM unresolved)
    UNION SELECT e.key, e.spelling, e.stem FROM links l JOIN entries e ON e.key = l.other
        WHERE l.key IN (SELECT key FROM unresolved)
    UNION SELECT e.key, e.spelling, e.stem FROM links l JOIN entries e ON e.key = l.key
        WHERE l.other IN (SELECT key FROM unresolved)
"""
_JOINABLE = """SELECT e.key, e.label, e.kind, e.weight, e.spelling, e.stem
    FROM unresolved u JOIN entries e ON e.key = u.key
    WHERE EXISTS (SELECT 1 FROM entries o WHERE o.spelling = e.spelling AND o.key != e.key)
    OR EXISTS (SELECT 1 FROM entries o WHERE o.stem = e.stem AND o.key != e.key)
    OR EXISTS (SELECT 1 FROM links WHERE key = e.key) OR EXISTS (SELECT 1 FROM links WHERE other = e.key)
    ORDER BY e.stem, e.spelling, e.key"""
_LINKS = "SELECT l.key, l.other, l.rule, l.told FROM unresolved u JOIN links l ON l.key = u.key"
_NOW = """SELECT u.key, e.label, e.kind, e.cased, l.target, l.label, l.kind, l.cased FROM unresolved u
    LEFT JOIN entries e ON e.key = u.key LEFT JOIN lexicon l ON l.key = u.key ORDER BY u.key"""


class Merge(NamedTuple):
    """Two names that mean the same, and why."""

    key: str
    other: str
    rule: str
    evidence: float


class _Name(NamedTuple):
    key: str
    label: str
    kind: Kind
    weight: int
    spelling: str
    stem: str


def settle(connection: sqlite3.Connection, encode: Encode | None) -> list[tuple[str, bool]]:
    """Decide what unresolved keys mean, and write what changed.

    Args:
        encode: Tells whether inflections mean nearly the same; without it none are merged.

    Returns:
        The keys that match other text than before, or mean another entity, each with whether only text with a capital
        is concerned.
    """
    while connection.execute(_SPREAD).rowcount:
        pass
    names = {row[0]: _Name(*row) for row in connection.execute(_JOINABLE)}
    links = list(_chosen([Merge(*row) for row in connection.execute(_LINKS)], names))
    clusters = _Clusters(link for link in links if link.rule == DIFFERENT)
    rank = _Rank(links, names)
    merges = [link for link in links if link.rule != DIFFERENT]
    merges += _of_form(names.values(), rank, encode)
    for merge in sorted(merges, key=lambda merge: (RULES.index(merge.rule), *merge)):
        clusters.join(merge)
    target: dict[str, str] = {}
    kind: dict[str, Kind] = {}
    connection.execute("DELETE FROM merges WHERE key IN (SELECT key FROM unresolved)")
    for members in clusters.all():
        root = max(members, key=rank)
        target |= dict.fromkeys(members, root)
        if any(names[key].kind == "topic" for key in members):
            kind[root] = "topic"
        connection.executemany("INSERT INTO merges VALUES (?, ?, ?, ?)", clusters.paths(root))
    return _write(connection, target, kind)


def _chosen(links: Iterable[Merge], names: Container[str]) -> Iterator[Merge]:
    """The links between names; of those that say of what else a name is called, the one to the longest."""
    called: dict[str, Merge] = {}
    for link in links:
        if link.key not in names or link.other not in names:
            continue
        if link.rule == "called":
            other = called.get(link.key, link)
            called[link.key] = max(link, other, key=lambda to: (to.other.count(" "), to.evidence, to.other))
        else:
            yield link
    yield from called.values()


def _of_form(names: Iterable[_Name], rank: _Rank, encode: Encode | None) -> Iterator[Merge]:
    """Merges of names with one form, in the order of their forms: the first of each spelling with the others, and the
    first of each stem with the first of its spellings."""
    inflected: list[tuple[_Name, _Name]] = []
    for _, alike in groupby(names, key=lambda name: name.stem):
        firsts = []
        for _, spelled in groupby(alike, key=lambda name: name.spelling):
            group = list(spelled)
            if len({year(name.key) for name in group} - {""}) > 1:  # of one law, or several
                group = [name for name in group if not year(name.key)] or group[:1]
            first, *others = sorted(group, key=lambda name: rank(name.key), reverse=True)
            yield from (Merge(other.key, first.key, "spelling", 1.0) for other in others)
            firsts.append(first)
        first, *others = sorted(firsts, key=lambda name: rank(name.key), reverse=True)
        inflected += ((other, first) for other in others)
    if inflected and encode:
        labels = sorted({name.label for name in chain.from_iterable(inflected)})
        vectors = dict(zip(labels, encode(labels), strict=True))
        for other, first in inflected:
            cosine = round(float(vectors[other.label] @ vectors[first.label]), 2)
            if cosine >= SAME_MEANING:
                yield Merge(other.key, first.key, "inflection", cosine)


class _Rank:
    """Orders names: an entity is called as the user says, or by a name that stands for no other, rather by a title, or
    by a name than a term, by the more frequent (by magnitude, so that it seldom changes), the shorter, and the last in
    the order of characters."""

    def __init__(self, links: Iterable[Merge], names: dict[str, _Name]) -> None:
        self._names = names
        self._said: set[str] = set()
        self._standing: set[str] = set()
        for link in links:
            if link.rule == "alias":
                self._said.add(link.other)
            if link.rule != DIFFERENT:
                self._standing.add(link.key)

    def __call__(self, key: str) -> tuple[bool, bool, bool, bool, int, int, str]:
        name = self._names[key]
        standing = key in self._standing
        said = key in self._said and not standing
        return said, not standing, name.kind == "topic", name.kind != "term", name.weight.bit_length(), -len(key), key


class _Clusters:
    """Names joined pair by pair.

    Args:
        apart: Pairs of names that may not come into one cluster.
    """

    def __init__(self, apart: Iterable[Merge]) -> None:
        self._apart: defaultdict[str, set[str]] = defaultdict(set)
        for pair in apart:
            self._apart[pair.key].add(pair.other)
            self._apart[pair.other].add(pair.key)
        self._of: dict[str, set[str]] = {}
        self._joined: defaultdict[str, list[Merge]] = defaultdict(list)

    def join(self, merge: Merge) -> None:
        """Join the clusters of two names, unless they are one or the user keeps them apart."""
        first, second = (self._of.get(key) or {key} for key in merge[:2])
        if merge.other in first or any(self._apart[key] & second for key in first if key in self._apart):
            return
        first |= second
        self._of |= dict.fromkeys(first, first)
        self._joined[merge.key].append(merge)
        self._joined[merge.other].append(merge)

    def all(self) -> list[set[str]]:
        """The clusters of two names or more."""
        return list({id(cluster): cluster for cluster in self._of.values()}.values())

    def paths(self, root: str) -> Iterator[Merge]:
        """For every other name of a cluster, the merge that leads from it towards its root."""
        waiting, seen = [root], {root}
        for at in waiting:
            for key, other, rule, evidence in self._joined[at]:
                to = other if key == at else key
                if to not in seen:
                    seen.add(to)
                    waiting.append(to)
                    yield Merge(to, at, rule, evidence)


def _write(connection: sqlite3.Connection, target: dict[str, str], kinds: dict[str, Kind]) -> list[tuple[str, bool]]:
    changed: list[tuple[str, bool]] = []
    for key, label, kind, cased, *row in connection.execute(_NOW).fetchall():
        old = tuple(row) if row[0] else None
        new = (target.get(key, key), label, kinds.get(key, kind), cased) if label is not None else None
        if new is None and old is not None:
            connection.execute("DELETE FROM lexicon WHERE key = ?", (key,))
        elif new is not None and new != old:
            connection.execute("INSERT OR REPLACE INTO lexicon VALUES (?, ?, ?, ?, ?)", (key, *new))
            if old:
                connection.execute("UPDATE entities SET label = ?, kind = ? WHERE key = ?", (*new[1:3], key))
                connection.execute("INSERT OR IGNORE INTO stale SELECT id FROM entities WHERE key = ?", (key,))
        if (old and (old[0], old[3])) != (new and (new[0], new[3])):
            changed.append((key, all(found[3] for found in (old, new) if found)))
    connection.execute("DELETE FROM unresolved")
    return changed
