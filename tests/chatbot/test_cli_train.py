"""`graft train`: an adapter from data, interrupted and gone on with, and errors that name what is wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner, Result

from adapters.registry import CHECKPOINT, WEIGHTS, find_adapter
from chatbot.cli.main import app
from chatbot.config import Generator
from chatbot.generators import load_model
from tests.chatbot.tiny_llama import make_tiny_llama

REPOSITORY = Path(__file__).parents[2]
CITIES = ("Harrow", "Millbrook", "Stonewick", "Larkspur", "Quayside", "Fernleigh")


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    articles = []
    for number, city in enumerate(CITIES):
        context = f"The museum of {city} opens at {number + 1} o'clock. Its tickets cost {number + 5} euros on Mondays."
        qas = [
            {"question": f"{asked} in {city}?", "answers": [{"text": text, "answer_start": context.index(text)}]}
            for asked, text in (
                ("When does the museum open", f"{number + 1} o'clock"),
                ("What do tickets cost", f"{number + 5} euros"),
            )
            for _ in range(3)
        ]
        articles.append({"title": city, "paragraphs": [{"context": context, "qas": qas}]})
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"data": articles}), encoding="utf8")
    return path


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["train", *(str(argument) for argument in arguments)])


@pytest.mark.parametrize("task", ["reader", "reranker", "matcher"])
def test_a_squad_file_trains_every_kind_of_adapter(squad: Path, tmp_path: Path, task: str) -> None:
    out = tmp_path / "own"
    result = graft(task, "--data", f"{squad}:2", "-o", out, "--track", "tensorboard", "--json")
    assert result.exit_code == 0, result.stderr
    card = json.loads(result.stdout)
    assert (card["task"], card["data"]) == (task, [{"name": "data.json", "times": 2.0}]) and card["steps"] > 0
    assert card["start"]["fingerprint"] == find_adapter("default", task).fingerprint and "dev_loss" in card["scores"]
    assert find_adapter(str(out), task).card == card
    assert list((out / "tensorboard").glob("events.*"))
    assert "exists and is not empty; choose another --out" in graft(task, "--data", squad, "-o", out).stderr


def test_a_beir_folder_and_a_file_of_lists_are_merged(tmp_path: Path) -> None:
    folder, lists = tmp_path / "beir", tmp_path / "lists.jsonl"
    (folder / "qrels").mkdir(parents=True)
    corpus = [
        {"_id": f"d{n}", "title": city, "text": f"{city} was founded in {1700 + n} by monks."}
        for n, city in enumerate(CITIES)
    ]
    queries = [{"_id": f"q{n}", "text": f"When was {city} founded?"} for n, city in enumerate(CITIES)]
    for name, entries in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, entries)), encoding="utf8")
    judged = "".join(f"q{n}\td{n}\t1\n" for n in range(len(CITIES)))
    (folder / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", encoding="utf8")
    lists.write_text(json.dumps({"question": "Who?", "answer": None, "others": ["Monks.", "Nuns."]}), encoding="utf8")
    result = graft("reranker", "--data", f"{folder}:6", "--data", lists, "-o", tmp_path / "own", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["lists"] in (31, 36)  # one question of seven is held out


def test_an_interrupted_training_says_how_to_go_on_and_does(squad: Path, tmp_path: Path) -> None:
    out = tmp_path / "own"
    options = ["train", "reader", "--data", f"{squad}:20", "-o", str(out)]
    code = "import sys; from chatbot.cli.main import app; app()"
    running = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *options], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 240
    while not (out / CHECKPOINT).exists() and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=120)
    assert (running.returncode, said.strip()) == (130, "interrupted; go on with the same command and --resume")
    assert "holds an interrupted training; go on with --resume" in graft(*options[1:]).stderr
    result = graft(*options[1:], "--resume")
    assert result.exit_code == 0, result.stderr
    assert not (out / CHECKPOINT).exists() and len(load_file(out / WEIGHTS)) > 10
    assert "holds no interrupted training" in graft(*options[1:], "--resume").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reader", "--data", "nowhere.json"], "nowhere.json does not exist"),
        (["reader", "--data", "DATA:0"], "expected a number above 0 and at most 100 after the colon, got 0"),
        (["reader", "--data", "DATA", "--rate", "nan"], "--rate must be above 0 and at most 1, got nan"),
        (["reader", "--data", "DATA", "--rank", "8"], "with --start none it can be chosen"),
        (["reader", "--data", "DATA", "--start", "nowhere"], "no adapter in nowhere"),
        (["reader", "--data", "DATA", "--dev", "nowhere.json"], "nowhere.json does not exist"),
        (["reader", "--data", "LISTS"], "is not in SQuAD's format"),
        (["matcher", "--data", "LISTS"], "lists.jsonl:1: expected an object with question, answer (text or null)"),
        (["reranker", "--data", "FOLDER"], "is no BEIR folder: qrels/train.tsv cannot be read: No such file"),
    ],
)
def test_what_cannot_be_trained_on_is_one_clear_line(
    squad: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    lists, folder = tmp_path / "lists.jsonl", tmp_path / "folder"
    lists.write_text('{"question": 5}\n', encoding="utf8")
    folder.mkdir()
    places = {"DATA": str(squad), "LISTS": str(lists), "FOLDER": str(folder)}
    for name, path in places.items():
        arguments = [argument.replace(name, path) for argument in arguments]
    result = graft(*arguments, "-o", tmp_path / "own")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "own").exists()


def test_a_generator_is_trained_on_chats_and_answers_in_a_bot(tmp_path: Path) -> None:
    base, data, out = make_tiny_llama(tmp_path / "llama"), tmp_path / "chat.jsonl", tmp_path / "own"
    rows = [{"question": f"Which card {number} ?", "answer": "nothing costs 9 euros"} for number in range(20)]
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    told = graft("generator", "--data", f"{data}:2", "--base", base, "-o", out, "--epochs", 2, "--rank", 4, "--json")
    assert told.exit_code == 0, told.stderr
    card = json.loads(told.stdout)
    assert (card["task"], card["recipe"]["rank"], card["examples"]) == ("generator", 4, 36)
    assert "data: duplicates: 18 chats are given more than once" in told.stderr
    assert load_model(Generator(model=f"hf:{base}", adapter=str(out))).invoke("Which card ?").content


def test_a_soft_prompt_is_trained_on_chats_and_answers_in_a_bot(tmp_path: Path) -> None:
    base, data, out = make_tiny_llama(tmp_path / "llama"), tmp_path / "chat.jsonl", tmp_path / "own"
    rows = [{"question": f"Which card {number} ?", "answer": "nothing costs 9 euros"} for number in range(20)]
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    told = graft("soft-prompt", "--data", data, "--base", base, "-o", out, "--epochs", 1, "--vectors", 3)
    assert told.exit_code == 0, told.stderr
    assert f"{out}: soft prompt, step " in told.stdout and "perplexity" in told.stdout
    assert load_model(Generator(model=f"hf:{base}", adapter=str(out))).invoke("Which card ?").content


def test_an_encoder_is_adapted_to_a_folder_of_documents(tmp_path: Path) -> None:
    docs, out = tmp_path / "docs", tmp_path / "own"
    docs.mkdir()
    for city in CITIES:
        rows = [f"The museum of {city} opens at {hour} on day {hour} of the week." for hour in range(8)]
        (docs / f"{city}.md").write_text(f"# {city}\n\n{' '.join(rows)}", encoding="utf8")
    (docs / "broken.pdf").write_bytes(b"x\0\0")
    told = graft("domain", "--docs", docs, "-o", out, "--rank", 2, "--objective", "mlm", "--json")
    assert told.exit_code == 0, told.stderr
    card = json.loads(told.stdout)
    assert (card["task"], card["data"], card["sentences"]) == ("embedder", [{"name": "docs", "sentences": 48}], 46)
    assert "not read: broken.pdf: not a real .pdf" in told.stderr
    assert find_adapter(str(out), "embedder").card == card
    assert "no bot 'nowhere'" in graft("domain", "--docs", "nowhere", "-o", tmp_path / "more").stderr
    for city in CITIES:
        (docs / f"{city}.md").unlink()
    assert "0 sentences are too few" in graft("domain", "--docs", docs, "-o", tmp_path / "more").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "DATA"], "Missing option '--base'"),
        (["--data", "DATA", "--base", "default"], "model default is no causal language model but a BertModel"),
        (["--data", "DATA", "--base", "nowhere"], "'nowhere' is not in the local cache and HF_HUB_OFFLINE is set"),
        (["--data", "DATA", "--base", "default", "--dropout", "0.1"], "No such option: --dropout"),
        (["--data", "LISTS", "--base", "default"], "lists.jsonl, line 1: expected messages, a list of {role, content}"),
    ],
)
def test_what_a_generator_cannot_be_trained_on_is_said(tmp_path: Path, arguments: list[str], message: str) -> None:
    files = {"DATA": {"question": "Who?", "answer": "Monks."}, "LISTS": {"text": "Who?", "label": "who"}}
    for name, row in files.items():
        (tmp_path / f"{name.lower()}.jsonl").write_text(json.dumps(row), encoding="utf8")
    named = [str(tmp_path / f"{word.lower()}.jsonl") if word in files else word for word in arguments]
    result = graft("generator", *named, "-o", tmp_path / "own")
    assert result.exit_code == 2 and message in result.stderr


def test_an_embedder_is_trained_on_questions_and_passages(tmp_path: Path) -> None:
    data, out = tmp_path / "pairs.jsonl", tmp_path / "own"
    rows = [
        {"question": f"Who founded {city} {n}?", "passage": f"{city} {n}: monks."} for city in CITIES for n in "abcd"
    ]
    data.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    told = graft("embedder", "--data", data, "-o", out, "--rank", 4, "--tokens", 16, "--json")
    assert told.exit_code == 0, told.stderr
    card = json.loads(told.stdout)
    assert (card["task"], card["recipe"]["rank"], card["questions"]) == ("embedder", 4, 20)
    assert (card["data"], card["scores"]["strength"]) == ([{"name": "pairs.jsonl", "share": 1.0}], 0.5)
    assert find_adapter(str(out), "embedder").card == card
    refused = graft("embedder", "--data", f"{data}:2", "-o", tmp_path / "other")
    assert refused.exit_code == 2 and "a share of the questions must be at most 1, got 2" in refused.stderr
