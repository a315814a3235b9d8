"""Training the matcher: a question nearer to the sentence that answers it than to all others of its batch.

    python -m adapters.matcher.train LISTS --out DIR

LISTS are JSON lines with `question`, `answer` (the text that answers) and `others` (likely texts that do not). The loss is
the cross-entropy of a question's answer among all texts of the batch (InfoNCE; van den Oord et al. 2018) over cosines.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertModel

from adapters.lora import Lora
from adapters.models import DEFAULT_SHA256, locate

SHARPNESS = 20.0
"""What cosines are multiplied by before the softmax; the backbone was trained with the same."""
QUESTION_TOKENS = 128
TEXT_TOKENS = 120
SAVE_EVERY = 200


def read_lists(paths: Sequence[tuple[str, int]], tokenizer: Any) -> list[list[list[int]]]:
    """Token ids of each list: the question, its answer, the others.

    Args:
        paths: Files, and how often each is used.
    """
    found = []
    for path, times in paths:
        for line in Path(path).read_text(encoding="utf8").splitlines():
            entry = json.loads(line)
            texts = [entry["answer"], *entry["others"]]
            question = tokenizer(entry["question"], truncation=True, max_length=QUESTION_TOKENS)["input_ids"]
            tokens = tokenizer(texts, truncation=True, max_length=TEXT_TOKENS)["input_ids"]
            found += [[question, *tokens]] * times
    return found


def drawn(entry: list[list[int]], others: int, chance: random.Random) -> list[list[int]]:
    """A list with a few of its others."""
    return [*entry[:2], *chance.sample(entry[2:], min(others, len(entry) - 2))]


def unit_vectors(model: Lora, texts: Sequence[list[int]], budget: int) -> torch.Tensor:
    """Mean-pooled unit vectors, run in groups of like length of at most `budget` padded tokens."""
    weights = model.merged()
    order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    vectors = []
    start = 0
    while start < len(order):
        width = -(-len(texts[order[start]]) // 8) * 8
        rows = order[start : start + max(1, budget // width)]
        tokens = torch.tensor([texts[row] + [0] * (width - len(texts[row])) for row in rows])
        mask = torch.tensor([[1] * len(texts[row]) + [0] * (width - len(texts[row])) for row in rows])
        hidden = model(weights, {"input_ids": tokens, "attention_mask": mask})
        vectors.append((hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))
        start += len(rows)
    places = torch.empty(len(texts), dtype=torch.long)
    places[torch.tensor(order)] = torch.arange(len(texts))
    return torch.nn.functional.normalize(torch.cat(vectors)[places], dim=-1)


def contrast(model: Lora, lists: Sequence[list[list[int]]], budget: int) -> tuple[torch.Tensor, float]:
    """The loss of a batch, and the share of its questions whose answer is the nearest text."""
    texts = [text for entry in lists for text in entry[1:]]
    vectors = unit_vectors(model, [entry[0] for entry in lists] + texts, budget)
    answers = torch.tensor([sum(len(entry) - 1 for entry in lists[:row]) for row in range(len(lists))])
    scores = SHARPNESS * vectors[: len(lists)] @ vectors[len(lists) :].T
    loss = torch.nn.functional.cross_entropy(scores, answers)
    return loss, float((scores.argmax(1) == answers).float().mean())


def train(model: Lora, lists: list[list[list[int]]], options: argparse.Namespace, card: dict[str, Any]) -> None:
    """Train, and save every so often."""
    chance = random.Random(options.seed)
    weights = [*model.down.parameters(), *model.up.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01)
    total = options.epochs * (len(lists) // options.questions)
    warm = max(1, total // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.02, (total - step) / max(1, total - warm)))
    )
    begun, losses, hits = time.time(), 0.0, 0.0
    for step in range(1, total + 1):
        at = (step - 1) * options.questions % (len(lists) - len(lists) % options.questions)
        if at == 0:
            chance.shuffle(lists)
        batch = [drawn(entry, options.others, chance) for entry in lists[at : at + options.questions]]
        loss, hit = contrast(model, batch, options.budget)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses, hits = losses + loss.item(), hits + hit
        if step % 25 == 0:
            pace = step * options.questions / (time.time() - begun)
            print(f"step {step}/{total} loss {losses / 25:.3f} nearest {hits / 25:.3f}, {pace:.1f} lists/s", flush=True)
            losses = hits = 0.0
        if step % SAVE_EVERY == 0 or step == total:
            model.save(options.out)
            (options.out / "card.json").write_text(json.dumps({**card, "steps": step}, indent=1), encoding="utf8")


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lists", nargs="+", metavar="FILE[:TIMES]", help="lists, and how often they are used an epoch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--questions", type=int, default=24, help="questions in a batch")
    parser.add_argument("--others", type=int, default=5, help="texts that do not answer, for each question")
    parser.add_argument("--budget", type=int, default=3600, help="padded tokens that are run together")
    parser.add_argument("--start", type=Path, default=None, help="an adapter to continue from")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    files = str(locate("default").path)
    tokenizer = AutoTokenizer.from_pretrained(files, local_files_only=True)
    paths = [(path, int(times or 1)) for path, _, times in (entry.partition(":") for entry in options.lists)]
    lists = read_lists(paths, tokenizer)
    print(len(lists), "lists", flush=True)
    backbone = BertModel.from_pretrained(
        files,
        local_files_only=True,
        add_pooling_layer=False,
        attn_implementation="eager",  # on a CPU its backward pass takes less time than sdpa's for short texts
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = Lora(backbone, options.rank)
    if options.start:
        model.load(options.start)
    card = {"task": "matcher", "base_sha256": DEFAULT_SHA256, **{k: str(v) for k, v in vars(options).items()}}
    train(model, lists, options, card)


if __name__ == "__main__":
    main()
