"""Adapters that are shown, given away and taken: folders and the Hugging Face Hub."""
