"""The settings of a grader's training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adapters.fields import checked, setting
from adapters.models import TrainingError


@dataclass(frozen=True, slots=True)
class GraderConfig:
    """How a grader is trained."""

    method: ClassVar[str] = "grader"
    grades: str = setting("incorrect,partial,correct", "The labels, from the worst to the best.")
    least: float = setting(0.5, "Least probability of a grade that is told; below it the grader is unsure.", 0, 1)
    strength: float = setting(0.0, "Inverse of the regularisation, C; 0 chooses it on held-out questions.", 0)
    strays: int = setting(2, "Answers to other questions that are learned as worst, for each question.", 0, 20)
    seed: int = setting(0, "Of all that is drawn at random.", 0, 2**32 - 1)

    def __post_init__(self) -> None:
        checked(self)
        if len(set(self.labels)) < 2 or len(set(self.labels)) != len(self.labels):
            raise TrainingError(f"--grades must be two or more labels with commas between, got {self.grades!r}")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, from the worst to the best."""
        return tuple(label.strip() for label in self.grades.split(",") if label.strip())
