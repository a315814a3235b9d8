"""Questions and passages for the embedder from BEIR folders and files of pairs, cut as documents are for searching."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.embedder.data import Pairs
from retrieval.beir import read_beir
from retrieval.document import Document
from retrieval.errors import GraftError
from retrieval.ingest import indexed_text
from retrieval.json_lines import read_json_lines
from retrieval.loaders.clean import valid
from retrieval.splitter import split

Row = tuple[str, list[str], list[str]]
"""A question, texts that answer it, texts that do not."""


def merged_pairs(data: Sequence[tuple[Path, float]], seed: int) -> Pairs:
    """Pairs of several folders and files, of each a random share of the questions and all passages.

    Raises:
        GraftError: One cannot be read, is not in its format, or holds no question with a passage that answers it.
    """
    whole = Pairs([], [], [], [], [])
    chance = random.Random(seed)
    for path, share in data:
        if share > 1:
            raise GraftError(f"{path}: a share of the questions must be at most 1, got {share:g}; see --epochs")
        found = read_pairs(path)
        count = max(1, round(share * len(found.questions)))
        found = found if share == 1 else found.part(sorted(chance.sample(range(len(found.questions)), count)))
        shift = max(whole.owners, default=-1) + 1
        whole.questions.extend(found.questions)
        whole.passages.extend(found.passages)
        whole.owners.extend(owner + shift for owner in found.owners)
        whole.relevant.extend(frozenset(owner + shift for owner in some) for some in found.relevant)
        whole.wrong.extend(frozenset(owner + shift for owner in some) for some in found.wrong)
    return whole


def read_pairs(path: Path) -> Pairs:
    """Pairs of a BEIR folder's split `train`, or of a `.jsonl`: `question` or `query`, `passage` or `positive` (a text
    or several), and perhaps `negatives`.

    Raises:
        GraftError: See `merged_pairs`.
    """
    pairs = _of_beir(path) if path.is_dir() else _of_file(path)
    if not pairs.questions:
        raise GraftError(f"{path}: no question has a passage with text that answers it")
    return pairs


def _of_beir(folder: Path) -> Pairs:
    documents, questions, relevant = read_beir(folder, "train")
    known: dict[str, set[str]] = {}
    for id_, wanted in relevant.items():
        known.setdefault(questions[id_], set()).update(wanted)
    return _pairs(documents, [(question, sorted(wanted), []) for question, wanted in known.items()])


def _of_file(path: Path) -> Pairs:
    fields = "question (or query) and passage (or positive), texts, and perhaps negatives, a list of texts"
    known: dict[str, tuple[list[str], list[str]]] = {}
    for question, right, wrong in read_json_lines(path, _row, fields):
        of_question = known.setdefault(question, ([], []))
        of_question[0].extend(right)
        of_question[1].extend(wrong)
    texts = list(dict.fromkeys(text for right, wrong in known.values() for text in (*right, *wrong)))
    documents = [Document(text, "", text, "") for text in texts]
    return _pairs(documents, [(question, right, wrong) for question, (right, wrong) in known.items()])


def _row(entry: dict[str, Any]) -> Row:
    question = entry["question"] if "question" in entry else entry["query"]
    right = entry["passage"] if "passage" in entry else entry["positive"]
    right = [right] if isinstance(right, str) else right
    wrong = entry.get("negatives") or []
    if not isinstance(right, list) or not isinstance(wrong, list):
        raise TypeError
    if not all(isinstance(text, str) and text.strip() for text in (question, *right, *wrong)):
        raise TypeError
    texts = [valid(text) for text in (question, *right, *wrong)]
    return texts[0], texts[1 : 1 + len(right)], texts[1 + len(right) :]


def _pairs(documents: Sequence[Document], rows: Sequence[Row]) -> Pairs:
    """Cut the documents; rows name them by their ids."""
    passages: list[str] = []
    owners: list[int] = []
    numbers: dict[str, int] = {}
    for document in documents:
        for chunk in split(document):
            numbers.setdefault(document.id, len(numbers))
            passages.append(indexed_text(document.title, chunk).strip())
            owners.append(numbers[document.id])
    found = Pairs([], passages, owners, [], [])
    for question, right, wrong in rows:
        relevant = frozenset(numbers[id_] for id_ in right if id_ in numbers)
        if relevant:
            found.questions.append(question)
            found.relevant.append(relevant)
            found.wrong.append(frozenset(numbers[id_] for id_ in wrong if id_ in numbers) - relevant)
    return found
