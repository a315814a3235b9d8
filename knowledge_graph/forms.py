"""What is left of a name without what writers change at will: names of one form may be one thing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from retrieval.text import is_cjk, stems

_BETWEEN = re.compile(r"(?<!\d)[\s'.\-&/]+|[\s'.\-&/]+(?!\d)")
"""What is between words or in them, but for what keeps two numbers apart."""
SHORTEST_JOINED = 4
"""Characters of a name of which "A-T" and "AT" would be one: shorter ones are abbreviations."""
_ADDRESS = frozenset("dr mr mrs ms mx prof professor sir dame".split())
_FIRMS = frozenset("ltd inc plc llc gmbh corp".split())
_YEAR = re.compile(r"\b(?:act|code|directive|law|order|ordinance|regulation|statute) ((?:1[5-9]|20)\d\d)$")
"""Of a law, which is left out where one is meant."""
_NUMERALS = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_AMERICAN = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        (r"(?<=\w{3})is(?=(?:e[dr]?|ing|ation)$)", "iz"),
        (r"(?<=\w{3})ys(?=(?:e[dr]?|ing)$)", "yz"),
        (r"(?<=\w{3})our(?=(?:able|al|ed|er|hood|ing|ite|ly)?$)", "or"),
        (r"(?<=\w\w)([bt])re$", r"\1er"),
        (r"(?<=[tl])ogue$", "og"),
        (r"ll(?=(?:ed|er|ing|or)$)", "l"),
        (r"(?<=[dfi]en)ce$|(?<=icen)ce$", "se"),
        (r"^programme$", "program"),
        (r"^grey$", "gray"),
        (r"^(an|h|leuk|p|c|f|gyn|orthop)ae(?=\w{3})", r"\1e"),
        (r"^(o|di|f)?oe(?=d|s|t|strog)", r"\1e"),
    )
)
"""British spellings; where the result is no word, nothing else has it either."""


@lru_cache(maxsize=1 << 14)
def spelling(key: str) -> str:
    """A key as one string, spelled the American way, without accents, hyphens, spaces, forms of address and of firms,
    and the year of a law."""
    return _joined(_words(key))


@lru_cache(maxsize=1 << 14)
def stem(key: str) -> str:
    """The same of the stems of its words; that of a key with Chinese characters is its spelling."""
    if is_cjk(key):
        return spelling(key)
    return _joined(stems(_words(key)))


def _joined(words: list[str]) -> str:
    whole = _BETWEEN.sub("", " ".join(words))
    return whole if len(whole) >= SHORTEST_JOINED else _BETWEEN.sub(" ", " ".join(words))


def year(key: str) -> str:
    """The year of a law; empty for any other name."""
    match = _YEAR.search(key)
    return match[1] if match else ""


def _words(key: str) -> list[str]:
    if not key.isascii():
        key = "".join(c for c in unicodedata.normalize("NFKD", key) if not unicodedata.combining(c))
    words = key.removesuffix(year(key)).split()
    while len(words) > 2 and words[0].rstrip(".") in _ADDRESS:  # "Mr Lin" is not "Mrs Lin"
        del words[0]
    if len(words) > 1 and words[-1] in _FIRMS:
        del words[-1]
    numbered = [words[0], *(_NUMERALS.get(word, word) for word in words[1:])] if words else []
    return [american(word) for word in numbered]


@lru_cache(maxsize=1 << 16)
def american(word: str) -> str:
    """An English word the way Americans spell it."""
    for pattern, other in _AMERICAN:
        word = pattern.sub(other, word)
    return word
