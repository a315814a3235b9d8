"""The questions that `benchmarks/fit_answers.py` learns from, each with what a bot finds for it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.practice import domains
from chatbot import bots, evidence, support
from chatbot.cli.opening import open_bot
from chatbot.evaluation.cases import read_cases
from chatbot.evaluation.metrics import contains
from chatbot.evaluation.squad import read_documents
from chatbot.grafts import Grafts, find_all
from chatbot.search import Searcher
from chatbot.units import said
from retrieval.encoder import Encoder
from retrieval.index import Index
from retrieval.splitter import split
from retrieval.text import is_cjk

SETS = {"cmrc2018/trial.json": 150}
TOP_K = 10
WEIGHTS = {"bot": 1.0, "practice": 0.3, "foreign": 0.3, "set": 0.1}
"""What a question counts, by its source: a bundled bot, a practice domain, another bot, a public set."""
FOREIGN = 20
"""Questions of other bots that each is asked."""


@dataclass(frozen=True)
class Asked:
    """One question with its evidence.

    Args:
        source: A key of `WEIGHTS`.
        gold: Empty where nothing answers it.
        faqs: Documents of questions and answers.
        answers: Which units hold the answer.
    """

    group: str
    source: str
    question: str
    gold: list[str]
    faqs: set[str]
    index: Index
    grafts: Grafts | None
    evidence: evidence.Evidence
    answers: np.ndarray

    @property
    def weight(self) -> float:
        """What it counts."""
        return WEIGHTS[self.source]


def asked(group: str, source: str, searcher: Searcher, grafts: Grafts | None, question: str, gold: list[str]) -> Asked:
    """Ask one question."""
    found = searcher.search(question, TOP_K)
    index = searcher.index
    collected = evidence.gather(question, found, index, grafts)
    right = [
        any(contains(text, answer) for answer in gold for text in {unit.text, said(unit)}) for unit in collected.units
    ]
    faqs = {entry.document_id for entry in index.store.faq()}
    return Asked(group, source, question, gold, faqs, index, grafts, collected, np.array(right, dtype=bool))


def of_bots(encoder: Encoder) -> Iterator[Asked]:
    """Questions of the bundled bots and of the kept practice domains, and for each some of the others' questions."""
    chance = random.Random(0)
    sources = [(bots.find(name), "bot") for name in bots.bundled()]
    sources += [(bots.find(str(folder)), "practice") for folder in domains(trained=False)]
    cases = {source.config.name: read_cases(source.config.folder / "dev.jsonl") for source, _ in sources}
    for source, kind in sources:
        name, bot = source.config.name, open_bot(source, encoder)
        for case in cases[name]:
            yield asked(
                name, kind, bot.searcher, bot.support.grafts, case.question, [case.answer] if case.answer else []
            )
        chinese = is_cjk(cases[name][0].question)
        others = [case.question for other in cases if other != name for case in cases[other]]
        for question in chance.sample([q for q in others if is_cjk(q) == chinese], FOREIGN):
            yield asked(name, "foreign", bot.searcher, bot.support.grafts, question, [])


def of_sets(data: Path, encoder: Encoder) -> Iterator[Asked]:
    """A sample of the public sets; each question searches all paragraphs of its file."""
    for name, count in SETS.items():
        read = list(read_documents(data / name))
        documents = [document for document, _ in read]
        answerable = [question for _, questions in read for question in questions if question.answers]
        random.Random(0).shuffle(answerable)
        chunks = [chunk for document in documents for chunk in split(document)]
        with tempfile.TemporaryDirectory() as folder:
            index = Index.build(Path(folder), documents, chunks, encoder)
            searcher, grafts = Searcher(index, None), support.grafts_for(index, find_all())
            for question in answerable[:count]:
                yield asked(name, "set", searcher, grafts, question.text, [answer.text for answer in question.answers])
