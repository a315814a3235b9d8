"""LoRA of a generator: chats, what of them is learned, packing, training, resuming, and serving on one base."""

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
from adapters.generation.data import Chat, Chats, read_chats, read_file
from adapters.generation.encoding import Example, Row, encode, encoded, packed
from adapters.generation.model import GeneratorLora, end_tokens, open_causal_lm
from adapters.generation.runtime import open_generator
from adapters.generation.template import adds_tokens, written
from adapters.generation.train import Batch, backward, loss_of, train_generator
from adapters.models import ModelError, TrainingError, locate
from adapters.registry import CARD, CHECKPOINT, CONFIG, WEIGHTS
from adapters.squad import DataError
from tests.adapters.small_lm import OTHERS, OWN, make_small_lm, make_tokenizer, pairs

CHATML = (
    "{% for m in messages %}<|im_start|> {{ m.role }} {{ m.content }} <|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant {% endif %}"
)
LAST_WORD = CHATML.replace("{{ m.content }}", "{% if loop.last and loop.length > 1 %}think {% endif %}{{ m.content }}")
"""Writes the last turn in another way than those before it, as templates of models that reason do."""
FAST = GeneratorConfig(rate=2e-3, epochs=40, batch=12, length=256, patience=50, precision="float32", device="cpu")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_small_lm(tmp_path_factory.mktemp("lm"))


@pytest.fixture(scope="module")
def chats() -> Chats:
    every = [chat(("user", asked), ("assistant", told)) for asked, told in pairs(OTHERS, 1, held_out=False)]
    return Chats(every, every[::5], [{"name": "chat.jsonl", "times": 1.0}])


@pytest.fixture(scope="module")
def lora(base: Path, chats: Chats, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lora") / "out"
    train_generator(chats, str(base), out, FAST)
    return out


def chat(*turns: tuple[str, str]) -> Chat:
    return Chat([{"role": role, "content": content} for role, content in turns], "chat.jsonl, line 1")


def jsonl(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf8")
    return path


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


def learned(tokenizer: Any, example: Example) -> list[str]:
    """The words that are learned."""
    flags = zip(example.ids, example.learned, strict=True)
    return [str(tokenizer.convert_ids_to_tokens(token)) for token, flag in flags if flag]


def test_messages_and_questions_are_read_alike(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "How\u2028much?"}, {"role": "assistant", "content": "9 euros."}]
    rows = [{"messages": turns}, {"question": "How\u2028much?", "answer": "9 euros."}]
    first, second = read_file(jsonl(tmp_path / "chat.jsonl", *rows))
    assert first.messages == second.messages == turns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no chat; expected messages"),
        ("{", "line 1: no JSON"),
        ('\n{"text": "x", "label": "y"}', "line 2: expected messages, a list of .*; found text, label"),
        ('{"messages": "x"}', "line 1: expected messages"),
        ('{"messages": [{"role": "bot", "content": "x"}]}', "message 1: expected a role, one of .*; got bot"),
        ('{"messages": [{"role": "user", "content": " "}]}', "message 1: expected a content"),
        ('{"question": "x", "answer": null}', "message 2: expected a content"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "line 1: no message of the assistant"),
        ('{"messages": [{"role": "assistant", "content": "x"}]}', "the first message is the assistant's"),
        (
            '{"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"},'
            ' {"role": "assistant", "content": "z"}]}',
            "a message of the system can only be the first",
        ),
    ],
)
def test_a_file_that_holds_no_chats_says_where(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "chat.jsonl").write_text(text)
    with pytest.raises(DataError, match=message):
        read_file(tmp_path / "chat.jsonl")


def test_chats_that_begin_alike_are_not_parted_and_what_spoils_a_training_is_told(tmp_path: Path) -> None:
    rows = [{"question": f"Q{number // 2}?", "answer": f"A{number}."} for number in range(40)]
    file = jsonl(tmp_path / "chat.jsonl", *rows)
    data = read_chats([(file, 1.0)], None, 0)
    assert len(data.dev) == 4 and not {one.opening for one in data.dev} & {one.opening for one in data.train}
    assert data.check() == []
    twice = read_chats([(file, 2.5)], jsonl(tmp_path / "dev.jsonl", rows[0]), 0)
    assert len(twice.train) == 100
    assert [(one.kind, one.count) for one in twice.check()] == [("duplicates", 40), ("leakage", 1)]


def test_only_what_the_assistant_says_is_learned_and_that_it_ends() -> None:
    tokenizer = make_tokenizer()
    (example,) = encode(tokenizer, [2], chat(("user", "what does gallery1 cost ?"), ("assistant", "it costs 9 .")))
    assert learned(tokenizer, example) == ["it", "costs", "9", ".", "</s>"]
    assert tokenizer.decode(example.ids[:2]) == "<s> what"
    talk = chat(
        *(("system", "open"), ("user", "what cost ?"), ("assistant", "9 .")),
        *(("user", "when open ?"), ("assistant", "at 8 .")),
    )
    (example,) = encode(tokenizer, [2], talk)
    assert learned(tokenizer, example) == ["9", ".", "</s>", "at", "8", ".", "</s>"]


def test_an_answer_follows_the_very_tokens_that_ask_for_it() -> None:
    """Of bytes, where a tokenizer joins the two line ends before an answer only while there is none."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bytes_ = Tokenizer(models.BPE())
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(special_tokens=["</s>"], initial_alphabet=alphabet, show_progress=False)
    bytes_.train_from_iterator(["What?\n\n"] * 9, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_, eos_token="</s>")
    (example,) = encode(tokenizer, [0], chat(("user", "What?"), ("assistant", "It is.")))
    asked = tokenizer("What?\n\n")["input_ids"]
    assert tokenizer("What?\n\nIt is.")["input_ids"][: len(asked)] != asked
    assert example.ids[: len(asked)] == asked and example.learned.index(True) == len(asked)
    assert tokenizer.decode(example.ids) == "What?\n\nIt is.</s>"


def test_a_chat_template_is_followed_to_its_end_token() -> None:
    tokenizer = make_tokenizer("<|im_start|>", "<|im_end|>", "think", "user", "assistant")
    tokenizer.chat_template = CHATML
    talk = chat(("user", "what cost ?"), ("assistant", "9 ."), ("user", "when open ?"), ("assistant", "8 ."))
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    (example,) = encode(tokenizer, [end], talk)
    assert learned(tokenizer, example) == ["9", ".", "<|im_end|>", "8", ".", "<|im_end|>"]
    (example,) = encode(tokenizer, [2], talk)  # whoever ends with another token is to say that too
    assert learned(tokenizer, example) == ["9", ".", "<|im_end|>", "8", ".", "<|im_end|>", "</s>"]
    tokenizer.chat_template = LAST_WORD
    first, second = encode(tokenizer, [end], talk)
    assert learned(tokenizer, first) == ["think", "9", ".", "<|im_end|>"]
    asked = (
        "<|im_start|> assistant 9 . <|im_end|> <|im_start|> user think when open ? <|im_end|> <|im_start|> assistant"
    )
    assert tokenizer.decode(second.ids).endswith(f"{asked} 8 . <|im_end|>")
    assert learned(tokenizer, second) == ["8", ".", "<|im_end|>"]


def test_a_template_that_refuses_a_system_turn_gets_it_with_the_question_and_other_refusals_say_where() -> None:
    tokenizer = make_tokenizer()
    refuse = (
        "{%% for m in messages %%}{%% if m.role == '%s' %%}{{ raise_exception('not %s') }}{%% endif %%}{%% endfor %%}"
    )
    tokenizer.chat_template = refuse % ("system", "system") + "{% for m in messages %}{{ m.content }} {% endfor %}"
    talk = chat(("system", "open"), ("user", "what cost ?"), ("assistant", "9 ."))
    (example,) = encode(tokenizer, [2], talk)
    assert tokenizer.decode(example.ids) == "open \n\n what cost ? 9 . </s>"
    tokenizer.chat_template = refuse % ("user", "the user")
    with pytest.raises(DataError, match="line 1: the model's chat template refuses it: not the user"):
        list(encode(tokenizer, [2], talk))


def test_chats_that_are_too_long_are_left_out_and_told() -> None:
    tokenizer = make_tokenizer()
    short = chat(("user", "what cost ?"), ("assistant", "9 ."))
    long = chat(("user", "what cost ? " * 20), ("assistant", "9 ."))
    kept, (finding,) = encoded(tokenizer, [2], [short, long], 20)
    assert len(kept) == 1 and (finding.kind, finding.count) == ("too long", 1)
    assert finding.text == "1 of 2 have more than 20 tokens and are left out; the longest has 65"


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
