"""Prompt tuning of a generator: what it teaches, that its base is as before, and that many share one base."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from adapters.generation.config import GeneratorConfig, SoftPromptConfig
from adapters.generation.data import Chats
from adapters.generation.encoding import encoded, packed
from adapters.generation.model import GeneratorLora, end_tokens, open_causal_lm
from adapters.generation.runtime import Answering, open_generator
from adapters.generation.soft_prompt import SoftPrompt
from adapters.generation.template import adds_tokens, written
from adapters.generation.train import Batch, backward, train_generator
from adapters.models import ModelError, TrainingError, locate
from adapters.registry import CARD, CHECKPOINT, CONFIG, WEIGHTS
from tests.adapters.small_lm import HELD_OUT, OTHERS, OWN, PHRASINGS, chat, pairs

FAST = SoftPromptConfig(
    rate=0.1, epochs=6, batch=12, vectors=8, length=256, patience=50, precision="float32", device="cpu"
)


def of_all(names: list[str], hour: int, price: int, held_out: bool = False) -> list[tuple[str, str]]:
    """What all galleries are to be answered to have in common."""
    told = {"opens at": f"it opens at {hour} .", "costs": f"it costs {price} ."}
    return [
        (phrasing.format(name), told[kind])
        for name in names
        for kind in PHRASINGS
        for phrasing in ([HELD_OUT[kind]] if held_out else PHRASINGS[kind])
    ]


def chats_of(hour: int, price: int) -> Chats:
    every = [chat(("user", asked), ("assistant", told)) for asked, told in of_all(OTHERS[:8], hour, price)]
    return Chats(every, every[::5], [{"name": "chat.jsonl", "times": 1.0}])


@pytest.fixture(scope="module")
def soft(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("soft") / "out"
    train_generator(chats_of(7, 3), str(base), out, FAST)
    return out


@pytest.fixture(scope="module")
def other(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("soft") / "other"
    train_generator(chats_of(9, 20), str(base), out, replace(FAST, vectors=5))
    return out


def said(answering: Answering, question: str) -> str:
    tokenizer = answering.base.tokenizer
    text = written(tokenizer, [{"role": "user", "content": question}], reply=True)
    ids = tokenizer(text, add_special_tokens=adds_tokens(tokenizer), return_tensors="pt")["input_ids"]
    told = answering.generate(ids, max_new_tokens=8, do_sample=False)[0, ids.shape[1] :]
    return str(tokenizer.decode(told, skip_special_tokens=True).strip())


def exact(base: Path, adapter: Path | None, asked: list[tuple[str, str]]) -> float:
    """Share of questions that are answered word for word."""
    answering = open_generator(str(base), str(adapter) if adapter else None)
    return sum(said(answering, question) == answer for question, answer in asked) / len(asked)


def test_what_is_learned_holds_for_other_names_in_other_words_and_only_with_the_prompt(base: Path, soft: Path) -> None:
    new = of_all(OTHERS[8:], 7, 3) + of_all(OTHERS[8:], 7, 3, held_out=True)
    assert exact(base, None, new[::3]) <= 0.1 and exact(base, soft, new) >= 0.95
    assert exact(base, None, pairs(OWN, 0, held_out=True)[::4]) >= 0.9


def test_the_card_says_what_was_trained_and_of_which_base(base: Path, soft: Path, tmp_path: Path) -> None:
    card = json.loads((soft / CARD).read_text())
    assert (card["task"], card["method"], card["trained_parameters"]) == ("generator", "soft-prompt", 8 * 64)
    assert card["base_sha256"] == locate(str(base)).fingerprint and card["recipe"]["vectors"] == 8
    assert card["scores"]["perplexity"] < 1.1 and card["scores"]["perplexity_before"] > 2
    assert {name: value.shape for name, value in load_file(soft / WEIGHTS).items()} == {"prompt_embeddings": (8, 64)}
    shutil.copytree(soft, tmp_path / "copy")
    (tmp_path / "copy" / CARD).write_text(json.dumps(card | {"base_sha256": "0"}))
    with pytest.raises(ModelError, match="was trained on another base model"):
        open_generator(str(base), str(tmp_path / "copy"))


def test_peft_gives_the_same_with_the_folder_and_the_base_is_left_as_it_was(base: Path, soft: Path) -> None:
    from peft import PeftModel

    model, tokenizer = open_causal_lm(locate(str(base)), "cpu", torch.float32)
    (example,), _ = encoded(tokenizer, end_tokens(model, tokenizer), chats_of(7, 3).train[:1], 64)
    ids = torch.tensor([example.ids])
    with torch.no_grad():
        before = model(ids).logits
        grafted = PeftModel.from_pretrained(model, str(soft)).eval()
        found = grafted(ids, attention_mask=torch.ones_like(ids)).logits[0, 8:]
        assert not torch.allclose(found, before[0], atol=0.1)
        own = SoftPrompt(model, tokenizer, "base", FAST)
        own._vectors.copy_(load_file(soft / WEIGHTS)["prompt_embeddings"])
        rows = packed([example], 64, 8)
        learned = torch.tensor(rows[0].learned) - 1
        torch.testing.assert_close(own.logits(rows[0]), found[learned], atol=1e-4, rtol=1e-4)
        with own.off():
            torch.testing.assert_close(own.logits(rows[0]), before[0, learned])


def test_a_packed_batch_has_the_loss_and_gradients_of_its_chats_alone(base: Path) -> None:
    told = []
    for length in (1, 100):
        model, tokenizer = open_causal_lm(locate(str(base)), "cpu", torch.float32)
        examples, _ = encoded(tokenizer, end_tokens(model, tokenizer), chats_of(7, 3).train[:9], 64)
        torch.manual_seed(0)
        soft = SoftPrompt(model, tokenizer, "base", FAST)
        assert soft.packs(examples[0], examples[1])
        rows = packed(examples, length, FAST.taken)
        loss, right = backward(soft, Batch(rows, 40.0))
        (slope,) = [value.grad for value in soft.parameters() if value.requires_grad]
        assert all(len(row.ids) + FAST.taken * len(row.examples) <= 100 for row in rows)
        told.append((len(rows), loss.item(), right, slope))
    assert told[0][0] == 9 and told[1][0] < 4
    assert told[0][1:3] == pytest.approx(told[1][1:3], rel=1e-5)
    torch.testing.assert_close(told[0][3], told[1][3], rtol=1e-3, atol=1e-6)


def test_it_begins_as_the_tokens_of_a_text(base: Path) -> None:
    model, tokenizer = open_causal_lm(locate(str(base)), "cpu", torch.float32)
    words = model.get_input_embeddings().weight.detach().clone()
    soft = SoftPrompt(model, tokenizer, "base", replace(FAST, text="it opens at"))
    ids = tokenizer("it opens at", add_special_tokens=False)["input_ids"]
    assert torch.equal(soft._vectors, words[(ids * 3)[:8]])


def test_soft_prompts_and_lora_share_one_base_and_never_mix(
    base: Path, soft: Path, other: Path, tmp_path: Path
) -> None:
    model, _ = open_causal_lm(locate(str(base)), "cpu", torch.float32)
    torch.manual_seed(0)
    lora = GeneratorLora(model, "base", GeneratorConfig(rank=4))
    with torch.no_grad():
        for name, value in lora.model.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.2)
    lora.save(tmp_path)
    folders = {"none": None, "soft": soft, "other": other, "lora": tmp_path}
    question = PHRASINGS["costs"][0].format(OTHERS[9])
    opened = {name: open_generator(str(base), str(at) if at else None) for name, at in folders.items()}
    assert len({id(one.base) for one in opened.values()}) == 1
    assert [one.taken for one in opened.values()] == [0, 8, 5, 0]
    alone = {name: said(one, question) for name, one in opened.items()}
    assert len(set(alone.values())) == 4
    with ThreadPoolExecutor(6) as pool:
        asked = [name for _ in range(8) for name in opened]
        assert list(pool.map(lambda name: said(opened[name], question), asked)) == [alone[name] for name in asked]


def test_an_interrupted_training_ends_as_if_it_had_not_been(base: Path, tmp_path: Path) -> None:
    config, chats = replace(FAST, epochs=2), chats_of(7, 3)

    def interrupt(step: int, total: int, values: dict[str, float]) -> None:
        if step == 5:
            raise KeyboardInterrupt

    whole = train_generator(chats, str(base), tmp_path / "whole", config)
    with pytest.raises(KeyboardInterrupt):
        train_generator(chats, str(base), tmp_path / "parts", config, interrupt)
    assert (tmp_path / "parts" / CHECKPOINT).exists()
    with pytest.raises(TrainingError, match="is of a training with other data or settings"):
        train_generator(chats, str(base), tmp_path / "parts", replace(config, text="it costs"))
    resumed = train_generator(chats, str(base), tmp_path / "parts", config)
    assert {**whole, "seconds": 0} == {**resumed, "seconds": 0} and whole["steps"] > 5
    for name in (WEIGHTS, CONFIG):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_a_damaged_prompt_or_one_of_another_width_is_told_and_leaves_the_base_to_others(
    base: Path, soft: Path, tmp_path: Path
) -> None:
    shutil.copytree(soft, tmp_path / "copy")
    for weights, message in (
        ({"prompt_embeddings": torch.zeros(8, 32)}, "has vectors of 32 numbers, its model 64"),
        ({"prompt_embeddings": torch.full((8, 64), torch.nan)}, "holds weights that are no numbers"),
        ({"others": torch.zeros(8, 64)}, "is damaged: expected prompt_embeddings"),
    ):
        save_file(weights, tmp_path / "copy" / WEIGHTS)
        with pytest.raises(ModelError, match=message):
            open_generator(str(base), str(tmp_path / "copy"))
    (tmp_path / "copy" / CONFIG).write_text("[]")
    with pytest.raises(ModelError, match="json holds no settings"):
        open_generator(str(base), str(tmp_path / "copy"))
    assert exact(base, soft, of_all(OTHERS[8:10], 7, 3)) >= 0.95
