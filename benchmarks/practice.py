"""Training examples for the reader from the practice domains, as a SQuAD-format file.

    python -m benchmarks.practice OUT.json

The domains under `benchmarks/practice/` are small help libraries of invented organisations, written for Graft, with
questions people might ask of them. Those in `KEPT` are never trained on: `fit_answers.py` fits on them.

An answerable question is asked of the chunk that holds its answer and of likely chunks that do not. A question that
needs two documents is asked together with the sentence of the second one that says what it is about (`bridge`, or the
one nearest to the question).
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.polar import statements
from chatbot import bots
from chatbot.bot import Bot
from chatbot.cli.opening import open_bot
from chatbot.units import Unit, place, said, units
from retrieval.document import Chunk
from retrieval.encoder import Encoder
from retrieval.text import terms

PRACTICE = Path(__file__).parent / "practice"
KEPT = (
    "hospital_staff",
    "insurance",
    "library",
    "statistics_course",
    "zh_courier",
    "zh_hospital",
    "zh_telecom",
    "zh_university",
)
SEARCHED = 8
MISSES = 1
"""Chunks without the answer for each question."""
LED = 0.3
"""The share of questions over one document that are asked together with a sentence that does not answer them."""
POLAR, LONGEST_STATEMENT = 75, 20
"""Yes/no questions of each domain that restate a sentence (see `polar`); words of that sentence at most."""


def domains(trained: bool) -> list[Path]:
    """The folders of the domains that are trained on, or of those that are not."""
    return [path for path in sorted(PRACTICE.iterdir()) if path.is_dir() and (path.name not in KEPT) is trained]


def examples(bot: Bot, case: dict[str, Any], chance: random.Random) -> Iterator[tuple[str, Chunk, str]]:
    """(question, chunk, answer) of one question; the answer is empty where the chunk does not hold it."""
    question, answer, documents = case["question"], case["answer"], case["documents"]
    passages = [passage.chunk for passage in bot.searcher.search(question, SEARCHED).passages]
    if answer is None:
        for chunk in passages[:MISSES]:
            yield question, chunk, ""
        if chance.random() < LED:
            for chunk in passages[1:2]:
                yield f"{question} {said(nearest(bot, question, passages[:1]))}", chunk, ""
        return
    chunks = bot.index.store.all_chunks()
    holders = [chunk for chunk in chunks if chunk.document_id == documents[0] and answer in chunk.text]
    misses = [chunk for chunk in passages if answer.lower() not in chunk.text.lower()]
    if len(documents) > 1:
        question = f"{question} {said(leading(bot, case, chunks))}"
    elif chance.random() < LED and misses:
        question = f"{question} {said(nearest(bot, question, misses[:1]))}"
    for chunk in holders[:2]:
        yield question, chunk, answer
    for chunk in misses[:MISSES]:
        yield question, chunk, ""


def leading(bot: Bot, case: dict[str, Any], chunks: list[Chunk]) -> Unit:
    """The unit of a question's second document that leads to its answer."""
    behind = [chunk for chunk in chunks if chunk.document_id == case["documents"][1]]
    return bridge(behind, case["bridge"]) if "bridge" in case else nearest(bot, case["question"], behind)


def bridge(chunks: list[Chunk], sentence: str) -> Unit:
    """The unit that a case names as its bridge."""
    wanted = set(terms(sentence))
    return max((u for chunk in chunks for u in units(chunk)), key=lambda u: len(wanted & set(terms(u.text))))


def nearest(bot: Bot, question: str, chunks: list[Chunk]) -> Unit:
    """The unit that shares most with a question."""
    return max((unit for chunk in chunks for unit in units(chunk)), key=lambda unit: shared(bot, question, unit))


def shared(bot: Bot, question: str, unit: Unit) -> float:
    """The idf of the terms that a question and a unit share."""
    both = set(terms(question)) & set(terms(f"{unit.text} {unit.lead}"))
    return sum(bot.index.lexical.idf(term) for term in both)


def offset(bot: Bot, question: str, chunk: Chunk, answer: str) -> int:
    """Offset of the answer in its chunk; of several, in the unit that shares most with the question."""
    holders = [unit for unit in units(chunk) if answer in unit.text]
    if not holders:
        return chunk.text.index(answer)
    best = max(holders, key=lambda unit: shared(bot, question, unit))
    return best.start - chunk.start + best.text.index(answer)


def main(out: Path) -> None:
    """Write the file."""
    encoder, chance = Encoder.load(), random.Random(0)
    articles = []
    for folder in domains(trained=True):
        bot = open_bot(bots.find(str(folder)), encoder)
        titles = bot.index.store.titles_of({chunk.document_id for chunk in bot.index.store.all_chunks()})
        cases = [json.loads(line) for line in (folder / "dev.jsonl").read_text(encoding="utf8").splitlines()]
        stated = [(q, unit) for q, unit in statements(bot) if len(unit.text.split()) <= LONGEST_STATEMENT]
        cases += [
            {"question": question, "answer": unit.text, "documents": [unit.chunk.document_id]}
            for question, unit in chance.sample(stated, min(POLAR, len(stated)))
        ]
        asked: dict[str, list[dict[str, Any]]] = {}
        held = {}
        for case in cases:
            for question, chunk, answer in examples(bot, case, chance):
                found = [{"text": answer, "answer_start": offset(bot, question, chunk, answer)}] if answer else []
                asked.setdefault(chunk.id, []).append(
                    {"question": question, "answers": found, "is_impossible": not answer}
                )
                held[chunk.id] = chunk
        articles += [
            {"title": place(chunk, titles), "paragraphs": [{"context": chunk.text, "qas": asked[id_]}]}
            for id_, chunk in held.items()
        ]
    out.write_text(json.dumps({"data": articles}, ensure_ascii=False), encoding="utf8")
    answered = [bool(qa["answers"]) for article in articles for qa in article["paragraphs"][0]["qas"]]
    print(len(answered), "examples,", answered.count(False), "unanswerable")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT.json")
    main(parser.parse_args().out)
