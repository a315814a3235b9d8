"""Training on lists: a question, the text that answers it, likely texts that do not.

Files of lists are JSON lines with `question`, `answer`, which is null where nothing answers, and `others`.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from adapters.compiled import padded
from adapters.lora import Lora
from adapters.models import DEFAULT_SHA256, locate
from adapters.training import warm_up_and_decay

QUESTION_TOKENS = 128
TEXT_TOKENS = 120
SAVE_EVERY = 200
FIRST, END = 101, 102
"""The tokens before a question or a text alone, and after each."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Token ids, without special tokens, of a question and of texts.

    Args:
        answered: The first text answers; otherwise none does.
    """

    question: list[int]
    texts: list[list[int]]
    answered: bool = True


Loss = Callable[[Lora, Sequence[Listed], int], tuple[torch.Tensor, float]]
"""The loss of a batch, and the share of it that is told right; takes the number of tokens that run together."""


def read_lists(paths: Sequence[str]) -> list[Listed]:
    """Lists of files, each named `FILE` or `FILE:TIMES`."""
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)

    def ids(texts: list[str], most: int) -> list[list[int]]:
        found = tokenizer(texts, truncation=True, max_length=most, add_special_tokens=False)["input_ids"]
        return list(found)

    lists = []
    for path, _, times in (entry.partition(":") for entry in paths):
        entries = [json.loads(line) for line in Path(path).read_text(encoding="utf8").splitlines()]
        questions = ids([entry["question"] for entry in entries], QUESTION_TOKENS)
        for entry, question in zip(entries, questions, strict=True):
            answered = entry["answer"] is not None
            texts = [entry["answer"], *entry["others"]] if answered else entry["others"]
            lists += [Listed(question, ids(texts, TEXT_TOKENS), answered)] * int(times or 1)
    return lists


def options(description: str) -> argparse.ArgumentParser:
    """The command line of a training on lists."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("lists", nargs="+", metavar="FILE[:TIMES]", help="lists, and how often they are used an epoch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--questions", type=int, default=24, help="questions in a batch")
    parser.add_argument("--others", type=int, default=5, help="texts that do not answer, for each question")
    parser.set_defaults(withheld=0.0)
    parser.add_argument("--budget", type=int, default=3600, help="padded tokens that are run together")
    parser.add_argument("--compile", action="store_true", help="compile the model first; needs a C++ compiler")
    parser.add_argument("--start", type=Path, default=None, help="an adapter to continue from")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def tensors(ids: list[list[int]]) -> dict[str, torch.Tensor]:
    """A batch of token ids, padded, with its mask."""
    tokens, mask = padded(ids)
    return {"input_ids": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}


def groups(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Rows in groups of like length, of at most `budget` padded tokens each."""
    found: list[list[int]] = []
    width = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if not found or (len(found[-1]) + 1) * width > budget:
            found.append([])
            width = lengths[row]
        found[-1].append(row)
    return found


def train(make: Callable[[], Any], head: str | None, loss_of: Loss, task: str, chosen: argparse.Namespace) -> None:
    """Train an adapter as the command line says; it is saved every so often and at the end."""
    torch.manual_seed(chosen.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    chance = random.Random(chosen.seed)
    lists = read_lists(chosen.lists)
    print(len(lists), "lists", flush=True)
    if len(lists) < chosen.questions:
        raise SystemExit(f"{len(lists)} lists are too few for batches of {chosen.questions}; see --questions")
    model = Lora(make(), chosen.rank, head, chosen.compile)
    if chosen.start:
        model.load(chosen.start)
    weights = [value for value in model.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=chosen.rate, weight_decay=0.01)
    in_epoch = len(lists) // chosen.questions
    total = chosen.epochs * in_epoch
    schedule = warm_up_and_decay(optimiser, total)
    card = {"task": task, "base_sha256": DEFAULT_SHA256, **{k: str(v) for k, v in vars(chosen).items()}}
    begun, losses, hits = time.time(), 0.0, 0.0
    for step in range(total):
        at = step % in_epoch * chosen.questions
        if at == 0:
            chance.shuffle(lists)
        batch = [_drawn(entry, chosen.others, chosen.withheld, chance) for entry in lists[at : at + chosen.questions]]
        loss, hit = loss_of(model, batch, chosen.budget)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses, hits = losses + loss.item(), hits + hit
        if (step + 1) % 25 == 0:
            pace = (step + 1) * chosen.questions / (time.time() - begun)
            means = f"loss {losses / 25:.3f} first {hits / 25:.3f}"
            print(f"step {step + 1}/{total} {means}, {pace:.1f} lists/s", flush=True)
            losses = hits = 0.0
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == total:
            model.save(chosen.out)
            (chosen.out / "card.json").write_text(json.dumps({**card, "steps": step + 1}, indent=1), encoding="utf8")


def _drawn(entry: Listed, others: int, withheld: float, chance: random.Random) -> Listed:
    """A list with a few of its others, and sometimes without its answer."""
    wrong = entry.texts[1:] if entry.answered else entry.texts
    some = chance.sample(wrong, min(others, len(wrong)))
    if entry.answered and chance.random() >= withheld:
        return Listed(entry.question, [entry.texts[0], *some])
    return Listed(entry.question, some, answered=False)
