"""A Llama-style causal language model made on the spot.

Its two layers are silenced and its embeddings written by hand, so that each word leads to the next one of `SENTENCE`,
whatever was asked before: small enough to make in a moment, and what it says is known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

SENTENCE = "A replacement card costs 9 euros [1]."
GRAFTED = "A replacement card costs nothing"
"""What it says with the adapter of `make_lora`."""


def make_tiny_llama(folder: Path, template: str | None = None) -> Path:
    """Save the model and a tokenizer trained on two sentences.

    Args:
        template: The tokenizer's chat template.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    chain = [tokenizer.convert_tokens_to_ids(word) for word in SENTENCE.split()]
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        here, says = model.model.embed_tokens.weight, model.lm_head.weight
        here.zero_()
        says.zero_()
        here[:, 0] = 1  # every other word leads to the sentence's first
        for place, word in enumerate(chain):
            says[word, place] = 1
            here[word] = torch.eye(32)[place + 1]
        says[tokenizer.eos_token_id, len(chain)] = 1
        for word in ("nothing", "so"):
            here[tokenizer.convert_tokens_to_ids(word)] = torch.eye(32)[len(chain)]
    model.save_pretrained(folder)
    return folder


def make_lora(model: Path, folder: Path, word: str = "nothing", **options: Any) -> Path:
    """Save a LoRA adapter with which the model ends its sentence in another word, "nothing" or "so".

    Args:
        options: Of peft's configuration.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    tokenizer = _tokenizer()
    place = SENTENCE.split().index("9")
    wanted = LoraConfig(r=2, lora_alpha=2, target_modules=["lm_head"], task_type="CAUSAL_LM", **options)
    grafted = get_peft_model(LlamaForCausalLM.from_pretrained(model), wanted)
    with torch.no_grad():
        layer = grafted.base_model.model.lm_head
        first, second = layer.lora_A["default"].weight, layer.lora_B["default"].weight
        first.zero_()
        second.zero_()
        first[0, place] = 1
        second[tokenizer.convert_tokens_to_ids(word), 0] = 9
        first[1, 0] = 1
    grafted.save_pretrained(folder, save_embedding_layers=False)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordLevelTrainer(special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator([SENTENCE, GRAFTED, "Which passages say so ?"], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
