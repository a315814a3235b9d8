"""The ladder: every method on the same data, from the cheapest to the dearest, within a time."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adapters.classifier.data import Data
from adapters.labelled import Labelled, part
from adapters.methods import METHODS
from adapters.models import TrainingError

RUNGS = ("prompt", "head", "lora", "freeze", "full", "distil")
TEACHERS = ("full", "lora", "freeze")
CURVE = (5, 10, 25)
"""Examples of a label of the learning curve, before all."""
CURVED = ("head", "lora")
MEASURED = 0.2
"""Share of the data that is put aside to measure on where no test is given."""

Tell = Callable[[str, int, int], None]
"""Told which run is on, and how far it is."""


@dataclass(frozen=True, slots=True)
class Run:
    """One training.

    Args:
        each: Examples of a label; None are all.
    """

    method: str
    seed: int
    folder: Path
    card: dict[str, Any]
    each: int | None = None


@dataclass(slots=True)
class Climb:
    """What was run, and what was not for want of time."""

    runs: list[Run] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def of(self, method: str) -> list[Run]:
        """The runs of a method on all data."""
        return [run for run in self.runs if run.method == method and run.each is None]


def climb(
    data: Data, base: str, out: Path, seconds: float, seeds: int, changes: dict[str, dict[str, Any]], tell: Tell
) -> Climb:
    """Run the ladder into folders of `out`: all methods once, then the learning curve, then with more seeds.

    Args:
        data: With a test part.
        seconds: A run that would probably end later is left out.
        changes: Settings by method that differ from the defaults.
    """
    begun, found = time.monotonic(), Climb()
    took: dict[str, float] = {}
    for method, seed, each in _order(seeds):
        name = f"{method}-{seed}" if each is None else f"{method}-{each}-each"
        teacher = _teacher(found, seed) if METHODS[method].taught else None
        some = data if each is None else few(data, each, seed)
        if METHODS[method].taught and teacher is None:
            found.left_out.append(f"{name}: it has no teacher")
            continue
        if some is None:
            continue
        guess = took.get(method, max(took.values(), default=0.0)) * len(some.train) / len(data.train)
        if time.monotonic() - begun + guess > seconds:
            found.left_out.append(f"{name}: it would take {_minutes(guess)} more")
            continue
        start = time.monotonic()
        config = METHODS[method].config(**{**changes.get(method, {}), "seed": seed})
        folder = out / name

        def watch(step: int, total: int, values: dict[str, float], name: str = name) -> None:
            tell(name, step, total)

        try:
            card = METHODS[method].train(some, str(teacher.folder) if teacher else base, folder, config, watch)
        except TrainingError as error:
            found.left_out.append(f"{name}: {error}")
            continue
        if each is None:
            took[method] = max(took.get(method, 0.0), time.monotonic() - start)
        found.runs.append(Run(method, seed, folder, card, each))
    return found


def _minutes(seconds: float) -> str:
    return "about a minute" if seconds < 90 else f"about {round(seconds / 60)} minutes"


def with_test(data: Data, seed: int = 0) -> Data:
    """The data, with a part of it put aside to measure on where it has none."""
    if data.test:
        return data
    train, test = part(data.train, MEASURED, seed)
    return replace(data, train=train, test=test)


def few(data: Data, each: int, seed: int) -> Data | None:
    """So many examples of each label; None where hardly a label has more."""
    chance = random.Random(seed)
    by_label: dict[str, list[Labelled]] = defaultdict(list)
    for example in data.train:
        by_label[example.label].append(example)
    if sorted(len(some) for some in by_label.values())[len(by_label) // 2] <= each:
        return None
    train = [one for some in by_label.values() for one in chance.sample(some, min(each, len(some)))]
    return replace(data, train=train)


def _order(seeds: int) -> Iterator[tuple[str, int, int | None]]:
    yield from ((method, 0, None) for method in RUNGS)
    yield from ((method, 0, each) for method in CURVED for each in CURVE)
    yield from ((method, seed, None) for seed in range(1, seeds) for method in RUNGS if method != "prompt")


def _teacher(found: Climb, seed: int) -> Run | None:
    """The tuned model of this seed that did best on `dev`."""
    runs = [run for run in found.runs if run.method in TEACHERS and run.seed == seed and run.each is None]
    return max(runs, key=lambda run: run.card["scores"].get("dev", {}).get("accuracy", 0.0), default=None)
