"""Training the reader: LoRA on every linear layer of the backbone, and a span head that is trained in full.

    python -m adapters.reader.train DATA --out DIR

Batches are made by token budget from examples of like length; the encoder runs in bfloat16.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertForQuestionAnswering

from adapters.lora import Lora
from adapters.models import locate
from adapters.reader.data import encode, packed, read_examples, with_leads, with_negatives
from adapters.training import backbone, fit, groups, options, padded_inputs, to_train

SETS = {
    "squad/train.json": (0.5, 0.2, 20_000),
    "reading/qamr.json": (0.2, 0.0, 10_000),
    "reading/fairytale.json": (0.4, 0.1, 3_000),
    "reading/policy.json": (0.5, 0.0, 3_000),
}
"""Training files: the shares of questions that also get a passage without the answer, and a sentence that leads to it;
the most examples to use."""


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


def read_features(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """What `encode` makes of the command line's files, and of the public sets in its folder."""
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    features: list[dict[str, Any]] = []
    for path, repeat in chosen.own:
        own = [example for article in read_examples(Path(path)) for example in article]
        for copy in range(int(repeat)):
            features += encode(tokenizer, own, chosen.max_tokens, 1.0, chosen.seed + copy)
    for name, (share, led, most) in SETS.items():
        articles = read_examples(chosen.data / name)
        if name == "reading/qamr.json":
            articles = packed(articles, 3, chosen.seed)
        examples = with_negatives(with_leads(articles, led, chosen.seed), share, chosen.seed)
        random.Random(chosen.seed).shuffle(examples)
        features += encode(tokenizer, examples[: min(most, chosen.limit or most)], chosen.max_tokens, 0.7, chosen.seed)
    return features


def main() -> None:
    """Parse the command line and train."""
    parser = options(__doc__.split("\n")[0], rank=64, rate=6e-4, budget=4096)
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--own", nargs=2, metavar=("FILE", "TIMES"), action="append", default=[], help="more examples, and how often"
    )
    parser.add_argument("--max-tokens", type=int, default=320)
    parser.add_argument("--limit", type=int, default=None, help="examples of each file at most")
    chosen = parser.parse_args()
    features = read_features(chosen)
    print(len(features), "examples,", sum(len(f["input_ids"]) for f in features), "tokens", flush=True)
    order = [rows for epoch in range(chosen.epochs) for rows in batches(features, chosen.budget, chosen.seed + epoch)]
    model = to_train(partial(backbone, Spans), "qa_outputs", chosen)
    fit(model, order, lambda model, rows: span_loss(model, [features[row] for row in rows]), "reader", chosen)


if __name__ == "__main__":
    main()
