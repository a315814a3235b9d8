"""The longest of some things, or the older of two: amounts that the graph states of them, compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from knowledge_graph.asking.amounts import amount, is_date
from knowledge_graph.asking.answer import Answer
from knowledge_graph.asking.intent import Intent
from knowledge_graph.asking.phrases import phrase
from knowledge_graph.asking.search import Search
from knowledge_graph.asking.steps import Step
from retrieval.text import STOPWORDS, stems

NOTHING = "the graph holds no amounts to compare"
SHOWN = 50
"""Most facts given as the path of an answer."""
DATES = frozenset(["date", "year"])
LONGEST = 5
"""Most words that are compared with a relation together."""
LEAST, LEAST_OF_ALL = 0.25, 0.7
"""How near what is asked for must come to a relation, unless things have amounts of one relation only; and where no
entity is named, so that all things are compared."""
_COMMANDS = frozenset("name list tell show give find know like need please count number many much".split())
"""Words that ask, and say nothing of what."""


def compared(search: Search, wanted: Intent, nodes: Collection[int], sure: float) -> Answer:
    """Those of some things that have most, or least, of what is asked for.

    Args:
        sure: That these are the things; the answer is no surer than the relation is near to what is asked for.
    """
    step, worth = _attribute(search, wanted, nodes, _near(search, wanted))
    if step is None:
        return Answer(why=NOTHING)
    facts: list[int] = []
    stated: dict[int, list[float]] = {}
    dates = False
    for node in sorted(nodes):
        ends = search.steps.around(node).get(step, {})
        for end, label in search.labels(ends).items():
            if (value := amount(label)) is not None:
                stated.setdefault(node, []).append(value)
                facts.append(ends[end])
                dates = dates or is_date(label)
    if not stated:
        return Answer(why=NOTHING)
    extreme = min if wanted.least != (wanted.age and not dates) else max
    amounts = {node: extreme(values) for node, values in stated.items()}
    utmost = extreme(amounts.values())
    labels = search.labels([node for node, value in amounts.items() if value == utmost])
    return Answer(
        tuple(sorted(labels.values())),
        tuple(search.facts(facts[:SHOWN])),
        (phrase(step.relation).text,),
        min(sure, max(worth, 0.0)),
    )


def measured(search: Search, wanted: Intent) -> set[int]:
    """All things of which the graph states an amount of what is asked for; for questions that name nothing.

    Beside what is compared, such a question says what kind of thing it asks for, in a word: "the longest river". Who
    says more asks for something else.
    """
    near = _near(search, wanted)
    for best in sorted((step for step in near if step.forward), key=lambda step: -near[step]):
        if near[best] < LEAST_OF_ALL:
            break
        said = stems([*wanted.attribute.split(), *phrase(best.relation).content])
        nodes = search.steps.subjects(best.relation)
        if len(_content(search, wanted).difference(said)) < 2 and _attribute(search, wanted, nodes, near)[0] == best:
            return nodes
    return set()


def _content(search: Search, wanted: Intent) -> set[str]:
    """The stems of the words that say what is compared, and of what."""
    words = (word.lower for at, word in enumerate(search.question.words) if at not in wanted.said)
    return set(stems([word for word in words if word not in STOPWORDS and word not in _COMMANDS]))


def _attribute(
    search: Search, wanted: Intent, nodes: Collection[int], near: Mapping[Step, float]
) -> tuple[Step | None, float]:
    """The relation whose amounts are compared, and how near it is to what is asked for."""
    worth: dict[Step, float] = {}
    for step, ends in search.steps.from_all(nodes).items():
        labels = search.labels(ends).values()
        if not step.forward or any(amount(label) is None for label in labels):
            continue
        worth[step] = near[step]
        if DATES & set(wanted.attribute.split()) and not all(map(is_date, labels)):
            worth[step] -= 0.5
    best = max(worth, key=worth.__getitem__, default=None)
    return (best, worth[best]) if best and (len(worth) == 1 or worth[best] >= LEAST) else (None, 0.0)


def _near(search: Search, wanted: Intent) -> Mapping[Step, float]:
    """How near what is asked for comes to each relation: the attribute that is compared, or a run of other words."""
    attributes = wanted.attribute.split()
    links = {at for link in search.question.links for at in link.words}
    words = [
        "X" if at in links else word.lower for at, word in enumerate(search.question.words) if at not in wanted.said
    ]
    runs = [words[first:last] for first in range(len(words)) for last in range(first + 1, first + 1 + LONGEST)]
    telling = [" ".join(run) for run in runs if any(word != "X" and word not in STOPWORDS for word in run)]
    near = search.roles.nearest([*attributes, *dict.fromkeys(telling)])
    named = set(attributes)
    return {step: 1.0 if named & set(phrase(step.relation).text.split()) else worth for step, worth in near.items()}
