"""The settings of an adaptation to plain sentences."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.fields import checked, setting

OBJECTIVES = ("tsdae", "mlm")


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """LoRA on the bundled encoder, taught to rebuild sentences."""

    objective: str = setting(
        "tsdae",
        "tsdae: a sentence from the vector of some of its words; mlm: masked words from those around them.",
        choices=OBJECTIVES,
    )
    sentences: int = setting(20_000, "Sentences that are used at most, drawn at random.", 32)
    deleted: float = setting(0.6, "tsdae: share of the words that are left out.", 0, 0.95)
    masked: float = setting(0.15, "mlm: share of the tokens that are to be told.", 0.01, 0.95)
    rank: int = setting(16, "Of the adapter's matrices.", 1, 384)
    rate: float = setting(2e-4, "The highest learning rate of AdamW.", 1e-8, 1)
    epochs: int = setting(1, "How often every sentence is used, each time with other words left out.", 1, 1000)
    batch: int = setting(32, "Sentences of a step.", 1, 4096)
    tokens: int = setting(96, "Tokens of a sentence that are read.", 8, 512)
    budget: int = setting(
        2048, "Padded tokens of one pass; a batch of more is run in several, with the same gradients.", 64
    )
    warm_up: float = setting(0.05, "Share of the steps in which the rate rises.", 0, 1)
    weight_decay: float = setting(0.01, "Of AdamW.", 0, 1)
    patience: int = setting(
        4, "The training ends after so many looks, five an epoch, without a lower loss on held-out sentences.", 1
    )
    seed: int = setting(0, "Of all that is drawn at random.", 0, 2**32 - 1)

    def __post_init__(self) -> None:
        checked(self)
