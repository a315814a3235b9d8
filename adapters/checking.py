"""What is wrong with labelled data, found before anything is trained on it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from adapters.labelled import OUT_OF_SCOPE, Labelled
from adapters.models import TrainingError

FEW, IMBALANCE, ALIKE = 5, 10.0, 0.86
"""Fewer examples of a label, a commoner label's greater multiple of a rarer, and likelier labels are told of."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the data that may spoil a training.

    Args:
        kind: A word or two: `duplicates`, `leakage`, …
        text: What it is and where, for people.
        count: How often.
    """

    kind: str
    text: str
    count: int


def check_data(
    train: Sequence[Labelled],
    others: Mapping[str, Sequence[Labelled]],
    tokens: Callable[[list[str]], list[int]],
    longest: int,
) -> list[Finding]:
    """Look for what spoils a training: in the data, and between it and data of other names (`dev`, `test`).

    Args:
        tokens: How many tokens texts have.
        longest: How many of them the model reads.

    Raises:
        TrainingError: Nothing can be learned: there are fewer than two labels, or a label is met only in `others`.
    """
    counts = Counter(example.label for example in train)
    scope = {label: count for label, count in counts.items() if label != OUT_OF_SCOPE}
    if len(scope) < 2:
        raise TrainingError(f"the training data has {len(scope)} label besides {OUT_OF_SCOPE}; expected two or more")
    for name, some in others.items():
        unknown = sorted({example.label for example in some} - set(counts) - {OUT_OF_SCOPE})
        if unknown:
            meant = [label for label in scope if any(_ratio(label, other) > 0.7 for other in unknown)]
            hint = f"; like them in the training data: {_some(meant)}" if meant else ""
            raise TrainingError(f"{name} has labels that the training data lacks: {_some(unknown)}{hint}")
    found = [*_labels(scope), *_duplicates(train), *_too_long(train, tokens, longest)]
    for name, some in others.items():
        found += _leakage(train, name, some)
    return found


def _labels(counts: dict[str, int]) -> list[Finding]:
    found = []
    names = sorted(counts)
    alike = [
        f"{first} ({counts[first]}) and {second} ({counts[second]})"
        for at, first in enumerate(names)
        for second in names[at + 1 :]
        if (
            min(counts[first], counts[second]) * IMBALANCE < max(counts[first], counts[second])
            and _ratio(first, second) > ALIKE
        )
        or _plain(first) == _plain(second)
    ]
    if alike:
        found.append(Finding("label typos", f"labels that may be meant as one: {_some(alike)}", len(alike)))
    if few := sorted(label for label, count in counts.items() if count < FEW):
        found.append(Finding("few examples", f"fewer than {FEW} of: {_some(few)}", len(few)))
    least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[most] > IMBALANCE * counts[least]:
        text = f"{counts[most]} of {most} and {counts[least]} of {least}; --class-weights balances them"
        found.append(Finding("imbalance", text, 1))
    return found


def _duplicates(train: Sequence[Labelled]) -> list[Finding]:
    labels = defaultdict(list)
    for example in train:
        labels[_plain(example.text)].append(example)
    again = [some[0].text for some in labels.values() if len(some) > 1]
    torn = [
        f"{some[0].text!r} as {' and '.join(sorted({example.label for example in some}))}"
        for some in labels.values()
        if len({example.label for example in some}) > 1
    ]
    found = []
    if again:
        found.append(Finding("duplicates", f"texts given more than once: {_some(map(repr, again))}", len(again)))
    if torn:
        found.append(Finding("conflicts", f"a text with several labels: {_some(torn)}", len(torn)))
    return found


def _too_long(train: Sequence[Labelled], tokens: Callable[[list[str]], list[int]], longest: int) -> list[Finding]:
    texts = [example.text for example in train]
    cut = [text for text, count in zip(texts, tokens(texts), strict=True) if count > longest]
    if not cut:
        return []
    return [Finding("too long", f"texts of more than {longest} tokens, whose end is not read", len(cut))]


def _leakage(train: Sequence[Labelled], name: str, some: Sequence[Labelled]) -> list[Finding]:
    known = {_plain(example.text) for example in train}
    leaked = [repr(example.text) for example in some if _plain(example.text) in known]
    groups = sorted({example.group for example in train} & {example.group for example in some} - {""})
    found = []
    if leaked:
        found.append(Finding("leakage", f"texts of {name} that are trained on: {_some(leaked)}", len(leaked)))
    if groups:
        found.append(Finding("leakage", f"groups of {name} that are trained on: {_some(groups)}", len(groups)))
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold().replace("_", " ")))


def _ratio(first: str, second: str) -> float:
    return SequenceMatcher(None, _plain(first), _plain(second)).ratio()


def _some(names: Iterable[str]) -> str:
    found = [name[:80] for name in names]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more
