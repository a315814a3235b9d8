"""How the graph led from a question to the passages that were found, in names and places."""

from __future__ import annotations

import numpy as np

from chatbot.bot import Bot
from chatbot.explanation import Route, Stop
from chatbot.search import Found
from knowledge_graph.routes import Hop, strongest


def routes(bot: Bot, question: str, found: Found) -> list[Route | None]:
    """By passage the way that adds most to its score; None where `why` has no share of the graph.

    Args:
        question: What `found` was searched for.
    """
    store, candidates = bot.index.store, found.candidates
    fused = bot.index.fused(candidates, bot.searcher.lexical)
    walk = bot.searcher.walk(question, candidates, fused)
    if walk is None:
        return [None] * len(found.passages)
    alone = candidates.positions[np.argsort(-fused, kind="stable")[: np.count_nonzero(fused)]].tolist()
    positions = store.positions_of([passage.chunk.id for passage in found.passages])
    added = ("graph" in passage.why for passage in found.passages)
    ways = [strongest(walk, position) if adds else None for position, adds in zip(positions, added, strict=True)]
    hops = [hop for way in ways if way for hop in way.hops]
    passed = list({hop.chunk for hop in hops})
    chunks = dict(zip(passed, store.chunks(passed), strict=True))
    titles = store.titles_of({chunk.document_id for chunk in chunks.values()})
    labels = bot.graph.labels({hop.node for hop in hops if hop.node is not None})

    def stop(hop: Hop) -> Stop:
        chunk = chunks[hop.chunk]
        entity = "" if hop.node is None else labels[hop.node]
        return Stop(entity, chunk.id, chunk.document_id, titles[chunk.document_id], chunk.section)

    return [
        Route(
            [stop(hop) for hop in way.hops],
            way.share,
            alone.index(position) + 1 if position in alone else None,
            place,
        )
        if way
        else None
        for place, (way, position) in enumerate(zip(ways, positions, strict=True), 1)
    ]
