"""A Llama-style causal language model made on the spot: random weights, two layers, a tokenizer of a few sentences."""

from __future__ import annotations

from pathlib import Path

SENTENCES = [
    "A replacement card costs 9 euros.",
    "The Harbour branch opens at 9 o'clock on weekdays.",
    "Answer the question from the numbered passages below and from nothing else.",
]


def make_tiny_llama(folder: Path) -> Path:
    """Save a model and its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<unk>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    whole = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    whole.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(whole),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def make_lora(model: Path, folder: Path) -> Path:
    """Save a LoRA adapter that changes what the model says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    torch.manual_seed(1)
    wanted = LoraConfig(r=4, target_modules=["q_proj", "v_proj", "lm_head"], task_type="CAUSAL_LM")
    grafted = get_peft_model(LlamaForCausalLM.from_pretrained(model), wanted)
    with torch.no_grad():
        for name, weight in grafted.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 1)
    grafted.save_pretrained(folder)
    return folder
