"""Training the tagger: LoRA on every linear layer of the backbone, and heads that are trained in full.

One pass over a sentence tells the labels of its words and, from the states of its tokens, the relations of its
entities (like SpERT, Eberts & Ulges 2020, with labels for words in the place of spans).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from adapters.lora import Lora
from adapters.registry import Adapter
from adapters.tagger.data import LABELS, RELATIONS, TYPES, Example, encode, labels, pairs, read_examples
from adapters.tagger.model import Tagger
from adapters.training import Recipe, Watch, backbone, fit, groups, origin, padded_inputs, to_train

RECIPE = Recipe(rank=64, rate=5e-4, epochs=20, budget=1024)
HIDDEN, PLAIN = 0.1, 0.15
"""Shares of the words that are hidden in training, so that others tell what they are, and of the sentences that are
read as if written in lower case."""
_MASK = 103


@dataclass(frozen=True, slots=True)
class Feature:
    """An example as numbers: `allowed` are the labels a word may have, `spans` the tokens of what may be related."""

    ids: list[int]
    shapes: list[int]
    firsts: list[int]
    wanted: list[int]
    allowed: list[list[bool]]
    spans: list[list[int]]
    relations: list[int]


def train_tagger(
    data: Sequence[tuple[Path, float]],
    dev: Path | None,
    out: Path,
    recipe: Recipe = RECIPE,
    start: Adapter | None = None,
    watch: Watch = lambda step, total, values: None,
    layers: int = 6,
) -> dict[str, Any]:
    """Train a tagger into the folder `out`, and return its card.

    Args:
        data: Files for `read_examples`, and how often their examples are used an epoch; 0.3 uses a random part.
        dev: Such a file, whose loss says when to stop; without it the last weights are kept.
        layers: How many of the backbone's layers are used.

    Raises:
        DataError: A file is not in the format.
        TrainingError: There is nothing to train on.
        ModelError: `start` does not fit.
    """
    chance = random.Random(recipe.seed)
    files = [(read_examples(path), times) for path, times in data]
    of_epochs: list[list[Feature]] = []
    for _ in range(recipe.epochs):
        examples: list[Example] = []
        for found, times in files:
            examples += found * int(times) + chance.sample(found, round(len(found) * (times % 1)))
        of_epochs += batches(features(examples, chance), recipe.budget, chance)
    aside = batches(features(read_examples(dev)), recipe.budget, chance) if dev else []
    model, recipe = to_train(partial(backbone, Tagger, num_hidden_layers=layers), "heads", recipe, start)
    card = {
        "task": "tagger",
        "layers": layers,
        "types": [kind for kind in TYPES if any(kind in each.types for found, _ in files for each in found)],
        **origin(data, start),
        "examples": sum(len(found) for found, _ in files),
    }
    return fit(model, of_epochs, aside, loss, recipe, card, out, watch)


def features(examples: Sequence[Example], chance: random.Random | None = None) -> list[Feature]:
    """Examples as numbers, with words hidden if `chance` is given."""
    found = []
    for example, encoded in zip(examples, encode([example.text for example in examples]), strict=True):
        wanted, spans = labels(example, encoded)
        free = [label == "O" or label[2:] not in example.types for label in LABELS]
        allowed = [free if label == 0 else [at == label for at in range(len(LABELS))] for label in wanted]
        ids, shapes = list(encoded.ids), list(encoded.shapes)
        if chance:
            ids = [_MASK if shape and chance.random() < HIDDEN else id_ for id_, shape in zip(ids, shapes, strict=True)]
            if chance.random() < PLAIN:
                shapes = [1 if shape in (2, 3) else shape for shape in shapes]
        ends = [*encoded.firsts.tolist(), len(ids) - 1]
        told = {(relation.subject, relation.object): relation.name for relation in example.relations}
        related = pairs([entity.type for entity in example.entities]) if example.related else []
        related = [pair for pair in related if all(spans[at][1] for at in pair)]
        found.append(
            Feature(
                ids,
                shapes,
                ends[:-1],
                wanted,
                allowed,
                [between(*([ends[at] for at in spans[end]] for end in pair)) for pair in related],
                [1 + list(RELATIONS).index(told[pair]) if pair in told else 0 for pair in related],
            )
        )
    return found


def between(subject: list[int], object_: list[int]) -> list[int]:
    """Begin and end of a subject, an object and what lies between them."""
    first, second = sorted((subject, object_))
    return [*subject, *object_, first[1], second[0]]


def batches(found: Sequence[Feature], budget: int, chance: random.Random) -> list[list[Feature]]:
    """Features in batches of at most `budget` padded tokens, of like length, in random order."""
    order = chance.sample(range(len(found)), len(found))
    made = [[found[order[at]] for at in rows] for rows in groups([len(found[row].ids) for row in order], budget)]
    chance.shuffle(made)
    return made


def inputs(batch: Sequence[Feature]) -> dict[str, torch.Tensor]:
    """What the model takes."""
    firsts = [[row, token] for row, feature in enumerate(batch) for token in feature.firsts]
    spans = [[row, *span] for row, feature in enumerate(batch) for span in feature.spans]
    return padded_inputs([feature.ids for feature in batch], [feature.shapes for feature in batch]) | {
        "firsts": torch.tensor(firsts).view(-1, 2),
        "pairs": torch.tensor(spans, dtype=torch.long).view(-1, 7),
    }


def loss(model: Lora, batch: Sequence[Feature]) -> tuple[torch.Tensor, float]:
    """The mean cross-entropy of the labels that words may have, that of relations added; the share of entities' words
    with the right label."""
    words, related = model.outputs(model.merged(), inputs(batch))
    allowed = torch.tensor([row for feature in batch for row in feature.allowed])
    # the sum of all labels a word may have: what was not looked for may be there
    of_words = words.logsumexp(1) - words.masked_fill(~allowed, -1e4).logsumexp(1)
    wanted = torch.tensor([label for feature in batch for label in feature.wanted])
    right = (words.argmax(1) == wanted)[wanted > 0].float()
    total = of_words.mean()
    if len(related):
        relations = torch.tensor([number for feature in batch for number in feature.relations])
        total = total + 0.3 * torch.nn.functional.cross_entropy(related, relations)
    return total, float(right.mean()) if len(right) else 1.0
