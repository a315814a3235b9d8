"""How far to trust the encoder on a corpus: can it find a chunk from one of its own sentences?

An encoder that does not know the language (an English one given Chinese) fails this plain task, where words never do.
The
share it solves scales its weight in the fusion.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrieval.document import Chunk
from retrieval.fusion import DENSE_WEIGHT
from retrieval.text import length, sentences

if TYPE_CHECKING:
    from retrieval.dense import DenseIndex
    from retrieval.encoder import Encoder
    from retrieval.lexical import LexicalIndex

SAMPLE = 128
KNOWS, IGNORES = 0.8, 0.65
"""Ratios of dense to lexical reciprocal rank at which the encoder gets its full weight, and none."""


def dense_weight(
    chunks: Sequence[Chunk], dense: DenseIndex, lexical: LexicalIndex, encoder: Encoder, seed: int = 0
) -> float:
    """Weight of the dense ranking for this corpus, from 0 to `DENSE_WEIGHT`."""
    ratio = aptitude(chunks, dense, lexical, encoder, seed)
    return DENSE_WEIGHT * float(np.clip((ratio - IGNORES) / (KNOWS - IGNORES), 0.0, 1.0))


def aptitude(
    chunks: Sequence[Chunk], dense: DenseIndex, lexical: LexicalIndex, encoder: Encoder, seed: int = 0
) -> float:
    """Mean reciprocal rank (at 10) of the dense ranking over that of the lexical one, for sentences as questions."""
    sample = random.Random(seed).sample(range(len(chunks)), min(SAMPLE, len(chunks)))
    probes = [(position, sentence) for position in sample if (sentence := _longest_sentence(chunks[position].text))]
    if not probes:
        return 1.0
    by_meaning = by_words = 0.0
    for (position, sentence), vector in zip(probes, encoder.queries([s for _, s in probes]), strict=True):
        by_meaning += _reciprocal_rank(dense.search(vector, 10)[0].tolist(), position)
        by_words += _reciprocal_rank(np.argsort(-lexical.scores(sentence), kind="stable")[:10].tolist(), position)
    return by_meaning / by_words if by_words else 1.0


def _longest_sentence(text: str) -> str:
    spans = [span for span in sentences(text) if length(text[slice(*span)]) <= 40]
    return max((text[start:end] for start, end in spans), key=length, default="")


def _reciprocal_rank(ranking: list[int], position: int) -> float:
    return 1 / (ranking.index(position) + 1) if position in ranking else 0.0
