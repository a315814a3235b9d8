"""How far to trust the encoder on a corpus: can it find a chunk from one of its own sentences?

An encoder that does not know the language (an English one given Chinese) fails this plain task, where words never do.
The share it solves scales its weight in the fusion. Where chunks are single sentences the task is too easy to tell, so
an encoder whose tokenizer does not know the script is given no weight to begin with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.document import Chunk
from retrieval.fusion import DENSE_WEIGHT
from retrieval.text import length, sentences

if TYPE_CHECKING:
    from retrieval.encoder import Encoder
    from retrieval.lexical import LexicalIndex
    from retrieval.vectors import VectorIndex

SAMPLE = 128
RANKS = 10
KNOWS, IGNORES = 0.7, 0.4
"""Ratios of dense to lexical reciprocal rank at which the encoder gets its full weight, and none."""

MOST_UNKNOWN = 0.3
"""Share of unknown tokens above which the encoder cannot read a corpus: 0.6 in Chinese for MiniLM, 0 in English."""
_RARE = "\U00020000"
"""A character that a tokenizer which has an unknown token does not know."""


Encode = Callable[[list[str]], NDArray[np.float32]]
"""From questions to their vectors, shape (n, dimension)."""


def dense_weight(
    sample: Sequence[tuple[int, Chunk]], dense: VectorIndex, lexical: LexicalIndex, encoder: Encoder, encode: Encode
) -> float:
    """Weight of the dense ranking for a corpus, from 0 to `DENSE_WEIGHT`.

    Args:
        sample: Some `SAMPLE` of its chunks with their positions.
        encode: What the encoder makes of questions.
    """
    if unknown_share([chunk for _, chunk in sample], encoder) > MOST_UNKNOWN:
        return 0.0
    ratio = aptitude(sample, dense, lexical, encode)
    return DENSE_WEIGHT * float(np.clip((ratio - IGNORES) / (KNOWS - IGNORES), 0.0, 1.0))


def unknown_share(sample: Sequence[Chunk], encoder: Encoder) -> float:
    """Share of some chunks' tokens that the tokenizer does not know; 0 for one that knows every byte."""
    rare = encoder.backbone.token_ids([_RARE])[0]
    if len(rare) != 3 or not sample:  # start, unknown, end
        return 0.0
    ids = [token for text in encoder.backbone.token_ids([chunk.text for chunk in sample]) for token in text[1:-1]]
    return ids.count(rare[1]) / len(ids) if ids else 0.0


def aptitude(sample: Sequence[tuple[int, Chunk]], dense: VectorIndex, lexical: LexicalIndex, encode: Encode) -> float:
    """Mean reciprocal rank (at 10) of the dense ranking over that of the lexical one, for sentences as questions."""
    probes = [(position, sentence) for position, chunk in sample if (sentence := _longest_sentence(chunk.text))]
    if not probes:
        return 1.0
    by_meaning = by_words = 0.0
    nearest = dense.search_all(encode([sentence for _, sentence in probes]), RANKS)
    for (position, sentence), (found, _) in zip(probes, nearest, strict=True):
        by_meaning += _reciprocal(found.tolist().index(position) if position in found else RANKS)
        scores = lexical.scores(sentence)
        better = int((scores > scores[position]).sum() + (scores[:position] == scores[position]).sum())
        by_words += _reciprocal(better)
    return by_meaning / by_words if by_words else 1.0


def _longest_sentence(text: str) -> str:
    spans = [span for span in sentences(text) if length(text[slice(*span)]) <= 40]
    return max((text[start:end] for start, end in spans), key=length, default="")


def _reciprocal(better: int) -> float:
    """Reciprocal rank of what `better` others are ranked before; 0 beyond the first ten."""
    return 1 / (better + 1) if better < RANKS else 0.0
