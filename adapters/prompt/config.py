"""The settings of telling texts by the words of their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adapters.fields import checked, setting

TEMPLATES = (
    "{}",
    "This is about {}.",
    "The question is about {}.",
    "I have a question about {}.",
    "Someone asks for help with {}.",
    "The topic of this text is {}.",
    "The mood of this text is {}.",
)


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """How labels are put into words."""

    method: ClassVar[str] = "prompt"
    template: str = setting("", "What a label is put into, at its {}; by default the best of several on dev.")
    keep: float = setting(0.96, "Least share of held-out texts in scope that must be told to be.", 0.5, 1)
    seed: int = setting(0, "Of all that is drawn at random.", 0, 2**32 - 1)

    def __post_init__(self) -> None:
        checked(self)
