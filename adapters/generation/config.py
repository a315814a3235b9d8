"""The settings of the trainings on chats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adapters.fields import checked, setting

TASK = "generator"
"""What the cards of such adapters say."""
PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, slots=True)
class ChatConfig:
    """What all ways of training on chats share."""

    title: ClassVar[str]
    method: ClassVar[str]

    rate: float = setting(2e-4, "The highest learning rate of AdamW.", 1e-8, 1)
    epochs: int = setting(3, "How often every chat is used.", 1, 1000)
    batch: int = setting(16, "Chats of a step.", 1, 4096)
    length: int = setting(
        1024,
        "Tokens of a pass, into which short chats are packed; those longer than this, or than the model reads, are left"
        " out.",
        16,
    )
    warm_up: float = setting(0.05, "Share of the steps in which the rate rises.", 0, 1)
    weight_decay: float = setting(0.01, "Of AdamW.", 0, 1)
    patience: int = setting(
        4, "The training ends after so many looks, four an epoch, without a lower loss on held-out chats.", 1
    )
    recompute: bool = setting(False, "Compute activations again for the backward pass: slower, in less memory.")
    precision: str = setting(
        "auto", "Of the base: bfloat16 where the machine multiplies in it, else float32.", choices=PRECISIONS
    )
    device: str = setting("auto", "auto (a GPU where there is one), cpu, cuda, or cuda:1 …")
    seed: int = setting(0, "Of all that is drawn at random.", 0, 2**32 - 1)

    def __post_init__(self) -> None:
        checked(self)

    @property
    def taken(self) -> int:
        """Positions of the model that the adapter takes of every chat."""
        return 0


@dataclass(frozen=True, slots=True)
class GeneratorConfig(ChatConfig):
    """LoRA on the linear layers of a causal language model."""

    title: ClassVar[str] = "generator"
    method: ClassVar[str] = "lora"

    rank: int = setting(16, "Of the adapter's matrices.", 1, 4096)
    layers: str = setting("", "Last names of the linear layers that are adapted, by commas; all by default.")


@dataclass(frozen=True, slots=True)
class SoftPromptConfig(ChatConfig):
    """Prompt tuning: vectors before all that a frozen causal language model reads (Lester et al. 2021)."""

    title: ClassVar[str] = "soft prompt"
    method: ClassVar[str] = "soft-prompt"

    rate: float = setting(1e-2, "The highest learning rate of AdamW.", 1e-8, 1)
    epochs: int = setting(10, "How often every chat is used.", 1, 1000)
    vectors: int = setting(20, "Learned vectors; each takes the place of a token.", 1, 1024)
    text: str = setting("", "They begin as the tokens of this text, over and over; else as tokens drawn at random.")

    @property
    def taken(self) -> int:
        """See `ChatConfig.taken`."""
        return self.vectors
