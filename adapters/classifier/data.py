"""The data of a classifier's training: what is trained on, what decides, what is only measured."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.backbone import Backbone
from adapters.checking import Finding, check_data
from adapters.classifier.head import Head
from adapters.labelled import OUT_OF_SCOPE, Labelled, labels_of, part, read_labelled
from adapters.registry import find_adapter

HELD_OUT = 0.15
"""Share of the data that decides where no `dev` is given."""


@dataclass(frozen=True, slots=True)
class Data:
    """Labelled texts in three parts.

    Args:
        train: What is trained on.
        dev: What decides: when to stop, which setting, how sure to be.
        test: What is measured once, perhaps nothing.
        sources: Where they come from, for the card.
        start: A trained classifier that is gone on with.
        known: Its labels.
        before: Texts that it was trained on.
    """

    train: list[Labelled]
    dev: list[Labelled]
    test: list[Labelled]
    sources: list[dict[str, Any]]
    start: Path | None = None
    known: tuple[str, ...] = ()
    before: tuple[Labelled, ...] = ()

    @property
    def labels(self) -> list[str]:
        """All labels, sorted, but that of texts out of scope."""
        return sorted({*labels_of(self.train), *self.known})

    def inside(self, some: Sequence[Labelled]) -> tuple[list[str], NDArray[np.int64]]:
        """The texts in scope and the numbers of their labels."""
        rows = {label: row for row, label in enumerate(self.labels)}
        kept = [example for example in some if example.label != OUT_OF_SCOPE]
        return [example.text for example in kept], np.array([rows[example.label] for example in kept], dtype=np.int64)

    @property
    def outside(self) -> list[str]:
        """Texts out of scope that may be learned from."""
        return [example.text for example in (*self.train, *self.dev) if example.label == OUT_OF_SCOPE]

    def check(self, backbone: Backbone) -> list[Finding]:
        """See `check_data`."""
        others = {name: some for name, some in (("dev", self.dev), ("test", self.test)) if some}
        return check_data(
            self.train,
            others,
            lambda texts: [len(ids) for ids in backbone.token_ids(texts)],
            backbone.spec.max_tokens - 1,
        )


def read_data(
    sources: Sequence[tuple[Path, float]],
    dev: Path | None,
    test: Path | None,
    seed: int,
    start: Path | None = None,
    replay: Sequence[tuple[Path, float]] = (),
) -> Data:
    """Read files of labelled texts; without `dev` a part of the first is put aside.

    Args:
        sources: Files for `read_labelled`, and how often their texts are used; 0.3 uses a random part.
        start: The folder of a trained classifier that is gone on with.
        replay: Files of texts that it was trained on, and the share of each label's that is learned again.

    Raises:
        DataError: A file is not in the format.
        ModelError: There is no classifier in `start`.
    """
    chance = random.Random(seed)
    examples: list[Labelled] = []
    for path, times in sources:
        found = read_labelled(path)
        examples += found * int(times) + chance.sample(found, round(len(found) * (times % 1)))
    before: list[Labelled] = []
    for path, share in replay:
        found = read_labelled(path)
        before += found
        examples += _replayed(found, share, chance) if share else []
    train, aside = (examples, read_labelled(dev)) if dev else part(examples, HELD_OUT, seed)
    known = Head.load(find_adapter(str(start), "classifier").path).labels if start else ()
    said = [{"name": path.name, "times": times} for path, times in sources]
    said += [{"name": path.name, "replayed": share} for path, share in replay]
    return Data(train, aside, read_labelled(test) if test else [], said, start, known, tuple(before))


def _replayed(examples: Sequence[Labelled], share: float, chance: random.Random) -> list[Labelled]:
    """A share of each label's texts, at least one."""
    by_label: dict[str, list[Labelled]] = defaultdict(list)
    for example in examples:
        by_label[example.label].append(example)
    counts = {label: max(1, round(share * len(some))) for label, some in by_label.items()}
    return [one for label, some in by_label.items() for one in chance.sample(some, counts[label])]
