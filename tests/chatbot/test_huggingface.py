"""`hf:` models: a real causal language model from a folder, streamed, cited, with a LoRA adapter; and its failures."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from adapters.models import locate
from chatbot.bot import Bot
from chatbot.config import Generator
from chatbot.generators import ProviderError, load_model, stream
from chatbot.huggingface import HuggingFaceChat
from chatbot.reply import Reply
from tests.chatbot.small_bot import Reconfigured
from tests.chatbot.tiny_llama import GRAFTED, SENTENCE, make_lora, make_tiny_llama

MESSAGES = [SystemMessage("Answer from the passages."), HumanMessage("What does a card cost?")]
QUESTION = "What does a replacement card cost?"


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_llama(tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture(scope="module")
def lora(llama: Path) -> Path:
    return make_lora(llama, llama.parent / "lora")


def said(model: Path, **options: object) -> list[str]:
    config = Generator.model_validate({"model": f"hf:{model}", **options})
    return list(stream(load_model(config), MESSAGES, config))


def test_a_bot_answers_with_a_local_model_and_cites(reconfigured: Reconfigured, llama: Path) -> None:
    bot = reconfigured(generator={"model": f"hf:{llama}"})
    parts = list(bot.stream(QUESTION))
    reply = parts[-1]
    assert isinstance(reply, Reply)
    assert [str(part) for part in parts[:-1]] == ["A ", "replacement ", "card ", "costs ", "9 ", "euros ", "[1]."]
    assert (reply.text, reply.error, reply.abstained) == (SENTENCE, False, False)
    assert [citation.quote for citation in reply.citations] == ["A replacement card costs 9 euros."]
    assert {"generate", "ground"} <= {step.step for step in reply.trace}


def test_an_adapter_changes_what_the_model_says(llama: Path, lora: Path) -> None:
    assert "".join(said(llama)) == SENTENCE
    assert "".join(said(llama, adapter=str(lora))) == GRAFTED


def test_a_follow_up_is_made_whole_by_the_model(reconfigured: Reconfigured, llama: Path) -> None:
    bot = reconfigured(generator={"model": f"hf:{llama}"})
    bot.ask(QUESTION, "a")
    bot.ask("And how long does it take?", "a")
    assert [turn.resolved for turn in bot.sessions.turns("a")] == [QUESTION, SENTENCE]


def test_the_answer_ends_at_max_tokens(llama: Path) -> None:
    assert "".join(said(llama, max_tokens=3)) == "A replacement card"


def test_invoke_gives_what_stream_gives(llama: Path) -> None:
    model = load_model(Generator(model=f"hf:{llama}"))
    assert model.invoke(MESSAGES).content == SENTENCE


def test_a_prompt_longer_than_the_model_is_cut_not_refused(llama: Path) -> None:
    config = Generator(model=f"hf:{llama}", max_tokens=12)
    model = load_model(config)
    assert "".join(stream(model, [SystemMessage("card " * 5000), *MESSAGES], config)) == SENTENCE


def test_a_chat_template_without_a_system_turn_gets_it_with_the_first_question(tmp_path: Path) -> None:
    template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}"
        "{% endif %}<{{ m.role }}> {{ m.content }} {% endfor %}"
    )
    make_tiny_llama(tmp_path / "llama", template)
    config = Generator(model=f"hf:{tmp_path}/llama")
    conversation = [*MESSAGES, AIMessage("9 euros."), HumanMessage("And then?")]
    assert "".join(stream(load_model(config), conversation, config)) == SENTENCE


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("hf:nobody/nothing", "'nobody/nothing' is not in the local cache and HF_HUB_OFFLINE is set"),
        ("hf:./no/such/folder", "neither a folder nor a Hugging Face name"),
        ("hf:{empty}", "no model weights in"),
    ],
)
def test_a_model_that_is_nowhere_is_a_readable_reply(
    reconfigured: Reconfigured, tmp_path: Path, model: str, message: str
) -> None:
    bot = reconfigured(generator={"model": model.format(empty=tmp_path)})
    reply = bot.ask(QUESTION)
    assert reply.error and message in reply.text and "\n" not in reply.text


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"garbage" * 50])
def test_a_damaged_model_is_a_readable_error(tmp_path: Path, llama: Path, name: str, content: bytes) -> None:
    for path in llama.iterdir():
        (tmp_path / path.name).write_bytes(content if path.name == name else path.read_bytes())
    with pytest.raises(ProviderError, match=rf"model {tmp_path} cannot be loaded: ") as caught:
        load_model(Generator(model=f"hf:{tmp_path}"))
    assert "\n" not in str(caught.value)


def test_an_adapter_that_is_missing_damaged_or_of_another_model_is_a_readable_error(
    tmp_path: Path, llama: Path, lora: Path
) -> None:
    with pytest.raises(ProviderError, match=r"no adapter in .*/none: it has no adapter_config\.json and no"):
        said(llama, adapter=str(tmp_path / "none"))
    for path in lora.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "adapter_config.json").read_text(encoding="utf8"))
    (tmp_path / "adapter_config.json").write_text(json.dumps({**config, "target_modules": ["query"]}), "utf8")
    with pytest.raises(ProviderError, match="is damaged or does not fit: Target modules"):
        said(llama, adapter=str(tmp_path))
    (tmp_path / "adapter_config.json").write_text(json.dumps(config), encoding="utf8")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"garbage")
    with pytest.raises(ProviderError, match=r"the adapter in .* is damaged: "):
        said(llama, adapter=str(tmp_path))


def test_an_adapter_that_does_not_fit_leaves_the_base_to_others(tmp_path: Path, lora: Path) -> None:
    from safetensors.numpy import load_file, save_file

    llama = make_tiny_llama(tmp_path / "llama")
    first = load_model(Generator(model=f"hf:{llama}"))
    for path in lora.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(lora / "adapter_model.safetensors")
    broken = {
        "size mismatch": {key: value[:1] for key, value in weights.items()},
        "weights are missing": {key: value for key, value in weights.items() if "lora_A" in key},
        "no numbers": {key: value * np.nan for key, value in weights.items()},
    }

    def try_broken() -> None:
        for message, wrong in broken.items():
            save_file(wrong, tmp_path / "adapter_model.safetensors")
            with pytest.raises(ProviderError, match=f"does not fit: .*{message}"):
                said(llama, adapter=str(tmp_path))
            assert first.invoke(MESSAGES).content == SENTENCE

    try_broken()
    second = load_model(Generator(model=f"hf:{llama}", adapter=str(lora)))
    try_broken()
    assert second.invoke(MESSAGES).content == GRAFTED


def test_an_adapter_of_another_base_or_task_is_refused_by_its_card(tmp_path: Path, llama: Path) -> None:
    make_lora(llama, tmp_path)
    card = {"task": "generator", "base": "another", "base_sha256": locate(str(llama)).fingerprint}
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf8")
    assert "".join(said(llama, adapter=str(tmp_path))) == GRAFTED
    for change, message in (
        ({"base_sha256": "0"}, "was trained on another base model, another, than "),
        ({"task": "reader"}, "is for the task 'reader', not 'generator'"),
    ):
        (tmp_path / "card.json").write_text(json.dumps(card | change), encoding="utf8")
        with pytest.raises(ProviderError, match=message):
            said(llama, adapter=str(tmp_path))


def test_an_adapter_that_cannot_stay_beside_its_base_is_merged_into_its_own_copy(tmp_path: Path, llama: Path) -> None:
    saved = make_lora(llama, tmp_path / "saved", modules_to_save=["norm"])
    first, second = (load_model(Generator(model=f"hf:{llama}", adapter=adapter)) for adapter in (None, str(saved)))
    assert base_of(first) is not base_of(second)
    assert [model.invoke(MESSAGES).content for model in (first, second)] == [SENTENCE, GRAFTED]


def test_an_answer_after_a_soft_prompt_is_streamed_whole(tmp_path: Path, llama: Path) -> None:
    from transformers import AutoTokenizer, LlamaForCausalLM

    from adapters.generation.config import SoftPromptConfig
    from adapters.generation.soft_prompt import SoftPrompt

    tokenizer = AutoTokenizer.from_pretrained(llama)
    soft = SoftPrompt(LlamaForCausalLM.from_pretrained(llama), tokenizer, "llama", SoftPromptConfig(vectors=4))
    soft.save(tmp_path)
    assert "".join(said(llama, adapter=str(tmp_path))) == SENTENCE  # which no prompt changes
    assert "".join(said(llama, adapter=str(tmp_path), max_tokens=3)) == "A replacement card"


def base_of(model: Any) -> Any:
    assert isinstance(model, HuggingFaceChat)
    return model._answering.base


def test_bots_with_other_adapters_share_one_base_and_never_mix(
    reconfigured: Reconfigured, tmp_path: Path, llama: Path, lora: Path
) -> None:
    other = make_lora(llama, tmp_path / "other", "so")
    wanted = {None: SENTENCE, str(lora): GRAFTED, str(other): GRAFTED.replace("nothing", "so")}
    models = {adapter: load_model(Generator(model=f"hf:{llama}", adapter=adapter)) for adapter in wanted}
    assert len({id(base_of(model)) for model in models.values()}) == 1
    with ThreadPoolExecutor(6) as pool:
        asked = [adapter for _ in range(10) for adapter in wanted]
        told = list(pool.map(lambda adapter: models[adapter].invoke(MESSAGES).content, asked))
    assert told == [wanted[adapter] for adapter in asked]
    bots = {adapter: reconfigured(generator={"model": f"hf:{llama}", "adapter": adapter}) for adapter in wanted}
    with ThreadPoolExecutor(3) as pool:
        replies = pool.map(lambda adapter: "".join(map(str, list(bots[adapter].stream(QUESTION))[:-1])), wanted)
    assert [reply.split()[:5] for reply in replies] == [text.split()[:5] for text in wanted.values()]


def test_an_answer_that_nobody_waits_for_ends_and_the_next_is_as_ever(tmp_path: Path, llama: Path, lora: Path) -> None:
    from transformers import LlamaForCausalLM

    endless = tmp_path / "llama"
    endless.mkdir()
    for path in llama.iterdir():
        (endless / path.name).write_bytes(path.read_bytes())
    model = LlamaForCausalLM.from_pretrained(endless)
    model.lm_head.weight.data[2] = 0  # it never ends
    model.save_pretrained(endless)
    plain = load_model(Generator(model=f"hf:{endless}", max_tokens=30_000))
    grafted = load_model(Generator(model=f"hf:{endless}", adapter=str(lora), max_tokens=5))
    pieces = plain.stream(MESSAGES)
    assert next(piece.text for piece in pieces if piece.text)
    pieces.close()  # type: ignore[attr-defined]
    begun = time.monotonic()
    assert grafted.invoke(MESSAGES).content == GRAFTED
    assert time.monotonic() - begun < 10


def test_two_threads_may_ask_one_model(reconfigured: Reconfigured, llama: Path) -> None:
    bot: Bot = reconfigured(generator={"model": f"hf:{llama}"})
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: bot.ask(QUESTION).text, range(4))) == [SENTENCE] * 4
