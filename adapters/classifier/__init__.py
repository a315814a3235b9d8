"""Telling what a text is (its intent, topic, sentiment), and whether it is any of what was learned."""
