"""Training the matcher: a question nearer to the text that answers it than to all others of its batch.

    python -m adapters.matcher.train LISTS --out DIR

The loss is the cross-entropy of a question's answer among all texts of the batch (InfoNCE; van den Oord et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import BertModel

from adapters.lists import Listed, backbone, groups, options, train
from adapters.lora import Lora

SHARPNESS = 20.0
"""What cosines are multiplied by before the softmax; the backbone was trained with the same."""
FIRST, END = 101, 102
"""The tokens around a text."""


def unit_vectors(model: Lora, texts: Sequence[list[int]], budget: int) -> torch.Tensor:
    """Mean-pooled unit vectors of texts, shape (len(texts), width)."""
    weights = model.merged()
    found: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    for rows in groups([len(text) + 2 for text in texts], budget):
        width = -(-max(len(texts[row]) + 2 for row in rows) // 8) * 8
        tokens = torch.zeros((len(rows), width), dtype=torch.long)
        for place, row in enumerate(rows):
            tokens[place, : len(texts[row]) + 2] = torch.tensor([FIRST, *texts[row], END])
        mask = (tokens > 0).long()
        hidden = model(weights, {"input_ids": tokens, "attention_mask": mask})
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        for row, vector in zip(rows, pooled, strict=True):
            found[row] = vector
    return torch.nn.functional.normalize(torch.stack(found), dim=-1)


def contrast(model: Lora, lists: Sequence[Listed], budget: int) -> tuple[torch.Tensor, float]:
    """See `adapters.lists.Loss`."""
    texts = [text for entry in lists for text in entry.texts]
    vectors = unit_vectors(model, [entry.question for entry in lists] + texts, budget)
    answers = torch.tensor([sum(len(entry.texts) for entry in lists[:row]) for row in range(len(lists))])
    scores = SHARPNESS * vectors[: len(lists)] @ vectors[len(lists) :].T
    loss = torch.nn.functional.cross_entropy(scores, answers)
    return loss, float((scores.argmax(1) == answers).float().mean())


if __name__ == "__main__":
    chosen = options(__doc__.split("\n")[0]).parse_args()
    train(lambda: backbone(BertModel, add_pooling_layer=False), None, contrast, "matcher", chosen)
