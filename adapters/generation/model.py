"""Causal language models from their files, adapters of peft on them, and LoRA on their linear layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from adapters.generation.config import GeneratorConfig
from adapters.generation.encoding import Example, Row
from adapters.lora import SCALE
from adapters.models import ModelError, ModelFiles, first_line
from adapters.precision import has_bf16
from adapters.registry import WEIGHTS, as_any_file


def open_causal_lm(files: ModelFiles, device: str, dtype: Any) -> tuple[Any, Any]:
    """A causal language model, to be called and not trained, and its tokenizer.

    Raises:
        ModelError: It is another kind of model, or its files are damaged.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    path = str(files.path)
    try:
        made = AutoConfig.from_pretrained(path, local_files_only=True).architectures
        known = {name for names in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values() for name in _names(names)}
        if made and not known & set(made):
            raise ModelError(f"model {files.name} is no causal language model but a {', '.join(made)}")
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, local_files_only=True)
        return model.to(device).eval(), tokenizer
    except ModelError:
        raise
    except Exception as error:  # whatever the libraries raise on damaged files
        raise ModelError(f"model {files.name} cannot be loaded: {first_line(error)}") from None


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end what the model generates."""
    found = model.generation_config.eos_token_id
    found = found if isinstance(found, list) else [found]
    return [token for token in dict.fromkeys([*found, tokenizer.eos_token_id]) if token is not None]


class Adapted:
    """A frozen causal language model with a new adapter of peft, whose weights are float32.

    Args:
        model: What `open_causal_lm` gives; it is changed.
        base: Its name, for the adapter's configuration.
        adapter: peft's configuration of it.
        recompute: Compute activations again for the backward pass.

    Raises:
        ValueError: peft cannot put it on the model.
    """

    def __init__(self, model: Any, base: str, adapter: Any, recompute: bool) -> None:
        from peft import get_peft_model

        if recompute:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.model = get_peft_model(model, adapter)
        self._config = self.model.peft_config["default"]
        self._config.base_model_name_or_path = base
        for module in self.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0  # a training that is gone on with would not draw the same
        self.model.train(recompute)  # which happens in this mode only
        self._keeps = "logits_to_keep" in inspect.signature(model.forward).parameters

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """See `adapters.training.Trainee`."""
        found: Iterator[torch.nn.Parameter] = self.model.parameters()
        return found

    def save(self, folder: Path) -> None:
        """Write the adapter as peft reads it, its weights as float16."""
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        replace(self._config, inference_mode=True).save_pretrained(str(folder))
        weights = get_peft_model_state_dict(self.model, save_embedding_layers=False)
        save_file({name: value.detach().cpu().half().contiguous() for name, value in weights.items()}, folder / WEIGHTS)
        as_any_file(folder / WEIGHTS)

    def off(self) -> AbstractContextManager[None]:
        """Within it the model is its base."""
        found: AbstractContextManager[None] = self.model.disable_adapter()
        return found

    def logits(self, row: Row) -> torch.Tensor:
        """In float32 for every learned token of a row, by those before it; shape (learned, vocabulary)."""
        return self._logits(self.model, row, {"input_ids": torch.tensor([row.ids], device=self.model.device)})

    def _logits(self, model: Any, row: Row, given: dict[str, Any]) -> torch.Tensor:
        """What `model` gives for a row.

        Args:
            given: The row's tokens, or their vectors.
        """
        before = torch.tensor(row.learned, device=self.model.device) - 1
        given = given | {"use_cache": False}
        if len(row.examples) > 1:
            given["position_ids"] = torch.tensor([row.positions], device=self.model.device)
        if self._keeps:
            given["logits_to_keep"] = before
        logits = model(**given).logits[0]
        return (logits if self._keeps else logits[before]).float()

    def packs(self, first: Example, second: Example) -> bool:
        """Whether an example of a row does not see the one before it, tried out with two.

        transformers keeps examples apart whose positions begin anew, but not for every model: not for state spaces, or
        for attention that is biased by distance.
        """
        rows = [Row([first, second]), Row([Example(first.ids[::-1], first.learned), second])]
        own = sum(second.learned)
        try:
            with torch.no_grad():
                one, other = (self.logits(row)[-own:] for row in rows)
        except (TypeError, ValueError):  # it takes no positions
            return False
        return bool(torch.allclose(one, other, atol=1e-5))


class GeneratorLora(Adapted):
    """A frozen causal language model with a new LoRA.

    Raises:
        ModelError: The model has no such layers.
    """

    def __init__(self, model: Any, base: str, config: GeneratorConfig) -> None:
        from peft import LoraConfig

        wanted = [name.strip() for name in config.layers.split(",") if name.strip()]
        known = linear_names(model)
        if unknown := [name for name in wanted if name not in known]:
            raise ModelError(f"--layers {unknown[0]}: the model's linear layers are {', '.join(known) or 'none'}")
        lora = LoraConfig(
            task_type="CAUSAL_LM",
            r=config.rank,
            lora_alpha=SCALE * config.rank,
            target_modules=wanted or "all-linear",
        )
        try:
            super().__init__(model, base, lora, config.recompute)
        except ValueError as error:
            raise ModelError(
                f"LoRA cannot be put on model {base}: {first_line(error)}; --layers chooses some"
            ) from None
        if isinstance(self._config.target_modules, set):
            self._config.target_modules = sorted(self._config.target_modules)  # written alike by every process


def linear_names(model: Any) -> list[str]:
    """The last names of a model's linear layers but the last one, which gives the logits."""
    from transformers.pytorch_utils import Conv1D

    last = model.get_output_embeddings()
    return sorted(
        {
            name.split(".")[-1]
            for name, module in model.named_modules()
            if isinstance(module, (torch.nn.Linear, Conv1D)) and module is not last
        }
    )


def device_of(wanted: str) -> str:
    """The device of a setting; `auto` is a GPU where there is one."""
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_of(precision: str, device: str) -> torch.dtype:
    """The base's numbers by a setting; see `GeneratorConfig`."""
    if precision == "auto":
        precision = "bfloat16" if device.startswith("cuda") or has_bf16() else "float32"
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names
