"""Training the embedder: a question nearer to the passage that answers it than to all others of its batch.

The loss is InfoNCE (van den Oord et al. 2018) over the passages of the batch and the hard negatives of all its
questions, and over the questions for each passage. What was learned is then weakened towards the frozen encoder where
that costs little on held-out questions: more is kept of what it knows of other texts (WiSE-FT, Wortsman et al. 2022).
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoTokenizer, BertModel

from adapters.embedder.config import EmbedderConfig
from adapters.embedder.data import Pairs, parted
from adapters.embedder.mining import Batch, batches, mine
from adapters.lora import Lora
from adapters.models import locate
from adapters.ranking import ndcg
from adapters.registry import CARD
from adapters.training import Watch, backbone, fit, groups, padded_inputs

LOOKS = 5
"""At the held-out loss in an epoch."""
STRENGTHS = (1.0, 0.75, 0.5)
"""Shares of what was learned that are tried, strongest first."""
POOL = 2_000
"""Passages among which the held-out questions look for theirs: their own, and those nearest to them."""
LONGEST = 256
"""Tokens of a passage that are read to score."""


def train_embedder(
    pairs: Pairs,
    asked: NDArray[np.float32],
    vectors: NDArray[np.float32],
    data: Sequence[dict[str, Any]],
    out: Path,
    config: EmbedderConfig,
    watch: Watch = lambda step, total, values: None,
) -> dict[str, Any]:
    """Train an embedder into the folder `out`, and return its card.

    A checkpoint in `out` of the same training is gone on with.

    Args:
        asked, vectors: The frozen encoder's unit vectors of the questions and of the passages.
        data: Where they come from, for the card.

    Raises:
        TrainingError: There are too few questions; see also `adapters.training.fit`.
    """
    rest, aside = parted(pairs, config.seed)
    train, held_out = (Part(pairs.part(rows), asked[rows], vectors) for rows in (rest, aside))
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    model = Lora(backbone(BertModel, add_pooling_layer=False), config.rank, compiled=config.compiled)
    chance = random.Random(config.seed)
    mined = mine(train.pairs, train.asked, vectors, config)
    of_epochs = [batch for _ in range(config.epochs) for batch in batches(mined, train.pairs, vectors, config, chance)]
    of_held_out = batches(
        mine(held_out.pairs, held_out.asked, vectors, config), held_out.pairs, vectors, config, random.Random(0)
    )
    ids = Tokens(pairs.passages, config.tokens)
    steps = Contrast(ids, config)
    card: dict[str, Any] = {"task": "embedder", "data": list(data), "questions": len(rest), "held_out": len(aside)}
    card |= {"passages": len(pairs.passages), "mined": sum(bool(entry.hard) for entry in mined)}
    fit(
        model,
        [(train.pairs.questions, batch) for batch in of_epochs],
        [(held_out.pairs.questions, batch) for batch in of_held_out],
        steps.loss,
        config,
        card,
        out,
        watch,
        looks=LOOKS,
    )
    model.load(out)
    card = dict(json.loads((out / CARD).read_text(encoding="utf8")))
    card["seed"] = config.seed
    card["trained_parameters"] = model.trained_parameters()
    card["parameters"] = sum(value.numel() for value in model.model.parameters())
    card["scores"] |= weaken(model, held_out, config.budget)
    model.save(out)
    (out / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    return card


class Part:
    """Some questions with what the frozen encoder makes of them and of all passages."""

    def __init__(self, pairs: Pairs, asked: NDArray[np.float32], vectors: NDArray[np.float32]) -> None:
        self.pairs, self.asked, self.vectors = pairs, asked, vectors


class Tokens:
    """Token ids of texts, special tokens included, made when first asked for."""

    def __init__(self, texts: Sequence[str], most: int) -> None:
        self._texts, self._most = texts, most
        self._tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
        self._known: dict[str, list[int]] = {}

    def of(self, rows: Sequence[int]) -> list[list[int]]:
        """Those of some texts by their rows."""
        return self.of_texts([self._texts[row] for row in rows])

    def of_texts(self, texts: Sequence[str]) -> list[list[int]]:
        """Those of any texts."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            found = self._tokenizer(new, truncation=True, max_length=self._most)["input_ids"]
            self._known |= zip(new, found, strict=True)
        return [self._known[text] for text in texts]


class Contrast:
    """The loss of batches; see the module."""

    def __init__(self, tokens: Tokens, config: EmbedderConfig) -> None:
        self._tokens, self._config = tokens, config

    def loss(self, model: Lora, asked: tuple[list[str], Batch]) -> tuple[torch.Tensor, float]:
        """The mean loss of a batch, and the share of its questions whose passage is nearest.

        Args:
            asked: All questions, and the batch.
        """
        questions, batch = asked
        texts = self._tokens.of_texts([questions[row] for row in batch.questions]) + self._tokens.of(batch.passages)
        vectors = unit_vectors(model, texts, self._config.budget)
        count = len(batch.questions)
        scores = vectors[:count] @ vectors[count:].T / self._config.temperature
        hidden, answers = torch.from_numpy(batch.hidden), torch.from_numpy(batch.answers)
        scores = scores.masked_fill(hidden, -torch.inf)
        loss = torch.nn.functional.cross_entropy(scores, answers)
        if not self._config.one_way:
            back = scores[:, answers].T  # of each right passage with every question
            twice = (answers[:, None] == answers[None, :]).fill_diagonal_(False)
            back = back.masked_fill(twice, -torch.inf)
            loss = (loss + torch.nn.functional.cross_entropy(back, torch.arange(count))) / 2
        return loss, float((scores.argmax(1) == answers).float().mean())


def unit_vectors(model: Lora, texts: Sequence[list[int]], budget: int) -> torch.Tensor:
    """Mean-pooled unit vectors of texts given as token ids, shape (len(texts), width)."""
    weights = model.merged()
    found: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    for rows in groups([len(text) for text in texts], budget):
        inputs = padded_inputs([texts[row] for row in rows])
        mask = inputs["attention_mask"][..., None]
        pooled = (model(weights, inputs) * mask).sum(1) / mask.sum(1)
        for row, vector in zip(rows, pooled, strict=True):
            found[row] = vector
    return torch.nn.functional.normalize(torch.stack(found), dim=-1)


def weaken(model: Lora, held_out: Part, budget: int) -> dict[str, Any]:
    """Scale an adapter to the least of `STRENGTHS` that is no worse than the best by more than a standard error.

    Returns:
        nDCG@10 before, after and at each strength, in percent, of the held-out questions over `POOL` passages.
    """
    pairs = held_out.pairs
    pool = _pool(held_out)
    owners = [pairs.owners[row] for row in pool]
    before = _ndcg(held_out.asked, held_out.vectors[pool], owners, pairs.relevant)
    tokens = Tokens(pairs.passages, LONGEST)
    questions, passages = tokens.of_texts(pairs.questions), tokens.of(pool)
    learned = [up.detach().clone() for up in model.up]
    tried: dict[float, NDArray[np.float64]] = {}
    for strength in STRENGTHS:
        _scale(model, learned, strength)
        with torch.no_grad():
            vectors = unit_vectors(model, questions + passages, budget).numpy()
        tried[strength] = _ndcg(vectors[: len(questions)], vectors[len(questions) :], owners, pairs.relevant)
    best = max(tried.values(), key=lambda some: float(some.mean()))
    chosen = min(strength for strength, some in tried.items() if (best - some).mean() <= _standard_error(best - some))
    _scale(model, learned, chosen)
    told = {str(strength): round(100 * float(some.mean()), 2) for strength, some in tried.items()}
    return {
        "pool": len(pool),
        "ndcg@10_before": round(100 * float(before.mean()), 2),
        "ndcg@10_after": told[str(chosen)],
        "strength": chosen,
        "ndcg@10_by_strength": told,
    }


def _scale(model: Lora, learned: Sequence[torch.Tensor], strength: float) -> None:
    with torch.no_grad():
        for up, whole in zip(model.up, learned, strict=True):
            up.copy_(strength * whole)


def _pool(held_out: Part) -> list[int]:
    """Rows of the right passages, then those nearest to each question, up to `POOL`."""
    pairs = held_out.pairs
    wanted = frozenset().union(*pairs.relevant)
    right = [row for row, owner in enumerate(pairs.owners) if owner in wanted]
    nearest = np.argsort(-(held_out.asked @ held_out.vectors.T), axis=1)[:, :POOL]
    return list(dict.fromkeys([*right, *nearest.T.ravel().tolist()]))[: max(POOL, len(right))]


def _ndcg(
    asked: NDArray[np.float32],
    vectors: NDArray[np.float32],
    owners: Sequence[int],
    relevant: Sequence[frozenset[int]],
) -> NDArray[np.float64]:
    """Of each question, documents ranked by their nearest passage."""
    order = np.argsort(-(asked @ vectors.T), axis=1, kind="stable")
    rankings = [list(dict.fromkeys(owners[row] for row in rows)) for rows in order]
    return np.array([ndcg(ranking, wanted, 10) for ranking, wanted in zip(rankings, relevant, strict=True)])


def _standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std() / np.sqrt(len(values)))
