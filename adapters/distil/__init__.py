"""Distillation: a classifier of fewer or narrower layers that learns from one that is trained already."""
