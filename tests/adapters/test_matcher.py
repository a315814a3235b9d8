"""The matcher: the shipped one, the weights it is made of, and its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapters.backbone import load_backbone
from adapters.models import DEFAULT_SHA256, locate
from adapters.registry import find_adapter
from adapters.training import Recipe
from retrieval.encoder import Encoder

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


def test_a_short_run_learns_its_lists_and_another_continues_it(tmp_path: Path) -> None:
    from adapters.lists import TextList, train_on_lists
    from adapters.matcher.train import MATCHER

    first, second = tmp_path / "first", tmp_path / "second"
    lists = [TextList(question, texts[-1], list(texts[:-1])) for question, texts in ASKED.items()]
    recipe = Recipe(rank=8, rate=3e-3, epochs=2)
    losses: list[float] = []
    card = train_on_lists(
        MATCHER, lists * 80, lists, [], first, recipe, watch=lambda step, total, told: losses.append(told["loss"])
    )
    assert losses[-1] < losses[0]
    assert (card["task"], card["base_sha256"], card["lists"]) == ("matcher", DEFAULT_SHA256, 240)
    assert card["steps"] <= card["steps_of_schedule"] == 20
    taught = Encoder(load_backbone("default", find_adapter(str(first), "matcher")))
    for question, texts in ASKED.items():
        assert int(np.argmax(taught.sentences(texts) @ taught.query(question))) == len(texts) - 1
    start = find_adapter(str(first), "matcher")
    train_on_lists(MATCHER, lists * 8, [], [], second, replace(recipe, epochs=1), start)
    before, after = load_file(first / "adapter_model.safetensors"), load_file(second / "adapter_model.safetensors")
    assert after.keys() == before.keys()
    names = [name for name in before if "lora_B" in name]
    first_up, second_up = (np.concatenate([w[n].ravel() for n in names]).astype(float) for w in (before, after))
    alike = first_up @ second_up / np.linalg.norm(first_up) / np.linalg.norm(second_up)
    assert 0.9 < alike < 1


def test_what_is_held_out_shares_no_question_and_no_answer_with_the_rest() -> None:
    from random import Random

    from adapters.lists import TextList, parted

    lists = [TextList(f"{n}?", f"{n // 2}", ["other"]) for n in range(100)] + [TextList("no?", None, ["other"])]
    lists += [TextList(f"{entry.question} again", entry.answer, entry.others) for entry in lists]
    train, aside = parted(lists, Random(0))
    assert len(aside) == 24
    assert not {e.question for e in train} & {e.question for e in aside}
    assert not {e.answer for e in train} & {e.answer for e in aside if e.answer}
