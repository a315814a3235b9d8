"""The settings of LoRA, of tuning the last layers, and of full fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adapters.fields import checked, setting

ADVERSARIES = ("none", "fgm", "pgd", "freelb")


@dataclass(frozen=True, slots=True)
class TuningConfig:
    """What all ways of tuning an encoder share."""

    method: ClassVar[str]

    rate: float = setting(5e-4, "The highest learning rate of AdamW.", 1e-8, 1)
    epochs: int = setting(5, "How often every example is used.", 1, 1000)
    batch: int = setting(32, "Examples of a step.", 1, 4096)
    budget: int = setting(
        4096, "Padded tokens of one pass; a batch of more is run in several, with the same gradients.", 64
    )
    warm_up: float = setting(0.05, "Share of the steps in which the rate rises.", 0, 1)
    weight_decay: float = setting(0.01, "Of AdamW.", 0, 1)
    dropout: float = setting(0.0, "In the encoder.", 0, 0.9)
    patience: int = setting(2, "The training ends after so many epochs without a lower loss on held-out texts.", 1)
    class_weights: bool = setting(False, "Weigh labels alike, however many examples each has.")
    adversarial: str = setting("none", "Also learn from disturbed word vectors.", choices=ADVERSARIES)
    epsilon: float = setting(1.0, "Length of the disturbance of a text's word vectors.", 0)
    augment: str = setting("", "Also learn from changed texts: typos, swap, delete, synonyms; several by commas.")
    target: str = setting(
        "", "Unlabelled texts of where the classifier is to be used, as --data or .txt: learn what they have in common."
    )
    adversary: float = setting(
        1.0, "With --target: the most that the encoder gives for not telling the two kinds of texts apart.", 0
    )
    ewc: float = setting(0.0, "Weight of staying near the weights of --start that matter to the texts of --replay.", 0)
    keep: float = setting(0.96, "Least share of held-out texts in scope that must be told to be.", 0.5, 1)
    compiled: bool = setting(False, "Compile the passes: faster after a minute; needs a C++ compiler.")
    precision: str = setting(
        "float32", "Of the multiplications; bfloat16 is faster on a GPU.", choices=("float32", "bfloat16")
    )
    device: str = setting("cpu", "cpu, cuda, or cuda:1 …")
    seed: int = setting(0, "Of all that is drawn at random.", 0, 2**32 - 1)

    def __post_init__(self) -> None:
        checked(self)


@dataclass(frozen=True, slots=True)
class LoraConfig(TuningConfig):
    """LoRA on the linear layers of the encoder."""

    method: ClassVar[str] = "lora"

    rank: int = setting(8, "Of the adapter's matrices.", 1, 384)
    layers: str = setting("", "Last names of the linear layers that are adapted, by commas; all by default.")


@dataclass(frozen=True, slots=True)
class FreezeConfig(TuningConfig):
    """The last layers of the encoder, the others frozen."""

    method: ClassVar[str] = "freeze"

    rate: float = setting(1e-4, "The highest learning rate of AdamW.", 1e-8, 1)
    last: int = setting(2, "Layers that are trained, from the last one.", 1)


@dataclass(frozen=True, slots=True)
class FullConfig(TuningConfig):
    """All weights of the encoder."""

    method: ClassVar[str] = "full"

    rate: float = setting(1e-4, "The highest learning rate of AdamW.", 1e-8, 1)
