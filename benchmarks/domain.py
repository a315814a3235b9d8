"""What a domain's plain sentences bring: retrieval before and after, and classifiers that are used elsewhere.

    python -m benchmarks.domain MEDQUAD CLINC150 OUT [--sentences 6000] [--seeds 3] [--only transfer]

MEDQUAD is a BEIR folder: for each objective an embedder is trained on sentences of its corpus, no question and no
judgement seen; `ASKED` questions of the split `dev` are asked over their documents and others, `DOCUMENTS` in all:
nDCG@10 of dense retrieval, documents ranked by their nearest passage.

CLINC150 is the folder of `data_full_trainval.json`: nine of its intents are also intents of the bundled help desk. A
classifier is trained on CLINC150's texts alone, then with the help desk's texts as an unlabelled target, one half of
them, and measured on the other half; and so with the halves changed over.

What was measured is kept in OUT/figures.json, so that a benchmark that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.classifier.data import Data
from adapters.classifier.runtime import Classifier
from adapters.domain.config import OBJECTIVES, DomainConfig
from adapters.domain.train import train_domain
from adapters.labelled import Labelled, part, read_labelled
from adapters.ranking import ndcg
from adapters.registry import find_adapter
from adapters.tuning.config import LoraConfig
from adapters.tuning.train import train_tuned
from retrieval.beir import read_beir
from retrieval.encoder import Encoder
from retrieval.ingest import indexed_text
from retrieval.splitter import split
from retrieval.training_sentences import sentences_of

ASKED, DOCUMENTS = 300, 3_000
RESAMPLES = 2_000
"""Of the questions, for the interval of a gain."""
INTENTS = {
    "report_lost_card": "lost_card",
    "card_declined": "card_declined",
    "freeze_account": "block_card",
    "new_card": "order_card",
    "transfer": "make_transfer",
    "report_fraud": "fraud_report",
    "pin_change": "forgotten_pin",
    "interest_rate": "savings_rate",
    "international_fees": "travel_abroad",
}
"""CLINC150's names of the help desk's intents."""
DESK = Path(__file__).parents[1] / "apps" / "customer_service" / "intents"
ADVERSARIES = (0.0, 1.0)
TUNING: dict[str, Any] = {"epochs": 4}


class Bench:
    """Figures by name, kept in a file."""

    def __init__(self, out: Path) -> None:
        self._file = out / "figures.json"
        out.mkdir(parents=True, exist_ok=True)
        self.figures = json.loads(self._file.read_text(encoding="utf8")) if self._file.exists() else {}

    def once(self, name: str, measure: Callable[..., Any], *values: Any) -> Any:
        """What is measured of some values, if it was not before."""
        if name not in self.figures:
            self.figures[name] = measure(*values)
            self._file.write_text(json.dumps(self.figures, indent=1), encoding="utf8")
        return self.figures[name]


class Retrieval:
    """Questions over documents of a BEIR folder, and all its sentences."""

    def __init__(self, folder: Path) -> None:
        documents, questions, relevant = read_beir(folder, "dev")
        chance = random.Random(0)
        asked = chance.sample(sorted(relevant), ASKED)
        wanted = set().union(*(relevant[id_] for id_ in asked))
        others = [document for document in documents if document.id not in wanted]
        searched = [document for document in documents if document.id in wanted]
        searched += chance.sample(others, DOCUMENTS - len(searched))
        chunks = [(document, chunk) for document in searched for chunk in split(document)]
        self.sentences = sentences_of(documents)
        self.questions, self.relevant = [questions[id_] for id_ in asked], [relevant[id_] for id_ in asked]
        self.passages = [indexed_text(document.title, chunk) for document, chunk in chunks]
        self.owners = [document.id for document, _ in chunks]

    def scored(self, encoder: Encoder) -> list[float]:
        """nDCG@10 of every question."""
        nearest = np.argsort(-(encoder.queries(self.questions) @ encoder.documents(self.passages).T), axis=1)[:, :100]
        rankings = [list(dict.fromkeys(self.owners[row] for row in rows)) for rows in nearest]
        return [ndcg(ranking, wanted, 10) for ranking, wanted in zip(rankings, self.relevant, strict=True)]


retrieval_of = lru_cache(Retrieval)


def plain(medquad: Path) -> list[float]:
    """The scores of the bundled encoder."""
    return retrieval_of(medquad).scored(Encoder.load())


def adapted(medquad: Path, objective: str, sentences: int, out: Path) -> dict[str, Any]:
    """An embedder's card and its scores."""
    retrieval, config = retrieval_of(medquad), DomainConfig(objective=objective, sentences=sentences)
    card = train_domain(retrieval.sentences, [{"name": "medquad", "part": "corpus"}], out, config)
    return {"card": card, "scores": retrieval.scored(Encoder.load(adapter=find_adapter(str(out), "embedder")))}


def gain(before: list[float], after: list[float]) -> tuple[float, float, float]:
    """The mean gain in percent, and its 95 % interval over resampled questions."""
    apart: NDArray[np.float64] = 100 * (np.array(after) - np.array(before))
    rows = np.random.default_rng(0).integers(0, len(apart), (RESAMPLES, len(apart)))
    low, high = np.percentile(apart[rows].mean(1), [2.5, 97.5])
    return float(apart.mean()), float(low), float(high)


def elsewhere(clinc: Path, out: Path, seed: int, half: int, adversary: float) -> dict[str, float]:
    """Accuracy, on a half of the help desk's texts, of a classifier that is trained on CLINC150's.

    Args:
        adversary: With the other half as its target, unless it is 0.
    """
    found = read_labelled(clinc / "data_full_trainval.json#train")
    examples = [Labelled(one.text, INTENTS[one.label]) for one in found if one.label in INTENTS]
    train, dev = part(examples, 0.15, seed)
    desk = [one for name in ("train", "test") for one in read_labelled(DESK / f"{name}.jsonl")]
    halves = part([one for one in desk if one.label in INTENTS.values()], 0.5, seed)
    target = out / f"target-{seed}-{half}.txt"
    target.write_text("\n".join(one.text for one in halves[1 - half]) + "\n", encoding="utf8")
    more: dict[str, Any] = {"target": str(target), "adversary": adversary} if adversary else {}
    folder = out / f"desk-{seed}-{half}-{adversary:g}"
    train_tuned(Data(train, dev, [], []), "default", folder, LoraConfig(seed=seed, **TUNING, **more))
    classifier = Classifier.load(folder)

    def right(some: list[Labelled]) -> float:
        rows = classifier.head.logits(classifier.vectors([one.text for one in some])).argmax(axis=1)
        return float(np.mean([classifier.head.labels[row] == one.label for row, one in zip(rows, some, strict=True)]))

    return {"desk": right(halves[half]), "clinc150": right(dev)}


def measure_retrieval(bench: Bench, medquad: Path, out: Path, sentences: int) -> None:
    """Train, measure, print."""
    before = bench.once("medquad", plain, medquad)
    print("| objective | nDCG@10 | gain (95 %) | minutes |\n|---|---:|---:|---:|")
    print(f"| none | {100 * statistics.mean(before):.1f} | | |", flush=True)
    for objective in OBJECTIVES:
        folder = out / f"{objective}-{sentences}"
        told = bench.once(f"medquad {objective} {sentences}", adapted, medquad, objective, sentences, folder)
        more, low, high = gain(before, told["scores"])
        spent = f"{more:+.1f} ({low:+.1f} to {high:+.1f}) | {told['card']['seconds'] / 60:.0f}"
        print(f"| {objective} | {100 * statistics.mean(told['scores']):.1f} | {spent} |", flush=True)


def measure_transfer(bench: Bench, clinc: Path, out: Path, seeds: int) -> None:
    """Train, measure, print."""
    runs: dict[float, list[dict[str, float]]] = {adversary: [] for adversary in ADVERSARIES}
    for seed, half, adversary in product(range(seeds), (0, 1), ADVERSARIES):
        figures = bench.once(f"desk {seed} {half} {adversary:g}", elsewhere, clinc, out, seed, half, adversary)
        runs[adversary].append(figures)
    print("\n| adversary | help desk | CLINC150 |\n|---:|---:|---:|")
    for adversary, found in runs.items():
        print(f"| {adversary:g} | {_spread(found, 'desk')} | {_spread(found, 'clinc150')} |", flush=True)


def _spread(runs: list[dict[str, float]], name: str) -> str:
    values = [100 * run[name] for run in runs]
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("medquad", "clinc", "out"):
        parser.add_argument(name, type=Path, metavar=name.upper())
    parser.add_argument("--sentences", type=int, default=6_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=("retrieval", "transfer"))
    given = parser.parse_args()
    bench = Bench(given.out)
    if given.only != "transfer":
        measure_retrieval(bench, given.medquad, given.out, given.sentences)
    if given.only != "retrieval":
        measure_transfer(bench, given.clinc, given.out, given.seeds)
