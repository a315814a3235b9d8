"""Training on lists: a question, the text that answers it, likely texts that do not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from adapters.lora import Lora
from adapters.models import TrainingError, locate
from adapters.registry import Adapter
from adapters.training import Recipe, Watch, fit, origin, to_train

QUESTION_TOKENS = 128
TEXT_TOKENS = 120
FIRST, END = 101, 102
"""The tokens before a question or a text alone, and after each."""
QUESTIONS, OTHERS = 24, 6
"""Questions in a batch, and texts that do not answer for each."""
HELD_OUT, MOST_HELD_OUT = 0.04, 480
"""Where no lists are held out by hand: their share, at least a batch of them where there are many, and the most."""


@dataclass(frozen=True, slots=True)
class TextList:
    """A question and texts, nearest to it first.

    Args:
        answer: The text that answers; None where nothing does.
        others: Texts that do not.
    """

    question: str
    answer: str | None
    others: list[str]


@dataclass(frozen=True, slots=True)
class Listed:
    """Token ids, without special tokens, of a question and of texts.

    Args:
        answered: The first text answers; otherwise none does.
    """

    question: list[int]
    texts: list[list[int]]
    answered: bool = True


@dataclass(frozen=True, slots=True)
class ListTask:
    """What is trained on lists.

    Args:
        make: Gives the model.
        head: See `Lora`.
        loss_of: The loss of a batch, and the share of it that is told right; takes the tokens that run together.
        withheld: Share of the lists whose answer is taken away; 0 where lists without an answer are of no use.
    """

    name: str
    make: Callable[[], Any]
    head: str | None
    loss_of: Callable[[Lora, Sequence[Listed], int], tuple[torch.Tensor, float]]
    recipe: Recipe
    withheld: float = 0.0


def train_on_lists(
    task: ListTask,
    lists: Sequence[TextList],
    dev: Sequence[TextList],
    data: Sequence[tuple[Path, float]],
    out: Path,
    recipe: Recipe,
    start: Adapter | None = None,
    watch: Watch = lambda step, total, values: None,
) -> dict[str, Any]:
    """Train an adapter into the folder `out`, and return its card.

    Args:
        dev: Lists that say when to stop; where there are none, a part of the others is held out.
        data: Where the lists come from, for the card.
        start: An adapter to continue from.

    Raises:
        TrainingError: There are too few lists.
        ModelError: `start` does not fit.
    """
    chance = random.Random(recipe.seed)
    usable, held_out = (
        [entry for entry in some if entry.others and (entry.answer is not None or task.withheld)]
        for some in (lists, dev)
    )
    if dev and not held_out:
        raise TrainingError(f"none of the {len(dev)} held-out questions can be used to train the {task.name}")
    if not dev:
        usable, held_out = parted(usable, chance)
    if len(usable) < QUESTIONS:
        raise TrainingError(f"{len(usable)} questions to train the {task.name} on are too few, expected {QUESTIONS}")
    model, recipe = to_train(task.make, task.head, recipe, start)
    listed = _tokens(usable)
    of_epochs = [batch for _ in range(recipe.epochs) for batch in drawn_batches(listed, chance, task.withheld)]
    of_dev = drawn_batches(_tokens(held_out), random.Random(0), task.withheld)
    card = {"task": task.name, **origin(data, start), "lists": len(usable)}
    return fit(model, of_epochs, of_dev, lambda m, b: task.loss_of(m, b, recipe.budget), recipe, card, out, watch)


def parted(lists: Sequence[TextList], chance: random.Random) -> tuple[list[TextList], list[TextList]]:
    """The lists to train on, and those held out, with which they share no question and no answer."""
    questions = {entry.question: entry for entry in lists}
    count = max(int(HELD_OUT * len(questions)), min(QUESTIONS, len(questions) // 5))
    aside = [questions[asked] for asked in chance.sample(sorted(questions), min(MOST_HELD_OUT, count))]
    known = {entry.question for entry in aside} | {entry.answer for entry in aside if entry.answer is not None}
    return [entry for entry in lists if not {entry.question, entry.answer} & known], aside


def drawn_batches(lists: Sequence[Listed], chance: random.Random, withheld: float) -> list[list[Listed]]:
    """Batches of all lists in random order, each list with a few of its others, a share without its answer."""
    order = chance.sample(lists, len(lists))
    return [
        [_drawn(entry, withheld, chance) for entry in order[at : at + QUESTIONS]]
        for at in range(0, len(order), QUESTIONS)
    ]


def _drawn(entry: Listed, withheld: float, chance: random.Random) -> Listed:
    """A list with a few of its others, and sometimes without its answer."""
    wrong = entry.texts[1:] if entry.answered else entry.texts
    some = chance.sample(wrong, min(OTHERS, len(wrong)))
    if entry.answered and chance.random() >= withheld:
        return Listed(entry.question, [entry.texts[0], *some])
    return Listed(entry.question, some, answered=False)


def _tokens(lists: Sequence[TextList]) -> list[Listed]:
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)

    def ids(texts: list[str], most: int) -> list[list[int]]:
        found = tokenizer(texts, truncation=True, max_length=most, add_special_tokens=False)["input_ids"]
        return list(found)

    if not lists:
        return []
    questions = ids([entry.question for entry in lists], QUESTION_TOKENS)
    texts = [[*([] if entry.answer is None else [entry.answer]), *entry.others] for entry in lists]
    return [
        Listed(question, ids(some, TEXT_TOKENS), entry.answer is not None)
        for entry, question, some in zip(lists, questions, texts, strict=True)
    ]
