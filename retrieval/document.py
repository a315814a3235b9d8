"""The things retrieval handles: documents, the chunks cut from them, and passages ranked for a question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """A source turned into Markdown-like plain text.

    Args:
        id: Stable identifier, unique in a bot: the file's path relative to its source root, or a data set's own id.
        title: What to call it in a citation.
        text: The whole text; headings are Markdown (`#`, `##`) lines. Every offset in Graft counts characters of it.
        source: Where it came from, for people: a path or an address.
        metadata: JSON-serialisable extras: `pages` (offsets at which pages start), `faq` (question and answer spans),
            `date` (ISO), `facts` (it is a table of facts), `told` (what a program says of its document).
    """

    id: str
    title: str
    text: str
    source: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a document: `document.text[start:end] == text`.

    Args:
        section: The headings above it, outermost first, joined by " › "; empty where there are none.
        header: The header row and ruler of the table whose rows it goes on with; empty where it cuts no table.
    """

    id: str
    document_id: str
    text: str
    start: int
    end: int
    section: str = ""
    header: str = ""

    @property
    def whole(self) -> str:
        """Its text, with the header of a table that began before it."""
        return f"{self.header}\n{self.text}" if self.header else self.text


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk ranked for a question.

    Args:
        score: The final score, comparable within one question only.
        why: What each ranker said, by name: `dense` (cosine), `lexical` (BM25), `graph` (what the walk adds).
    """

    chunk: Chunk
    score: float
    why: dict[str, float] = field(default_factory=dict)
