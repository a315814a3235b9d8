"""LoRA of a generator: packing, training, resuming, and what it knows with its adapter and without."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from adapters.checking import Finding
from adapters.generation.config import GeneratorConfig
from adapters.generation.data import Chat, Chats
from adapters.generation.encoding import Example, Row, encode, encoded, packed
from adapters.generation.model import GeneratorLora, end_tokens, open_causal_lm
from adapters.generation.runtime import open_generator
from adapters.generation.template import adds_tokens, written
from adapters.generation.train import Batch, backward, loss_of, train_generator
from adapters.models import ModelError, TrainingError, locate
from adapters.registry import CARD, CHECKPOINT, CONFIG, WEIGHTS
from tests.adapters.small_lm import OTHERS, OWN, chat, make_tokenizer, pairs

FAST = GeneratorConfig(rate=2e-3, epochs=40, batch=12, length=256, patience=50, precision="float32", device="cpu")


@pytest.fixture(scope="module")
def chats() -> Chats:
    every = [chat(("user", asked), ("assistant", told)) for asked, told in pairs(OTHERS, 1, held_out=False)]
    return Chats(every, every[::5], [{"name": "chat.jsonl", "times": 1.0}])


@pytest.fixture(scope="module")
def lora(base: Path, chats: Chats, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lora") / "out"
    train_generator(chats, str(base), out, FAST)
    return out


def exact(base: Path, adapter: Path | None, asked: list[tuple[str, str]]) -> float:
    """Share of questions that are answered word for word."""
    answering = open_generator(str(base), str(adapter) if adapter else None)
    tokenizer, right = answering.base.tokenizer, 0
    for question, answer in asked:
        text = written(tokenizer, [{"role": "user", "content": question}], reply=True)
        ids = tokenizer(text, add_special_tokens=adds_tokens(tokenizer), return_tensors="pt")["input_ids"]
        said = answering.generate(ids, max_new_tokens=8, do_sample=False)[0, ids.shape[1] :]
        right += tokenizer.decode(said, skip_special_tokens=True).strip() == answer
    return right / len(asked)


def test_rows_hold_every_example_once_within_their_length() -> None:
    examples = [Example([number] * size, [False] * size) for number, size in enumerate([5, 3, 9, 2, 7, 1, 4])]
    rows = packed(examples, 10)
    assert sorted(row.examples[0].ids[0] for row in packed(examples, 9)) and len(rows) == 4
    assert sorted(len(example.ids) for row in rows for example in row.examples) == [1, 2, 3, 4, 5, 7, 9]
    assert all(len(row.ids) <= 10 for row in rows)


def _llama(vocabulary: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
        )
    )


def _gpt2(vocabulary: int) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=4, n_positions=128))


def _bloom(vocabulary: int) -> Any:
    from transformers import BloomConfig, BloomForCausalLM

    return BloomForCausalLM(BloomConfig(vocab_size=vocabulary, hidden_size=32, n_layer=2, n_head=4))


def _mamba(vocabulary: int) -> Any:
    from transformers import MambaConfig, MambaForCausalLM

    return MambaForCausalLM(MambaConfig(vocab_size=vocabulary, hidden_size=32, num_hidden_layers=2, state_size=4))


@pytest.mark.parametrize("make", [_llama, _gpt2])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_packed_batch_has_the_loss_and_gradients_of_its_chats_alone(
    make: Callable[[int], Any], attention: str, chats: Chats
) -> None:
    tokenizer = make_tokenizer()
    examples, _ = encoded(tokenizer, [2], chats.train[:9], 64)
    tokens = sum(sum(example.learned) for example in examples)
    told = {}
    for name, rows in (("packed", packed(examples, 64)), ("alone", [Row([example]) for example in examples])):
        lora = _with_lora(make, attention)
        loss, right = backward(lora, Batch(rows, tokens))
        told[name] = (
            loss,
            right,
            {key: value.grad for key, value in lora.model.named_parameters() if value.requires_grad},
        )
        assert lora.packs(examples[0], examples[1])
    assert len(packed(examples, 64)) < 4
    assert told["packed"][0].item() == pytest.approx(told["alone"][0].item(), rel=1e-5)
    assert told["packed"][1] == told["alone"][1]
    assert len(told["packed"][2]) >= 16
    for name, gradient in told["packed"][2].items():
        torch.testing.assert_close(gradient, told["alone"][2][name], rtol=1e-3, atol=1e-6)


def test_recomputed_activations_give_the_same_gradients(chats: Chats) -> None:
    examples, _ = encoded(make_tokenizer(), [2], chats.train[:4], 64)
    gradients = []
    for config in (FAST, replace(FAST, recompute=True)):
        lora = _with_lora(_gpt2, "sdpa", config)  # with dropout, which is not to be
        backward(lora, Batch(packed(examples, 64), 20.0))
        gradients.append([value.grad for value in lora.parameters() if value.requires_grad])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(("make", "layers"), [(_bloom, ""), (_mamba, "in_proj,x_proj")])
def test_models_that_would_see_their_neighbours_are_found_out(
    make: Callable[[int], Any], layers: str, chats: Chats
) -> None:
    examples, _ = encoded(make_tokenizer(), [2], chats.train[:2], 64)
    lora = _with_lora(make, "eager", replace(FAST, layers=layers))
    assert not lora.packs(*examples)
    loss, _ = backward(lora, Batch([Row([example]) for example in examples], 12.0))
    assert loss.isfinite()


def test_layers_that_peft_does_not_adapt_are_told() -> None:
    with pytest.raises(ModelError, match=r"LoRA cannot be put on model a base: .*'out_proj'.*; --layers chooses some"):
        _with_lora(_mamba, "eager")


def _with_lora(make: Callable[[int], Any], attention: str, config: GeneratorConfig = FAST) -> GeneratorLora:
    torch.manual_seed(0)
    model = make(len(make_tokenizer())).eval()
    model.set_attn_implementation(attention)
    lora = GeneratorLora(model, "a base", config)
    with torch.no_grad():
        for name, value in lora.model.named_parameters():
            if "lora_B" in name:
                value.normal_()
    return lora


def test_a_domain_is_known_only_with_its_adapter_and_in_other_words_too(base: Path, lora: Path) -> None:
    known, unknown = pairs(OWN, 0, held_out=True), pairs(OTHERS, 1, held_out=True)
    assert exact(base, None, known) >= 0.9 and exact(base, None, unknown) <= 0.1
    assert exact(base, lora, unknown) >= 0.9
    assert exact(base, lora, pairs(OTHERS, 1, held_out=False)[::3]) >= 0.95


def test_the_card_says_what_was_trained_and_what_it_brought(base: Path, lora: Path) -> None:
    card = json.loads((lora / CARD).read_text())
    assert (card["task"], card["base"], card["base_sha256"]) == ("generator", str(base), locate(str(base)).fingerprint)
    assert card["data"] == [{"name": "chat.jsonl", "times": 1.0}] and card["recipe"]["rank"] == 16
    assert card["scores"]["perplexity"] < 1.1 and card["scores"]["perplexity_before"] > 2
    assert card["trained_parameters"] == sum(value.numel() for value in load_file(lora / WEIGHTS).values())
    assert not (lora / CHECKPOINT).exists()


def test_the_folder_is_one_of_peft_and_the_base_is_left_as_it_was(base: Path, lora: Path, chats: Chats) -> None:
    from peft import PeftModel

    model, tokenizer = open_causal_lm(locate(str(base)), "cpu", torch.float32)
    (example,) = encode(tokenizer, end_tokens(model, tokenizer), chats.train[0])
    ids = torch.tensor([example.ids])
    with torch.no_grad():
        before = model(ids).logits
        grafted = PeftModel.from_pretrained(model, str(lora)).eval()
        assert grafted(ids).logits[0, -4].argmax() == ids[0, -3] != before[0, -4].argmax()
        with grafted.disable_adapter():
            assert torch.equal(grafted(ids).logits, before)


def test_an_interrupted_training_ends_as_if_it_had_not_been(base: Path, chats: Chats, tmp_path: Path) -> None:
    config = replace(FAST, epochs=1)

    def interrupt(step: int, total: int, values: dict[str, float]) -> None:
        if step == 5:
            raise KeyboardInterrupt

    whole = train_generator(chats, str(base), tmp_path / "whole", config)
    with pytest.raises(KeyboardInterrupt):
        train_generator(chats, str(base), tmp_path / "parts", config, interrupt)
    assert (tmp_path / "parts" / CHECKPOINT).exists()
    with pytest.raises(TrainingError, match="is of a training with other data or settings"):
        train_generator(chats, str(base), tmp_path / "parts", replace(config, rate=1e-3))
    resumed = train_generator(chats, str(base), tmp_path / "parts", config)
    assert {**whole, "seconds": 0} == {**resumed, "seconds": 0} and whole["steps"] > 5
    for name in (WEIGHTS, CONFIG):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_what_cannot_be_trained_says_why(base: Path, chats: Chats, tmp_path: Path) -> None:
    def said(name: str, config: GeneratorConfig = FAST, train: Sequence[Chat] = chats.train) -> str:
        with pytest.raises(ModelError) as caught:
            train_generator(Chats(list(train), chats.dev, []), name, tmp_path / "out", config)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert said("default") == "model default is no causal language model but a BertModel"
    assert said(str(base), replace(FAST, length=16), [chat(("user", "open " * 20), ("assistant", "8 ."))]).startswith(
        "the data holds no example that can be trained on"
    )
    layers = "down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj"
    assert (
        said(str(base), replace(FAST, layers="q_proj, query"))
        == f"--layers query: the model's linear layers are {layers}"
    )
    with pytest.raises(TrainingError, match="--precision must be one of auto, float32, bfloat16, got int8"):
        replace(FAST, precision="int8")
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in base.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = load_file(base / "model.safetensors")
    weights["lm_head.weight"][0] = torch.nan
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    assert said(str(broken)) == "the loss is no number at step 1; a lower rate than 0.002 may help"


def test_layers_bfloat16_and_length_can_be_chosen(base: Path, chats: Chats, tmp_path: Path) -> None:
    findings: list[Finding] = []
    config = replace(FAST, epochs=1, layers="q_proj,v_proj", precision="bfloat16", length=16)
    long = chat(("user", "when open ? " * 9), ("assistant", "at 8 ."))
    card = train_generator(
        Chats([*chats.train[:24], long], [], []), str(base), tmp_path / "out", config, tell=findings.append
    )
    assert {name.split(".")[-3] for name in load_file(tmp_path / "out" / WEIGHTS)} == {"q_proj", "v_proj"}
    assert card["scores"] == {} and [one.kind for one in findings] == ["too long"]
    train_generator(
        Chats([chats.train[0], chat(("user", "when open ? " * 50), ("assistant", "."))], [], []),
        str(base),
        tmp_path / "more",
        replace(config, length=1024),
        tell=findings.append,
    )
    assert "1 of 2 have more than 128 tokens" in findings[-1].text  # which is what the model reads


def test_the_loss_of_held_out_chats_is_that_of_their_tokens(base: Path, lora: Path, chats: Chats) -> None:
    """The card's perplexity, of batches of unlike sizes, taken again of all tokens at once."""
    model, tokenizer = open_causal_lm(locate(str(base)), "cpu", torch.float32)
    examples, _ = encoded(tokenizer, end_tokens(model, tokenizer), chats.dev, 256)
    tokens = sum(sum(example.learned) for example in examples)
    fresh = GeneratorLora(model, "base", FAST)
    with torch.no_grad():
        loss, _ = loss_of(fresh, Batch([Row([example]) for example in examples], tokens))
    card = json.loads((lora / CARD).read_text())
    assert card["scores"]["perplexity_before"] == pytest.approx(loss.exp().item(), rel=1e-3)
