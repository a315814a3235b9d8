"""A model card (Mitchell et al. 2019) as the Hub reads it, YAML and then Markdown, made of an adapter's card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from adapters.generation.config import TASK as GENERATOR
from adapters.models import DEFAULT
from adapters.registry import ENCODER, WEIGHTS, Adapter, base_of
from adapters.sharing.about import About, numbers
from adapters.sharing.files import SharingError
from adapters.sharing.place import is_folder

PIPELINES = {
    "reader": "question-answering",
    "matcher": "sentence-similarity",
    "reranker": "text-ranking",
    "tagger": "token-classification",
    "classifier": "text-classification",
    "embedder": "sentence-similarity",
    "grader": "text-classification",
    GENERATOR: "text-generation",
}
DEFAULT_ON_HUB = "sentence-transformers/all-MiniLM-L6-v2"
LICENCES = {
    *("apache-2.0", "mit", "isc", "unlicense", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "epl-2.0", "eupl-1.2"),
    *("gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "cc0-1.0", "odc-by", "odbl", "openrail"),
    *("cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0"),
}
"""Those that the Hub knows by name, among others; any other is told as `other` with its name."""
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_METRICS = {"accuracy": "accuracy", "f1": "f1", "macro_f1": "f1", "has_answer_f1": "f1", "perplexity": "perplexity"}


def check_licence(licence: str) -> str:
    """An SPDX identifier, such as `Apache-2.0` or `CC-BY-4.0`, as it is.

    Raises:
        SharingError: It is none.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]{1,63}", licence):
        raise SharingError(f"--licence must be an SPDX identifier such as Apache-2.0 or CC-BY-4.0, got {licence!r}")
    return licence


def published(card: Mapping[str, Any]) -> dict[str, Any]:
    """A card without the texts of the data that it quotes, which may be nobody else's business."""

    def cleared(value: Any, within: str = "") -> Any:
        if isinstance(value, Mapping):
            return {name: cleared(part, name) for name, part in value.items() if (within, name) != _QUOTED}
        return [cleared(part, within) for part in value] if isinstance(value, list) else value

    found: dict[str, Any] = cleared(card)
    return found


_QUOTED = ("confusions", "text")


def readme(adapter: Adapter, told: About, name: str, source: str) -> str:
    """The text of `README.md`.

    Args:
        name: Its title.
        source: What `graft adapters pull` takes.
    """
    card = adapter.card
    parts = [f"# {_plain(name)}", _plain(told.description) or _kind(adapter)]
    parts += ["## Use", f"```text\ngraft adapters pull {source}\n```"]
    parts += ["Then name its folder in a bot's `bot.yaml`; see [Graft](https://pypi.org/project/graft-bots/)."]
    other = "It is changed, and here as a whole." if base_of(adapter) is None else "Another one is refused."
    parts += ["## Base model", f"{_plain(told.base)}, checksum `{_plain(told.base_sha256)}`. {other}"]
    if told.labels:
        parts += ["## Labels", ", ".join(_plain(label) for label in told.labels)]
    parts += ["## Data and licences", _data(card.get("data"))]
    parts += [f"This adapter's licence: {told.licence or 'none is stated'}."]
    if scores := list(numbers(card.get("scores", {}))):
        parts += ["## Scores", _table(("score", "value"), [(key, f"{value:g}") for key, value in scores])]
    if recipe := card.get("recipe"):
        more = {key: card[key] for key in ("method", "examples", "seed", "seeds") if key in card}
        text = json.dumps({**more, "recipe": recipe}, indent=1, ensure_ascii=False)
        parts += ["## Recipe", f"```json\n{text.replace('```', '')}\n```"]
    return f"---\n{_front_matter(adapter, told, name, scores)}\n---\n\n" + "\n\n".join(parts) + "\n"


def _front_matter(adapter: Adapter, told: About, name: str, scores: list[tuple[str, float]]) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    known = [(key, _METRICS[key.split(" ")[-1]], value) for key, value in scores if key.split(" ")[-1] in _METRICS]
    pipeline = PIPELINES[told.task]
    results = [
        EvalResult(
            task_type=pipeline,
            dataset_type=key.rpartition(" ")[0] or "held-out",
            dataset_name=key.rpartition(" ")[0] or "held-out data",
            metric_type=metric,
            metric_name=key,
            metric_value=value,
        )
        for key, metric, value in known
    ]
    base, more = base_of(adapter) or str(adapter.card.get("base", DEFAULT)), {}
    base = DEFAULT_ON_HUB if base == DEFAULT else base
    if not is_folder(base):
        more = {"base_model_relation": "finetune" if (adapter.path / ENCODER).is_dir() else "adapter"}
    licence = told.licence.lower().removesuffix("-only").removesuffix("-or-later")
    if licence and licence not in LICENCES:
        more["license_name"] = licence
    data = ModelCardData(
        language=adapter.card.get("language"),
        license=(licence if licence in LICENCES else "other") if licence else None,
        library_name="peft" if (adapter.path / WEIGHTS).exists() else "graft",
        tags=sorted({"graft", told.task, *([told.method] if told.method else [])}),
        base_model=None if is_folder(base) else base,
        datasets=_datasets(adapter.card.get("data")) or None,
        metrics=sorted({metric for _, metric, _ in known}) or None,
        pipeline_tag=pipeline,
        model_name=name,
        eval_results=results or None,
        **more,
    )
    return str(data.to_yaml())


def _kind(adapter: Adapter) -> str:
    form = "LoRA" if (adapter.path / WEIGHTS).exists() else "a whole encoder" if base_of(adapter) is None else "a head"
    return f"A {adapter.card['task']} for Graft: {form}."


def _datasets(data: Any) -> list[str]:
    """The names among those of the data that are the Hub's."""
    names = [entry.get("name") for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
    return [name for name in names if isinstance(name, str) and _HUB_NAME.fullmatch(name)]


def _data(data: Any) -> str:
    rows = [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
    if not rows:
        return "Not told."
    return _table(("data", "licence"), [(str(row.get("name", "")), str(row.get("licence", ""))) for row in rows])


def _table(header: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [header, ("---", "---"), *((_plain(first), _plain(second)) for first, second in rows)]
    return "\n".join(f"| {first} | {second} |" for first, second in lines)


def _plain(text: str) -> str:
    """A text in one line of Markdown or a cell of its table, with no markup of its own."""
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", " ".join(text.split()))
