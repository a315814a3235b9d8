"""A LoRA adapter merged into its model's weights."""

from __future__ import annotations

import warnings
from typing import Any

from adapters.models import ModelError, first_line
from adapters.registry import Adapter, verify


def grafted(model: Any, adapter: Adapter) -> Any:
    """The torch module with the adapter merged in.

    Raises:
        ModelError: The adapter is damaged, for a model of another shape, or was replaced since it was found.
    """
    from peft import PeftModel

    verify(adapter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers that the task does without, and between peft and transformers
        try:
            whole = PeftModel.from_pretrained(model, str(adapter.path)).merge_and_unload().eval()
        except Exception as error:  # whatever a damaged configuration or file leads peft to
            raise ModelError(
                f"the adapter in {adapter.path} is damaged or does not fit: {first_line(error)}"
            ) from error
    if not all(bool(value.isfinite().all()) for value in whole.parameters()):
        raise ModelError(f"the adapter in {adapter.path} holds weights that are no numbers")
    return whole
