"""`graft doctor`: is this installation sound, and is this bot?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from adapters import ModelError
from adapters.models import locate, verify_default
from adapters.registry import TASKS, find_adapter
from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import find_sources, is_current
from chatbot.home import read_manifest
from retrieval.encoder import Encoder
from retrieval.errors import GraftError

PACKAGES = ("tokenizers", "faiss-cpu", "bm25s", "networkx", "torch", "sentence-transformers")
OPTIONAL = ("openvino", "gradio", "langchain")
"""Graft works without these: slower, without the demo, without providers."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what came of it."""

    check: str
    ok: bool
    detail: str


def examine(bot: str | None) -> list[Finding]:
    """Run every check; a failing one does not stop the others."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("python", _python),
        ("packages", _packages),
        ("bundled model", _model),
        ("adapters", _adapters),
        ("encoder", _encoder),
        ("home", _home),
    ]
    if bot:
        checks += [
            ("bot config", lambda: _config(bot)),
            ("bot generator", lambda: _generator(bot)),
            ("bot index", lambda: _index(bot)),
            ("bot threshold", lambda: _threshold(bot)),
        ]
    return [_run(name, check) for name, check in checks]


def _run(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except (GraftError, ModelError, OSError, ImportError) as error:
        return Finding(name, False, str(error))


def _python() -> str:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise GraftError(f"Python {platform.python_version()}; Graft needs 3.11 to 3.13")
    return f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores"


def _packages() -> str:
    found = []
    for name in (*PACKAGES, *OPTIONAL):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            if name in PACKAGES:
                raise GraftError(f"{name} is not installed; run: pip install {name}") from None
            found.append(f"no {name}")
    return ", ".join(found)


def _model() -> str:
    verify_default(locate("default"))
    return "all-MiniLM-L6-v2, weights as released"


def _adapters() -> str:
    return ", ".join(f"{task} {find_adapter('default', task).fingerprint[:8]}" for task in TASKS)


def _encoder() -> str:
    encoder = Encoder.load()
    texts = ["How long does a replacement card take, and what does it cost?"] * 64
    encoder.documents(texts)
    begin = time.perf_counter()
    encoder.documents(texts)
    return f"{encoder.backbone.runtime}; {64 / (time.perf_counter() - begin):.0f} sentences a second"


def _home() -> str:
    home = bots.data_home()
    probe = home / f".probe-{os.getpid()}"
    home.mkdir(parents=True, exist_ok=True)
    probe.write_text("")
    probe.unlink()
    return f"{home} can be written"


def _config(bot: str) -> str:
    source = bots.find(bot)
    files = find_sources(source.config)
    return f"{source.config.name}: {len(files.files)} files to read, {len(files.skipped)} skipped"


def _generator(bot: str) -> str:
    config = bots.find(bot).config
    model = config.generator.model
    if model == "extractive":
        return model
    from chatbot.generators import load_model
    from chatbot.prompt import PromptBuilder

    PromptBuilder(config, "", Encoder.load(config.retrieval.encoder))
    if model.startswith("hf:"):
        return f"{model}, loaded at the first question"
    load_model(config.generator)
    return model


def _index(bot: str) -> str:
    source = bots.find(bot)
    manifest = read_manifest(source.home)
    Bot.open(source)
    state = "current" if is_current(source) else "out of date; run: graft index"
    return f"{manifest.documents} documents, {manifest.chunks} chunks, {len(manifest.failed)} not read; {state}"


def _threshold(bot: str) -> str:
    opened = Bot.open(bots.find(bot))
    return f"no answer below a confidence of {opened.threshold:.2f}: {opened.abstains.origin}"
