"""The settings of the embedder's training."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.fields import checked, setting


@dataclass(frozen=True, slots=True)
class EmbedderConfig:
    """A contrastive LoRA on the bundled encoder."""

    rank: int = setting(16, "Of the adapter's matrices.", 1, 384)
    rate: float = setting(5e-4, "The highest learning rate of AdamW.", 1e-8, 1)
    epochs: int = setting(1, "How often every question is used.", 1, 1000)
    batch: int = setting(64, "Questions of a step; the passages of the others are wrong for each.", 2, 4096)
    negatives: int = setting(2, "Hard negatives of a question in a batch, beside the passages of the others.", 0, 64)
    nearest: int = setting(20, "Hard negatives are drawn from so many passages nearest to the question.", 1)
    ceiling: float = setting(
        0.95, "No passage is a negative whose cosine is above this share of the right one's: it may be right too.", 0
    )
    temperature: float = setting(0.05, "What cosines are divided by before the softmax.", 1e-3, 10)
    tokens: int = setting(64, "Tokens of a passage that are read in training; all of it is in use.", 16, 512)
    budget: int = setting(4096, "Padded tokens of one pass.", 512)
    warm_up: float = setting(0.05, "Share of the steps in which the rate rises.", 0, 1)
    weight_decay: float = setting(0.01, "Of AdamW.", 0, 1)
    patience: int = setting(3, "The training ends after so many looks without a lower loss, five an epoch.", 1)
    compiled: bool = setting(False, "Compile the passes: faster after a minute; needs a C++ compiler.")
    seed: int = setting(0, "Of all that is drawn at random.", 0, 2**32 - 1)

    def __post_init__(self) -> None:
        checked(self)
