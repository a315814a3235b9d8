"""A grader at work."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.grader.data import Answer
from adapters.grader.features import Pairs
from adapters.grader.head import Graded, GradeHead
from adapters.models import ModelError
from adapters.registry import Adapter, find_adapter


class Grader:
    """Grades answers; safe to share between threads.

    Args:
        pairs: Tells the features, by the models that the head was trained on.

    Raises:
        ModelError: The adapter is damaged, or was trained on another reader.
    """

    def __init__(self, adapter: Adapter, pairs: Pairs) -> None:
        self.head = GradeHead.load(adapter.path)
        self.pairs = pairs
        if adapter.card.get("reader_sha256") != find_adapter("default", "reader").fingerprint:
            raise ModelError(f"the grader in {adapter.path} was trained on another reader; run: graft train grader")

    def grade(self, answers: Sequence[Answer]) -> list[Graded]:
        """What answers are graded."""
        return self.head.grade(self.pairs.features(answers))
