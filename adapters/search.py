"""Search for a method's settings: tree-structured Parzen estimators (Bergstra et al. 2011), by optuna.

Every trial trains on the same texts and is judged by those held out; texts to measure on play no part. The trials are
kept in the folder, so that a search that was interrupted goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.classifier.data import Data
from adapters.methods import Method
from adapters.models import TrainingError

if TYPE_CHECKING:
    import optuna

FOLDER = "search"
SPACE: dict[str, tuple[float, float] | list[int]] = {
    "strength": (0.1, 1000.0),
    "rate": (1e-5, 3e-3),
    "rank": [2, 4, 8, 16, 32],
    "epochs": [2, 3, 5, 8, 12],
    "warm_up": [0, 5, 10, 20],
    "last": [1, 2, 3],
}
"""Settings that are searched, of those that a method has: a range, by its logarithm, or choices; warm-up in percent."""

Tell = Callable[[dict[str, Any]], None]
"""Told of each trial its number, settings and accuracy on the held-out texts, None where it failed."""


def found_settings(
    method: Method, data: Data, base: str, out: Path, config: Any, trials: int, tell: Tell
) -> tuple[Any, list[dict[str, Any]]]:
    """The config with which a method does best on the held-out texts, and all trials.

    Args:
        base: Of the method, or its teacher.
        trials: How many to make, those of an interrupted search included.

    Raises:
        TrainingError: optuna is missing, nothing is held out, there is nothing to search, or no trial succeeded.
    """
    try:
        import optuna
    except ImportError:
        raise TrainingError("--search needs the search extra: pip install 'graft-bots[search]'") from None
    names = [field.name for field in fields(config) if field.name in SPACE]
    if not names or not data.dev:
        raise TrainingError("--search needs held-out texts" if names else f"{method.name} has no settings to search")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{(folder / 'trials.db').resolve()}",
        study_name=method.name,
        sampler=optuna.samplers.TPESampler(seed=config.seed),
        direction="maximize",
        load_if_exists=True,
    )

    def objective(trial: optuna.Trial) -> float:
        chosen = {name: _suggested(trial, name) for name in names}
        where = folder / str(trial.number)
        try:
            card = method.train(replace(data, test=[]), base, where, replace(config, **chosen), _silent)
        except TrainingError:
            tell({"trial": trial.number, "settings": chosen, "accuracy": None})
            raise optuna.TrialPruned from None
        finally:
            shutil.rmtree(where, ignore_errors=True)
        accuracy = float(card["scores"]["dev"]["accuracy"])
        tell({"trial": trial.number, "settings": chosen, "accuracy": accuracy})
        return accuracy

    over = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    study.optimize(objective, n_trials=max(0, trials - len(study.get_trials(states=over))))
    if not any(trial.value is not None for trial in study.trials):
        raise TrainingError(f"none of {trials} trials could be trained; without --search the error is said")
    told = [
        {"trial": trial.number, "settings": _meant(trial.params), "accuracy": trial.value}
        for trial in study.get_trials(states=over)
    ]
    return replace(config, **_meant(study.best_params)), told


def _suggested(trial: optuna.Trial, name: str) -> Any:
    space = SPACE[name]
    if isinstance(space, list):
        return _meant({name: trial.suggest_categorical(name, space)})[name]
    return trial.suggest_float(name, *space, log=True)


def _meant(params: dict[str, Any]) -> dict[str, Any]:
    """Settings by what is searched."""
    return {name: value / 100 if name == "warm_up" else value for name, value in params.items()}


def _silent(step: int, total: int, values: dict[str, float]) -> None:
    """A trial is told of when it is over."""
