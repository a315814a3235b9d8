"""What a tuning begins with: the base model, or a classifier that is gone on with, and the weights that are trained."""

from __future__ import annotations

from adapters.classifier.head import Head
from adapters.classifier.runtime import encoder_files
from adapters.lora import LAYERS, Lora
from adapters.models import DEFAULT, TrainingError, locate
from adapters.partial import Partial
from adapters.registry import ENCODER, WEIGHTS, Adapter
from adapters.tuning.config import FreezeConfig, LoraConfig, TuningConfig
from adapters.tuning.model import INSIDE, SentenceClassifier, Tuned, linear_names, trained_layers


def tuned(base: str, head: Head, config: TuningConfig, start: Adapter | None = None) -> Tuned:
    """The model that a config trains, its linear layer begun as `head`, its encoder as that of `start`.

    Raises:
        ModelError: The base cannot be loaded, or has not the layers, or LoRA cannot go on from `start`.
    """
    if isinstance(config, LoraConfig):
        return _with_lora(base, head, config, start)
    files = encoder_files(start) if start else locate(base)
    model = SentenceClassifier(files, head, config.dropout).to(config.device)
    if isinstance(config, FreezeConfig):
        return Tuned(model, Partial(model, trained_layers(model, config.last), config.compiled), head)
    return Tuned(model, Partial(model, lambda name: True, config.compiled), head)


def _with_lora(base: str, head: Head, config: LoraConfig, start: Adapter | None) -> Tuned:
    """The base with a new LoRA, or with that of `start`."""
    if start and (start.path / ENCODER).is_dir():
        raise TrainingError(f"{start.path} has an encoder of its own; lora goes on from lora or head, full from any")
    if start and start.card.get("base", "default") != base:
        raise TrainingError(f"{start.path} was trained on {start.card.get('base')}, not on {base}")
    model = SentenceClassifier(locate(base), head, config.dropout).to(config.device)
    named = [name.strip() for name in config.layers.split(",") if name.strip()]
    layers = named or (LAYERS if base == DEFAULT else linear_names(model))
    lora = Lora(model, config.rank, "linear", config.compiled, layers, INSIDE)
    if start and (start.path / WEIGHTS).exists():
        lora.load(start.path)
    return Tuned(model, lora, head)
