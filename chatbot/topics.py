"""What a bot offers to help with where it does not know."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from retrieval.document import Passage
from retrieval.splitter import PATH_SEPARATOR

MOST = 3


def nearest_topics(passages: Sequence[Passage], titles: Mapping[str, str], faq: Collection[str]) -> list[str]:
    """Headings of the nearest passages, to offer instead of an answer.

    Args:
        titles: Of the passages' documents.
        faq: Documents that are an FAQ: a question says what it is about without their title.
    """
    names = []
    for passage in passages:
        document, section = passage.chunk.document_id, passage.chunk.section.split(PATH_SEPARATOR)[-1]
        title = "" if section and document in faq else titles[document]
        names.append(": ".join(filter(None, (title, section))))
    return list(dict.fromkeys(names))[:MOST]
