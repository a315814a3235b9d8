"""A bot whose encoder has learned: built with it, refused with another, indexed again when it changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from adapters import ModelError, find_adapter
from adapters.registry import CARD, SHIPPED, WEIGHTS
from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, outdated
from chatbot.cli.main import app
from chatbot.config_file import ConfigError
from chatbot.doctor import examine
from chatbot.home import NotBuilt
from retrieval.encoder import Encoder
from retrieval.ingest import indexed_text
from tests.chatbot.small_bot import write_bot, write_config


@pytest.fixture
def embedder(tmp_path: Path) -> Path:
    """The shipped matcher under another name: an encoder that is not the bundled one, and is compiled already."""
    folder = tmp_path / "embedder"
    shutil.copytree(SHIPPED / "matcher", folder)
    card = json.loads((folder / CARD).read_text(encoding="utf8"))
    (folder / CARD).write_text(json.dumps(card | {"task": "embedder"}), encoding="utf8")
    return folder


@pytest.fixture
def source(embedder: Path, tmp_path: Path, encoder: Encoder) -> BotSource:
    """A bot that was built with it."""
    found = write_bot(tmp_path / "bot", adapters={"embedder": "../embedder"})
    build(found, encoder=encoder)
    return found


def encoded_by(bot: Bot, encoder: Encoder) -> bool:
    """Whether the vectors in a bot's index are those that an encoder makes of its chunks."""
    store = bot.index.store
    positions = store.positions()
    chunks = store.chunks(positions.tolist())
    titles = store.titles_of({chunk.document_id for chunk in chunks})
    vectors = encoder.documents([indexed_text(titles[chunk.document_id], chunk) for chunk in chunks])
    own = [bot.index.dense.cosines(vector, positions)[row] for row, vector in enumerate(vectors)]
    return bool(np.allclose(own, 1, atol=0.01))


def test_a_bot_is_built_and_asked_with_its_embedder(source: BotSource, embedder: Path, encoder: Encoder) -> None:
    bot = Bot.open(source, encoder)
    learned = Encoder.load(adapter=find_adapter(str(embedder), "embedder"))
    assert bot.manifest.encoder == bot.index.encoder.fingerprint == learned.fingerprint != encoder.fingerprint
    assert encoded_by(bot, learned) and not encoded_by(bot, encoder)
    assert "9 euros" in bot.ask("What does a replacement card cost?").text
    found = {finding.check: finding for finding in examine(str(source.config.folder))}
    assert found["bot index"].ok and "; current; " in found["bot index"].detail
    fingerprint = find_adapter(str(embedder), "embedder").fingerprint
    assert found["bot encoder"].detail == f"default with the embedder {fingerprint[:8]}"


def test_another_encoder_asks_for_a_new_index_which_is_encoded_again(source: BotSource, encoder: Encoder) -> None:
    plain = write_config(source.config.folder)
    with pytest.raises(NotBuilt, match="the index was built with another encoder; run: graft index BOT"):
        Bot.open(plain, encoder)
    result = CliRunner().invoke(app, ["index", str(plain.config.folder)])
    assert result.exit_code == 0, result.stderr
    assert encoded_by(Bot.open(plain, encoder), encoder)


def test_other_weights_of_the_adapter_ask_for_a_new_index(source: BotSource, embedder: Path, encoder: Encoder) -> None:
    weights = load_file(embedder / WEIGHTS)
    save_file({name: weight / 2 for name, weight in weights.items()}, embedder / WEIGHTS)
    with pytest.raises(NotBuilt, match="the index was built with another encoder; run: graft index BOT"):
        Bot.open(source, encoder)
    assert outdated(source)


@pytest.mark.parametrize("task", [None, "reader"])
def test_an_embedder_that_is_missing_or_of_another_task_is_named(tmp_path: Path, task: str | None) -> None:
    if task:
        shutil.copytree(SHIPPED / task, tmp_path / "own")
    source = write_bot(tmp_path / "bot", adapters={"embedder": "../own"})
    expected = "is for the task 'reader', not 'embedder'" if task else "own: expected card.json, adapter_config.json"
    with pytest.raises(ModelError, match=expected):
        build(source)
    result = CliRunner().invoke(app, ["index", str(source.config.folder)])
    assert result.exit_code == 2 and expected in result.stderr and len(result.stderr.splitlines()) == 1


def test_an_embedder_of_another_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is for the bundled encoder; leave"):
        write_config(tmp_path, adapters={"embedder": "own"}, retrieval={"encoder": "BAAI/bge-small-en-v1.5"})
