"""What a domain embedder gains over the bundled encoder, where it was trained and on a site that it never saw.

    python -m benchmarks.embedder BEIR_FOLDER OUT [--questions 4000] [--seeds 0 1 2] [--sites NINDS CancerGov]

Trains `graft train embedder` with its default settings on so many questions of the split `train`, once for each seed,
and asks the questions of the split `dev` over all documents: nDCG@10 of dense retrieval, documents ranked by their
nearest passage. For each site (`source` in the documents' metadata), trains without its questions and documents, and
asks its dev questions over its documents. What was trained or encoded before is taken from OUT; figures go into
OUT/embedder.json.
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
from adapters.embedder.data import Pairs
from adapters.embedder.train import train_embedder
from adapters.ranking import ndcg
from chatbot.cli.train_embedder import cached_vectors
from retrieval.beir import read_beir
from retrieval.encoder import Encoder
from retrieval.ingest import indexed_text
from retrieval.splitter import split
from retrieval.store import TOLD
from retrieval.training_pairs import read_pairs

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
        train_embedder(
            some, *cached_vectors(Encoder.load(), some.questions, some.passages), [], out, EmbedderConfig(seed=seed)
        )
        (out / "done").touch()
    return Encoder.load(adapter=find_adapter(str(out), "embedder"))


def compared(name: str, asked: Asked, encoder: Encoder) -> dict[str, Any]:
    """nDCG@10 before and after, the gain, and its 95 % interval over resampled questions."""
    before, after = (
        scored(asked, *cached_vectors(one, asked.questions, asked.passages)) for one in (Encoder.load(), encoder)
    )
    chance = np.random.default_rng(0)
    rows = chance.integers(0, len(before), (RESAMPLES, len(before)))
    low, high = np.percentile((after - before)[rows].mean(1), [2.5, 97.5])
    figures = {"frozen": before.mean(), "trained": after.mean(), "gain": (after - before).mean()}
    figures |= {"gain_from": low, "gain_to": high}
    return {"run": name, "questions": len(before)} | {key: round(float(value), 2) for key, value in figures.items()}


def main(folder: Path, out: Path, questions: int, seeds: list[int], sites: list[str]) -> None:
    """Train, measure, print."""
    out.mkdir(parents=True, exist_ok=True)
    site_of = sites_of(folder)
    pairs = read_pairs(folder)
    numbers = document_numbers(folder)
    found = []
    print(
        "| trained on | seed | asked | questions | frozen | trained | gain (95 %) |\n|---|---:|---|---:|---:|---:|---:|"
    )
    runs = [(None, seed) for seed in seeds] + [(site, seeds[0]) for site in sites]
    for site, seed in runs:
        name = f"{site or 'all'}-{seed}"
        outside = {number for id_, number in numbers.items() if site is not None and site_of[id_] == site}
        encoder = trained(without(pairs, outside) if site else pairs, questions, seed, out / name)
        row = compared(name, dev_of(folder, site_of, site), encoder)
        found.append(row)
        gain = f"{row['gain']:+.1f} ({row['gain_from']:+.1f} to {row['gain_to']:+.1f})"
        where = ("all sites", "all documents") if site is None else (f"all but {site}", f"{site}'s documents")
        measured = f"{row['questions']} | {row['frozen']:.1f} | {row['trained']:.1f} | {gain}"
        print(f"| {where[0]} | {seed} | {where[1]} | {measured} |", flush=True)
        (out / "embedder.json").write_text(json.dumps(found, indent=1), encoding="utf8")


def document_numbers(folder: Path) -> dict[str, int]:
    """The number that `read_pairs` gives each document."""
    documents, _, _ = read_beir(folder, "train")
    with_text = [document.id for document in documents if split(document)]
    return {id_: number for number, id_ in enumerate(with_text)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, metavar="BEIR_FOLDER")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--questions", type=int, default=4_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--sites", nargs="*", default=[])
    given = parser.parse_args()
    main(given.beir, given.out, given.questions, given.seeds, given.sites)
