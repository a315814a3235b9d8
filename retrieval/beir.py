"""Data sets in BEIR's layout (Thakur et al. 2021): `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from retrieval.document import Document
from retrieval.errors import GraftError
from retrieval.json_lines import read_json_lines
from retrieval.loaders.clean import valid
from retrieval.store import TOLD

_JUDGEMENT = re.compile(r"([^\t]+)\t([^\t]+)\t\s*(-?\d+)\s*")


def read_beir(folder: Path, split_name: str) -> tuple[list[Document], dict[str, str], dict[str, set[str]]]:
    """Documents, questions and relevant document ids by question.

    Raises:
        GraftError: A file is missing or not in BEIR's layout, or no judged question is left.
    """
    try:
        judged = (folder / "qrels" / f"{split_name}.tsv").read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise GraftError(
            f"{folder} is no BEIR folder: qrels/{split_name}.tsv cannot be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise GraftError(f"{folder}/qrels/{split_name}.tsv is not in UTF-8") from None
    texts: dict[str, tuple[str, list[str], dict[str, Any]]] = {}
    for id_, title, text, told in read_json_lines(folder / "corpus.jsonl", _entry, "_id, text and perhaps title"):
        texts.setdefault(id_, (title, [], told))[1].append(text)
    questions = {id_: text for id_, _, text, _ in read_json_lines(folder / "queries.jsonl", _entry, "_id and text")}
    relevant: dict[str, set[str]] = {}
    for number, line in enumerate(judged, 1):
        match = _JUDGEMENT.fullmatch(line)
        header = number == 1 and not re.search(r"\d\S*\s*$", line)
        if match is None and line.strip() and not header:
            wanted = "query-id, tab, corpus-id, tab, whole number"
            raise GraftError(f"{folder}/qrels/{split_name}.tsv:{number}: expected {wanted}")
        if match and int(match[3]) > 0 and match[1] in questions:
            relevant.setdefault(match[1], set()).add(match[2])
    if not relevant:
        raise GraftError(f"{folder}: no relevant document for any question of the split {split_name!r}")
    documents = [
        Document(id_, title, "\n\n".join(parts), id_, {TOLD: told}) for id_, (title, parts, told) in texts.items()
    ]
    return documents, questions, relevant


def _entry(entry: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    """A corpus document's or a question's id, title, text and metadata."""
    id_, title, text = entry["_id"], entry.get("title") or "", entry["text"]
    if not (isinstance(id_, str | int) and isinstance(title, str) and isinstance(text, str)):
        raise TypeError
    told = entry.get("metadata")
    return valid(str(id_)), valid(title), valid(text), told if isinstance(told, dict) else {}
