"""Sentences that are damaged, and what of them is to be told."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.domain.config import DomainConfig

UNTOLD = -100
"""In place of a token that is not to be told."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences of one step.

    Args:
        given: Token ids of the damaged sentences.
        wanted: For `tsdae` those of the whole ones; for `mlm` as long as `given`, `UNTOLD` but at masked places.
    """

    given: list[list[int]]
    wanted: list[list[int]]


def batches(tokenizer: Any, texts: Sequence[str], config: DomainConfig, epochs: int, seed: int) -> list[Batch]:
    """Of all epochs, each in an order and with a damage of its own."""
    chance, found = random.Random(seed), []
    for _ in range(epochs):
        order = chance.sample(texts, len(texts))
        whole = _ids(tokenizer, order, config)
        if config.objective == "mlm":
            damaged = [_masked(tokenizer, ids, config.masked, chance) for ids in whole]
        else:
            part = _ids(tokenizer, [delete(text, config.deleted, chance) for text in order], config)
            damaged = list(zip(part, whole, strict=True))
        for at in range(0, len(order), config.batch):
            given, wanted = zip(*damaged[at : at + config.batch], strict=True)
            found.append(Batch(list(given), list(wanted)))
    return found


def _ids(tokenizer: Any, texts: Sequence[str], config: DomainConfig) -> list[list[int]]:
    return [list(ids) for ids in tokenizer(list(texts), truncation=True, max_length=config.tokens)["input_ids"]]


def delete(text: str, share: float, chance: random.Random) -> str:
    """A text each of whose words is left out with the probability `share`, but never all."""
    words = text.split()
    kept = [word for word in words if chance.random() >= share]
    return " ".join(kept or [chance.choice(words)])


def _masked(tokenizer: Any, ids: list[int], share: float, chance: random.Random) -> tuple[list[int], list[int]]:
    """Of the tokens to be told 80 % are masked, 10 % become others, 10 % stay (Devlin et al. 2019); at least one."""
    inside = range(1, len(ids) - 1)
    told = {at for at in inside if chance.random() < share} or {chance.choice(inside)}
    given = list(ids)
    for at in sorted(told):
        kind = chance.random()
        if kind < 0.8:
            given[at] = tokenizer.mask_token_id
        elif kind < 0.9:
            given[at] = chance.randrange(len(tokenizer))
    return given, [token if at in told else UNTOLD for at, token in enumerate(ids)]
