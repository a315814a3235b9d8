"""What a domain embedder gains over the bundled encoder, where it was trained and on a site that it never saw.

    python -m benchmarks.embedder BEIR_FOLDER OUT [--questions 1500] [--seeds 0 1 2] [--sites NINDS CancerGov]

Trains as `graft train embedder` does, with `SETTINGS`, on so many questions of the split `train`, once for each seed,
and asks the questions of the split `dev` over all documents: nDCG@10 of dense retrieval, documents ranked by their
nearest passage. For each site (`source` in the documents' metadata), trains without its questions and documents, and
asks its dev questions over its documents. What was trained, encoded and measured before is taken from OUT and
OUT/figures.json, so that a benchmark that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters import find_adapter
from adapters.embedder.config import EmbedderConfig
from adapters.embedder.data import Encoded, Pairs
from adapters.embedder.train import train_embedder
from adapters.ranking import ndcg
from chatbot.cli.train_embedder import cached_vectors
from retrieval.beir import read_beir
from retrieval.encoder import Encoder
from retrieval.ingest import indexed_text
from retrieval.splitter import split
from retrieval.store import TOLD
from retrieval.training_pairs import read_pairs

SETTINGS: dict[str, Any] = {"tokens": 64, "negatives": 2, "nearest": 20, "ceiling": 2.0}
"""The nearest passages are wrong ones, as all that answer a question are known."""
RESAMPLES = 2_000
"""Of the dev questions, for the interval of a gain."""


@dataclass(frozen=True)
class Asked:
    """Dev questions, and the passages that are searched."""

    questions: list[str]
    relevant: list[set[str]]
    passages: list[str]
    owners: list[str]


def sites_of(folder: Path) -> dict[str, str]:
    """The site of every document."""
    documents, _, _ = read_beir(folder, "dev")
    return {document.id: str(document.metadata[TOLD].get("source")) for document in documents}


def dev_of(folder: Path, sites: dict[str, str], site: str | None) -> Asked:
    """All dev questions over all documents, or those of a site over the site's."""
    documents, questions, relevant = read_beir(folder, "dev")
    documents = [document for document in documents if site is None or sites[document.id] == site]
    ids = {document.id for document in documents}
    asked = {id_: wanted & ids for id_, wanted in relevant.items() if wanted & ids}
    chunks = [(document, chunk) for document in documents for chunk in split(document)]
    return Asked(
        [questions[id_] for id_ in asked],
        list(asked.values()),
        [indexed_text(document.title, chunk) for document, chunk in chunks],
        [document.id for document, _ in chunks],
    )


def scored(asked: Asked, questions: NDArray[np.float32], passages: NDArray[np.float32]) -> NDArray[np.float64]:
    """nDCG@10 of every question, in percent."""
    nearest = np.argsort(-(questions @ passages.T), axis=1, kind="stable")[:, :100]
    rankings = [list(dict.fromkeys(asked.owners[row] for row in rows)) for rows in nearest]
    pairs = zip(rankings, asked.relevant, strict=True)
    return 100 * np.array([ndcg(ranking, wanted, 10) for ranking, wanted in pairs])


def without(pairs: Pairs, outside: set[int]) -> Pairs:
    """The pairs without some documents, and without the questions that these answer."""
    rows = [row for row, owner in enumerate(pairs.owners) if owner not in outside]
    asked = [row for row, wanted in enumerate(pairs.relevant) if not wanted & outside]
    part = pairs.part(asked)
    return replace(part, passages=[pairs.passages[row] for row in rows], owners=[pairs.owners[row] for row in rows])


def trained(pairs: Pairs, questions: int, seed: int, out: Path) -> Encoder:
    """The bundled encoder with an embedder that is trained on some of the questions."""
    if not (out / "done").exists():
        chosen = random.Random(seed).sample(range(len(pairs.questions)), min(questions, len(pairs.questions)))
        some = pairs.part(sorted(chosen))
        encoded = Encoded(some, *cached_vectors(Encoder.load(), some.questions, some.passages))
        train_embedder(encoded, [], out, EmbedderConfig(seed=seed, **SETTINGS))
        (out / "done").touch()
    return Encoder.load(adapter=find_adapter(str(out), "embedder"))


def compared(asked: Asked, encoder: Encoder) -> dict[str, float]:
    """nDCG@10 before and after, the gain, and its 95 % interval over resampled questions."""
    before, after = (
        scored(asked, *cached_vectors(one, asked.questions, asked.passages)) for one in (Encoder.load(), encoder)
    )
    chance = np.random.default_rng(0)
    rows = chance.integers(0, len(before), (RESAMPLES, len(before)))
    low, high = np.percentile((after - before)[rows].mean(1), [2.5, 97.5])
    found = {"questions": len(before), "frozen": before.mean(), "trained": after.mean()}
    found |= {"gain": (after - before).mean(), "gain_from": low, "gain_to": high}
    return {key: round(float(value), 2) for key, value in found.items()}


def main(folder: Path, out: Path, questions: int, seeds: list[int], sites: list[str]) -> None:
    """Train, measure, print."""
    out.mkdir(parents=True, exist_ok=True)
    kept = out / "figures.json"
    figures: dict[str, dict[str, float]] = json.loads(kept.read_text(encoding="utf8")) if kept.exists() else {}
    site_of, pairs, numbers = sites_of(folder), read_pairs(folder), document_numbers(folder)
    print("| trained on | seed | asked | questions | frozen | trained | gain (95 %) |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for site, seed in [(None, seeds[0]), *((site, seeds[0]) for site in sites), *((None, seed) for seed in seeds[1:])]:
        name = f"{site or 'all'}-{seed}"
        if name not in figures:
            outside = {number for id_, number in numbers.items() if site_of[id_] == site}
            encoder = trained(without(pairs, outside), questions, seed, out / name)
            figures[name] = compared(dev_of(folder, site_of, site), encoder)
            kept.write_text(json.dumps(figures, indent=1), encoding="utf8")
        found = figures[name]
        where = f"all but {site} | {seed} | {site}'s documents" if site else f"all sites | {seed} | all documents"
        gain = f"{found['gain']:+.1f} ({found['gain_from']:+.1f} to {found['gain_to']:+.1f})"
        measured = f"{found['questions']:.0f} | {found['frozen']:.1f} | {found['trained']:.1f} | {gain}"
        print(f"| {where} | {measured} |", flush=True)


def document_numbers(folder: Path) -> dict[str, int]:
    """The number that `read_pairs` gives each document."""
    documents, _, _ = read_beir(folder, "train")
    with_text = [document.id for document in documents if split(document)]
    return {id_: number for number, id_ in enumerate(with_text)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, metavar="BEIR_FOLDER")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--questions", type=int, default=1_500)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--sites", nargs="*", default=[])
    given = parser.parse_args()
    main(given.beir, given.out, given.questions, given.seeds, given.sites)
