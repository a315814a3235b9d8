"""The citations of a generated text: those to passages that were given are kept and renumbered, all others removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chatbot.reply import Citation
from chatbot.units import units
from retrieval.document import Chunk, Passage
from retrieval.store import Store
from retrieval.text import sentences, terms

_NUMBER = r"(?!\d{4}[\]】])\d{1,99}"  # a year alone cites nothing
_MARK = re.compile(rf"\s?(?:[\[【]({_NUMBER}(?:\s?[,，、;–-]\s?\d{{1,99}})*)[\]】]|(?<!\w)\[-\d{{1,99}}\])")
_CODE_OR_MARK = re.compile(rf"```.*?(?:```|\Z)|`[^`\n]+`|{_MARK.pattern}", re.DOTALL)


def ground(text: str, passages: Sequence[Passage]) -> tuple[str, list[Citation]]:
    """Renumber the marks of a text by first use.

    Args:
        passages: Those the model was given; `[1]` is the first.

    Returns:
        The text and its citations, `[1]` first; each quotes the unit of its passage that is nearest to the sentence
        that cites it.
    """
    numbers: dict[int, int] = {}
    citations: list[Citation] = []

    def renumber(match: re.Match[str]) -> str:
        if match[1] is None:  # code: `names[0]` cites nothing; or `[-1]`, which cites no passage
            return match.group() if match.group().startswith("`") else ""
        kept: list[str] = []
        for given in _given(match[1], len(passages)):
            if not 1 <= given <= len(passages):
                continue
            if given not in numbers:
                numbers[given] = len(numbers) + 1
                citations.append(_quote(passages[given - 1].chunk, _sentence_before(text, match.start())))
            kept.append(f"[{numbers[given]}]")
        lead = " " if match.group()[0].isspace() and kept else ""
        return lead + "".join(dict.fromkeys(kept))

    return _CODE_OR_MARK.sub(renumber, text).strip(), citations


def unmarked(text: str) -> str:
    """A text without its marks."""
    return _MARK.sub("", text)


def _given(mark: str, most: int) -> list[int]:
    """The numbers of a mark such as `1, 3-5`."""
    found: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s?[–-]\s?(\d+))?", mark):
        between = range(int(first), int(last or first) + 1)
        found += between if between and between[0] >= 1 and between[-1] <= most else [int(first), int(last or first)]
    return found


def _sentence_before(text: str, offset: int) -> str:
    spans = [(start, end) for start, end in sentences(text) if start < offset]
    return text[slice(*spans[-1])] if spans else text[:offset]


def _quote(chunk: Chunk, sentence: str) -> Citation:
    wanted = set(terms(unmarked(sentence)))
    best = max(units(chunk), key=lambda unit: len(wanted & set(terms(unit.text))), default=None)
    start, end = (best.start, best.end) if best else (chunk.start, chunk.end)
    quote = chunk.text[start - chunk.start : end - chunk.start]
    return Citation(chunk.document_id, chunk.document_id, chunk.section, start, end, quote)


def sourced(citation: Citation, store: Store) -> Citation:
    """With the name of its document's source."""
    document = store.document(citation.document)
    return replace(citation, source=document.source if document else citation.document)


def covers(chunk: Chunk, citation: Citation) -> bool:
    """Whether a citation is of a place in a chunk, or reaches into it."""
    return chunk.document_id == citation.document and chunk.start < citation.end and citation.start < chunk.end
