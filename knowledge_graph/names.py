"""Normalised names: what makes two spellings the same entity."""

from __future__ import annotations

import re
from functools import lru_cache

from retrieval.text import CJK, STOPWORDS

TOKEN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:[’'.\-&/][^\W_{CJK}]+)*")
_ASCII_TOKEN = re.compile(r"[A-Za-z0-9]+(?:['.\-&/][A-Za-z0-9]+)*")
MAX_TOKENS = 7
_BESIDE_CHINESE = re.compile(rf"(?<=[{CJK}]) | (?=[{CJK}])")
_DETERMINERS = frozenset(
    [
        "the",
        "a",
        "an",
        "our",
        "your",
        "their",
        "his",
        "her",
        "its",
        "this",
        "that",
        "these",
        "those",
        "each",
        "every",
        "any",
        "all",
        "some",
        "no",
    ]
)


def token_pattern(text: str) -> re.Pattern[str]:
    """What finds the tokens of a text: `TOKEN`, or for plain ASCII the same, faster."""
    return _ASCII_TOKEN if text.isascii() else TOKEN


@lru_cache(maxsize=1 << 16)
def fold(token: str) -> str:
    """One token's part of a key: lower case, possessive and plural endings removed."""
    token = token.lower().replace("’", "'")
    token = token.removesuffix("'s").removesuffix("'")
    if len(token) > 3 and token.endswith("s") and not token.endswith(("ss", "us", "is", "as", "os")):
        if token.endswith("ies") and len(token) > 4:
            return token[:-3] + "y"
        if token.endswith(("sses", "shes", "ches", "xes", "zes")):
            return token[:-2]
        return token[:-1]
    return token


def key_of(name: str) -> str:
    """The key of a name: folded tokens, leading determiners and a bracketed ending left out."""
    name = re.sub(r"(?<!\s)\s*[(（][^()（）]*[)）]\s*$", "", name)
    tokens = [match.group() for match in TOKEN.finditer(name)]
    while len(tokens) > 1 and tokens[0].lower() in _DETERMINERS:
        tokens.pop(0)
    return _BESIDE_CHINESE.sub("", " ".join(fold(token) for token in tokens))


@lru_cache(maxsize=1 << 16)
def acceptable(key: str) -> bool:
    """Whether a key can be an entity: not too long, not only stop words, digits or a single letter."""
    tokens = key.split()
    if not tokens or len(tokens) > MAX_TOKENS or len(key) < 2 or len(key) > 80:
        return False
    return any(token not in STOPWORDS and not token.replace(".", "").isdigit() for token in tokens)
