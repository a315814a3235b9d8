"""In which precision a model runs best on this machine: measured once, when it is compiled."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

FILE = "precision.json"


@dataclass(frozen=True, slots=True)
class Trial:
    """How a model did in one precision.

    Args:
        name: As OpenVINO calls it.
        seconds: For a batch of probes.
        cosine: The least of a probe's vector with that of torch in float32.
    """

    name: str
    seconds: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Precision:
    """What a model runs in, and why."""

    name: str
    why: str


@lru_cache
def has_bf16() -> bool:
    """Whether this CPU multiplies in bfloat16 itself; emulated it is many times slower than float32."""
    try:
        import openvino
    except ImportError:
        return False
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def candidates() -> list[str]:
    """What this CPU computes in without emulation."""
    return ["bf16", "f32"] if has_bf16() else ["f32"]


def choose(trials: list[Trial], faithful: float) -> Precision | None:
    """The fastest precision whose vectors are those of torch; None where none is.

    Args:
        faithful: Least cosine that is accepted.
    """
    sound = sorted((trial for trial in trials if trial.cosine >= faithful), key=lambda trial: trial.seconds)
    if not sound:
        return None
    best = sound[0]
    others = [
        f"{trial.seconds / best.seconds:.1f} times as fast as {trial.name}"
        if trial in sound
        else f"{trial.name} changes vectors, cosine {trial.cosine:.4f}"
        for trial in trials
        if trial is not best
    ]
    why = [*others, f"cosine with torch's vectors {best.cosine:.4f}"]
    return Precision(best.name, "; ".join(why))


def measured(run: Callable[[], object], repeat: int = 3) -> float:
    """Least seconds of some runs, the first, which prepares, left out."""
    run()
    seconds = []
    for _ in range(repeat):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def write(folder: Path, precision: Precision) -> None:
    """Note a choice beside the model."""
    (folder / FILE).write_text(json.dumps(asdict(precision)), encoding="utf8")


def of(folder: Path) -> Precision:
    """What was chosen for a model; where nothing was measured, what the CPU has."""
    try:
        return Precision(**json.loads((folder / FILE).read_text(encoding="utf8")))
    except FileNotFoundError:
        return Precision(candidates()[0], "what the CPU has")
