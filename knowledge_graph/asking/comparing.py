"""The longest of some things, or the older of two: amounts that the graph states of them, compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from knowledge_graph.asking.amounts import amount, is_date
from knowledge_graph.asking.answer import Answer
from knowledge_graph.asking.intent import Intent
from knowledge_graph.asking.phrases import phrase
from knowledge_graph.asking.search import Search
from knowledge_graph.asking.steps import Step
from retrieval.text import STOPWORDS

NOTHING = "the graph holds no amounts to compare"
SHOWN = 50
"""Most facts given as the path of an answer."""
DATES = frozenset(["date", "year"])
LONGEST = 5
"""Most words that are compared with a relation together."""
LEAST = 0.25
"""How near what is asked for must come to a relation, unless things have amounts of one relation only."""


def compared(search: Search, wanted: Intent, nodes: Collection[int], sure: float) -> Answer:
    """Those of some things that have most, or least, of what is asked for."""
    step = _attribute(search, wanted, nodes)
    if step is None:
        return Answer(why=NOTHING)
    facts: list[int] = []
    amounts: dict[int, float] = {}
    dates = False
    for node in sorted(nodes):
        ends = search.steps.around(node).get(step, {})
        for end, label in search.labels(ends).items():
            if (value := amount(label)) is not None:
                amounts[node] = value
                facts.append(ends[end])
                dates = dates or is_date(label)
    if not amounts:
        return Answer(why=NOTHING)
    least = wanted.least != (wanted.age and not dates)
    utmost = (min if least else max)(amounts.values())
    labels = search.labels([node for node, value in amounts.items() if value == utmost])
    return Answer(
        tuple(sorted(labels.values())), tuple(search.facts(facts[:SHOWN])), (phrase(step.relation).text,), sure
    )


def measured(search: Search, wanted: Intent) -> set[int]:
    """All things of which the graph states an amount of what is asked for; for questions that name nothing."""
    near = _near(search, wanted)
    for best in sorted((step for step in near if step.forward), key=lambda step: -near[step]):
        if near[best] < LEAST:
            break
        nodes = search.steps.subjects(best.relation)
        if nodes and _attribute(search, wanted, nodes):
            return nodes
    return set()


def _attribute(search: Search, wanted: Intent, nodes: Collection[int]) -> Step | None:
    """The relation whose amounts are compared."""
    worth: dict[Step, float] = {}
    near = _near(search, wanted)
    for step, ends in search.steps.from_all(nodes).items():
        labels = search.labels(ends).values()
        if not step.forward or any(amount(label) is None for label in labels):
            continue
        worth[step] = near[step]
        if DATES & set(wanted.attribute.split()) and not all(map(is_date, labels)):
            worth[step] -= 0.5
    best = max(worth, key=worth.__getitem__, default=None)
    return best if best and (len(worth) == 1 or worth[best] >= LEAST) else None


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
