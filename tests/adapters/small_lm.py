"""A small causal language model that has learned a language of questions and answers, in seconds, from nothing.

It knows some museums: when they open, what they cost, in four phrasings. Of others it knows no more than the names.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from adapters.generation.data import Chat

PHRASINGS = {
    "opens at": ["when does {} open ?", "at what hour will {} open ?", "I ask when {} is open ."],
    "costs": ["what does {} cost ?", "how much may {} cost ?", "I ask what {} may cost ."],
}
HELD_OUT = {"opens at": "tell me what hour {} will be open .", "costs": "tell me how much {} does cost ."}
"""A phrasing that the model knows of its own museums, in which no other is trained."""
OWN = [f"museum{number}" for number in range(24)]
OTHERS = [f"gallery{number}" for number in range(16)]
VALUES = 24
"""Each is true of some museum that the model knows: it has learned to say all of them."""


def answers(names: list[str], seed: int) -> dict[tuple[str, str], str]:
    """What is true of museums, by name and kind of question."""
    facts = [(name, kind) for name in names for kind in PHRASINGS]
    values = [number % VALUES for number in range(len(facts))]
    random.Random(seed).shuffle(values)
    return {(name, kind): f"it {kind} {value} ." for (name, kind), value in zip(facts, values, strict=True)}


def pairs(names: list[str], seed: int, held_out: bool) -> list[tuple[str, str]]:
    """Questions and answers, in all phrasings but that of `HELD_OUT`, or in this alone."""
    return [
        (phrasing.format(name), answer)
        for (name, kind), answer in answers(names, seed).items()
        for phrasing in ([HELD_OUT[kind]] if held_out else PHRASINGS[kind])
    ]


def chat(*turns: tuple[str, str]) -> Chat:
    """Of turns, each a role and what is said."""
    return Chat([{"role": role, "content": content} for role, content in turns], "chat.jsonl, line 1")


def make_small_lm(folder: Path, steps: int = 250) -> Path:
    """Train the model and its tokenizer, and save them."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    texts = [f"{asked}\n\n{told}</s>" for asked, told in pairs(OWN, 0, held_out=False) + pairs(OWN, 0, held_out=True)]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(steps):
        some = torch.randperm(len(texts))[:64]
        loss = model(input_ids=batch["input_ids"][some], labels=labels[some]).loss
        loss.backward()
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    model.save_pretrained(folder)
    return folder


def make_tokenizer(*more: str) -> Any:
    """Of words; `more` are words beside those of the language."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    asked = [phrasing for some in PHRASINGS.values() for phrasing in some] + list(HELD_OUT.values())
    words = {word for phrasing in [*asked, "it opens at costs . \n\n"] for word in phrasing.split(" ")}
    words |= {*OWN, *OTHERS, *map(str, range(VALUES)), *more}
    vocabulary = ["<unk>", "<s>", "</s>", *sorted(words)]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(" ", "removed"), pre_tokenizers.Split("\n\n", "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
