"""Parameter- and model-based transfer of a classifier: LoRA, some layers, or all of an encoder."""
