"""`graft doctor`: is this installation sound, and is this bot?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from adapters import ModelError, find_adapter
from adapters.models import locate, verify_default
from chatbot import bots
from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import outdated
from chatbot.config import Adapters, BotConfig
from chatbot.encoders import embedder_of, encoder_of
from chatbot.grafts import DEFAULTS, find_all
from chatbot.sources import find_sources
from chatbot.support import judge
from chatbot.vector_store import describe
from retrieval.encoder import Encoder
from retrieval.errors import GraftError

PACKAGES = ("tokenizers", "faiss-cpu", "networkx", "torch", "sentence-transformers")
OPTIONAL = ("openvino", "gradio", "langchain", "pymilvus")
"""Graft works without these: slower, without the demo, without providers, without Milvus."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what came of it."""

    check: str
    ok: bool
    detail: str


def examine(bot: str | None) -> list[Finding]:
    """Run every check; a failing one does not stop the others."""
    encoder = cache(Encoder.load)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("python", _python),
        ("packages", _packages),
        ("bundled model", _model),
        ("adapters", _adapters),
        ("encoder", lambda: _encoder(encoder())),
        ("home", _home),
    ]
    findings = [_run(name, check) for name, check in checks]
    if not bot:
        return findings
    try:
        source = bots.find(bot)
    except GraftError as error:  # without it, there is nothing else to check
        return [*findings, Finding("bot config", False, str(error))]
    of_bot: list[tuple[str, Callable[[], str]]] = [
        ("bot config", lambda: _config(source)),
        ("bot adapters", lambda: _adapters(source.config.adapter_folders)),
        ("bot quiz", lambda: _quiz(source.config, encoder)),
        ("bot encoder", lambda: _bot_encoder(source.config)),
        ("bot generator", lambda: _generator(source.config, encoder)),
        ("bot vectors", lambda: describe(source)),
        ("bot index", lambda: _index(Bot.open(source, encoder_of(source.config, encoder())))),
    ]
    return [*findings, *(_run(name, check) for name, check in of_bot)]


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


def _adapters(names: Adapters = DEFAULTS) -> str:
    found = find_all(names)
    if names.intent:
        found["intent"] = find_adapter(names.intent, "classifier")
    return ", ".join(f"{task} {adapter.fingerprint[:8]}" for task, adapter in found.items())


def _encoder(encoder: Encoder) -> str:
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


def _config(source: BotSource) -> str:
    files = find_sources(source.config)
    return f"{source.config.name}: {len(files.files)} files to read, {len(files.skipped)} skipped"


def _quiz(config: BotConfig, encoder: Callable[[], Encoder]) -> str:
    if config.adapters.grader is None:
        return "none"
    from chatbot.grading.marker import Marker

    marker = Marker.load(config, encoder())
    return f"{len(marker.quiz)} questions, graded as {', '.join(marker.labels)}"


def _bot_encoder(config: BotConfig) -> str:
    embedder = embedder_of(config)
    return config.retrieval.encoder + (f" with the embedder {embedder.fingerprint[:8]}" if embedder else "")


def _generator(config: BotConfig, encoder: Callable[[], Encoder]) -> str:
    model = config.generator.model
    if model == "extractive":
        return model
    from chatbot.generators import load_model
    from chatbot.prompt import PromptBuilder

    PromptBuilder(config, "", encoder_of(config, encoder()))
    if model.startswith("hf:"):
        return f"{model}, loaded at the first question"
    load_model(config.generator)
    return model


def _index(bot: Bot) -> str:
    manifest = bot.manifest
    reason = outdated(bot.source)
    state = f"{reason}; run: graft index" if reason else "current"
    read = f"{manifest.documents} documents, {manifest.chunks} chunks, {len(manifest.failed)} not read"
    by = "sentences are read by the adapters"
    if judge(bot.index) != "dense":
        by = "sentences are chosen by their words, since the adapters do not know the language"
    return f"{read}; {state}; {by}; no answer below a confidence of {bot.threshold.value:.2f}: {bot.threshold.origin}"
