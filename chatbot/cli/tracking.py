"""`--track`: how a training goes, also written to TensorBoard, MLflow, Weights & Biases or Trackio, by accelerate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from retrieval.errors import GraftError


class Tracker(StrEnum):
    """Where a training can be written to."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"
    WANDB = "wandb"
    TRACKIO = "trackio"


TrackOption = Annotated[
    Tracker | None, typer.Option("--track", help="Also write how the training goes to this; TensorBoard's is in DIR.")
]
PROJECT = "graft"


def check_tracker(tracker: Tracker) -> None:
    """Check that a tracker is installed.

    Raises:
        GraftError: It is not; says the extra.
    """
    if find_spec(tracker) is None:
        raise GraftError(f"--track {tracker} needs an extra: pip install 'graft-bots[{tracker}]'")


def started(tracker: Tracker, title: str, out: Path, settings: Mapping[str, Any]) -> Any:
    """A tracker of accelerate's that was told the settings of a training.

    Weights & Biases write to a folder, and nothing leaves the machine, unless its key or mode is set.

    Raises:
        GraftError: It cannot be begun.
    """
    from accelerate.state import PartialState
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    PartialState()  # which they ask whether they are on the main process
    kind = LOGGER_TYPE_TO_CLASS[tracker]
    if tracker is Tracker.WANDB and not os.environ.get("WANDB_API_KEY"):
        os.environ.setdefault("WANDB_MODE", "offline")
    options: dict[Tracker, dict[str, Any]] = {
        Tracker.TENSORBOARD: {"run_name": tracker, "logging_dir": out},
        Tracker.MLFLOW: {"experiment_name": PROJECT, "run_name": f"{title} {out.name}"},
        Tracker.WANDB: {"run_name": PROJECT, "name": f"{title} {out.name}", "dir": str(out)},
        Tracker.TRACKIO: {"run_name": PROJECT, "name": f"{title} {out.name}"},
    }
    try:
        found = kind(**options[tracker])
        found.start()
        found.store_init_configuration(dict(settings))
    except Exception as error:
        raise GraftError(f"--track {tracker}: {str(error).splitlines()[0] if str(error) else error!r}") from None
    return found
