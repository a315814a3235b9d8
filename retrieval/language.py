"""Which language a text is in, as far as Graft must know."""

from __future__ import annotations

from retrieval.text import STOPWORDS, is_cjk, words

ENGLISH = 0.25
"""Least share of function words in English; help texts have 0.37 to 0.46, a passage of German had 0.13."""
LONGEST_WORD = 30
"""Characters; what is longer is no word of any language."""


def language_of(text: str) -> str:
    """`zh`, `en`, or empty for any other, told by the script and by the share of English function words in the prose.

    Tables, numbers and what is too long for a word say nothing of a language.
    """
    if is_cjk(text):
        return "zh"
    lines = [line for line in text.split("\n") if not line.startswith("|")]
    found = [word for line in lines for word in words(line) if word.isalpha() and len(word) <= LONGEST_WORD]
    return "en" if sum(word in STOPWORDS for word in found) > ENGLISH * len(found) else ""
