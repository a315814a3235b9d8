"""Chats: how they are read, and which of their tokens are learned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.generation.data import read_chats, read_file
from adapters.generation.encoding import Example, encode, encoded
from adapters.squad import DataError
from tests.adapters.small_lm import chat, make_tokenizer

CHATML = (
    "{% for m in messages %}<|im_start|> {{ m.role }} {{ m.content }} <|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant {% endif %}"
)
LAST_WORD = CHATML.replace("{{ m.content }}", "{% if loop.last and loop.length > 1 %}think {% endif %}{{ m.content }}")
"""Writes the last turn in another way than those before it, as templates of models that reason do."""


def jsonl(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf8")
    return path


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
