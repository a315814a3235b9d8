"""Training lists for the matcher and the reranker: a question, the text that answers it, likely texts that do not.

    python -m benchmarks.lists DATA OUT

Writes files of JSON lines into OUT. `public.jsonl`: sentences of the articles of DATA's SQuAD-format sets; of QAMR's,
`qamr.jsonl`. `medquad.jsonl`: beginnings of MedQuAD's answers, among them others about the same illness or drug.
`own.jsonl`: units of the passages found in the practice domains that are trained on. `hops.jsonl`: questions of these
over two documents, each followed by the unit that leads to its answer. `polar.jsonl`: see `polar`. `none.jsonl`, of the
practice domains, and `none_public.jsonl`: questions without an answer; in the latter also answerable ones, asked for
another name or number of their article.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapters.reader.data import ENTITY, renamed
from benchmarks.polar import statements
from benchmarks.practice import SEARCHED, domains, leading
from chatbot import bots
from chatbot.bot import Bot
from chatbot.cli.opening import open_bot
from chatbot.evaluation.metrics import contains
from chatbot.units import Unit, in_place, said, units
from retrieval.document import Chunk
from retrieval.encoder import Encoder
from retrieval.text import STOPWORDS, sentences

SETS = {
    "squad/train.json": ("public", 1.0),
    "reading/policy.json": ("public", 1.0),
    "reading/fairytale.json": ("public", 1.0),
    "reading/qamr.json": ("qamr", 0.2),
}
"""Public sets: where their lists go, the share of their questions that is used."""
MEDICAL, MIN_CHARACTERS = 5_000, 30
"""Questions of MedQuAD that are used; a shorter sentence of an answer is a heading."""
TITLED, LED, RENAMED = 0.8, 0.3, 0.5
"""Shares of the public sets' questions whose texts stand under their title; whose texts stand after the sentence before
them; that are also asked for another name, where they have one."""
TERSE = 0.12
"""Share of the questions that are asked as people type them into a search box, by their telling words alone."""
POLAR = 75
"""Yes/no questions of each practice domain that restate a sentence."""
HARD, OTHERS = 8, 16
"""Of a list's others, this many are the nearest to the question; how many there are."""

List = dict[str, Any]


def of_practice(encoder: Encoder, chance: random.Random) -> Iterator[tuple[str, List]]:
    """(file, list) of every question of the practice domains that are trained on."""
    for folder in domains(trained=True):
        bot = open_bot(bots.find(str(folder)), encoder)
        chunks = bot.index.store.all_chunks()
        titles = bot.index.store.titles_of({chunk.document_id for chunk in chunks})
        stated = statements(bot)
        for question, unit in chance.sample(stated, min(POLAR, len(stated))):
            found = [p.chunk for p in bot.searcher.search(question, SEARCHED).passages]
            texts = [in_place(other, titles) for chunk in found for other in units(chunk) if other.text != unit.text]
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
    return list({(unit.chunk.document_id, unit.start): unit for chunk in found for unit in units(chunk)}.values())


def holds(unit: Unit, case: dict[str, Any]) -> bool:
    """Whether a unit of the document that answers a question holds the answer."""
    return unit.chunk.document_id == case["documents"][0] and contains(said(unit), case["answer"])


def of_sets(data: Path, encoder: Encoder, chance: random.Random) -> Iterator[tuple[str, List]]:
    """(file, list) of every question of the public sets, against the sentences of its article or, without an answer, of
    its paragraph."""
    for name, (kind, used) in SETS.items():
        for article in json.loads((data / name).read_text(encoding="utf8"))["data"]:
            title = "" if kind == "qamr" else str(article["title"]).replace("_", " ")  # QAMR's are numbers
            places = [
                (number, start, end, paragraph["context"])
                for number, paragraph in enumerate(article["paragraphs"])
                for start, end in sentences(paragraph["context"])
            ]
            names = sorted(
                {n for p in article["paragraphs"] for qa in p["qas"] for n in ENTITY.findall(qa["question"])}
            )
            under = f"{title}: " if title else ""
            vectors = encoder.documents([f"{under}{context[start:end]}" for _, start, end, context in places])
            for number, paragraph in enumerate(article["paragraphs"]):
                for qa in paragraph["qas"]:
                    if chance.random() >= used:
                        continue
                    near = vectors @ encoder.query(qa["question"])
                    for entry in of_sentences(qa, number, places, near, title, chance):
                        yield kind if entry["answer"] is not None else "none_public", entry
                    if not qa["answers"] or chance.random() >= RENAMED:
                        continue
                    if other := renamed(qa["question"], f"{title} {paragraph['context']}", names, chance):
                        near = vectors @ encoder.query(other)
                        for entry in of_sentences(
                            {"question": other, "answers": []}, number, places, near, title, chance
                        ):
                            yield "none_public", entry


def of_sentences(
    qa: dict[str, Any],
    paragraph: int,
    places: Sequence[tuple[int, int, int, str]],
    near: np.ndarray,
    title: str,
    chance: random.Random,
) -> Iterator[List]:
    """One question's list; of several sentences of its paragraph with the answer, the nearest one answers."""
    under = f"{title}: " if title and chance.random() < TITLED else ""
    led = chance.random() < LED

    def text(row: int) -> str:
        number, start, end, context = places[row]
        leads = led and row > 0 and places[row - 1][0] == number
        return under + context[places[row - 1][1] if leads else start : end]

    order = np.argsort(-near).tolist()
    if not qa["answers"]:
        own = [text(row) for row in order if places[row][0] == paragraph]
        yield listed(qa["question"], None, own, chance)
        return
    answer = qa["answers"][0]["text"].lower()
    holders = {row for row, (_, start, end, context) in enumerate(places) if answer in context[start:end].lower()}
    if right := [row for row in order if row in holders and places[row][0] == paragraph]:
        wrong = [other for row in order if answer not in (other := text(row)).lower()]
        yield listed(qa["question"], text(right[0]), wrong, chance)


def of_medquad(data: Path, encoder: Encoder, chance: random.Random) -> Iterator[List]:
    """Lists of MedQuAD's training questions; others about the same subject first, then the nearest to the question."""
    folder = data / "medquad"
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf8").splitlines()]
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf8").splitlines()]
    asked = {entry["_id"]: entry["text"].replace("is (are)", "is").replace(" ?", "?") for entry in queries}
    texts = [f"{entry['title']}: {beginning(entry['text'])}" for entry in corpus]
    rows = {entry["_id"]: row for row, entry in enumerate(corpus)}
    subjects: dict[str, list[int]] = {}
    for row, entry in enumerate(corpus):
        subjects.setdefault(entry["title"], []).append(row)
    right: dict[str, list[int]] = {}
    for line in (folder / "qrels" / "train.tsv").read_text(encoding="utf8").splitlines()[1:]:
        query, document, _ = line.split("\t")
        right.setdefault(query, []).append(rows[document])
    vectors = encoder.documents(texts)
    for query in chance.sample(sorted(right), MEDICAL):
        question = asked[query]
        answers = {texts[row] for row in right[query]}
        nearest = np.argsort(-(vectors @ encoder.query(question)))[: 5 * OTHERS].tolist()
        others = [texts[row] for row in (*subjects[corpus[right[query][0]]["title"]], *nearest)]
        wrong = [text for text in dict.fromkeys(others) if text not in answers]
        yield listed(question, texts[right[query][0]], wrong, chance)


def beginning(text: str) -> str:
    """The first two sentences of an answer that do not ask."""
    told = (text[start:end] for start, end in sentences(text))
    return " ".join([part for part in told if len(part) > MIN_CHARACTERS and not part.endswith("?")][:2])


def listed(question: str, answer: str | None, others: list[str], chance: random.Random) -> List:
    """A list with the hardest of its others and a sample of the rest; `others` are nearest first."""
    if chance.random() < TERSE:
        question = terse(question)
    rest = others[HARD : 5 * OTHERS]
    some = chance.sample(rest, min(OTHERS - HARD, len(rest)))
    return {"question": question, "answer": answer, "others": others[:HARD] + some}


def terse(question: str) -> str:
    """The words of a question that are no stop words; itself where these are fewer than two."""
    words = [word for word in re.findall(r"[\w'-]+", question) if word.lower() not in STOPWORDS]
    return " ".join(words).lower() if len(words) > 1 else question


def main(data: Path, out: Path) -> None:
    """Write the files."""
    encoder, chance = Encoder.load(), random.Random(0)
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[List]] = {"medquad": list(of_medquad(data, encoder, chance))}
    for name, entry in (*of_sets(data, encoder, chance), *of_practice(encoder, chance)):
        found.setdefault(name, []).append(entry)
    for name, entries in found.items():
        lines = [json.dumps(entry, ensure_ascii=False) for entry in entries if entry["others"]]
        (out / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf8")
        print(f"{name}.jsonl", len(lines), "lists")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
