"""The embedder: what it learns from, the words it learns, and how a training ends, is gone on with, or is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapters import ModelError, find_adapter
from adapters.backbone import files_of
from adapters.embedder.config import EmbedderConfig
from adapters.embedder.data import Encoded, Pairs, parted
from adapters.embedder.mining import batches, mine
from adapters.models import DEFAULT_SHA256, TrainingError
from adapters.registry import CHECKPOINT, WEIGHTS
from adapters.torch_backbone import TorchBackbone
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.training_pairs import merged_pairs, read_pairs

MEANT = {
    "zorbel": "money is paid back",
    "quimp": "the parcel was lost",
    "fandrel": "colours to choose from",
    "moxit": "the invoice comes by post",
    "trellop": "it is guaranteed for three years",
    "brankle": "broken glass is replaced",
}
"""Words that a house has of its own, and what it writes of what they mean."""
THINGS = ("kettle", "lamp", "mirror", "clock", "radio", "scale", "heater", "fan", "camera", "printer")
NEW = 2
"""So many of the things are asked for only when the training is over."""
SETTINGS = EmbedderConfig(rank=8, rate=3e-3, epochs=3, batch=16, negatives=1, ceiling=2.0, tokens=16)


def asked_for(things: Sequence[str]) -> list[tuple[str, str]]:
    """Questions, and what is written of them."""
    return [(f"{word} of a {thing}?", f"{thing.title()}: {said}.") for thing in things for word, said in MEANT.items()]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    rows = [{"query": question, "positive": text} for question, text in asked_for(THINGS[NEW:])]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    return read_pairs(path)


def encoded(pairs: Pairs, encoder: Encoder) -> Encoded:
    return Encoded(pairs, encoder.queries(pairs.questions), encoder.documents(pairs.passages))


def right(encoder: Encoder) -> float:
    questions, texts = zip(*asked_for(THINGS[:NEW]), strict=True)
    nearest = (encoder.queries(questions) @ encoder.documents(texts).T).argmax(1)
    return float((nearest == np.arange(len(texts))).mean())


def test_it_learns_the_words_of_a_house(pairs: Pairs, encoder: Encoder, tmp_path: Path) -> None:
    card = train(pairs, encoder, tmp_path, SETTINGS)
    files = files_of("default", find_adapter(str(tmp_path), "embedder"))
    learned = Encoder(TorchBackbone.load(files, "compiling takes longer"))
    assert right(learned) > right(encoder) + 0.3
    assert (card["task"], card["base_sha256"], card["seed"]) == ("embedder", DEFAULT_SHA256, 0)
    assert card["scores"]["ndcg@10_before"] < card["scores"]["ndcg@10_after"]
    assert 0 < card["trained_parameters"] < 0.1 * card["parameters"]
    assert learned.fingerprint != encoder.fingerprint


def test_an_interrupted_training_ends_as_one_that_was_not(pairs: Pairs, encoder: Encoder, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(step: int, total: int, told: dict[str, float]) -> None:
        if step == 4:
            raise Stop

    settings = EmbedderConfig(rank=2, rate=3e-3, batch=8, ceiling=2.0, tokens=32)
    once = train(pairs, encoder, tmp_path / "once", settings)
    with pytest.raises(Stop):
        train(pairs, encoder, tmp_path / "twice", settings, stop)
    assert (tmp_path / "twice" / CHECKPOINT).exists()
    twice = train(pairs, encoder, tmp_path / "twice", settings)
    assert once["scores"] == twice["scores"] and not (tmp_path / "twice" / CHECKPOINT).exists()
    first, second = (load_file(tmp_path / name / WEIGHTS) for name in ("once", "twice"))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def train(pairs: Pairs, encoder: Encoder, out: Path, config: EmbedderConfig, watch=lambda *told: None) -> dict:  # type: ignore[no-untyped-def, type-arg]
    pytest.importorskip("torch")
    from adapters.embedder.train import train_embedder

    return train_embedder(encoded(pairs, encoder), [], out, config, watch)


def test_no_question_is_held_against_a_passage_that_answers_it_or_says_the_same(encoder: Encoder) -> None:
    texts = ["Cards cost 9 euros.", "CARDS cost 9 euros.", "A card: 9 euros", "Fish live in water.", "Birds fly."]
    relevant = [frozenset({0, 2}), frozenset({3}), frozenset({3, 4})]
    questions = ["What does a card cost?", "Where do fish live?", "What do animals do?"]
    pairs = Pairs(questions, texts, [*range(5)], relevant, [frozenset()] * 3)
    found = encoded(pairs, encoder)
    assert found.passages[0] @ found.passages[1] > 0.97
    config = EmbedderConfig(ceiling=2.0, negatives=5)
    mined = mine(found, config)
    assert all(not set(entry.hard) & relevant[entry.question] for entry in mined)
    (batch,) = batches(mined, found, config, random.Random(0))
    for place, asked in enumerate(batch.questions):
        question = questions.index(asked)
        for at, text in enumerate(batch.passages):
            row = texts.index(text)
            same = row in relevant[question] or (row == 1 and question == 0)
            assert batch.hidden[place, at] == (same and at != batch.answers[place])


def test_likely_answers_are_no_hard_negatives(encoder: Encoder) -> None:
    texts = ["What a card costs: 9 euros.", "The price of a card is 9 euros.", "A card is blue.", "Birds fly."]
    pairs = Pairs(["What does a card cost?"], texts, [*range(4)], [frozenset({1})], [frozenset()])
    found = encoded(pairs, encoder)
    near = (found.passages @ found.questions[0]).tolist()
    expected = {0.5: [3], 0.95: [2, 3], 2.0: [0, 2, 3]}
    for ceiling, rows in expected.items():
        assert sorted(mine(found, EmbedderConfig(ceiling=ceiling))[0].hard) == rows, near


def test_given_negatives_and_long_passages_are_cut_and_found(tmp_path: Path) -> None:
    long = " ".join(f"Sentence number {number} is about the harbour." for number in range(60))
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        json.dumps({"question": "Who?", "passage": [long, "Nuns."], "negatives": ["Monks."]})
        + "\n"
        + json.dumps({"query": "Who?", "positive": "Sisters."}),
        encoding="utf8",
    )
    pairs = read_pairs(path)
    texts: dict[int, list[str]] = {}
    for passage, owner in zip(pairs.passages, pairs.owners, strict=True):
        texts.setdefault(owner, []).append(passage)
    assert pairs.questions == ["Who?"] and [texts[owner] for owner in pairs.wrong[0]] == [["Monks."]]
    assert sorted(len(texts[owner]) for owner in pairs.relevant[0]) == [1, 1, 3]


@pytest.mark.parametrize(
    "line", ['{"query": "Who?"}', '{"query": "", "positive": "x"}', '{"query": "Who?", "positive": 3}', "[1]"]
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"query": "Who?", "positive": "Nuns."}\n' + line, encoding="utf8")
    with pytest.raises(GraftError, match=r"pairs.jsonl:2: expected an object with question \(or query\)"):
        read_pairs(path)


def test_what_cannot_be_trained_on_is_refused(pairs: Pairs, tmp_path: Path) -> None:
    with pytest.raises(GraftError, match=r"is no BEIR folder: qrels/train\.tsv cannot be read"):
        read_pairs(tmp_path)
    with pytest.raises(GraftError, match="must be at most 1, got 2"):
        merged_pairs([(tmp_path, 2.0)], 0)
    with pytest.raises(TrainingError, match="questions to train the embedder on are too few, expected at least 16"):
        parted(pairs.part(range(12)), 0)
    with pytest.raises(TrainingError, match=r"--temperature must be from 0\.001 to 10, got 0"):
        EmbedderConfig(temperature=0.0)
    with pytest.raises(ModelError, match="is for the task 'matcher', not 'embedder'"):
        find_adapter(str(Path(__file__).parents[2] / "adapters" / "shipped" / "matcher"), "embedder")


def test_what_is_held_out_shares_nothing_with_the_rest() -> None:
    relevant = [frozenset({row // 2}) for row in range(100)]
    pairs = Pairs([f"{row}?" for row in range(100)], ["x"] * 50, [*range(50)], relevant, [frozenset()] * 100)
    rest, aside = parted(pairs, 0)
    assert len(aside) == 10 and not {row // 2 for row in rest} & {row // 2 for row in aside}
