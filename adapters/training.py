"""What the trainings of all adapters share: the backbone without dropout, and the learning rate's course."""

from __future__ import annotations

from typing import Any

import torch

from adapters.models import locate

LAYERS = ["query", "key", "value", "dense"]
"""The linear layers of the backbone, which are all adapted."""


def backbone(kind: Any, **more: Any) -> Any:
    """The bundled model as a transformers class, without dropout."""
    return kind.from_pretrained(
        str(locate("default").path),
        local_files_only=True,
        attn_implementation="eager",  # on a CPU its backward pass takes less time than sdpa's
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **more,
    )


def warm_up_and_decay(optimiser: torch.optim.Optimizer, total: int) -> torch.optim.lr_scheduler.LambdaLR:
    """A rate that rises for a twentieth of the steps and falls linearly to a fiftieth."""
    warm = max(1, total // 20)
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.02, (total - step) / max(1, total - warm)))
    )
