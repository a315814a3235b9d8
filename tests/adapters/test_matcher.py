"""The matcher: the shipped one, the weights it is made of, and its training."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapters.backbone import load_backbone
from adapters.models import DEFAULT_SHA256, locate
from adapters.registry import find_adapter
from retrieval.encoder import Encoder

REPOSITORY = Path(__file__).parents[2]
ASKED = {
    "my card got swallowed by the machine, what now?": (
        "Cards › Cash machines: A card that a machine keeps is destroyed and replaced within five working days.",
        "Cards › Cash machines: Our machines pay out notes of 10, 20 and 50 euros.",
        "Cards › Fees: A replacement card costs 9 euros.",
    ),
    "can I bring my dog?": (
        "House rules: Animals are allowed on the ground floor only.",
        "House rules: Guests may bring one visitor after six.",
        "House rules: Quiet hours begin at ten.",
    ),
    "Who leads the team that decides on claims? The Fraud Response Team decides on claims.": (
        "Contact: Ines Okafor is the Head of Fraud Response and leads the Fraud Response Team.",
        "Contact: The Lending Team is open from nine to five.",
        "Fraud: A claim is decided on within ten working days.",
    ),
}


@pytest.fixture(scope="module")
def matcher() -> Encoder:
    return Encoder.load(adapter=find_adapter("default", "matcher"))


@pytest.mark.parametrize("question", ASKED)
def test_the_answer_is_nearest(matcher: Encoder, question: str) -> None:
    assert int(np.argmax(matcher.sentences(ASKED[question]) @ matcher.query(question))) == 0


def test_its_vectors_are_its_own(matcher: Encoder, encoder: Encoder) -> None:
    texts = list(ASKED)
    assert matcher.fingerprint != encoder.fingerprint
    assert np.sum(matcher.queries(texts) * encoder.queries(texts), axis=1).max() < 0.99


def test_merged_for_a_batch_or_beside_each_layer_is_the_same(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from peft import PeftModel
    from transformers import BertModel

    from adapters.lora import Lora

    def backbone() -> BertModel:
        return BertModel.from_pretrained(str(locate("default").path), add_pooling_layer=False).eval()

    lora = Lora(backbone(), 4)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in lora.up:
            weight.normal_(std=0.02)
    lora.save(tmp_path)
    inputs = {"input_ids": torch.randint(1000, 9000, (3, 16)), "attention_mask": torch.ones((3, 16), dtype=torch.long)}
    with torch.inference_mode():
        ours = lora(lora.merged(), inputs)
        theirs = PeftModel.from_pretrained(backbone(), str(tmp_path))(**inputs).last_hidden_state
        plain = backbone()(**inputs).last_hidden_state
    alike = torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0)
    assert alike > 0.998 > torch.nn.functional.cosine_similarity(plain.flatten(), theirs.flatten(), dim=0)


def train(*arguments: str) -> str:
    command = [sys.executable, "-m", "adapters.matcher.train", *arguments]
    return subprocess.run(command, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=300).stdout


def test_a_short_run_learns_its_lists_and_another_continues_it(tmp_path: Path) -> None:
    lists, first, second = tmp_path / "lists.jsonl", tmp_path / "first", tmp_path / "second"
    entries = [
        {"question": question, "answer": texts[-1], "others": list(texts[:-1])} for question, texts in ASKED.items()
    ]
    lists.write_text("\n".join(map(json.dumps, entries)), encoding="utf8")
    options = ["--questions", "3", "--others", "2", "--rank", "8", "--rate", "3e-3"]
    said = train(f"{lists}:25", "--out", str(first), "--epochs", "2", *options)
    losses = [float(line.split("loss ")[1].split()[0]) for line in said.splitlines() if "loss" in line]
    assert losses[-1] < losses[0]
    card = json.loads((first / "card.json").read_text(encoding="utf8"))
    assert (card["task"], card["base_sha256"], card["steps"]) == ("matcher", DEFAULT_SHA256, 50)
    taught = Encoder(load_backbone("default", find_adapter(str(first), "matcher")))
    for question, texts in ASKED.items():
        assert int(np.argmax(taught.sentences(texts) @ taught.query(question))) == len(texts) - 1
    train(str(lists), "--out", str(second), "--start", str(first), *options)
    before, after = load_file(first / "adapter_model.safetensors"), load_file(second / "adapter_model.safetensors")
    assert after.keys() == before.keys()
    names = [name for name in before if "lora_B" in name]
    first_up, second_up = (np.concatenate([w[n].ravel() for n in names]).astype(float) for w in (before, after))
    alike = first_up @ second_up / np.linalg.norm(first_up) / np.linalg.norm(second_up)
    assert 0.9 < alike < 1
