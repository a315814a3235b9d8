"""Causal language models that answer: one base in memory for all its adapters, chosen anew for every generation.

A LoRA stays beside its base's weights (Hu et al. 2021, with the branch not merged), so that many share them. peft
chooses it by hooks that all threads see, wherefore one generation runs at a time on a base. A soft prompt (Lester et
al. 2021) is put before a text's word vectors and changes nothing of the base; peft itself has both kinds not together.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from adapters.generation.config import TASK
from adapters.models import ModelError, ModelFiles, first_line, locate, sha256
from adapters.registry import CARD, CONFIG, WEIGHTS

NONE = "__base__"
"""What peft calls no adapter."""
BESIDE = {
    *("r", "lora_alpha", "lora_dropout", "target_modules", "exclude_modules", "rank_pattern", "alpha_pattern"),
    *("use_rslora", "fan_in_fan_out", "layers_to_transform", "layers_pattern", "lora_bias", "loftq_config"),
    *("task_type", "peft_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision"),
    *("inference_mode", "megatron_core", "qalora_group_size"),
}
"""Settings of a LoRA that may be any for it to stay beside its base; where others are not peft's defaults, it is merged
into a copy of the base's weights."""


class Base:
    """A causal language model and the adapters beside its weights; safe to share between threads."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.device = model.device
        self.config = model.config
        self._model = model
        self._adapters: set[str] = set()
        self._words = model.get_input_embeddings()  # an adapter put beside them later is not in it
        self._prompts: dict[str, Any] = {}
        self._lock = threading.Lock()

    def add(self, folder: Path, name: str) -> None:
        """Load an adapter under a name, unless there is one.

        Raises:
            ModelError: It is damaged, or for a model of another shape.
        """
        from peft import LoraConfig, PeftModelForCausalLM

        with self._lock:
            if name in self._adapters:
                return
            try:
                config = LoraConfig.from_pretrained(str(folder))
                if self._adapters:
                    self._model.add_adapter(name, config, autocast_adapter_dtype=False)
                else:
                    self._model = PeftModelForCausalLM(
                        self._model, config, adapter_name=name, autocast_adapter_dtype=False
                    )
                self._fill(folder, name)
            except Exception as error:  # whatever a damaged file, or one for another model, leads peft to
                self._remove(name)
                reason = " ".join(str(error).split())[:200]
                raise ModelError(f"the adapter in {folder} is damaged or does not fit: {reason}") from None
            self._model.eval()
            self._adapters.add(name)

    def add_prompt(self, folder: Path, name: str) -> int:
        """Load a soft prompt under a name, unless there is one; returns how many positions it takes.

        Raises:
            ModelError: It is damaged, or for a model of another width.
        """
        from adapters.generation.soft_prompt import read_vectors

        with self._lock:
            if name not in self._prompts:
                self._prompts[name] = read_vectors(folder, self._words.weight)
            return int(self._prompts[name].shape[1])

    def generate(self, adapter: str, ids: Any, **options: Any) -> Any:
        """What transformers' `generate` gives for one text, with an adapter or with `NONE`.

        Args:
            ids: Its token ids, shape (1, tokens).
        """
        import torch

        with self._lock:
            prompt = self._prompts.get(adapter)
            named = {"adapter_names": [adapter if prompt is None else NONE]} if self._adapters else {}
            if prompt is None:
                return self._model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options, **named)
            vectors = torch.cat([prompt, self._words(ids)], 1)
            mask = torch.ones(vectors.shape[:2], dtype=ids.dtype, device=ids.device)
            told = self._model.generate(inputs_embeds=vectors, attention_mask=mask, **options, **named)
            return torch.cat([ids, told], 1)

    def _fill(self, folder: Path, name: str) -> None:
        found = self._model.load_adapter(str(folder), name, torch_device=str(self.device), autocast_adapter_dtype=False)
        if found.missing_keys or found.unexpected_keys:
            raise ValueError(f"{len(found.missing_keys)} weights are missing, {len(found.unexpected_keys)} are unknown")
        if not all(bool(value.isfinite().all()) for key, value in self._model.named_parameters() if name in key):
            raise ValueError("it holds weights that are no numbers")

    def _remove(self, name: str) -> None:
        """Take a part of an adapter out again."""
        if name in getattr(self._model, "peft_config", {}):
            self._model.delete_adapter(name)
        if not self._adapters and hasattr(self._model, "unload"):
            self._model = self._model.unload()


@dataclass(frozen=True, slots=True)
class Answering:
    """A base, and the adapter of it that answers.

    Args:
        taken: Positions of the model that it takes.
    """

    base: Base
    adapter: str
    taken: int = 0

    def generate(self, ids: Any, **options: Any) -> Any:
        """See `Base.generate`."""
        return self.base.generate(self.adapter, ids, **options)


_bases: WeakValueDictionary[tuple[str, str, str], Base] = WeakValueDictionary()
_opening = threading.Lock()


def open_generator(name: str, adapter: str | None) -> Answering:
    """A causal language model with an adapter or without; its base is shared with all others of the process.

    Args:
        name: See `adapters.models.locate`.
        adapter: The folder of a LoRA, or of a soft prompt.

    Raises:
        ModelError: The model is nowhere, damaged or no causal language model, or the adapter does not fit it.
    """
    files = locate(name)
    if adapter is None:
        return Answering(_base(files), NONE)
    folder = Path(adapter).expanduser()
    _check(folder, files)
    fingerprint = sha256(folder / WEIGHTS, folder / CONFIG)
    settings = _settings(folder)
    if settings.get("peft_type") == "PROMPT_TUNING":
        base = _base(files)
        return Answering(base, fingerprint, base.add_prompt(folder, fingerprint))
    if not _stays_beside(folder, settings):
        return Answering(_base(files, folder, fingerprint), NONE)
    base = _base(files)
    base.add(folder, fingerprint)
    return Answering(base, fingerprint)


def _base(files: ModelFiles, merged: Path | None = None, fingerprint: str = "") -> Base:
    import torch

    from adapters.generation.model import open_causal_lm

    with _opening:
        key = (str(files.path), files.fingerprint, fingerprint)
        if (base := _bases.get(key)) is None:
            gpu = torch.cuda.is_available()
            model, tokenizer = open_causal_lm(files, "cuda" if gpu else "cpu", torch.bfloat16 if gpu else "auto")
            base = _bases[key] = Base(_merged(model, merged) if merged else model, tokenizer)
        return base


def _merged(model: Any, folder: Path) -> Any:
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(folder)).merge_and_unload().eval()
    except Exception as error:  # whatever a damaged configuration or file leads peft to
        raise ModelError(f"the adapter in {folder} is damaged or does not fit: {first_line(error)}") from None


def _check(folder: Path, files: ModelFiles) -> None:
    """Check that a folder holds an adapter, and by its card, where it has one, that it is of this base."""
    if missing := [name for name in (CONFIG, WEIGHTS) if not (folder / name).is_file()]:
        raise ModelError(f"no adapter in {folder}: it has no {' and no '.join(missing)}")
    if not (folder / CARD).exists():
        return
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf8"))
        task, base, sha = (card.get(key) for key in ("task", "base", "base_sha256"))
    except (OSError, ValueError, AttributeError, RecursionError):
        raise ModelError(f"{folder / CARD} is damaged") from None
    if task != TASK:
        raise ModelError(f"the adapter in {folder} is for the task {task!r}, not {TASK!r}")
    if sha != files.fingerprint:
        raise ModelError(f"the adapter in {folder} was trained on another base model, {base}, than {files.name}")


def _settings(folder: Path) -> dict[str, Any]:
    """An adapter's configuration."""
    try:
        found = json.loads((folder / CONFIG).read_text(encoding="utf8"))
        if isinstance(found, dict):
            return found
        raise ValueError(f"{CONFIG} holds no settings")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"the adapter in {folder} is damaged: {first_line(error)}") from None


def _stays_beside(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether an adapter holds nothing but a LoRA's matrices, so that others see nothing of it."""
    from peft import LoraConfig
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / WEIGHTS, "pt") as file:
            others = [name for name in file.keys() if ".lora_" not in name]  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(f"the adapter in {folder} is damaged: {first_line(error)}") from None
    usual = LoraConfig().to_dict()
    unusual = [key for key, value in settings.items() if key not in BESIDE and value != usual.get(key)]
    return settings.get("peft_type") == "LORA" and not unusual and not others
