"""Training the reranker: of a question's texts the one that answers scores highest, and below 0 where none does.

The loss is the cross-entropy of the answer among a question's texts and "none", whose score is 0 (ListNet's top one,
Cao et al. 2007, with the null answer of SQuAD 2.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from transformers import BertForSequenceClassification

from adapters.lists import END, FIRST, Listed, ListTask
from adapters.lora import Lora
from adapters.training import Recipe, backbone, groups, padded_inputs


def pair_scores(model: Lora, pairs: Sequence[tuple[list[int], list[int]]], budget: int) -> torch.Tensor:
    """Scores of (question, text) pairs, shape (len(pairs),)."""
    weights = model.merged()
    sizes = [len(question) + len(text) + 3 for question, text in pairs]
    scores: list[torch.Tensor] = [torch.empty(0)] * len(pairs)
    for rows in groups(sizes, budget):
        inputs = padded_inputs(
            [[FIRST, *pairs[row][0], END, *pairs[row][1], END] for row in rows],
            [[0] * (len(pairs[row][0]) + 2) + [1] * (len(pairs[row][1]) + 1) for row in rows],
        )
        for row, score in zip(rows, model(weights, inputs)[:, 0], strict=True):
            scores[row] = score
    return torch.stack(scores)


def listwise(model: Lora, lists: Sequence[Listed], budget: int) -> tuple[torch.Tensor, float]:
    """See `adapters.lists.ListTask`."""
    scores = pair_scores(model, [(entry.question, text) for entry in lists for text in entry.texts], budget)
    own = torch.split(scores, [len(entry.texts) for entry in lists])
    rows = [torch.cat([scores.new_zeros(1), some]) for some in own]
    right = [int(entry.answered) for entry in lists]
    loss = torch.stack([-torch.log_softmax(row, 0)[at] for row, at in zip(rows, right, strict=True)]).mean()
    return loss, sum(int(row.argmax()) == at for row, at in zip(rows, right, strict=True)) / len(lists)


RERANKER = ListTask(
    "reranker",
    partial(backbone, BertForSequenceClassification, num_labels=1),
    "classifier",
    listwise,
    Recipe(64, 2.5e-4, budget=3600),
    withheld=0.2,
)
