"""Self-training: texts without labels get those that a classifier is sure of (Scudder 1965; Yarowsky 1995).

A head on the frozen encoder tells them; what it tells with a calibrated probability above a bar, and takes to be in
scope, is learned from as if people had labelled it, the surest first and not more of a label than people gave. It is
kept only where a head that learned from it too is no worse on the held-out texts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapters.backbone import load_backbone, vectors_of
from adapters.classifier.data import Data
from adapters.classifier.fitting import calibrated, fit_head
from adapters.classifier.head import Head
from adapters.labelled import Labelled
from adapters.models import TrainingError
from adapters.squad import DataError

STRENGTH, KEEP = 10.0, 0.96
"""Of the head that tells the texts, and the least share of held-out texts that it must take to be in scope."""


@dataclass(frozen=True, slots=True)
class SelfTraining:
    """What became of texts without labels.

    Args:
        added: How many got each label; all were dropped unless `kept`.
        before, after: Accuracy on the held-out texts of a head without them and with them.
    """

    name: str
    texts: int
    sure: float
    added: dict[str, int]
    before: float
    after: float
    kept: bool

    def __str__(self) -> str:
        total = sum(self.added.values())
        what = f"{self.name}: of {self.texts:,} texts without labels {total:,} are told with {self.sure:.0%} and more"
        scores = f"a head reaches {self.before:.1%} without them, {self.after:.1%} with them"
        return f"{what}; {scores}: they are {'learned from' if self.kept else 'left out'}"


def read_texts(path: Path) -> list[str]:
    """Texts without labels: a `.jsonl` of objects with `text`, or any other file as a text a line.

    Raises:
        DataError: The file cannot be read, a line of a `.jsonl` is no such object, or there is no text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    texts = (
        [_text(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
        if path.suffix == ".jsonl"
        else [line.strip() for line in lines]
    )
    texts = list(dict.fromkeys(filter(None, texts)))
    if not texts:
        raise DataError(f"{path} holds no texts")
    return texts


def _text(line: str, where: str) -> str:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DataError(f"{where}: expected an object with text") from None
    if not isinstance(text, str):
        raise DataError(f"{where}: expected text to be a text, got {text!r}")
    return text.strip()


def self_trained(data: Data, base: str, path: Path, sure: float, seed: int) -> tuple[Data, SelfTraining]:
    """The data with what a head is sure of in a file of texts; see the module.

    Args:
        sure: Least probability of a label.

    Raises:
        DataError: See `read_texts`.
        TrainingError: There are no held-out texts, without which nobody can be sure.
    """
    if not data.dev:
        raise TrainingError("--self-train needs held-out texts to tell how sure to be: --dev, or more --data")
    labelled = {example.text.strip().lower() for example in (*data.train, *data.dev, *data.test, *data.before)}
    texts = [text for text in read_texts(path) if text.lower() not in labelled]
    backbone = load_backbone(base)
    inside, rows = data.inside(data.train)
    dev, dev_rows = data.inside(data.dev)
    vectors, held_out, outside, new = (vectors_of(backbone, some) for some in (inside, dev, data.outside, texts))

    def head(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> Head:
        return calibrated(fit_head(vectors, rows, data.labels, STRENGTH, seed=seed), held_out, dev_rows, outside, KEEP)

    first = head(vectors, rows)
    told = first.tell(new) if texts else []
    chosen = _surest(
        [(one.probability, one.label, at) for at, one in enumerate(told) if one.in_scope and one.probability >= sure],
        Counter(example.label for example in data.train),
    )
    labels = np.array([data.labels.index(told[at].label) for at in chosen], dtype=np.int64)
    second = head(np.concatenate([vectors, new[chosen]]), np.concatenate([rows, labels])) if chosen else first
    before, after = (float((one.logits(held_out).argmax(axis=1) == dev_rows).mean()) for one in (first, second))
    added = dict(sorted(Counter(told[at].label for at in chosen).items()))
    found = SelfTraining(
        path.name, len(texts), sure, added, round(before, 4), round(after, 4), bool(chosen) and after >= before
    )
    more = [Labelled(texts[at], told[at].label) for at in chosen] if found.kept else []
    return replace(data, train=[*data.train, *more], sources=[*data.sources, asdict(found)]), found


def _surest(found: Sequence[tuple[float, str, int]], most: Counter[str]) -> list[int]:
    """The numbers of the surest texts, of each label not more than `most`."""
    left = Counter(most)
    chosen = []
    for _, label, at in sorted(found, key=lambda one: -one[0]):
        if left[label] > 0:
            left[label] -= 1
            chosen.append(at)
    return sorted(chosen)
