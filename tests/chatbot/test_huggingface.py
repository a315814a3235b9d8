"""`hf:` models: a real causal language model from a folder, streamed, cited, with a LoRA adapter; and its failures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from chatbot.bot import Bot
from chatbot.config import Generator
from chatbot.generators import ProviderError, load_model, stream
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
    with pytest.raises(ProviderError, match="is damaged or does not fit"):
        said(llama, adapter=str(tmp_path))


def test_two_threads_may_ask_one_model(reconfigured: Reconfigured, llama: Path) -> None:
    import threading

    bot: Bot = reconfigured(generator={"model": f"hf:{llama}"})
    replies: list[str] = []
    threads = [threading.Thread(target=lambda: replies.append(bot.ask(QUESTION).text)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert replies == [SENTENCE] * 4
