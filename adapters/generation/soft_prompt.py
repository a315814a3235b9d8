"""Prompt tuning: learned vectors before the tokens of a chat, all of the model frozen (Lester et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from adapters.generation.config import SoftPromptConfig
from adapters.generation.encoding import Example, Row
from adapters.generation.model import Adapted
from adapters.models import ModelError
from adapters.registry import WEIGHTS, read_weights

KEY = "prompt_embeddings"
"""peft's name of the vectors."""


class SoftPrompt(Adapted):
    """A frozen causal language model with new vectors, begun as those of tokens; they come before every example of a
    row, as if it were alone.
    """

    def __init__(self, model: Any, tokenizer: Any, base: str, config: SoftPromptConfig) -> None:
        from peft import PromptTuningConfig

        words = model.get_input_embeddings().weight
        given = tokenizer(config.text, add_special_tokens=False)["input_ids"] if config.text else []
        drawn = torch.randint(min(len(tokenizer), len(words)), (config.vectors,)).tolist()
        first = (list(given) * config.vectors)[: config.vectors] or drawn
        soft = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=config.vectors)
        super().__init__(model, base, soft, config.recompute)
        self._base, self._on, self._count = model, True, config.vectors
        self._vectors = self.model.prompt_encoder["default"].embedding.weight
        with torch.no_grad():
            self._vectors.copy_(words[first])

    @contextmanager
    def off(self) -> Iterator[None]:
        """See `Adapted.off`."""
        self._on = False
        try:
            yield
        finally:
            self._on = True

    def logits(self, row: Row) -> torch.Tensor:
        """See `Adapted.logits`."""
        count = self._count if self._on else 0
        row = Row([Example([0] * count + one.ids, [False] * count + one.learned) for one in row.examples])
        ids, places = (torch.tensor(values, device=self._base.device) for values in (row.ids, row.positions))
        vectors = self._base.get_input_embeddings()(ids)
        if count:
            soft = self._vectors[places.clamp(max=count - 1)].to(vectors.dtype)
            vectors = torch.where((places < count)[:, None], soft, vectors)
        return self._logits(self._base, row, {"inputs_embeds": vectors[None]})


def read_vectors(folder: Path, like: Any) -> torch.Tensor:
    """The vectors of a soft prompt's folder, shape (1, vectors, width).

    Args:
        like: The base's word vectors, whose width, device and type they are to have.

    Raises:
        ModelError: They are damaged, or of another width.
    """
    found = read_weights(folder)
    if set(found) != {KEY} or found[KEY].ndim != 2:
        raise ModelError(f"the adapter in {folder} is damaged: expected {KEY} alone in {WEIGHTS}")
    width = int(like.shape[1])
    if found[KEY].shape[1] != width:
        raise ModelError(f"the adapter in {folder} has vectors of {found[KEY].shape[1]} numbers, its model {width}")
    return torch.from_numpy(found[KEY])[None].to(like)
