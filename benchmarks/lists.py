"""Training lists for the matcher and the reranker from the practice domains that are trained on.

    python -m benchmarks.lists OUT

Writes files of JSON lines into OUT, for `graft train`. `own.jsonl`: units of the passages found. `hops.jsonl`:
questions over two documents, each followed by the unit that leads to its answer. `polar.jsonl`: see `polar`.
`none.jsonl`: questions without an answer.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from adapters.lists import TextList
from benchmarks.polar import statements
from benchmarks.practice import SEARCHED, domains, leading
from chatbot import bots
from chatbot.bot import Bot
from chatbot.cli.opening import open_bot
from chatbot.evaluation.metrics import contains
from chatbot.units import Unit, distinct, in_place, said
from retrieval.document import Chunk
from retrieval.encoder import Encoder
from retrieval.training_lists import HARD, listed

POLAR = 75
"""Yes/no questions of each practice domain that restate a sentence."""


def of_practice(encoder: Encoder, chance: random.Random) -> Iterator[tuple[str, TextList]]:
    """(file, list) of every question of the practice domains that are trained on."""
    for folder in domains(trained=True):
        bot = open_bot(bots.find(str(folder)), encoder)
        chunks = bot.index.store.all_chunks()
        titles = bot.index.store.titles_of({chunk.document_id for chunk in chunks})
        stated = statements(bot)
        for question, unit in chance.sample(stated, min(POLAR, len(stated))):
            passages = bot.searcher.search(question, SEARCHED).passages
            near_by = distinct(passage.chunk for passage in passages)
            texts = [in_place(other, titles) for other in near_by if other.text != unit.text]
            near = encoder.sentences(texts) @ encoder.query(question)
            yield "polar", listed(question, in_place(unit, titles), [texts[n] for n in np.argsort(-near)], chance)
        for line in (folder / "dev.jsonl").read_text(encoding="utf8").splitlines():
            case = json.loads(line)
            found = candidates(bot, case, chunks)
            texts = [in_place(unit, titles) for unit in found]
            near = encoder.sentences(texts) @ encoder.query(case["question"])
            if case["answer"] is None:
                yield "none", listed(case["question"], None, [texts[n] for n in np.argsort(-near)], chance)
                continue
            right = [number for number, unit in enumerate(found) if holds(unit, case)]
            if not right:
                continue
            best = max(right, key=lambda number: near[number])
            wrong = [n for n in np.argsort(-near).tolist() if not contains(texts[n], case["answer"])]
            yield "own", listed(case["question"], texts[best], [texts[n] for n in wrong], chance)
            if len(case["documents"]) > 1:
                lead = leading(bot, case, chunks)
                around = [n for n in wrong if found[n].chunk.document_id in case["documents"]]
                others = [in_place(lead, titles), *(texts[n] for n in [*wrong[:HARD], *around])]
                question = f"{case['question']} {said(lead)}"
                yield "hops", listed(question, texts[best], list(dict.fromkeys(others)), chance)


def candidates(bot: Bot, case: dict[str, Any], chunks: Sequence[Chunk]) -> list[Unit]:
    """Units of the passages found for a question and of the chunks that hold its answer."""
    found = [passage.chunk for passage in bot.searcher.search(case["question"], SEARCHED).passages]
    if case["answer"]:
        found += [c for c in chunks if c.document_id in case["documents"] and contains(c.text, case["answer"])]
    return distinct(found)


def holds(unit: Unit, case: dict[str, Any]) -> bool:
    """Whether a unit of the document that answers a question holds the answer."""
    return unit.chunk.document_id == case["documents"][0] and contains(said(unit), case["answer"])


def main(out: Path) -> None:
    """Write the files."""
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[TextList]] = {}
    for name, entry in of_practice(Encoder.load(), random.Random(0)):
        found.setdefault(name, []).append(entry)
    for name, entries in found.items():
        lines = [json.dumps(asdict(entry), ensure_ascii=False) for entry in entries if entry.others]
        (out / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf8")
        print(f"{name}.jsonl", len(lines), "lists")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    main(parser.parse_args().out)
