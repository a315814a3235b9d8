"""Other names of what a document is about, which its metadata tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from knowledge_graph.evidence import Row
from knowledge_graph.names import acceptable, key_of
from retrieval.loaders.clean import one_line
from retrieval.store import TOLD

KEYS = frozenset(["aliases", "synonyms", "cui"])
"""Metadata that names what the title names, in any case: a list, or text with `|` or `;` between the names. A CUI is a
concept's number in the Unified Medical Language System."""
_BETWEEN = re.compile(r"[|;]")


def synonyms(metadata: dict[str, Any], title: str) -> list[Row]:
    """What a document's metadata, or what a program says of it there, tells of other names of its title."""
    of = key_of(title)
    if not acceptable(of):
        return []
    names = {(key_of(name), name) for name in _names(metadata) if acceptable(key_of(name))}
    return [(key, "synonym", name, of) for key, name in sorted(names) if key != of]


def _names(metadata: dict[str, Any]) -> Iterator[str]:
    for key, value in metadata.items():
        if key == TOLD and isinstance(value, dict):
            yield from _names(value)
        elif key.casefold() in KEYS:
            names = _BETWEEN.split(value) if isinstance(value, str) else value if isinstance(value, list) else []
            # an address at which a page once was is an alias to some
            yield from (one_line(name) for name in names if isinstance(name, str) and not name.startswith("/"))
