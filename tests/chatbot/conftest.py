"""What the tests of this floor share: a small built bot, and a state of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import build
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import FAQ, Reconfigured, write_bot


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundled bots, model hub and keys of the machine play no part."""
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path_factory.mktemp("graft-home")))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture(scope="session")
def northwind_folder(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """The folder of a small bot with its index."""
    folder = tmp_path_factory.mktemp("bots") / "northwind"
    folder.mkdir()
    (folder / "faq.csv").write_text(FAQ, encoding="utf8")
    build(
        write_bot(
            folder,
            faq="faq.csv",
            guardrails={
                "blocked": ["investment advice"],
                "urgent": [{"when": ["scammer on the phone"], "say": "Hang up and call 0800 555 0177."}],
                "disclaimer": "General information only.",
            },
        ),
        encoder=encoder,
    )
    return folder


@pytest.fixture(scope="session")
def northwind(northwind_folder: Path, encoder: Encoder) -> Bot:
    """A small built bot, opened."""
    return Bot.open(bots.find(str(northwind_folder)), encoder)


@pytest.fixture
def reconfigured(northwind_folder: Path, tmp_path: Path, encoder: Encoder) -> Reconfigured:
    """Opens the small bot under other settings."""
    return Reconfigured(bots.find(str(northwind_folder)), tmp_path, encoder)
