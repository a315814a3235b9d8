"""The ways to transfer a model to a domain, by name: each with its settings and its training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.distil.config import DistilConfig
from adapters.head.config import HeadConfig
from adapters.prompt.config import PromptConfig
from adapters.tuning.config import FreezeConfig, FullConfig, LoraConfig

if TYPE_CHECKING:
    from adapters.classifier.data import Data

Watch = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Method:
    """A way to train a classifier.

    Args:
        title: What it is, for people.
        config: The class of its settings.
        train: Takes the data, the base model (a teacher's folder where `taught`), the folder to write and the config.
        continues: It can go on from a trained classifier.
    """

    name: str
    title: str
    config: type
    train: Callable[[Data, str, Path, Any, Watch], dict[str, Any]]
    taught: bool = False
    continues: bool = False


def _prompt(data: Data, base: str, out: Path, config: Any, watch: Watch) -> dict[str, Any]:
    from adapters.prompt.train import search_prompt

    return search_prompt(data, base, out, config, watch)


def _head(data: Data, base: str, out: Path, config: Any, watch: Watch) -> dict[str, Any]:
    from adapters.head.train import train_head

    return train_head(data, base, out, config, watch)


def _tuned(data: Data, base: str, out: Path, config: Any, watch: Watch) -> dict[str, Any]:
    from adapters.tuning.train import train_tuned

    return train_tuned(data, base, out, config, watch)


def _distilled(data: Data, teacher: str, out: Path, config: Any, watch: Watch) -> dict[str, Any]:
    from adapters.distil.train import train_distilled

    return train_distilled(data, Path(teacher), out, config, watch)


METHODS = {
    method.name: method
    for method in (
        Method(
            "prompt",
            "No training: the label whose words are nearest to a text.",
            PromptConfig,
            _prompt,
        ),
        Method("head", "A linear head on the frozen encoder.", HeadConfig, _head, continues=True),
        Method("lora", "LoRA on the encoder, and a head.", LoraConfig, _tuned, continues=True),
        Method("freeze", "The last layers of the encoder, and a head.", FreezeConfig, _tuned, continues=True),
        Method("full", "The whole encoder, and a head.", FullConfig, _tuned, continues=True),
        Method("distil", "A smaller student of a trained classifier.", DistilConfig, _distilled, taught=True),
    )
}
