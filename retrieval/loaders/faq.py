"""Question and answer records, from whatever format, as one document whose answers can be quoted word for word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from retrieval.loaders.clean import one_line, tidy
from retrieval.loaders.parsed import Parsed

_QUESTIONS = frozenset(
    {"question", "questions", "q", "query", "prompt", "问题", "問題", "问", "質問", "frage", "pregunta"}
)
_ANSWERS = frozenset(
    {"answer", "answers", "a", "response", "reply", "答案", "答", "回答", "回复", "antwort", "respuesta"}
)


def faq_columns(names: Sequence[str]) -> tuple[int, int] | None:
    """Where the question and the answer stand among the names, or None where this is no FAQ."""
    folded = [one_line(name).strip("\"' :").casefold() for name in names]
    question = next((index for index, name in enumerate(folded) if name in _QUESTIONS), None)
    answer = next((index for index, name in enumerate(folded) if name in _ANSWERS), None)
    return None if question is None or answer is None else (question, answer)


def faq(title: str, pairs: Iterable[tuple[str, str]]) -> Parsed:
    """`# Title`, then `## question` and its answer for every pair; pairs lacking either are skipped.

    `metadata["faq"]` lists `{"question", "start", "end"}`, the offsets being those of the answer in the text.
    """
    parts, spans = [f"# {title}"], []
    length = len(parts[0])
    for question, answer in pairs:
        heading, body = one_line(question), tidy(answer).strip()
        if not heading or not body:
            continue
        start = length + len(f"\n\n## {heading}\n\n")
        length = start + len(body)
        parts.append(f"## {heading}\n\n{body}")
        spans.append({"question": heading, "start": start, "end": length})
    return Parsed("\n\n".join(parts) if spans else "", title=title, metadata={"faq": spans})
