"""Training the matcher: a question nearer to the text that answers it than to all others of its batch.

The loss is the cross-entropy of a question's answer among all texts of the batch (InfoNCE; van den Oord et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from transformers import BertModel

from adapters.lists import END, FIRST, Listed, ListTask
from adapters.lora import Lora
from adapters.training import Recipe, backbone, groups, padded_inputs

SHARPNESS = 20.0
"""What cosines are multiplied by before the softmax; the backbone was trained with the same."""


def unit_vectors(model: Lora, texts: Sequence[list[int]], budget: int) -> torch.Tensor:
    """Mean-pooled unit vectors of texts, shape (len(texts), width)."""
    weights = model.merged()
    found: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    for rows in groups([len(text) + 2 for text in texts], budget):
        inputs = padded_inputs([[FIRST, *texts[row], END] for row in rows])
        mask = inputs["attention_mask"][..., None]
        pooled = (model(weights, inputs) * mask).sum(1) / mask.sum(1)
        for row, vector in zip(rows, pooled, strict=True):
            found[row] = vector
    return torch.nn.functional.normalize(torch.stack(found), dim=-1)


def contrast(model: Lora, lists: Sequence[Listed], budget: int) -> tuple[torch.Tensor, float]:
    """See `adapters.lists.ListTask`; every list has an answer."""
    places: dict[tuple[int, ...], int] = {}  # a text that is the answer of two questions is no wrong one for either
    for entry in lists:
        for text in entry.texts:
            places.setdefault(tuple(text), len(places))
    vectors = unit_vectors(model, [entry.question for entry in lists] + [list(text) for text in places], budget)
    answers = torch.tensor([places[tuple(entry.texts[0])] for entry in lists])
    scores = SHARPNESS * vectors[: len(lists)] @ vectors[len(lists) :].T
    loss = torch.nn.functional.cross_entropy(scores, answers)
    return loss, float((scores.argmax(1) == answers).float().mean())


MATCHER = ListTask(
    "matcher", partial(backbone, BertModel, add_pooling_layer=False), None, contrast, Recipe(32, 2.5e-4, budget=3600)
)
