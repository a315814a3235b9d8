"""What the trainings of all adapters share: the recipe, the loop, early stopping, the card."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError

from adapters.checkpoint import Checkpoint, Position
from adapters.compiled import padded
from adapters.lora import SCALE, Lora
from adapters.models import DEFAULT_SHA256, ModelError, TrainingError, first_line, locate
from adapters.registry import CARD, CHECKPOINT, Adapter, lora_config

LOOKS = 10
"""How often an epoch's progress is looked at: a checkpoint, and the loss on held-out data."""

T = TypeVar("T")
Loss = Callable[[Any, T], tuple[torch.Tensor, float]]
"""A batch's loss by a model, and the share of it, from 0 to 1, that is told right."""
Watch = Callable[[int, int, dict[str, float]], None]
"""Told the step, how many there are, and what was measured: `loss`, `right`, now and then `dev_loss`, `dev_right`."""


class Trainee(Protocol):
    """A model that `fit` trains."""

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """All parameters; those that require gradients are trained."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was trained."""
        ...


class Schedule(Protocol):
    """What `fit` asks of a recipe, a dataclass; see `Recipe`."""

    @property
    def rate(self) -> float:
        """The highest learning rate."""
        ...

    @property
    def epochs(self) -> int:
        """How often the data is used."""
        ...

    @property
    def patience(self) -> int:
        """Looks without a lower loss."""
        ...

    @property
    def weight_decay(self) -> float:
        """Of AdamW."""
        ...

    @property
    def warm_up(self) -> float:
        """Share of the steps in which the rate rises."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an adapter is trained; all of it stands on its card.

    Args:
        rank: Of the LoRA matrices; that of `start` where there is one.
        rate: The highest learning rate of AdamW, reached after `warm_up` of the steps.
        budget: Padded tokens of a pass.
        patience: The training ends after so many looks without a lower loss on held-out data.
        compiled: Compile the pass, which takes a minute and a C++ compiler.
    """

    rank: int = 64
    rate: float = 5e-4
    epochs: int = 1
    budget: int = 4096
    seed: int = 0
    patience: int = 4
    compiled: bool = False
    weight_decay: float = 0.01
    warm_up: float = 0.05


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


def origin(data: Sequence[tuple[Path, float]], start: Adapter | None) -> dict[str, Any]:
    """What an adapter's card says of where it comes from."""
    return {
        "data": [{"name": path.name, "times": times} for path, times in data],
        "start": start and {"fingerprint": start.fingerprint, "card": start.card},
    }


def to_train(make: Callable[[], Any], head: str | None, recipe: Recipe, start: Adapter | None) -> tuple[Lora, Recipe]:
    """The model of `make`, with a new adapter or that of `start`, and the recipe with its rank.

    Raises:
        ModelError: `start` does not fit.
    """
    torch.manual_seed(recipe.seed)
    torch.set_flush_denormal(True)  # vanishing gradients would slow a CPU down several times
    if start:
        rank, scale = lora_config(start)
        if scale != SCALE:
            raise ModelError(f"the adapter in {start.path} is scaled by {scale:g}; only by {SCALE} can be gone on with")
        recipe = replace(recipe, rank=rank)
    adapted = Lora(make(), recipe.rank, head, recipe.compiled)
    if start:
        adapted.load(start.path)
    return adapted, recipe


def fit(
    model: Trainee,
    batches: Sequence[T],
    held_out: Sequence[T],
    loss_of: Loss[T],
    recipe: Schedule,
    card: dict[str, Any],
    out: Path,
    watch: Watch = lambda step, total, values: None,
    looks: int = LOOKS,
    backward: Loss[T] | None = None,
) -> dict[str, Any]:
    """Train an adapter into the folder `out`; of all looks the one with the lowest loss on held-out data is kept.

    A checkpoint in `out` of the same training is gone on with.

    Args:
        batches: Of all epochs, in their order.
        held_out: Batches that are not trained on; without any the last weights are kept.
        card: What it says beside the recipe and the scores.
        looks: At the held-out data in an epoch.
        backward: Does the backward passes of a batch itself, where one is not all; returns what `loss_of` does.

    Returns:
        The card.

    Raises:
        TrainingError: There is nothing to train on, the checkpoint is of another training, or the loss is no number.
    """
    total = len(batches)
    if not total:
        raise TrainingError("the data holds no example that can be trained on")
    weights = [value for value in model.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=recipe.weight_decay)
    settings = asdict(recipe)  # type: ignore[call-overload]
    card = {"base_sha256": DEFAULT_SHA256, **card, "recipe": settings, "steps_of_schedule": total}
    checkpoint = Checkpoint(out, card, weights, optimiser)
    at = checkpoint.load()
    seconds = at.seconds
    begun, between = time.monotonic(), max(1, math.ceil(total / (looks * recipe.epochs)))
    for step in range(at.step + 1, total + 1):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * pace(step - 1, total, recipe.warm_up)
        loss, right = (backward or _backward(loss_of))(model, batches[step - 1])
        if not math.isfinite(loss.item()):
            checkpoint.remove()
            raise TrainingError(f"the loss is no number at step {step}; a lower rate than {recipe.rate:g} may help")
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        told = {"loss": loss.item(), "right": right}
        if step % between == 0 or step == total:
            scores = held_out_scores(model, held_out, loss_of)
            better = not held_out or scores["dev_loss"] < at.best
            at = Position(
                step=step,
                best=scores["dev_loss"] if better and held_out else at.best,
                waited=0 if better else at.waited + 1,
                seconds=seconds + time.monotonic() - begun,
            )
            if better:
                card |= {"steps": step, "seconds": round(at.seconds), "scores": scores}
            _keep(model if better else None, card, checkpoint, at, out)
            told |= scores
        watch(step, total, told)
        if held_out and at.waited >= recipe.patience:
            break
    checkpoint.remove()
    if not (out / CARD).exists():
        raise TrainingError(f"the held-out loss is no number; a lower rate than {recipe.rate:g} may help")
    return dict(json.loads((out / CARD).read_text(encoding="utf8")))


def _backward(loss_of: Loss[T]) -> Loss[T]:
    def once(model: Any, batch: T) -> tuple[torch.Tensor, float]:
        loss, right = loss_of(model, batch)
        loss.backward()
        return loss, right

    return once


def _keep(best: Trainee | None, card: dict[str, Any], checkpoint: Checkpoint, at: Position, out: Path) -> None:
    """Write where the training stands, and the best model so far."""
    try:
        if best:
            best.save(out)
            (out / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
        checkpoint.save(at)
    except (OSError, SafetensorError) as error:
        way = "go on with --resume" if (out / CHECKPOINT).exists() else "remove it and begin again"
        raise TrainingError(f"{out} cannot be written: {first_line(error)}; make room, then {way}") from None


def held_out_scores(model: Any, batches: Sequence[T], loss_of: Loss[T]) -> dict[str, float]:
    """The mean loss and share told right of batches that are not trained on; nothing where there are none."""
    if not batches:
        return {}
    with torch.no_grad():
        told = [(loss.item(), right) for loss, right in (loss_of(model, batch) for batch in batches)]
    loss, right = (sum(column) / len(told) for column in zip(*told, strict=True))
    return {"dev_loss": round(loss, 4), "dev_right": round(right, 4)}


def pace(step: int, total: int, warm_up: float) -> float:
    """Share of the highest rate: rises for `warm_up` of the steps and falls linearly to a fiftieth."""
    warm = max(1, int(total * warm_up))
    return min((step + 1) / warm, max(0.02, (total - step) / max(1, total - warm)))


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
