"""Adapting to plain sentences, and training against a discriminator of two kinds of texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import AutoTokenizer

from adapters.backbone import load_backbone, vectors_of
from adapters.classifier.data import Data
from adapters.classifier.fitting import fit_head
from adapters.domain.config import OBJECTIVES, DomainConfig
from adapters.domain.model import HEAD, INSIDE, Rebuilder
from adapters.domain.noise import UNTOLD, batches
from adapters.domain.train import Steps, train_domain
from adapters.labelled import Labelled, read_texts
from adapters.lora import Lora
from adapters.models import TrainingError, locate
from adapters.registry import CHECKPOINT, WEIGHTS, find_adapter
from adapters.squad import DataError
from adapters.torch_backbone import TorchBackbone
from adapters.tuning.batches import batches_of
from adapters.tuning.begin import tuned
from adapters.tuning.config import LoraConfig
from adapters.tuning.domains import Domains
from adapters.tuning.steps import Steps as TuningSteps
from adapters.tuning.steps import inputs
from adapters.tuning.train import train_tuned
from retrieval.document import Document
from retrieval.training_sentences import sentences_of
from tests.adapters.test_classifier import TEXTS

TINY = DomainConfig(sentences=64, epochs=2, batch=16, rank=4, tokens=24, rate=1e-3)
SENTENCES = [
    f"The {thing} of the {place} pump is {state} by the {person} every day."
    for thing in ("valve", "seal", "rotor", "gasket")
    for place in ("northern", "southern")
    for state in ("checked", "cleaned")
    for person in ("fitter", "warden", "miller")
]
SOURCE = [Labelled(text, label) for label, texts in TEXTS.items() for text in texts if label != "oos"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_sentences_are_damaged_as_the_objective_says(objective: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    config = replace(TINY, objective=objective, masked=0.3)
    found = batches(tokenizer, SENTENCES, config, 4, 0)
    assert [len(batch.given) for batch in found] == [16, 16, 16] * 4
    pairs = [pair for batch in found for pair in zip(batch.given, batch.wanted, strict=True)]
    whole = {tuple(tokenizer(sentence)["input_ids"]) for sentence in SENTENCES}
    if objective == "tsdae":
        assert {tuple(wanted) for _, wanted in pairs} == whole
        left = [(len(given) - 2) / (len(wanted) - 2) for given, wanted in pairs]
        assert min(left) > 0 and np.mean(left) == pytest.approx(1 - config.deleted, abs=0.05)
        return
    masked = [(given, wanted) for one, other in pairs for given, wanted in zip(one, other, strict=True)]
    told = [(given, wanted) for given, wanted in masked if wanted != UNTOLD]
    assert len(told) / (len(masked) - 2 * len(pairs)) == pytest.approx(config.masked, abs=0.05)
    shares = [np.mean([given == token(wanted) for given, wanted in told]) for token in (lambda wanted: 103, int)]
    assert shares == pytest.approx([0.8, 0.1], abs=0.05)
    restored = {tuple(w if w != UNTOLD else g for g, w in zip(*pair, strict=True)) for pair in pairs}
    assert restored == whole


def test_a_decoder_sees_the_words_before_and_the_sentences_vector_alone() -> None:
    torch.manual_seed(0)
    model = Lora(Rebuilder(True, list(range(1000, 1100))), 4, HEAD, inside=INSIDE)
    for cross in model.model.decoder.cross:
        torch.nn.init.normal_(cross.weight, std=0.1)
    model = Lora(model.model.float(), 4, HEAD, inside=INSIDE)

    def logits(given: list[int], wanted: list[int]) -> torch.Tensor:
        inputs = {"input_ids": torch.tensor([given]), "attention_mask": torch.ones(1, len(given), dtype=torch.long)}
        with torch.no_grad():
            return model(model.merged(), inputs | {"wanted": torch.tensor([wanted])})

    one = logits([101, 1010, 102], [101, 1010, 1020, 1030, 102])
    later = logits([101, 1010, 102], [101, 1010, 1020, 1031, 102])
    other = logits([101, 1011, 102], [101, 1010, 1020, 1030, 102])
    assert one.shape == (4, 100)
    assert torch.equal(one[:3], later[:3]) and not torch.allclose(one[3], later[3], atol=1e-3)
    assert not torch.allclose(one[0], other[0], atol=1e-3)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_batch_in_several_passes_has_the_gradients_of_one(objective: str) -> None:
    config = replace(TINY, objective=objective)
    tokenizer = AutoTokenizer.from_pretrained(str(locate("default").path), local_files_only=True)
    (batch,) = batches(tokenizer, [*SENTENCES[:6], "A pump"], replace(config, batch=8), 1, 0)
    tokens = sorted({token for ids in batch.wanted for token in ids} - {UNTOLD})
    told: list[tuple[float, float, torch.Tensor]] = []
    for budget in (64, 4096):
        torch.manual_seed(0)
        model = Lora(Rebuilder(objective == "tsdae", tokens), 4, HEAD, inside=INSIDE)
        loss, right = Steps(budget).backward(model, batch)
        slopes = [up.grad.flatten() for up in model.up if up.grad is not None]
        assert len(slopes) == 36
        told.append((float(loss), right, torch.cat(slopes)))
    (loss, right, slope), (other_loss, other_right, other_slope) = told
    assert loss == pytest.approx(other_loss, rel=0.02) and right == pytest.approx(other_right, abs=0.1)
    assert torch.nn.functional.cosine_similarity(slope, other_slope, dim=0) > 0.98


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_domain_gives_an_embedder_and_an_interrupted_training_ends_as_if_it_had_not_been(
    objective: str, tmp_path: Path
) -> None:
    config = replace(TINY, objective=objective)
    losses: list[float] = []

    def kept(step: int, total: int, values: dict[str, float]) -> None:
        losses.extend([values["dev_loss"]] if "dev_loss" in values else [])

    def interrupt(step: int, total: int, values: dict[str, float]) -> None:
        if step == 3:
            raise KeyboardInterrupt

    whole = train_domain(SENTENCES, [{"name": "pumps"}], tmp_path / "whole", config, kept)
    assert losses[-1] < losses[0] - 0.2
    with pytest.raises(KeyboardInterrupt):
        train_domain(SENTENCES, [{"name": "pumps"}], tmp_path / "parts", config, interrupt)
    assert (tmp_path / "parts" / CHECKPOINT).exists()
    resumed = train_domain(SENTENCES, [{"name": "pumps"}], tmp_path / "parts", config)
    assert {**whole, "seconds": 0} == {**resumed, "seconds": 0}
    weights = load_file(tmp_path / "whole" / WEIGHTS)
    assert all("lora_" in name for name in weights)
    for name, weight in load_file(tmp_path / "parts" / WEIGHTS).items():
        assert np.array_equal(weight, weights[name])
    assert sum(weight.size for weight in weights.values()) == whole["trained_parameters"]
    adapter = find_adapter(str(tmp_path / "whole"), "embedder")
    files = replace(locate("default"), adapter=adapter)
    plain, grafted = (vectors_of(one, SENTENCES[:8]) for one in (load_backbone(), TorchBackbone.load(files, "")))
    assert 0.3 < float((plain * grafted).sum(1).mean()) < 0.9999


def test_too_few_sentences_are_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="31 sentences are too few to adapt to, expected at least 32"):
        train_domain(SENTENCES[:31], [], tmp_path, TINY)


def test_the_sentences_of_documents_are_taken_once_without_headings() -> None:
    text = (
        "# Opening hours\n\nThe desk opens at nine. It closes\nat five o'clock.\n\n- Call us before you come.\n\nBye!"
    )
    documents = [Document(name, "", text, name, {}) for name in ("a", "b")]
    expected = ["The desk opens at nine.", "It closes at five o'clock.", "Call us before you come."]
    assert sentences_of(documents) == expected


def test_texts_are_read_with_labels_and_without(tmp_path: Path) -> None:
    contents = {
        "a.txt": "one text\n\nand another\n",
        "a.jsonl": '{"text": "one text"}\n{"text": "and another", "label": "x"}\n',
        "a.csv": "text\none text\nand another\n",
        "a.json": '["one text", ["and another", "x"]]',
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        assert read_texts(tmp_path / name) == ["one text", "and another"]
    (tmp_path / "a.txt").write_text("\n")
    with pytest.raises(DataError, match=r"a\.txt holds no text"):
        read_texts(tmp_path / "a.txt")
    with pytest.raises(DataError, match=r"none\.txt cannot be read"):
        read_texts(tmp_path / "none.txt")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The texts of the source, written otherwise."""
    path = tmp_path / "target.txt"
    path.write_text("\n".join(f"URGENT NOTICE >>> {one.text} <<< REPLY AT ONCE !!!" for one in SOURCE))
    return path


def test_reversed_gradients_make_two_kinds_of_texts_alike_and_keep_the_labels(target: Path) -> None:
    """Told by how far apart the means of the two kinds' vectors are."""
    assert _apart(1.0, target) < 0.6 * _apart(0.0, target)


def _apart(adversary: float, target: Path) -> float:
    config = LoraConfig(epochs=8, batch=12, adversary=adversary)
    texts, backbone = [one.text for one in SOURCE], load_backbone()
    labels = sorted({one.label for one in SOURCE})
    rows = np.array([labels.index(one.label) for one in SOURCE])
    torch.manual_seed(0)
    model = tuned("default", fit_head(vectors_of(backbone, texts), rows, labels, 10.0, False, 0), config)
    steps = TuningSteps(config)
    ids = backbone.token_ids([*texts, *read_texts(target)])
    domains = Domains(model, steps.backward, ids[len(texts) :], config)
    found = batches_of(texts, rows, backbone, config, None)
    assert [batch.progress for batch in found] == pytest.approx(np.arange(8) / 8)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for batch in found:
        domains.backward(model, batch)
        optimiser.step()
        optimiser.zero_grad()
    assert steps.loss(model, found[0])[1] == 1.0
    vectors = model.vectors(lambda some: inputs([ids[row] for row in some], "cpu"), [list(range(len(ids)))])
    return float(np.linalg.norm(vectors[: len(texts)].mean(0) - vectors[len(texts) :].mean(0)))


def test_a_training_against_a_target_goes_on_as_if_it_had_not_been_interrupted(target: Path, tmp_path: Path) -> None:
    config = LoraConfig(epochs=2, batch=6, target=str(target), rank=2)
    data = Data(SOURCE, SOURCE[::2], [], [])

    def interrupt(step: int, total: int, values: dict[str, float]) -> None:
        if step == 3:
            raise KeyboardInterrupt

    whole = train_tuned(data, "default", tmp_path / "whole", config)
    with pytest.raises(KeyboardInterrupt):
        train_tuned(data, "default", tmp_path / "parts", config, interrupt)
    resumed = train_tuned(data, "default", tmp_path / "parts", config)
    assert {**whole, "seconds": 0} == {**resumed, "seconds": 0}
    weights, same = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "parts"))
    assert all(np.array_equal(weights[name], same[name]) for name in weights)
    train_tuned(data, "default", tmp_path / "plain", replace(config, target=""))
    plain = load_file(tmp_path / "plain" / WEIGHTS)
    assert plain.keys() == weights.keys() and not all(np.array_equal(weights[name], plain[name]) for name in weights)
