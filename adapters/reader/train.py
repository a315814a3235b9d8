"""Training the reader: LoRA on every linear layer of the backbone, and a span head that is trained in full.

    python -m adapters.reader.train DATA --out DIR

Dynamic padding, batches by token budget from examples of like length, bfloat16 autocast, linear warm-up and decay. The
adapter and its card are written after every epoch; `--start` continues from an adapter.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from transformers import AutoTokenizer, BertForQuestionAnswering

from adapters.models import DEFAULT_SHA256, locate
from adapters.reader.data import encode, packed, read_examples, with_leads, with_negatives
from adapters.training import LAYERS, backbone, warm_up_and_decay

SETS = {
    "squad/train.json": (0.5, 0.2, 20_000),
    "reading/qamr.json": (0.2, 0.0, 12_000),
    "reading/fairytale.json": (0.4, 0.1, 4_000),
    "reading/policy.json": (0.5, 0.0, 5_000),
}
"""Training files: the shares of questions that also get a passage without the answer, and a sentence that leads to it;
the most examples to use."""


def batches(features: Sequence[dict[str, Any]], budget: int, seed: int) -> list[list[int]]:
    """Rows in batches of at most `budget` padded tokens, of like length, in random order."""
    chance = random.Random(seed)
    order = sorted(range(len(features)), key=lambda row: (len(features[row]["input_ids"]) // 8, chance.random()))
    found: list[list[int]] = []
    batch: list[int] = []
    widest = 0
    for row in order:
        widest = max(widest, len(features[row]["input_ids"]))
        if batch and (len(batch) + 1) * widest > budget:
            found.append(batch)
            batch, widest = [], len(features[row]["input_ids"])
        batch.append(row)
    found.append(batch)
    chance.shuffle(found)
    return found


def collate(features: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Pad a batch."""
    width = max(len(feature["input_ids"]) for feature in features)

    def padded(key: str) -> torch.Tensor:
        return torch.tensor([feature[key] + [0] * (width - len(feature[key])) for feature in features])

    return {
        "input_ids": padded("input_ids"),
        "token_type_ids": padded("token_type_ids"),
        "attention_mask": torch.tensor(
            [[1] * len(f["input_ids"]) + [0] * (width - len(f["input_ids"])) for f in features]
        ),
        "start_positions": torch.tensor([feature["start"] for feature in features]),
        "end_positions": torch.tensor([feature["end"] for feature in features]),
    }


def build_model(rank: int, start: Path | None = None) -> Any:
    """The backbone with a span head, its linear layers grafted with LoRA; `start` continues an adapter."""
    model = backbone(BertForQuestionAnswering)
    if start:
        return PeftModel.from_pretrained(model, str(start), is_trainable=True)
    config = LoraConfig(
        task_type=TaskType.QUESTION_ANS,
        r=rank,
        lora_alpha=2 * rank,
        target_modules=LAYERS,
        modules_to_save=["qa_outputs"],
    )
    return get_peft_model(model, config)


def train(model: Any, features: list[dict[str, Any]], options: argparse.Namespace) -> Iterator[int]:
    """Train epoch by epoch; yields the number of finished epochs."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01)
    per_epoch = len(batches(features, options.budget, 0))
    total = min(per_epoch * options.epochs, options.batches or per_epoch * options.epochs)
    schedule = warm_up_and_decay(optimiser, total)
    last, seen = time.time(), 0.0
    for epoch in range(options.epochs):
        for number, rows in enumerate(batches(features, options.budget, options.seed + epoch)):
            if epoch * per_epoch + number >= total:
                yield epoch + 1
                return
            batch = {key: value.to(device) for key, value in collate([features[row] for row in rows]).items()}
            with torch.autocast(device, dtype=torch.bfloat16):
                loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            value = loss.item()
            seen = 0.98 * seen + 0.02 * value if seen else value
            if number % 50 == 49:
                pace, last = 50 / (time.time() - last), time.time()
                print(f"epoch {epoch} batch {number}/{per_epoch} loss {seen:.3f}, {pace:.2f} batches/s", flush=True)
        yield epoch + 1


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--own", nargs=2, metavar=("FILE", "TIMES"), action="append", default=[], help="more examples, and how often"
    )
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--budget", type=int, default=4096, help="padded tokens in a batch")
    parser.add_argument("--max-tokens", type=int, default=320)
    parser.add_argument("--limit", type=int, default=None, help="examples of each file at most")
    parser.add_argument("--batches", type=int, default=None, help="stop after this many batches")
    parser.add_argument("--start", type=Path, default=None, help="an adapter to continue from")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    features: list[dict[str, Any]] = []
    for path, repeat in options.own:
        own = [example for article in read_examples(Path(path)) for example in article]
        for copy in range(int(repeat)):
            features += encode(tokenizer, own, options.max_tokens, 1.0, options.seed + copy)
    for name, (share, led, most) in SETS.items():
        articles = read_examples(options.data / name)
        if name == "reading/qamr.json":
            articles = packed(articles, 3, options.seed)
        examples = with_negatives(with_leads(articles, led, options.seed), share, options.seed)
        random.Random(options.seed).shuffle(examples)
        features += encode(
            tokenizer, examples[: min(most, options.limit or most)], options.max_tokens, 0.7, options.seed
        )
    print(len(features), "examples,", sum(len(f["input_ids"]) for f in features), "tokens", flush=True)
    model = build_model(options.rank, options.start)
    options.out.mkdir(parents=True, exist_ok=True)
    card = {
        "task": "reader",
        "base_sha256": DEFAULT_SHA256,
        **{k: str(v) for k, v in vars(options).items()},
        "examples": len(features),
    }
    for epochs in train(model, features, options):
        model.save_pretrained(str(options.out))
        (options.out / "card.json").write_text(json.dumps({**card, "epochs_done": epochs}, indent=1), encoding="utf8")


if __name__ == "__main__":
    main()
