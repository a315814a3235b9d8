"""The reader: a LoRA graft on the backbone that finds the answer to a question in a passage, or that there is none."""
