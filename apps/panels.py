"""The panel beside the chat, as HTML: sources, facts, confidence and how the answer was found. All of it escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from apps.passages import excerpt, shortened
from chatbot.bot import Bot
from chatbot.explanation import RANKERS
from chatbot.reply import Citation, Reply
from knowledge_graph import Fact

HIGH, MEDIUM = 0.75, 0.5
"""Least confidence that is called high, and medium."""

EMPTY = """<div class="panel"><div class="panel-empty"><b>Sources appear here</b>
<p>Every answer shows the sentences it rests on, the facts it used, and how sure it is.</p></div></div>"""
FORGOTTEN = """<div class="panel"><div class="panel-empty"><b>An answer from an earlier visit</b>
<p>Its sources were not kept. Ask again to see them.</p></div></div>"""


def panel(bot: Bot, reply: Reply, turn: int) -> str:
    """The whole panel of a reply.

    Args:
        turn: The turn's place in the conversation, from 0; part of the anchors that citation numbers link to.
    """
    if reply.error:
        body = _notice("No answer", "The language model could not be reached. The passages found are below.")
    elif reply.abstained:
        text = "The documents do not answer this, so nothing was made up." if reply.passages else "Outside its field."
        body = _notice("Not in the documents", text) + _confidence(reply.confidence, bot.threshold.value)
    elif not reply.citations:
        composed = any(step.step == "generate" for step in reply.trace)
        text = "No passage supports it word for word: check it." if composed else "Fixed by this assistant's owner."
        body = _notice("Answer without a source" if composed else "Safety message", text)
        body += _confidence(reply.confidence) if composed else ""
    else:
        body = sources(bot, reply.citations, turn) + _confidence(reply.confidence) + _facts(reply.facts)
    return f'<div class="panel" data-turn="{turn}">{body}{_how(bot, reply)}</div>'


def level(confidence: float) -> str:
    """A confidence in a word."""
    return "high" if confidence >= HIGH else "medium" if confidence >= MEDIUM else "low"


def facts_list(facts: Sequence[Fact]) -> str:
    """Facts as a list of their words."""
    rows = "".join(
        f"<li><b>{html.escape(fact.subject)}</b><i>{html.escape(_words(fact.relation))}</i>"
        f"<span>{html.escape(fact.object)}</span></li>"
        for fact in facts
    )
    return f'<ul class="facts">{rows}</ul>'


def sources(bot: Bot, citations: Sequence[Citation], turn: int) -> str:
    """Citations as cards, each with its place in its document; for `turn` see `panel`."""
    cards = []
    for number, citation in enumerate(citations, 1):
        document = bot.index.store.document(citation.document)
        if document:
            title, passage = document.title, excerpt(document.text, citation.start, citation.end)
        else:
            title, passage = citation.document, excerpt(citation.quote, 0, len(citation.quote))
        section = f'<span class="section">{html.escape(citation.section)}</span>' if citation.section else ""
        cards.append(
            f'<article class="source" id="source-{turn}-{number}"><header><span class="number">{number}</span>'
            f'<span class="title">{html.escape(title)}</span></header>{section}'
            f'<div class="passage">{passage}</div><footer>{html.escape(citation.source)}</footer></article>'
        )
    return f"<section><h3>Sources</h3>{''.join(cards)}</section>"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain table."""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(_cell(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table-frame"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def message(text: str, kind: str = "note") -> str:
    """A line for people: a note, or an error."""
    return f'<div class="message {kind}" role="status">{html.escape(text)}</div>'


def _words(relation: str) -> str:
    return relation.replace("_", " ")


def _cell(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


def _notice(title: str, text: str) -> str:
    return f'<section class="notice"><b>{html.escape(title)}</b><p>{html.escape(text)}</p></section>'


def _confidence(confidence: float, threshold: float | None = None) -> str:
    percent = round(100 * max(0.0, min(1.0, confidence)))
    word = level(confidence)
    note = f"<p>Below {round(100 * threshold)}% the assistant does not answer.</p>" if threshold else ""
    return (
        f'<section class="confidence {word}"><h3>Confidence</h3>'
        f'<div class="reading"><b>{percent}%</b> <span>{word}</span></div>'
        f'<div class="bar" role="meter" aria-label="Confidence" aria-valuemin="0" aria-valuemax="100"'
        f' aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>{note}</section>'
    )


def _facts(facts: Sequence[Fact]) -> str:
    return f"<section><h3>Facts used</h3>{facts_list(facts)}</section>" if facts else ""


def _how(bot: Bot, reply: Reply) -> str:
    titles = bot.index.store.titles_of({passage.chunk.document_id for passage in reply.passages})
    items = []
    for passage in reply.passages:
        chunk = passage.chunk
        place = " › ".join(part for part in (titles.get(chunk.document_id, chunk.document_id), chunk.section) if part)
        scores = ((RANKERS.get(ranker, ranker), value) for ranker, value in passage.why.items())
        why = "".join(f"<span>{html.escape(ranker)} {value:.2f}</span>" for ranker, value in scores)
        items.append(f'<li><b>{html.escape(place)}</b><div class="why">{why}</div><p>{shortened(chunk.text)}</p></li>')
    passages = f"<h4>Passages found</h4><ol>{''.join(items)}</ol>" if items else ""
    total = sum(step.ms for step in reply.trace)
    steps = table(("Step", "ms"), [(step.step, f"{step.ms:.1f}") for step in reply.trace] + [("total", f"{total:.1f}")])
    return (
        f"<details><summary>How this answer was found <span>{total:.0f} ms</span></summary>"
        f"{passages}<h4>Time taken</h4>{steps}</details>"
    )
