"""Zero-shot classification: a text is the label whose words are nearest to it (as Yin et al. 2019, with vectors)."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from adapters.backbone import load_backbone, vectors_of
from adapters.classifier.card import finished
from adapters.classifier.data import Data
from adapters.classifier.fitting import calibrated
from adapters.classifier.head import Head
from adapters.classifier.scores import scores
from adapters.labelled import OUT_OF_SCOPE
from adapters.models import TrainingError, locate, parameters
from adapters.prompt.config import TEMPLATES, PromptConfig
from adapters.training import Watch

SHARPNESS = 20.0
"""What cosines are multiplied by; the backbone was trained with the same."""


def search_prompt(
    data: Data, base: str, out: Path, config: PromptConfig, watch: Watch = lambda step, total, values: None
) -> dict[str, Any]:
    """Write a classifier that needs no training texts into `out`, its template chosen on `dev`; returns its card.

    Raises:
        TrainingError: The template has no place for a label.
    """
    begun = time.monotonic()
    if config.template and "{}" not in config.template:
        raise TrainingError(f"--template must hold {{}} where a label goes, got {config.template}")
    backbone = load_backbone(base)
    names = [label.replace("_", " ").replace("-", " ") for label in data.labels]
    templates = [config.template] if config.template else list(TEMPLATES)
    texts, rows = data.inside(data.dev)
    dev = vectors_of(backbone, texts)
    tried: dict[str, float] = {}
    heads: dict[str, Head] = {}
    for number, template in enumerate(templates, 1):
        words = vectors_of(backbone, [template.replace("{}", name) for name in names])
        zeros = np.zeros(len(names), dtype=np.float32)
        heads[template] = Head(
            tuple(data.labels), SHARPNESS * words, zeros, words.astype(np.float16), np.arange(len(names))
        )
        told = heads[template].logits(dev).argmax(axis=1)
        tried[template] = round(float((told == rows).mean()), 4) if len(rows) else 0.0
        watch(number, len(templates), {"right": tried[template]})
    best = max(tried, key=tried.__getitem__)
    head, scored = heads[best], {}
    if len(rows):
        head = calibrated(head, dev, rows, vectors_of(backbone, data.outside), config.keep)
        scored = scores([one for one in data.dev if one.label != OUT_OF_SCOPE], head.tell(dev))
    head.save(out)
    recipe = asdict(replace(config, template=best)) | {"tried": tried}
    return finished(out, "prompt", base, data, recipe, scored, 0, parameters(locate(base)), time.monotonic() - begun)
