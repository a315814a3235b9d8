"""How far to trust the encoder on a corpus: can it find a chunk from one of its own sentences?

An encoder that does not know the language (an English one given Chinese) fails this plain task, where words never do.
The share it solves scales its weight in the fusion. Where chunks are single sentences the task is too easy to tell, so
an encoder whose tokenizer does not know the script is given no weight to begin with.
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
KNOWS, IGNORES = 0.7, 0.4
"""Ratios of dense to lexical reciprocal rank at which the encoder gets its full weight, and none."""

MOST_UNKNOWN = 0.3
"""Share of unknown tokens above which the encoder cannot read a corpus: 0.6 in Chinese for MiniLM, 0 in English."""
_RARE = "\U00020000"
"""A character that a tokenizer which has an unknown token does not know."""


def dense_weight(
    chunks: Sequence[Chunk], dense: DenseIndex, lexical: LexicalIndex, encoder: Encoder, seed: int = 0
) -> float:
    """Weight of the dense ranking for this corpus, from 0 to `DENSE_WEIGHT`."""
    if unknown_share(chunks, encoder, seed) > MOST_UNKNOWN:
        return 0.0
    ratio = aptitude(chunks, dense, lexical, encoder, seed)
    return DENSE_WEIGHT * float(np.clip((ratio - IGNORES) / (KNOWS - IGNORES), 0.0, 1.0))


def unknown_share(chunks: Sequence[Chunk], encoder: Encoder, seed: int = 0) -> float:
    """Share of a sample's tokens that the tokenizer does not know; 0 for one that knows every byte."""
    rare = encoder.backbone.token_ids([_RARE])[0]
    if len(rare) != 3:  # start, unknown, end
        return 0.0
    sample = random.Random(seed).sample(chunks, min(SAMPLE, len(chunks)))
    ids = [token for text in encoder.backbone.token_ids([chunk.text for chunk in sample]) for token in text[1:-1]]
    return ids.count(rare[1]) / len(ids) if ids else 0.0


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
