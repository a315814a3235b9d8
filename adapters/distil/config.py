"""The settings of distillation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adapters.fields import setting
from adapters.tuning.config import TuningConfig


@dataclass(frozen=True, slots=True)
class DistilConfig(TuningConfig):
    """A smaller student of a classifier."""

    method: ClassVar[str] = "distil"
    rate: float = setting(2e-4, "The highest learning rate of AdamW.", 1e-8, 1)
    epochs: int = setting(10, "How often every example is used.", 1, 1000)
    student_layers: int = setting(3, "Layers of the student.", 1)
    narrow: float = setting(1.0, "Share of the inner units that each of its layers keeps.", 0.05, 1)
    alpha: float = setting(0.3, "Weight of the labels; the teacher's count the rest.", 0, 1)
    softness: float = setting(2.0, "The temperature T of the teacher's labels.", 0.1, 100)
    hidden: float = setting(10.0, "Weight of the distance between the student's and the teacher's vectors.", 0)
