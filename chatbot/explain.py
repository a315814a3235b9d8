"""Why a bot answers a question as it does: the words, the passages, the signals and the graph behind the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters.reader.attribution import Attribution, Word, attribute
from chatbot.bot import Bot, cleaned
from chatbot.decision import Fixed, Known, Stated, Weighed
from chatbot.explanation import NOT_READ, Answer, Explanation, Route, Share, Signal
from chatbot.faq import CLOSE
from chatbot.routes import routes
from chatbot.support import FEATURES, Ranked, Supported
from chatbot.units import place
from knowledge_graph import Fact

STRONGEST = 12
"""How many of a passage's words are kept."""
LEAST = 0.05
"""Signals that add less than this to the log-odds are left out."""


def explain(bot: Bot, question: str, resolved: str | None = None) -> Explanation:
    """Say why a bot answers a question as it does.

    Args:
        resolved: The question made whole, where it was asked in a conversation.
    """
    question = cleaned(question)
    decision = bot.decide(question, resolved=resolved)
    if isinstance(decision, Fixed):
        intent = decision.intent.label if decision.intent else ""
        bare = Explanation(question, question, decision.rule, decision.abstains, decision.confidence, intent=intent)
        return replace(bare, answer=Answer(decision.text))
    if isinstance(decision, Known):
        known = decision.match
        entry, document, text = known.entry, known.document, known.answer
        answer = Answer(text, text, document.id, document.title, entry.question, entry.start, entry.end)
        if routed := decision.intent:
            label = routed.label
            return Explanation(
                question, decision.resolved, "intent", False, routed.probability, answer=answer, intent=label
            )
        return Explanation(question, decision.resolved, "faq", False, known.likeness, CLOSE, answer)
    if isinstance(decision, Stated):
        answer = Answer(", ".join(decision.answer.answers))
        return Explanation(question, decision.resolved, "facts", False, decision.answer.confidence, answer=answer)
    return _weighed(bot, question, decision)


def _weighed(bot: Bot, question: str, decision: Weighed) -> Explanation:
    ranked = decision.ranked
    abstained = decision.abstains(bot.threshold.value)
    answered = "documents" if bot.config.generator.model == "extractive" else "model"
    rule = "unsure" if abstained else answered
    bare = Explanation(question, decision.resolved, rule, abstained, decision.confidence, bot.threshold.value)
    if not ranked.best:
        return bare
    best = ranked.best[0]
    unit, titles = best.unit, ranked.evidence.titles
    chunk = unit.chunk
    words = _words(bot, ranked, best)
    entities, path = _path(bot, decision.resolved, best)
    lead = zip(FEATURES, bot.support.lead(ranked).tolist(), strict=True)
    return replace(
        bare,
        answer=Answer(
            best.answer, unit.text, chunk.document_id, titles[chunk.document_id], chunk.section, unit.start, unit.end
        ),
        words=words,
        note="" if bot.support.grafts else NOT_READ,
        passages=_shares(decision, titles, routes(bot, decision.resolved, decision.found)),
        signals=sorted((Signal(*pair) for pair in lead if abs(pair[1]) >= LEAST), key=lambda s: -s.contribution),
        entities=entities,
        path=path,
    )


def _words(bot: Bot, ranked: Ranked, best: Supported) -> Attribution:
    """The weights of all words of the question and of the strongest of the passage."""
    if bot.support.grafts is None:
        return Attribution()
    chunk = best.unit.chunk
    heading = place(chunk, ranked.evidence.titles)
    reader = bot.support.grafts.reader
    found = attribute(reader, ranked.evidence.asked, heading, chunk.text, *ranked.span(best))
    least = sorted((abs(word.weight) for word in found.passage), reverse=True)[:STRONGEST]
    strong = (word for word in found.passage if abs(word.weight) >= least[-1])
    return Attribution(found.question, [_moved(word, chunk.start) for word in strong])


def _moved(word: Word, by: int) -> Word:
    return replace(word, start=word.start + by, end=word.end + by)


def _shares(decision: Weighed, titles: dict[str, str], ways: list[Route | None]) -> list[Share]:
    scores = np.array([entry.score for entry in decision.ranked.best])
    likely = np.exp(scores - scores.max())
    likely /= likely.sum()
    held: dict[str, float] = {}
    for entry, share in zip(decision.ranked.best, likely.tolist(), strict=True):
        held[entry.unit.chunk.id] = held.get(entry.unit.chunk.id, 0.0) + share
    shares = [
        Share(c.document_id, titles[c.document_id], c.section, passage.why, held.get(c.id, 0.0), route)
        for passage, route in zip(decision.found.passages, ways, strict=True)
        for c in [passage.chunk]
    ]
    return sorted(shares, key=lambda share: -share.contribution)


def _path(bot: Bot, question: str, best: Supported) -> tuple[list[str], list[Fact]]:
    """What the question names of the graph, and how the facts lead from there to what the answer names."""
    ranker = bot.searcher.ranker
    named = ranker.entities(question) if ranker else []
    labels = bot.graph.labels(named)
    entities = [labels[node] for node in named]
    if not entities:
        return [], []
    chunk = best.unit.chunk
    for text in (best.answer, best.unit.text, chunk.text):
        ends = [name for name in bot.graph.named_in(chunk.id, text) if name not in entities]
        path = bot.graph.path_to_any(entities, ends)
        if path:
            return entities, path
    return entities, []
