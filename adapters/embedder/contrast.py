"""The loss of the embedder: a question nearer to the passage that answers it than to all others of its batch.

It is InfoNCE (van den Oord et al. 2018) over the passages of the batch, the hard negatives of all its questions among
them, and over the questions for each passage.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import AutoTokenizer

from adapters.embedder.mining import Batch
from adapters.lora import Lora
from adapters.models import locate
from adapters.training import groups, padded_inputs


class Vectors:
    """Unit vectors of texts by a model in training.

    Args:
        tokens: Of a text that are read, special tokens included.
        budget: Padded tokens of one pass.
    """

    def __init__(self, tokens: int, budget: int) -> None:
        self._tokens, self._budget = tokens, budget
        self._tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)

    def of(self, model: Lora, texts: Sequence[str]) -> torch.Tensor:
        """Mean-pooled and of length one, shape (len(texts), width)."""
        ids = self._tokenizer(list(texts), truncation=True, max_length=self._tokens)["input_ids"]
        weights = model.merged()
        found: list[torch.Tensor] = [torch.empty(0)] * len(texts)
        for rows in groups([len(text) for text in ids], self._budget):
            inputs = padded_inputs([ids[row] for row in rows])
            mask = inputs["attention_mask"][..., None]
            pooled = (model(weights, inputs) * mask).sum(1) / mask.sum(1)
            for row, vector in zip(rows, pooled, strict=True):
                found[row] = vector
        return torch.nn.functional.normalize(torch.stack(found), dim=-1)


class Contrast:
    """The loss of batches; see the module.

    Args:
        temperature: What cosines are divided by.
    """

    def __init__(self, vectors: Vectors, temperature: float) -> None:
        self._vectors, self._temperature = vectors, temperature

    def loss(self, model: Lora, batch: Batch) -> tuple[torch.Tensor, float]:
        """The mean loss of a batch, and the share of its questions whose passage is nearest."""
        vectors = self._vectors.of(model, batch.questions + batch.passages)
        count = len(batch.questions)
        scores = vectors[:count] @ vectors[count:].T / self._temperature
        answers = torch.from_numpy(batch.answers)
        scores = scores.masked_fill(torch.from_numpy(batch.hidden), -torch.inf)
        back = scores[:, answers].T  # of each right passage with every question
        twice = (answers[:, None] == answers[None, :]).fill_diagonal_(False)
        back = back.masked_fill(twice, -torch.inf)
        entropy = torch.nn.functional.cross_entropy
        loss = (entropy(scores, answers) + entropy(back, torch.arange(count))) / 2
        return loss, float((scores.argmax(1) == answers).float().mean())
