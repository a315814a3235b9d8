"""Unsupervised adaptation: the backbone goes on learning from a domain's plain sentences."""
