"""A trained classifier's card: where it comes from, how it was trained, how well it does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.classifier.data import Data
from adapters.classifier.head import Told
from adapters.classifier.runtime import Classifier
from adapters.classifier.scores import scores
from adapters.labelled import OUT_OF_SCOPE
from adapters.models import locate
from adapters.registry import CARD


def write_card(out: Path, card: dict[str, Any]) -> None:
    """Write a card into the adapter's folder."""
    (out / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf8")


def finished(
    out: Path,
    method: str,
    base: str,
    data: Data,
    recipe: dict[str, Any],
    dev: dict[str, Any],
    trained: int,
    total: int,
    seconds: float,
) -> dict[str, Any]:
    """Write the card of a classifier whose weights are in `out`, with what it scores on `test`.

    Args:
        dev: What it scored on the texts that decided.
        trained, total: Numbers that were trained, and that the model has.
        seconds: That the training took.
    """
    card: dict[str, Any] = {
        "task": "classifier",
        "method": method,
        "base": base,
        "base_sha256": locate(base).fingerprint,
        "labels": data.labels,
        "data": data.sources,
        "examples": len(data.train),
        "recipe": recipe,
        "seed": recipe["seed"],
        "trained_parameters": trained,
        "parameters": total,
        "seconds": round(seconds, 1),
    }
    write_card(out, card)
    card["scores"] = {"dev": dev} if dev else {}
    write_card(out, card)
    if data.test:
        told = Classifier.load(out).tell([example.text for example in data.test])
        card["scores"]["test"] = scores(data.test, told) | (_continued(data, told) if data.start else {})
        write_card(out, card)
    return card


def _continued(data: Data, told: Sequence[Told]) -> dict[str, Any]:
    """How well the labels are told that `data.start` knew, before and after, and how well those that are new."""
    rows = [row for row, example in enumerate(data.test) if example.label in data.known]
    new = [row for row, example in enumerate(data.test) if example.label not in (*data.known, OUT_OF_SCOPE)]
    found = {}
    if rows:
        known = [data.test[row] for row in rows]
        before = Classifier.load(str(data.start)).tell([example.text for example in known])
        found["known_before"] = scores(known, before)["accuracy"]
    for name, some in (("known", rows), ("new", new)):
        if some:
            found[name] = scores([data.test[row] for row in some], [told[row] for row in some])["accuracy"]
    return found
