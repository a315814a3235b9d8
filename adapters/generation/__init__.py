"""LoRA of a causal language model, the generator, on chats; and many such adapters served on one base."""
