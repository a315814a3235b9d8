"""What a system's script reports of itself. It runs in the system's own environment, so it imports nothing of Graft.

    python SCRIPT DOCUMENTS MODEL QUESTIONS INDEX

Indexes DOCUMENTS, a folder of text files, into the folder INDEX; where INDEX is there already, opens it and asks
QUESTIONS, a JSON list. Prints one line of JSON.

Imports and the model's load come before the clock of indexing starts. It stops when the documents can be searched;
what a system needs to write its index to disk after that is not counted.
"""

from __future__ import annotations

import functools
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOP_K = 10

Save = Callable[[], object]
Index = Callable[[], Save]
Search = Callable[[str], object]


def run(
    indexer: Callable[[str, str, str], Index],
    searcher: Callable[[str, str], Search],
    kind: str,
    counter: Callable[[list[int]], None] | None = None,
) -> None:
    """Do what the command line says.

    Args:
        indexer: From documents, model and index folder to what indexes, which returns what saves.
        searcher: From model and index folder to what searches.
        kind: What a search ranks by, `dense` or `hybrid`.
        counter: Makes the encoder add the tokens of each batch to a list; None where it is a BERT of transformers.
    """
    documents, model, questions, folder = sys.argv[1:]
    if Path(folder).exists():
        report = _search(searcher(model, folder), json.loads(Path(questions).read_text(encoding="utf8")))
    else:
        report = _index(indexer(documents, model, folder), counter or count_bert_tokens)
    print(json.dumps(report | {"search": kind, "memory": peak_memory()}))


def _index(index: Index, counter: Callable[[list[int]], None]) -> dict[str, Any]:
    tokens: list[int] = []
    counter(tokens)
    ready_at = time.time()
    begin = time.perf_counter()
    save = index()
    seconds = time.perf_counter() - begin
    assert tokens, "the encoder saw no token, or is not the one that is watched"
    save()
    return {"loaded_at": ready_at, "indexing": seconds, "tokens": sum(tokens)}


def _search(search: Search, questions: list[str]) -> dict[str, Any]:
    assert search(questions[0]), "nothing was found"
    first_at = time.time()
    seconds = []
    for question in questions:
        begin = time.perf_counter()
        search(question)
        seconds.append(time.perf_counter() - begin)
    return {"found_at": first_at, "query": statistics.median(seconds)}


def count_bert_tokens(tokens: list[int]) -> None:
    """Count what BERT is given: after truncation, with the special tokens, without the padding."""
    from transformers import BertModel

    forward = BertModel.forward

    @functools.wraps(forward)
    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        tokens.append(int(kwargs["attention_mask"].sum()))
        return forward(self, *args, **kwargs)

    BertModel.forward = counted


def peak_memory() -> int:
    """Bytes of resident memory at this process's peak."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
