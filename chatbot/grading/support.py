"""The place in a bot's documents that supports a reference answer."""

from __future__ import annotations

import numpy as np

from chatbot.bot import Bot
from chatbot.grading.quiz import Item
from chatbot.reply import Citation
from chatbot.units import distinct, in_place
from retrieval.scope import Scope

LIKE = 0.5
"""Least cosine of a sentence under its headings with the question and the reference that it supports."""


def supporting(bot: Bot, item: Item) -> Citation | None:
    """The sentence, list item or table row that is nearest to question and reference; None where none is near enough.

    Raises:
        NothingInScope: The documents have no such source.
    """
    wanted = f"{item.question} {item.reference}"
    found = bot.searcher.search(wanted, bot.config.retrieval.top_k, scope=Scope(source=item.source))
    units = distinct(passage.chunk for passage in found.passages)
    if not units:
        return None
    titles = bot.index.store.titles_of({unit.chunk.document_id for unit in units})
    encoder = bot.index.encoder
    likeness = encoder.sentences([in_place(unit, titles) for unit in units]) @ encoder.query(wanted)
    best = int(np.argmax(likeness))
    if likeness[best] < LIKE:
        return None
    unit = units[best]
    document = bot.index.store.document(unit.chunk.document_id)
    source = document.source if document else unit.chunk.document_id
    return Citation(unit.chunk.document_id, source, unit.chunk.section, unit.start, unit.end, unit.text)
