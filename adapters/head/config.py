"""The settings of a head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adapters.fields import checked, setting


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """How a head is trained."""

    method: ClassVar[str] = "head"
    strength: float = setting(0.0, "Inverse of the regularisation, C; 0 chooses it on held-out texts.", 0)
    class_weights: bool = setting(False, "Weigh labels alike, however many examples each has.")
    keep: float = setting(0.96, "Least share of held-out texts in scope that must be told to be.", 0.5, 1)
    seed: int = setting(0, "Of all that is drawn at random.", 0, 2**32 - 1)

    def __post_init__(self) -> None:
        checked(self)
