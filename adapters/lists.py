"""Training on lists: a question, the text that answers it, likely texts that do not.

Files of lists are JSON lines with `question`, `answer`, which is null where nothing answers, and `others`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from adapters.lora import Lora
from adapters.models import locate
from adapters.training import fit, options, to_train

QUESTION_TOKENS = 128
TEXT_TOKENS = 120
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


def list_options(description: str) -> argparse.ArgumentParser:
    """The command line of a training on lists."""
    parser = options(description, rank=32, rate=3e-4, budget=3600)
    parser.add_argument("lists", nargs="+", metavar="FILE[:TIMES]", help="lists, and how often they are used an epoch")
    parser.add_argument("--questions", type=int, default=24, help="questions in a batch")
    parser.add_argument("--others", type=int, default=5, help="texts that do not answer, for each question")
    return parser


def drawn_batches(lists: Sequence[Listed], chosen: argparse.Namespace, withheld: float) -> list[list[Listed]]:
    """Batches of all epochs; each list with a few of its others, and a share `withheld` without its answer.

    The lists that are left when an epoch's last batch is full are left out of it.
    """
    chance = random.Random(chosen.seed)
    found = []
    for _ in range(chosen.epochs):
        order = chance.sample(lists, len(lists))
        for at in range(0, len(order) - chosen.questions + 1, chosen.questions):
            batch = order[at : at + chosen.questions]
            found.append([_drawn(entry, chosen.others, withheld, chance) for entry in batch])
    return found


def train(
    make: Callable[[], Any],
    head: str | None,
    loss_of: Loss,
    task: str,
    chosen: argparse.Namespace,
    withheld: float = 0.0,
) -> None:
    """Train an adapter as the command line says; for `withheld` see `drawn_batches`."""
    lists = read_lists(chosen.lists)
    print(len(lists), "lists", flush=True)
    if len(lists) < chosen.questions:
        raise SystemExit(f"{len(lists)} lists are too few for batches of {chosen.questions}; see --questions")
    model = to_train(make, head, chosen)
    batches = drawn_batches(lists, chosen, withheld)
    fit(model, batches, lambda model, batch: loss_of(model, batch, chosen.budget), task, chosen)


def _drawn(entry: Listed, others: int, withheld: float, chance: random.Random) -> Listed:
    """A list with a few of its others, and sometimes without its answer."""
    wrong = entry.texts[1:] if entry.answered else entry.texts
    some = chance.sample(wrong, min(others, len(wrong)))
    if entry.answered and chance.random() >= withheld:
        return Listed(entry.question, [entry.texts[0], *some])
    return Listed(entry.question, some, answered=False)
