"""The tagger as an extractor: people, organisations, places, other names and terms of English prose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from adapters.tagger.runtime import Tagger
from knowledge_graph import english
from knowledge_graph.extraction import Found
from retrieval.text import sentences


class TaggedEntities:
    """Finds entities with a tagger, which is loaded when first needed.

    Args:
        tagger: `default`, or an adapter's folder.
    """

    exhaustive = True

    def __init__(self, tagger: str = "default") -> None:
        self._name = tagger

    def extract(self, texts: Sequence[str]) -> Iterator[Found]:
        """See `knowledge_graph.extraction.Extractor`; all texts are read together."""
        of_texts = [[text[start:end] for start, end in sentences(text)] for text in map(english.prose, texts)]
        tagged = iter(self._tagger.tag([sentence for each in of_texts for sentence in each]))
        for each in of_texts:
            names: list[str] = []
            terms: list[str] = []
            for sentence in each:
                for start, end, kind in next(tagged).entities:
                    (terms if kind == "Term" else names).append(sentence[start:end])
            yield Found(tuple(names), tuple(terms))

    @cached_property
    def _tagger(self) -> Tagger:
        return Tagger.load(self._name)
