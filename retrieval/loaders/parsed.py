"""What a format's parser hands back, before it is a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's text.

    Args:
        text: Markdown-like text, already clean: offsets in `metadata` refer to it as it is.
        title: A title that the author stated (front matter); it goes before the first heading.
        fallback_title: A title from the format's own metadata; it goes after the first heading.
        metadata: As in `Document`.
    """

    text: str
    title: str = ""
    fallback_title: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
