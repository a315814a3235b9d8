"""Models in OpenVINO's format: compiled once on a machine, kept in a cache, loaded in a fraction of a second."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from adapters import precision

# OpenVINO reports its use to its makers where this package can be imported, and nothing may leave unasked
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

FORMAT = 3
"""Version of a compiled model's folder; raise it when its files change."""


AHEAD = 32
"""Batches of a stream that wait for a core; enough to keep all busy while the next texts are read."""
FEW = 4
"""So many batches of a stream are run at once; fewer one after the other."""

Tag = TypeVar("Tag")


class CannotCompile(Exception):
    """The model has no faithful compiled form, or OpenVINO is not installed; run it in torch."""


class CompiledModel:
    """A model ready to run. Safe to call from several threads.

    Args:
        folder: Holds it.
        trial: A precision to try it in; None takes the one that was chosen for it.
    """

    def __init__(self, folder: Path, trial: str | None = None) -> None:
        import openvino

        self._folder = folder
        chosen = precision.of(folder)
        self._precision = trial or chosen.name
        self._model = self._compile("LATENCY")
        self._local = threading.local()
        self.runtime = f"OpenVINO {openvino.__version__.split('-')[0]}, {self._precision} ({chosen.why})"

    def __call__(self, inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Run a batch; the outputs are copies."""
        if not hasattr(self._local, "request"):
            self._local.request = self._model.create_infer_request()
        self._local.request.infer(inputs)
        return _outputs(self._local.request)

    def stream(
        self, batches: Iterable[tuple[Tag, dict[str, NDArray[np.int64]]]]
    ) -> Iterator[tuple[Tag, list[NDArray[np.float32]]]]:
        """Run many batches, one a core at the same time, in the order they are done.

        Batches are taken from the iterator while others run, up to `AHEAD` of them. A few are not worth preparing for.
        """
        import openvino

        batches = iter(batches)
        if len(few := list(islice(batches, FEW))) < FEW:
            yield from ((tag, self(inputs)) for tag, inputs in few)
            return

        done: deque[tuple[Tag, list[NDArray[np.float32]]]] = deque()
        queue = openvino.AsyncInferQueue(self._compile("THROUGHPUT"), AHEAD)
        queue.set_callback(lambda request, tag: done.append((tag, _outputs(request))))
        try:
            for tag, inputs in chain(few, batches):
                queue.start_async(inputs, tag)
                while done:
                    yield done.popleft()
        except BaseException:
            for request in queue:
                request.cancel()
            with contextlib.suppress(RuntimeError):  # which says that they were cancelled
                queue.wait_all()
            raise
        queue.wait_all()
        yield from done

    def _compile(self, hint: str) -> Any:
        """The model in OpenVINO's hands, for short answers (`LATENCY`) or many at once (`THROUGHPUT`).

        `OMP_NUM_THREADS` limits its threads where it is set, as Ray does for its workers.
        """
        import openvino

        config: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": self._precision,
            "PERFORMANCE_HINT": hint,
            "CACHE_DIR": str(self._folder / "blobs"),
        }
        limit = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
        if limit.isdecimal():  # threads of several processes pinned to cores would all take the first ones
            config |= {"INFERENCE_NUM_THREADS": int(limit), "ENABLE_CPU_PINNING": False}
        if hint == "THROUGHPUT":
            config["NUM_STREAMS"] = int(limit) if limit.isdecimal() else os.cpu_count() or 1
        return openvino.Core().compile_model(str(self._folder / "model.xml"), "CPU", config)


def _outputs(request: Any) -> list[NDArray[np.float32]]:
    return [np.array(tensor.data, dtype=np.float32) for tensor in request.output_tensors]


def compiled_folder(fingerprint: str, export: Callable[[Path], None]) -> Path:
    """The cached compiled form of a model, made by `export` at its first use.

    Args:
        fingerprint: Changes with the model's weights.
        export: Fills an empty folder with `model.xml` and what else the model's class reads.

    Raises:
        CannotCompile: OpenVINO is not installed, or `export` says so.
    """
    try:
        import openvino
    except ImportError as error:
        raise CannotCompile("OpenVINO is not installed") from error
    key = hashlib.sha256(
        json.dumps([FORMAT, fingerprint, openvino.__version__, precision.candidates()]).encode()
    ).hexdigest()[:16]
    folder = cache_home() / "compiled" / key
    if not (folder / "model.xml").exists():
        _publish(folder, export)
    return folder


def cache_home() -> Path:
    """Where compiled models are kept: `GRAFT_CACHE`, or the user's cache folder."""
    return Path(os.environ["GRAFT_CACHE"]) if os.environ.get("GRAFT_CACHE") else user_cache_path("graft")


def padded(ids: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids of a batch padded to a multiple of 8, which keeps the shapes few, and their mask."""
    width = -(-max(map(len, ids)) // 8) * 8
    tokens = np.zeros((len(ids), width), dtype=np.int64)
    mask = np.zeros_like(tokens)
    for row, text in enumerate(ids):
        tokens[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return tokens, mask


@lru_cache
def _tell_why_it_takes_long() -> None:
    """Said once a process, to people at a terminal."""
    if sys.stderr.isatty():
        print("preparing the models for this machine, once; this takes about 20 seconds", file=sys.stderr)


def _publish(folder: Path, export: Callable[[Path], None]) -> None:
    """Fill a folder aside and rename it into place, so that a reader sees all of it or nothing."""
    _tell_why_it_takes_long()
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        export(aside)
        try:
            aside.rename(folder)
        except OSError:
            if not (folder / "model.xml").exists():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
