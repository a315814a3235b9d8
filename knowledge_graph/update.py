"""Keeping a store's graph up to date with its chunks, in two passes with their state in SQLite.

The first sums up what chunks tell of names (`evidence`, `tallies`), from which it is decided what the corpus names
(`entries`) and which names mean the same (`resolution`). The second reads chunks with that lexicon (`reading`,
`readings`): new ones, and those that hold a key which changed (`holders`). What both touched is put right at the end
(`upkeep`). Nothing depends on the order in which chunks came, or on those that went.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from knowledge_graph import entries, extraction, holders, resolution, upkeep
from knowledge_graph.aliases import Alias
from knowledge_graph.evidence import Evidence, evidence, given, of_extractor, of_facts
from knowledge_graph.extraction import Extractor
from knowledge_graph.facts import Triple, value_key
from knowledge_graph.lexicon import Lexicon
from knowledge_graph.names import key_of
from knowledge_graph.reading import read
from knowledge_graph.readings import BATCH, Readings
from knowledge_graph.resolution import DIFFERENT, Encode
from knowledge_graph.synonyms import synonyms
from knowledge_graph.tallies import Tallies
from retrieval.document import Chunk

SCHEMA = """
CREATE TABLE unread (chunk INTEGER PRIMARY KEY) STRICT;
CREATE TABLE given (
    subject TEXT NOT NULL, relation TEXT NOT NULL, object TEXT NOT NULL, PRIMARY KEY (subject, relation, object)
) STRICT, WITHOUT ROWID;
CREATE TABLE said (
    alias TEXT NOT NULL, name TEXT NOT NULL, same INTEGER NOT NULL, PRIMARY KEY (alias, name, same)
) STRICT, WITHOUT ROWID;
"""
"""`unread`: chunks to be read, for the first time or again. `given`: facts brought by the user, as written; `said`:
what the user says of names."""

Placed = tuple[int, Chunk, str]
"""A chunk with its position and its document's title."""
Said = tuple[str, str, str]
"""A fact as the user writes it: subject, relation, object."""


class GraphUpdate:
    """Brings a store's graph up to date with its chunks.

    The caller begins and commits transactions; `settle` may follow in another process. Foreign keys must be enforced.

    Args:
        language: Two letters, the same as when the graph was begun.
        encode: Tells whether names mean nearly the same that have the same stems.
        extractor: What finds more names than the corpus tells by itself; the same as when the graph was begun.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        language: str,
        encode: Encode | None = None,
        extractor: Extractor | None = None,
    ) -> None:
        self._connection = connection
        self._language = language
        self._encode = encode
        self._extractor = extractor

    def forget(self, chunks: Sequence[Placed]) -> None:
        """Take back what chunks told, while their rows are still there."""
        self._change(chunks, -1)
        positions = [position for position, *_ in chunks]
        holders.remove(self._connection, positions)
        readings = Readings(self._connection)
        for position in positions:
            readings.remove(position)
        readings.flush()
        self._connection.executemany("DELETE FROM unread WHERE chunk = ?", ((position,) for position in positions))

    def learn(self, chunks: Sequence[Placed]) -> None:
        """Take in chunks whose rows have been inserted."""
        if self._extractor:
            tables = self._tables(chunks)
            prose = [(position, chunk.text) for position, chunk, _ in chunks if chunk.document_id not in tables]
            found = self._extractor.extract([text for _, text in prose])
            extraction.keep(self._connection, [position for position, _ in prose], found)
        self._change(chunks, 1)
        self._connection.executemany("INSERT INTO unread VALUES (?)", (placed[:1] for placed in chunks))

    def settle(
        self,
        triples: Sequence[Said],
        progress: Callable[[int, int], None] = lambda done, total: None,
        aliases: Sequence[Alias] = (),
    ) -> None:
        """Make the graph what it would be if it were built of the chunks now there.

        Args:
            triples: Facts brought by the user; they stay, linked to the chunks that name both ends.
            progress: Called with how many chunks have been read and how many are to be.
            aliases: What the user says of names.
        """
        told = self._bring(set(triples))
        self._hear(set(aliases))
        exhaustive = self._extractor is not None and self._extractor.exhaustive
        entries.settle(self._connection, Tallies(self._connection), exhaustive)
        changed = told + resolution.settle(self._connection, self._encode)
        lexicon = Lexicon(self._connection)
        facts = {
            Triple(_end(subject, lexicon), relation, _end(object_, lexicon)) for subject, relation, object_ in triples
        }
        self._drop(facts)
        self._read(lexicon, changed, progress)
        self._link(facts)
        upkeep.settle(self._connection)

    def _change(self, chunks: Sequence[Placed], sign: int) -> None:
        tallies = Tallies(self._connection)
        titles = {chunk.document_id: title for _, chunk, title in chunks}
        tables = self._tables(chunks)
        told = chain(
            (
                of_facts(chunk) if chunk.document_id in tables else evidence(chunk, title, self._language)
                for _, chunk, title in chunks
            ),
            (
                of_extractor(found, chunk.text)
                for position, chunk, _ in chunks
                if (found := extraction.kept(self._connection, position))
            ),
            (Evidence(synonyms(self._metadata(id_), title)) for id_, title in titles.items()),
        )
        while batch := list(islice(told, BATCH)):
            tallies.change(batch, sign)

    def _metadata(self, document_id: str) -> dict[str, Any]:
        sql = "SELECT metadata FROM documents WHERE id = ?"
        found: dict[str, Any] = json.loads(self._connection.execute(sql, (document_id,)).fetchone()[0])
        return found

    def _tables(self, chunks: Sequence[Placed]) -> set[str]:
        """The documents of some chunks that are tables of facts."""
        return {id_ for id_ in {chunk.document_id for _, chunk, _ in chunks} if "facts" in self._metadata(id_)}

    def _bring(self, triples: set[Said]) -> list[tuple[str, bool]]:
        """Let the ends of the user's facts count as names.

        Returns:
            The keys of the subjects of which facts have come or gone: lines that tell these are to be read again.
        """
        before = {(row[0], row[1], row[2]) for row in self._connection.execute("SELECT * FROM given")}
        for facts, sign in ((before - triples, -1), (triples - before, 1)):
            self._count((end for subject, _, object_ in facts for end in (subject, object_)), sign)
        self._connection.execute("DELETE FROM given")
        self._connection.executemany("INSERT INTO given VALUES (?, ?, ?)", sorted(triples))
        return sorted({(key_of(subject), False) for subject, *_ in before ^ triples if key_of(subject)})

    def _given(self, subject: str, lead: str) -> bool:
        """See `knowledge_graph.reading.read`."""
        sql = """SELECT EXISTS (
            SELECT 1 FROM given WHERE subject = ? AND ? = subject || ' ' || replace(relation, '_', ' ')
        )"""
        return bool(self._connection.execute(sql, (subject, lead)).fetchone()[0])

    def _hear(self, aliases: set[Alias]) -> None:
        """Take in what the user says of names."""
        before = {
            Alias(alias, name, bool(same)) for alias, name, same in self._connection.execute("SELECT * FROM said")
        }
        for said, sign in ((before - aliases, -1), (aliases - before, 1)):
            self._count((name for alias in said for name in alias[:2]), sign)
            entries.unresolve(self._connection, (key_of(name) for alias in said for name in alias[:2]))
        if before == aliases:
            return
        self._connection.execute("DELETE FROM said")
        self._connection.executemany("INSERT INTO said VALUES (?, ?, ?)", sorted(aliases))
        self._connection.execute(f"DELETE FROM links WHERE rule IN ('alias', '{DIFFERENT}')")
        self._connection.executemany(
            "INSERT OR IGNORE INTO links VALUES (?, ?, ?, 1)",
            ((key_of(alias), key_of(name), "alias" if same else DIFFERENT) for alias, name, same in aliases),
        )

    def _count(self, names: Iterable[str], sign: int) -> None:
        """Let what the user writes count as names, or no more."""
        rows = [row for name in names for row in given(name)]
        Tallies(self._connection).change([Evidence(rows)], sign)

    def _drop(self, facts: set[Triple]) -> None:
        """Edges that the user no longer brings are as their chunks say, which are read again."""
        sql = """SELECT e.id, s.key, e.relation, o.key FROM edges e JOIN nodes s ON s.id = e.subject
            JOIN nodes o ON o.id = e.object WHERE e.given"""
        gone = [(row[0],) for row in self._connection.execute(sql) if Triple(*row[1:]) not in facts]
        for sql in (
            "INSERT OR IGNORE INTO unread SELECT chunk FROM edge_chunks WHERE edge = ?",
            "INSERT OR IGNORE INTO stale SELECT subject FROM edges WHERE id = ?",
            "INSERT OR IGNORE INTO stale SELECT object FROM edges WHERE id = ?",
            "UPDATE edges SET given = 0 WHERE id = ?",
        ):
            self._connection.executemany(sql, gone)

    def _read(
        self, lexicon: Lexicon, changed: Sequence[tuple[str, bool]], progress: Callable[[int, int], None]
    ) -> None:
        """Read the chunks that are new or hold a key which changed."""
        execute = self._connection.execute
        if execute("SELECT EXISTS (SELECT 1 FROM readings)").fetchone()[0]:
            again = holders.holders(self._connection, changed)
            self._connection.executemany("INSERT OR IGNORE INTO unread VALUES (?)", ((chunk,) for chunk in again))
        total = execute("SELECT count(*) FROM unread").fetchone()[0]
        readings = Readings(self._connection)
        for done, (position, chunk, title, new) in enumerate(self._unread(), 1):
            found = extraction.kept(self._connection, position)
            reading = read(chunk, title, lexicon, self._language, self._given, found.facts if found else ())
            if new:
                holders.add(self._connection, position, reading.seen)
            readings.replace(position, reading)
            progress(done, total)
        readings.flush()
        execute("DELETE FROM unread")

    def _unread(self) -> Iterator[tuple[int, Chunk, str, bool]]:
        """The chunks to be read, one document after the other, each with its document's title and whether it is new."""
        sql = """SELECT c.document_id, c.position, c.id, c.start, c.end, c.section, c.header, d.title, r.chunk IS NULL
            FROM unread u JOIN chunks c ON c.position = u.chunk JOIN documents d ON d.id = c.document_id
            LEFT JOIN readings r ON r.chunk = u.chunk ORDER BY c.document_id, c.position"""
        document, text = None, ""
        for id_, position, chunk, start, end, section, header, title, new in self._connection.execute(sql):
            if id_ != document:
                document = id_
                text = self._connection.execute("SELECT text FROM documents WHERE id = ?", (id_,)).fetchone()[0]
            yield position, Chunk(chunk, id_, text[start:end], start, end, section, header), title, bool(new)

    def _link(self, facts: set[Triple]) -> None:
        """The user's facts are edges, of the chunks that name both ends."""
        readings = Readings(self._connection)
        for fact in facts:
            edge = readings.edge(fact)
            ends = readings.nodes[fact.subject], readings.nodes[fact.object]
            if self._connection.execute("UPDATE edges SET given = 1 WHERE id = ? AND NOT given", (edge,)).rowcount:
                self._connection.executemany("INSERT OR IGNORE INTO stale VALUES (?)", ((end,) for end in ends))
            self._connection.execute(
                """INSERT OR IGNORE INTO edge_chunks SELECT ?, a.chunk FROM mentions a JOIN mentions b
                ON b.chunk = a.chunk WHERE a.node = ? AND b.node = ? AND a.count > 0 AND b.count > 0""",
                (edge, *ends),
            )
        readings.flush()


def _end(label: str, lexicon: Lexicon) -> str:
    """The key of an end of the user's fact; what cannot be a name, like a year, is a value."""
    return lexicon.resolve(key_of(label)) if given(label) else value_key(label)
