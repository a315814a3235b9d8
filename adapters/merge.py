"""A LoRA adapter merged into its model's weights."""

from __future__ import annotations

import warnings
from typing import Any

from adapters.models import ModelError, first_line
from adapters.registry import Adapter, verify


def grafted(model: Any, adapter: Adapter) -> Any:
    """The torch module with the adapter merged in.

    Raises:
        ModelError: The adapter is for a model of another shape, or was replaced since it was found.
    """
    from peft import PeftModel

    verify(adapter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers that the task does without, and between peft and transformers
        try:
            return PeftModel.from_pretrained(model, str(adapter.path)).merge_and_unload().eval()
        except RuntimeError as error:
            raise ModelError(f"the adapter in {adapter.path} does not fit: {first_line(error)}") from error
