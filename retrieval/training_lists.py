"""Training lists for the matcher and the reranker from SQuAD-format files, BEIR folders and files of lists.

What does not answer is chosen by likeness: the texts nearest to the question by the base encoder, and a sample of those
that follow.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.lists import TextList
from adapters.reader.data import ENTITY, Example, read_examples, renamed
from retrieval.beir import read_beir
from retrieval.encoder import Encoder
from retrieval.json_lines import read_json_lines
from retrieval.loaders.clean import valid
from retrieval.text import STOPWORDS, sentences

TITLED, LED, RENAMED = 0.8, 0.3, 0.5
"""Shares of a SQuAD-format file's questions whose texts stand under their title; whose texts stand after the sentence
before them; that are also asked for another name, where they have one."""
TERSE = 0.12
"""Share of the questions that are asked as people type them into a search box, by their telling words alone."""
HARD, OTHERS = 8, 16
"""Of a list's others, this many are the nearest to the question; how many there are."""
MIN_CHARACTERS = 30
"""A shorter sentence at the beginning of a BEIR text is a heading."""


def merged_lists(data: Sequence[tuple[Path, float]], encoder: Encoder, chance: random.Random) -> list[TextList]:
    """Lists of several files or folders, each used so many times; 0.3 uses a random part.

    Raises:
        GraftError, DataError: See `read_lists`.
    """
    found = []
    for path, times in data:
        lists = list(read_lists(path, encoder, chance))
        found += lists * int(times) + chance.sample(lists, round(len(lists) * (times % 1)))
    return found


def read_lists(path: Path, encoder: Encoder, chance: random.Random) -> Iterator[TextList]:
    """Lists of a BEIR folder, of a SQuAD-format `.json`, or of a `.jsonl` of lists: `question`, `answer` (null where
    nothing answers), `others`.

    Raises:
        GraftError: A BEIR folder or a file of lists cannot be read, or is not in its format.
        DataError: So it is with a SQuAD-format file.
    """
    if path.is_dir():
        yield from of_beir(path, encoder, chance)
    elif path.suffix == ".jsonl":
        yield from of_file(path)
    else:
        yield from of_squad(path, encoder, chance)


def of_file(path: Path) -> list[TextList]:
    """Lists that were written before."""
    return read_json_lines(path, _list, "question, answer (text or null) and others (a list of texts)")


def _list(entry: dict[str, Any]) -> TextList:
    question, answer, others = entry["question"], entry["answer"], entry["others"]
    texts = [question, *others, *([] if answer is None else [answer])]
    if not isinstance(others, list) or not all(isinstance(text, str) for text in texts):
        raise TypeError
    return TextList(valid(question), None if answer is None else valid(answer), [valid(text) for text in others])


def of_squad(path: Path, encoder: Encoder, chance: random.Random) -> Iterator[TextList]:
    """Every question of a SQuAD-format file against the sentences of its article; without an answer, of its passage."""
    for article in read_examples(path):
        passages = list(dict.fromkeys(example.passage for example in article))
        places = [(passage, start, end) for passage in passages for start, end in sentences(passage)]
        names = sorted({name for example in article for name in ENTITY.findall(example.question)})
        title = article[0].heading if article and not article[0].heading.isdigit() else ""
        under = f"{title}: " if title else ""
        vectors = encoder.documents([f"{under}{passage[start:end]}" for passage, start, end in places])
        for example in article:
            yield from of_sentences(example, places, vectors @ encoder.query(example.question), title, chance)
            if example.answer and chance.random() < RENAMED:
                if other := renamed(example.question, f"{title} {example.passage}", names, chance):
                    missing = Example(other, example.heading, example.passage)
                    yield from of_sentences(missing, places, vectors @ encoder.query(other), title, chance)


def of_sentences(
    example: Example,
    places: Sequence[tuple[str, int, int]],
    near: NDArray[np.float32],
    title: str,
    chance: random.Random,
) -> Iterator[TextList]:
    """One question's list; of several sentences of its passage with the answer, the nearest one answers.

    Args:
        places: Sentences as (passage, start, end).
        near: The cosine of each with the question.
    """
    under = f"{title}: " if title and chance.random() < TITLED else ""
    led = chance.random() < LED
    leads = [None, *(before[1] if before[0] == place[0] else None for before, place in pairwise(places))]

    def text(row: int) -> str:
        passage, start, end = places[row]
        lead = leads[row]
        return under + passage[lead if led and lead is not None else start : end]

    order = np.argsort(-near).tolist()
    if not example.answer:
        own = [text(row) for row in order if places[row][0] == example.passage]
        yield listed(example.question, None, own, chance)
        return
    answer = example.answer.lower()
    right = [
        r for r in order if places[r][0] == example.passage and answer in places[r][0][slice(*places[r][1:])].lower()
    ]
    if right:
        wrong = [other for row in order if answer not in (other := text(row)).lower()]
        yield listed(example.question, text(right[0]), wrong, chance)


def of_beir(folder: Path, encoder: Encoder, chance: random.Random) -> Iterator[TextList]:
    """Lists of the questions of a BEIR folder's split `train` over the beginnings of its texts.

    Others of the same title come first, then those nearest to the question.
    """
    documents, questions, relevant = read_beir(folder, "train")
    texts = [": ".join(filter(None, (document.title, beginning(document.text)))) for document in documents]
    rows = {document.id: row for row, document in enumerate(documents)}
    right: dict[str, list[int]] = {}
    for id_, wanted in relevant.items():
        if known := sorted(rows[document] for document in wanted & rows.keys()):
            right.setdefault(questions[id_], []).extend(known)
    subjects: dict[str, list[int]] = {}
    for row, document in enumerate(documents):
        subjects.setdefault(document.title, []).append(row)
    vectors = encoder.documents(texts)
    for question in chance.sample(sorted(right), len(right)):
        answers = {texts[row] for row in right[question]}
        nearest = np.argsort(-(vectors @ encoder.query(question)))[: 5 * OTHERS].tolist()
        title = documents[right[question][0]].title
        others = [texts[row] for row in (*(subjects[title] if title else ()), *nearest)]
        wrong = [text for text in dict.fromkeys(others) if text not in answers]
        yield listed(question, texts[right[question][0]], wrong, chance)


def beginning(text: str) -> str:
    """The first two sentences of a text that do not ask; all of it where there are none."""
    told = (text[start:end] for start, end in sentences(text))
    return " ".join([part for part in told if len(part) > MIN_CHARACTERS and not part.endswith("?")][:2]) or text


def listed(question: str, answer: str | None, others: list[str], chance: random.Random) -> TextList:
    """A list with the hardest of its others and a sample of the rest; `others` are nearest first."""
    if chance.random() < TERSE:
        question = terse(question)
    rest = others[HARD : 5 * OTHERS]
    some = chance.sample(rest, min(OTHERS - HARD, len(rest)))
    return TextList(question, answer, others[:HARD] + some)


def terse(question: str) -> str:
    """The words of a question that are no stop words; itself where these are fewer than two."""
    words = [word for word in re.findall(r"[\w'-]+", question) if word.lower() not in STOPWORDS]
    return " ".join(words).lower() if len(words) > 1 else question
