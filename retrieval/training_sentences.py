"""The sentences of documents, to learn a domain's language from."""

from __future__ import annotations

from collections.abc import Iterable

from retrieval.document import Document
from retrieval.text import sentences

LEAST = 4
"""Words of a sentence; headings and cells of tables have fewer."""


def sentences_of(documents: Iterable[Document]) -> list[str]:
    """All different sentences of at least `LEAST` words, in their order, with single spaces."""
    found: dict[str, None] = {}
    for document in documents:
        for start, end in sentences(document.text):
            words = document.text[start:end].split()
            if len(words) >= LEAST:
                found.setdefault(" ".join(words))
    return list(found)
