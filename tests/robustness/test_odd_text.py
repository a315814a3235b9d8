"""Names and text from others that no terminal should see and no database takes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chatbot.build import build
from chatbot.cli.main import app
from chatbot.evaluation.beir import evaluate_beir
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from tests.chatbot.small_bot import DOCUMENTS, write_bot


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_odd_file_names_are_shown_as_escapes_and_the_others_indexed(tmp_path: Path) -> None:
    write_bot(tmp_path, {"cards.md": DOCUMENTS["cards.md"], "two\nlines\x1b[2J.md": "", "nothing.\x1b[2J": "x"})
    (tmp_path / "knowledge" / os.fsdecode(b"\xff.md")).write_bytes(b"")
    (tmp_path / "knowledge" / "loop.md").symlink_to("loop.md")
    result = graft("index", tmp_path)
    assert result.exit_code == 1 and result.stdout.startswith("1 document, ")
    lines = result.stderr.splitlines()
    shown = {line.split(": ")[1] for line in lines}
    assert shown == {"loop.md", r"nothing.\x1b[2J", r"two\nlines\x1b[2J.md", r"\udcff.md"}
    assert len(lines) == 4 and all(line.isprintable() for line in lines)
    assert set(json.loads(graft("index", tmp_path, "--json").stdout)["failed"]) == shown


def test_a_conversation_under_a_name_that_is_no_text_goes_on(tmp_path: Path, encoder: Encoder) -> None:
    build(write_bot(tmp_path), encoder=encoder)
    for question in ("What does a replacement card cost?", "And when does it arrive?"):
        result = graft("chat", tmp_path, "--session", "\udcff", "--once", question)
        assert (result.exit_code, result.stderr) == (0, "")


def test_escape_sequences_of_a_config_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text('name: x\n"\\e[2J\\n": 1\n', encoding="utf8")
    result = graft("index", tmp_path)
    assert result.exit_code == 2
    assert all(line.isprintable() for line in result.stderr.splitlines()) and r"`\x1b[2J\n`" in result.stderr


def write_beir(folder: Path, corpus: str) -> None:
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text(corpus, encoding="utf8")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "Bread \ud800"}), encoding="utf8")
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n", encoding="utf8")


def test_a_public_set_with_lone_surrogates_is_measured(tmp_path: Path, encoder: Encoder) -> None:
    corpus = [
        {"_id": "\udcff", "title": "\ud800", "text": "Tides follow the moon \ud800."},
        {"_id": "d", "title": "Bread", "text": "Bread rises."},
    ]
    write_beir(tmp_path, "\n".join(json.dumps(entry) for entry in corpus))
    assert evaluate_beir(tmp_path, "dev", encoder)["fused"]["recall@1"] == 100


def test_a_public_set_nested_too_deeply_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    write_beir(tmp_path, "[" * 100_000)
    with pytest.raises(GraftError, match=r"corpus\.jsonl:1: nested too deeply"):
        evaluate_beir(tmp_path, "dev", encoder)
