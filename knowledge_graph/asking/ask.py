"""Asking the graph in plain words."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property, lru_cache

from adapters.registry import SHIPPED, find_adapter
from knowledge_graph.asking.amounts import amount
from knowledge_graph.asking.answer import Answer
from knowledge_graph.asking.comparing import NOTHING, SHOWN, compared, measured
from knowledge_graph.asking.intent import Intent, intent
from knowledge_graph.asking.judging import Judged
from knowledge_graph.asking.phrases import phrase
from knowledge_graph.asking.roles import Roles
from knowledge_graph.asking.search import Search
from knowledge_graph.asking.steps import Step
from knowledge_graph.facts import RELATED
from retrieval.encoder import Encoder
from retrieval.store import Store
from retrieval.text import length

SURE = 0.4
"""An answer less likely than this is none."""
LONGEST = 40
"""Most words of a question."""
UNNAMED = "the question names nothing that the graph states facts about"
UNSTATED = "the graph states nothing that answers this"


@lru_cache(maxsize=1)
def relation_encoder() -> Encoder:
    """The backbone tuned to bring words near to the relations they speak of."""
    return Encoder.load(adapter=find_adapter(str(SHIPPED / "relations"), "matcher"))


class GraphAsker:
    """Answers questions from one bot's graph; safe to share between threads.

    Args:
        encoder: Loads what brings words near to relations, when a question is asked.
        brought: Whether only facts count that the user brought.
    """

    def __init__(self, store: Store, encoder: Callable[[], Encoder] = relation_encoder, brought: bool = False) -> None:
        self._store = store
        self._encoder = encoder
        self._counts = "given" if brought else f"(relation != '{RELATED}' OR given)"

    def ask(self, question: str) -> Answer:
        """Answer a question, or say why the graph cannot."""
        if not self._ways:
            return Answer(why="the graph states no typed facts")
        if length(question) > LONGEST:
            return Answer(why=f"the question has more than {LONGEST} words")
        search = self.search(question)
        wanted = intent(search.question, {word for way in self._ways for word in phrase(way.relation).content})
        links = search.question.links
        if wanted.kind == "comparison":
            return _sure(compared(search, wanted, {link.node for link in links}, 1.0))
        if wanted.kind == "extreme" and not links:
            among = measured(search, wanted)
            return _sure(compared(search, wanted, among, 1.0)) if among else Answer(why=NOTHING)
        if not links:
            return Answer(why=UNNAMED)
        if wanted.kind == "whether":
            return _whether(search, wanted)
        best = search.judged(links, wanted.said)
        if best is None:
            return Answer(why=UNSTATED)
        if best.probability < SURE:
            return Answer(confidence=best.probability, relations=_relations(best), why=UNSTATED)
        if wanted.kind == "extreme":
            return _sure(compared(search, wanted, best.reading.ends, best.probability))
        said = _said(search, best, best.reading.ends)
        if wanted.kind == "count" and (len(said.answers) > 1 or amount(said.answers[0]) is None):
            return Answer((str(len(said.answers)),), said.path, said.relations, said.confidence)
        return said

    def search(self, question: str) -> Search:
        """What is known of a question before it is answered."""
        return Search(question, self._store, self._roles, self._counts)

    @cached_property
    def _roles(self) -> Roles:
        return Roles(self._ways, self._encoder())

    @cached_property
    def _ways(self) -> list[Step]:
        sql = f"SELECT DISTINCT relation FROM edges WHERE {self._counts} ORDER BY relation"
        return [Step(row[0], forward) for row in self._store.rows(sql) for forward in (True, False)]


def _sure(said: Answer) -> Answer:
    if said.answers and said.confidence < SURE:
        return Answer(confidence=said.confidence, relations=said.relations, why=UNSTATED)
    return said


def _whether(search: Search, wanted: Intent) -> Answer:
    """Yes if what the question says of its first entity leads to the others, no if it leads elsewhere."""
    subject, *others = search.question.links
    best = search.judged([subject], wanted.said | {at for link in others for at in link.words})
    if best is None or best.probability < SURE:
        return Answer(why=UNSTATED)
    asked = {link.node for link in others}
    true = asked <= best.reading.ends
    said = _said(search, best, asked if true else best.reading.ends)
    return Answer(("yes" if true else "no",), said.path, said.relations, said.confidence)


def _said(search: Search, best: Judged, ends: Collection[int]) -> Answer:
    labels = tuple(sorted(search.labels(ends).values()))
    facts = dict.fromkeys(fact for path in best.reading.paths for fact in search.route(path, ends))
    return Answer(labels, tuple(search.facts(list(facts)[:SHOWN])), _relations(best), best.probability)


def _relations(best: Judged) -> tuple[str, ...]:
    return tuple(_followed(step) for path in best.reading.paths for step in path.steps)


def _followed(step: Step) -> str:
    return phrase(step.relation).text if step.forward else f"← {phrase(step.relation).text}"
