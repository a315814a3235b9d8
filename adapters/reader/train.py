"""Training the reader: LoRA on every linear layer of the backbone, and a span head that is trained in full.

Batches are made by token budget from examples of like length.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertForQuestionAnswering

from adapters.lora import Lora
from adapters.models import TrainingError, locate
from adapters.reader.data import SENTENCE_END, Example, encode, packed, read_examples, with_leads, with_negatives
from adapters.registry import Adapter
from adapters.training import Recipe, Watch, backbone, fit, groups, origin, padded_inputs, to_train

RECIPE = Recipe(rank=64, rate=5e-4, budget=4096)
MAX_TOKENS = 320
MISSED, LED, TITLED = 0.4, 0.1, 0.8
"""Shares of the answerable questions that are also asked of a passage without the answer; that are also asked together
with a sentence that leads to it; of the passages that are read under their title."""
PACKED = 3
"""Passages that are one sentence are read so many at a time."""
SINGLE = 1.2
"""Sentences of a passage, on average, below which a file's passages count as single sentences."""
HELD_OUT, MOST_HELD_OUT = 0.08, 800
"""Where no data is held out by hand: the share of a file's examples, and the most; whole articles or passages."""


def train_reader(
    data: Sequence[tuple[Path, float]],
    dev: Path | None,
    out: Path,
    recipe: Recipe = RECIPE,
    start: Adapter | None = None,
    watch: Watch = lambda step, total, values: None,
) -> dict[str, Any]:
    """Train a reader into the folder `out`, and return its card.

    Args:
        data: SQuAD-format files, and how often their examples are used an epoch; 0.3 uses a random part of them.
        dev: A SQuAD-format file that says when to stop; without it a part of the data is held out.
        start: An adapter to continue from.

    Raises:
        DataError: A file is not in the format.
        TrainingError: There is nothing to train on.
        ModelError: `start` does not fit.
    """
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    chance = random.Random(recipe.seed)
    features: list[dict[str, Any]] = []
    aside = encode(tokenizer, [e for article in read_examples(dev) for e in article], MAX_TOKENS, 1.0, 0) if dev else []
    for path, times in data:
        articles = _packed(read_examples(path), recipe.seed)
        if not dev:
            articles, kept = held_out(articles, chance)
            aside += encode(tokenizer, kept, MAX_TOKENS, 1.0, 0)
        for copy in range(math.ceil(times)):
            seed = recipe.seed + copy
            examples = with_negatives(with_leads(articles, LED, seed), MISSED, seed)
            some = chance.sample(examples, round(len(examples) * min(1.0, times - copy)))
            features += encode(tokenizer, some, MAX_TOKENS, TITLED, seed)
    if not any(feature["start"] for feature in features):
        raise TrainingError("none of the questions has an answer, expected some")
    aside = chance.sample(aside, min(len(aside), MOST_HELD_OUT))
    model, recipe = to_train(partial(backbone, Spans), "qa_outputs", recipe, start)
    of_epochs = [
        [features[row] for row in rows]
        for epoch in range(recipe.epochs)
        for rows in batches(features, recipe.budget, recipe.seed + epoch)
    ]
    of_dev = [[aside[row] for row in rows] for rows in batches(aside, recipe.budget, 0)]
    card = {"task": "reader", **origin(data, start), "examples": len(features)}
    return fit(model, of_epochs, of_dev, span_loss, recipe, card, out, watch)


def held_out(articles: Sequence[list[Example]], chance: random.Random) -> tuple[list[list[Example]], list[Example]]:
    """What to train on, and examples of other articles; of other passages where no article is small enough."""
    room = min(MOST_HELD_OUT, HELD_OUT * sum(map(len, articles)))
    parts = [article for article in articles if len(article) <= room] or _by_passage(articles)
    kept: list[Example] = []
    for part in chance.sample(parts, len(parts)):
        if len(kept) + len(part) <= room:
            kept += part
    if not kept and len(parts) > 1:
        kept = min(parts, key=len)
    held = {example.passage for example in kept}
    left = [[example for example in article if example.passage not in held] for article in articles]
    return [article for article in left if article], kept


def _by_passage(articles: Sequence[list[Example]]) -> list[list[Example]]:
    found: dict[str, list[Example]] = {}
    for example in (example for article in articles for example in article):
        found.setdefault(example.passage, []).append(example)
    return list(found.values())


def _packed(articles: list[list[Example]], seed: int) -> list[list[Example]]:
    """Articles whose passages are one sentence each, with several of them in each passage."""
    passages = {example.passage for article in articles for example in article}
    sentences = sum(len(SENTENCE_END.split(passage)) for passage in passages)
    return packed(articles, PACKED, seed) if sentences < SINGLE * len(passages) else articles


def batches(features: Sequence[dict[str, Any]], budget: int, seed: int) -> list[list[int]]:
    """Rows in batches of at most `budget` padded tokens, of like length, in random order."""
    chance = random.Random(seed)
    order = chance.sample(range(len(features)), len(features))
    found = [[order[n] for n in rows] for rows in groups([len(features[row]["input_ids"]) for row in order], budget)]
    chance.shuffle(found)
    return found


class Spans(BertForQuestionAnswering):
    """The backbone with a span head, whose only output is its logits, shape (batch, tokens, start and end)."""

    def forward(self, **inputs: torch.Tensor) -> tuple[torch.Tensor]:
        """Logits of every token."""
        return (self.qa_outputs(self.bert(**inputs)[0]),)


def span_loss(model: Lora, features: Sequence[dict[str, Any]]) -> tuple[torch.Tensor, float]:
    """The mean cross-entropy of the answers' first and last tokens, and the share of answers with both right."""
    inputs = padded_inputs([f["input_ids"] for f in features], [f["token_type_ids"] for f in features])
    logits = model(model.merged(), inputs)
    # padding is no answer; -1e4 and not infinity, which has no gradient
    logits = logits.masked_fill(inputs["attention_mask"][..., None] == 0, -1e4)
    wanted = torch.tensor([[f["start"], f["end"]] for f in features])
    right = (logits.argmax(1) == wanted).all(1).float().mean()
    return torch.nn.functional.cross_entropy(logits, wanted), float(right)
