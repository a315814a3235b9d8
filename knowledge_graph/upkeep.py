"""Putting right what changed readings concern: which nodes and edges there are, and which pairs are related.

Two entities are related when each is among the `STRONGEST` that the other stands together with. From the side of one
entity, another is the stronger the more chunks n hold both in a sentence, and the fewer s name it: by n² / s, the
part of the association strength n² / (s₁ s₂) that differs among its partners, with s rounded to a power of two. The
size of the corpus is not in it, and through the rounding one more mention of a frequent entity changes nothing for
its many partners, so that an update looks at the neighbours of what it changed and no further. A pair seen once is
kept where it is the best that both have; what stands together by chance loses its place as the corpus grows.
"""

from __future__ import annotations

import sqlite3

from knowledge_graph.facts import RELATED

SCHEMA = """
CREATE TABLE strongest (
    node INTEGER NOT NULL, other INTEGER NOT NULL, PRIMARY KEY (node, other)
) STRICT, WITHOUT ROWID;
"""
"""`strongest`: for each node, those that it stands together with most."""
STRONGEST = 8
"""Most entities that one is related to."""

_OF_STALE = """(
    SELECT id FROM edges WHERE subject IN stale UNION SELECT id FROM edges WHERE object IN stale
)"""
_STATED = f"""EXISTS (
    SELECT 1 FROM edges t WHERE (t.relation != '{RELATED}' OR t.given)
    AND ((t.subject = a.node AND t.object = a.other) OR (t.subject = a.other AND t.object = a.node))
)"""
_RELATED = f"""SELECT a.node, a.other FROM strongest a JOIN strongest b ON b.node = a.other AND b.other = a.node
    WHERE NOT {_STATED}"""
_IN_ORDER = "(SELECT key FROM entities WHERE id = a.node) < (SELECT key FROM entities WHERE id = a.other)"
_STEPS = (
    f"""DELETE FROM edges WHERE id IN {_OF_STALE} AND NOT given AND relation != '{RELATED}'
        AND NOT EXISTS (SELECT 1 FROM edge_chunks c WHERE c.edge = edges.id)""",
    "DELETE FROM strongest WHERE node IN stale",
    f"""INSERT INTO strongest SELECT node, other FROM (
        SELECT p.node AS node, p.other AS other, row_number() OVER (
            PARTITION BY p.node ORDER BY p.chunks * p.chunks * 1.0 / (1 << n.magnitude) DESC, n.key
        ) AS place
        FROM (SELECT node, other, count(*) AS chunks FROM pairs WHERE node IN stale GROUP BY node, other) p
        JOIN entities n ON n.id = p.other
    ) WHERE place <= {STRONGEST}""",
    f"""DELETE FROM edges WHERE id IN {_OF_STALE} AND NOT given AND relation = '{RELATED}'
        AND NOT EXISTS ({_RELATED} AND a.node = edges.subject AND a.other = edges.object AND {_IN_ORDER})""",
    f"""INSERT OR IGNORE INTO edges (subject, relation, object)
        SELECT iif(n.key < o.key, n.id, o.id), '{RELATED}', iif(n.key < o.key, o.id, n.id)
        FROM ({_RELATED} AND a.node IN stale) r JOIN entities n ON n.id = r.node JOIN entities o ON o.id = r.other""",
    f"""INSERT OR IGNORE INTO edge_chunks SELECT e.id, p.chunk FROM edges e
        JOIN pairs p ON p.node = e.subject AND p.other = e.object
        WHERE e.id IN {_OF_STALE} AND NOT e.given AND e.relation = '{RELATED}'""",
    """UPDATE entities SET shown =
        EXISTS (SELECT 1 FROM mentions m WHERE m.node = entities.id AND (m.count OR entities.kind = 'topic'))
        OR EXISTS (SELECT 1 FROM edges e WHERE e.subject = entities.id)
        OR EXISTS (SELECT 1 FROM edges e WHERE e.object = entities.id) WHERE id IN stale""",
    """DELETE FROM entities WHERE id IN stale AND NOT shown
        AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.node = entities.id)""",
    "DELETE FROM stale",
)


def settle(connection: sqlite3.Connection) -> None:
    """Bring the nodes and edges around the stale nodes up to date."""
    _measure(connection)
    for step in _STEPS:
        connection.execute(step)


def _measure(connection: sqlite3.Connection) -> None:
    """Count what names the stale nodes; where that is of another magnitude than before, their partners are stale."""
    rows = connection.execute(
        """SELECT n.id, n.magnitude, (SELECT count(*) FROM mentions m WHERE m.node = n.id)
        FROM stale s JOIN entities n ON n.id = s.node"""
    )
    changed = [(count.bit_length(), old, node) for node, old, count in rows if count.bit_length() != old]
    connection.executemany("UPDATE entities SET magnitude = ? WHERE id = ?", ((new, node) for new, _, node in changed))
    connection.executemany(
        "INSERT OR IGNORE INTO stale SELECT other FROM pairs WHERE node = ?",
        ((node,) for _, old, node in changed if old),  # all partners of a new node are stale
    )
