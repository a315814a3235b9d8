"""What a question wants of the things it asks for: themselves, how many, the longest, which of two, or whether."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from knowledge_graph.asking.linking import Question

Kind = Literal["list", "count", "extreme", "comparison", "whether"]
_COUNT = re.compile(
    r"^number of\b|\b(?:how many|(?:what|the|total|exact) number of|(?:what is )?(?:the )?count (?:of|the)|count)\b",
    re.IGNORECASE,
)
_WHETHER = frozenset("is are was were do does did has have had can".split())
_LEAST = frozenset("short small low cheap early first old light slow narrow few fewest less least near close".split())
"""Comparatives and superlatives, without their endings, of which the lesser amount is meant; of "old" and "first" where
the amounts are dates, as "old" otherwise means the greater one, and "young" and "new" the other way round."""
_MEANT = {
    "long": "length",
    "short": "length",
    "tall": "height",
    "high": "height",
    "low": "height",
    "deep": "depth",
    "wide": "width",
    "narrow": "width",
    "big": "size area population",
    "large": "size area population",
    "small": "size area population",
    "populous": "population",
    "heavy": "weight mass",
    "light": "weight mass",
    "fast": "speed",
    "slow": "speed",
    "old": "age date year founded born",
    "young": "age date year founded born",
    "new": "date year",
    "recent": "date year",
    "late": "date year",
    "last": "date year",
    "early": "date year",
    "first": "date year",
    "expensive": "price cost fee",
    "costly": "price cost fee",
    "dear": "price cost fee",
    "cheap": "price cost fee",
    "rich": "revenue wealth income",
    "far": "distance",
    "near": "distance",
    "close": "distance",
    "great": "size amount",
    "many": "number",
    "few": "number",
}
_IRREGULAR = {
    "further": "far",
    "farther": "far",
    "first": "first",
    "before": "early",
    "after": "late",
    "more": "many",
    "less": "few",
}
_MORE = frozenset(["most", "least", "more", "less"])


@dataclass(frozen=True, slots=True)
class Intent:
    """What is wanted.

    Args:
        said: Numbers of the words that say so; they speak of no relation.
        attribute: Of comparisons: what is compared, in the words of relations.
        least: Of comparisons: whether the lesser amount is meant; of dates the earlier one.
        age: Whether it is age that is compared, which is the greater the earlier the date.
    """

    kind: Kind = "list"
    said: frozenset[int] = frozenset()
    attribute: str = ""
    least: bool = False
    age: bool = False


def intent(question: Question, known: Collection[str]) -> Intent:
    """What a question wants.

    Args:
        known: Words of relations' names: what is one of these, like "first" in `first_name`, compares nothing.
    """
    lower = [word.lower for word in question.words]
    links = question.links
    inside = {at for link in links for at in link.words}
    between = [lower[one.last : other.first] for one, other in pairwise(links)]
    either = any("or" in words for words in between)
    for at, word in enumerate(lower):
        if at in inside or word in known:
            continue
        stem = _comparative(lower, at) if either else _superlative(lower, at)
        if stem:
            first = at - 1 if at and lower[at - 1] in _MORE else at
            return Intent("comparison" if either else "extreme", frozenset(range(first, at + 1)), *_meant(stem))
    if match := _COUNT.search(question.text):
        said = [at for at, word in enumerate(question.words) if match.start() <= word.start < match.end()]
        if known.isdisjoint(lower[at] for at in said):
            return Intent("count", frozenset(said))
    if lower and lower[0] in _WHETHER and len(links) > 1 and not either:
        return Intent("whether", frozenset([0]))
    return Intent()


def _meant(stem: str) -> tuple[str, bool, bool]:
    return _MEANT.get(stem, stem), stem in _LEAST, stem in ("old", "young")


def _comparative(lower: Sequence[str], at: int) -> str:
    word = lower[at]
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if at and lower[at - 1] in _MORE and word in _MEANT:
        return word
    return _base(word, "er") or _superlative(lower, at)


def _superlative(lower: Sequence[str], at: int) -> str:
    word = lower[at]
    if word in ("first", "last", "latest", "most", "least"):
        following = lower[at + 1] if at + 1 < len(lower) else ""
        return (
            ""
            if word in _MORE and following in _MEANT
            else {"latest": "late", "most": "many", "least": "few"}.get(word, word)
        )
    if at and lower[at - 1] in ("most", "least") and word in _MEANT:
        return word
    return _base(word, "est")


def _base(word: str, ending: str) -> str:
    """An adjective of the table without its ending: "bigger", "heaviest", "later"."""
    if not word.endswith(ending):
        return ""
    stem = word.removesuffix(ending)
    forms = [stem, stem + "e", stem[:-1], stem[:-1] + "y"]
    return next((form for form in forms if form in _MEANT), "")
