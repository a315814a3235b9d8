"""What the trainings of all adapters share: the backbone without dropout, the command line, the loop."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch

from adapters.compiled import padded
from adapters.lora import Lora
from adapters.models import DEFAULT_SHA256, locate

SAVE_EVERY, TELL_EVERY = 200, 25
"""Steps."""

T = TypeVar("T")


def backbone(kind: Any, **more: Any) -> Any:
    """The bundled model as a transformers class, without dropout."""
    return kind.from_pretrained(
        str(locate("default").path),
        local_files_only=True,
        attn_implementation="eager",  # on a CPU its backward pass takes less time than sdpa's
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **more,
    )


def options(description: str, rank: int, rate: float, budget: int) -> argparse.ArgumentParser:
    """The command line that all trainings share; `rank`, `rate` and `budget` are defaults."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, required=True, help="the adapter's folder")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rank", type=int, default=rank)
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--budget", type=int, default=budget, help="padded tokens of a pass")
    parser.add_argument("--compile", action="store_true", help="compile the model first; needs a C++ compiler")
    parser.add_argument("--start", type=Path, default=None, help="an adapter to continue from")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def to_train(make: Callable[[], Any], head: str | None, chosen: argparse.Namespace) -> Lora:
    """The model that `make` gives, its head drawn by the seed, with an adapter as the command line says."""
    torch.manual_seed(chosen.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    adapted = Lora(make(), chosen.rank, head, chosen.compile)
    if chosen.start:
        adapted.load(chosen.start)
    return adapted


def fit(
    model: Lora,
    batches: Sequence[T],
    loss_of: Callable[[Lora, T], tuple[torch.Tensor, float]],
    task: str,
    chosen: argparse.Namespace,
) -> None:
    """Train an adapter, and save it with its card every so often and at the end.

    Args:
        batches: Of all epochs, in their order.
        loss_of: A batch's loss, and the share of it, from 0 to 1, that is told right.
        task: For the card.
        chosen: See `options`; all of it is kept on the card.
    """
    weights = [value for value in model.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=chosen.rate, weight_decay=0.01)
    total = len(batches)
    schedule = warm_up_and_decay(optimiser, total)
    card = {"task": task, "base_sha256": DEFAULT_SHA256, **{k: str(v) for k, v in vars(chosen).items()}}
    begun, sums = time.time(), torch.zeros(2)
    for step, batch in enumerate(batches, 1):
        loss, right = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        sums += torch.tensor([loss.item(), right])
        if step % TELL_EVERY == 0:
            loss_mean, right_mean = (sums / TELL_EVERY).tolist()
            pace = step / (time.time() - begun)
            print(f"step {step}/{total} loss {loss_mean:.3f} right {right_mean:.3f}, {pace:.2f} steps/s", flush=True)
            sums.zero_()
        if step % SAVE_EVERY == 0 or step == total:
            model.save(chosen.out)
            (chosen.out / "card.json").write_text(json.dumps({**card, "steps": step}, indent=1), encoding="utf8")


def warm_up_and_decay(optimiser: torch.optim.Optimizer, total: int) -> torch.optim.lr_scheduler.LambdaLR:
    """A rate that rises for a twentieth of the steps and falls linearly to a fiftieth."""
    warm = max(1, total // 20)
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.02, (total - step) / max(1, total - warm)))
    )


def padded_inputs(ids: list[list[int]], types: list[list[int]] | None = None) -> dict[str, torch.Tensor]:
    """A batch of token ids with its mask, and their types where given, shapes (len(ids), longest padded to 8s)."""
    tokens, mask = padded(ids)
    inputs = {"input_ids": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
    return inputs | ({"token_type_ids": torch.from_numpy(padded(types)[0])} if types else {})


def groups(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Rows in groups of like length, of at most `budget` padded tokens each unless one row has more."""
    found: list[list[int]] = []
    width = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if not found or (len(found[-1]) + 1) * width > budget:
            found.append([])
            width = -(-lengths[row] // 8) * 8
        found[-1].append(row)
    return found
