"""A LoRA adapter merged into its model's weights."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from adapters.models import ModelError, first_line


def grafted(model: Any, adapter: Path) -> Any:
    """The torch module with the adapter in its folder merged in.

    Raises:
        ModelError: The adapter is for a model of another shape.
    """
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers that the task does without, and between peft and transformers
        try:
            return PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().eval()
        except RuntimeError as error:
            raise ModelError(f"the adapter in {adapter} does not fit: {first_line(error)}") from error
