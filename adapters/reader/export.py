"""The reader's adapter merged into the backbone, for OpenVINO or, where that is missing, for torch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.compiled import CannotCompile
from adapters.models import locate, verify_default
from adapters.registry import Adapter


def merged(adapter: Adapter) -> Any:
    """The torch module of the backbone with the adapter merged in."""
    from peft import PeftModel
    from transformers import BertForQuestionAnswering
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    files = locate("default")
    verify_default(files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # between peft and transformers, nothing a user can act on
        base = BertForQuestionAnswering.from_pretrained(str(files.path), local_files_only=True)
        return PeftModel.from_pretrained(base, str(adapter.path)).merge_and_unload().eval()


def export(adapter: Adapter, folder: Path) -> None:
    """Write the merged model in OpenVINO's format.

    Raises:
        CannotCompile: Conversion failed.
    """
    import openvino
    import torch

    inner = merged(adapter)

    class Spans(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            out = self.inner(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
            return out.start_logits, out.end_logits

    example = torch.ones((2, 16), dtype=torch.long)
    inputs = {"input_ids": example, "attention_mask": example, "token_type_ids": example}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted = openvino.convert_model(Spans().eval(), example_input=inputs)
    except Exception as error:
        raise CannotCompile(str(error)) from error
    openvino.save_model(converted, str(folder / "model.xml"), compress_to_fp16=False)


def torch_forward(adapter: Adapter) -> Callable[[dict[str, NDArray[np.int64]]], list[NDArray[np.float32]]]:
    """The merged model in torch."""
    import torch

    model = merged(adapter)

    def forward(inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            out = model(**{name: torch.from_numpy(value) for name, value in inputs.items()})
        return [out.start_logits.numpy(), out.end_logits.numpy()]

    return forward
