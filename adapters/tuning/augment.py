"""Changed copies of texts: as people mistype them, with words swapped, left out, or put in other words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from adapters.backbone import load_backbone, vectors_of
from adapters.models import TrainingError

CHANGED = 0.15
"""Share of a text's words that are changed, at least one."""
_NEIGHBOURS = {
    key: near
    for keys in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for at, key in enumerate(keys)
    for near in [keys[max(0, at - 1) : at] + keys[at + 1 : at + 2]]
}
_WORD = re.compile(r"[^\W\d_]{3,}")
LIKE = 0.6
"""Least cosine of a word and one that is put in its place."""


def typos(text: str, chance: random.Random, share: float = CHANGED) -> str:
    """A text with letters swapped, left out, doubled or struck beside in some of its words."""
    words = list(_WORD.finditer(text))
    for match in sorted(chance.sample(words, min(len(words), max(1, round(share * len(words))))), key=_reversed):
        text = text[: match.start()] + _mistyped(match.group(), chance) + text[match.end() :]
    return text


def swap(text: str, chance: random.Random) -> str:
    """A text with neighbouring words swapped."""
    words = text.split()
    for _ in range(max(1, round(CHANGED * len(words)))) if len(words) > 1 else ():
        at = chance.randrange(len(words) - 1)
        words[at : at + 2] = reversed(words[at : at + 2])
    return " ".join(words)


def delete(text: str, chance: random.Random) -> str:
    """A text with some of its words left out, never all."""
    words = text.split()
    gone = set(chance.sample(range(len(words)), min(len(words) - 1, max(1, round(CHANGED * len(words))))))
    return " ".join(word for at, word in enumerate(words) if at not in gone)


def synonyms(texts: Sequence[str]) -> Callable[[str, random.Random], str]:
    """Puts words in the place of others that are near in the encoder's space, of those that `texts` hold."""
    known = sorted({word.lower() for text in texts for word in _WORD.findall(text)})
    vectors = vectors_of(load_backbone(), known)
    near = _nearest(vectors)
    others = {word: [known[row] for row in near[at]] for at, word in enumerate(known) if len(near[at])}

    def changed(text: str, chance: random.Random) -> str:
        words = [match for match in _WORD.finditer(text) if match.group().lower() in others]
        some = chance.sample(words, min(len(words), max(1, round(CHANGED * len(words)))))
        for match in sorted(some, key=_reversed):
            text = text[: match.start()] + chance.choice(others[match.group().lower()]) + text[match.end() :]
        return text

    return changed


def augmenters(names: str, texts: Sequence[str]) -> list[Callable[[str, random.Random], str]]:
    """The changes of a setting such as `typos,swap`.

    Raises:
        TrainingError: One is unknown.
    """
    made: dict[str, Callable[[], Callable[[str, random.Random], str]]] = {
        "typos": lambda: typos,
        "swap": lambda: swap,
        "delete": lambda: delete,
        "synonyms": lru_cache(lambda: synonyms(texts)),
    }
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in made]:
        raise TrainingError(f"--augment {unknown[0]}: expected some of {', '.join(made)}")
    return [made[name]() for name in wanted]


def _nearest(vectors: NDArray[np.float32], most: int = 3) -> list[list[int]]:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    order = np.argsort(-cosines, axis=1)[:, :most]
    return [[int(at) for at in row if cosines[number, at] >= LIKE] for number, row in enumerate(order)]


def _mistyped(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1) if len(word) > 2 else 0
    kind = chance.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    near = _NEIGHBOURS.get(word[at].lower(), word[at])
    return word[:at] + chance.choice(near) + word[at + 1 :]


def _reversed(match: re.Match[str]) -> int:
    return -match.start()
