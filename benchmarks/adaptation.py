"""What each way of transfer reaches on CLINC150, what it withstands, and what is kept when domains come one by one.

    python -m benchmarks.adaptation CLINC150 OUT [--seeds 3] [--only lora,full]

CLINC150 is the folder of `data_full_trainval.json` and `domains.json` (Larson et al. 2019). Trains on `train` and
`oos_train`, of which a part is put aside to decide, and measures on `val` and `oos_val`. What was measured is kept in
OUT/figures.json, so that a benchmark that was interrupted goes on; prints means with their standard deviations.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from adapters.classifier.data import Data, read_data
from adapters.classifier.runtime import Classifier
from adapters.compare.ladder import few
from adapters.compare.probe import probe
from adapters.compare.robustness import robustness
from adapters.methods import METHODS

BATCHES = {"epochs": 4, "batch": 64}
SETTINGS: dict[str, dict[str, Any]] = {
    "prompt": {},
    "head": {},
    "lora": BATCHES,
    "distil": BATCHES,
    "full": BATCHES,
    "freeze": BATCHES,
    "lora-fgm": BATCHES | {"adversarial": "fgm"},
}
FEW = 10
"""Examples of a label in the few-shot setting."""
DOMAINS = ("banking", "travel", "work", "home", "meta")
"""Learned in this order."""
CONTINUAL = {"epochs": 3, "batch": 32}
REPLAYED = 0.1
EWC = 1000.0
OWN = Path(__file__).parent / "out_of_scope.jsonl"
SPEEDS = 5
"""Measurements of two classifiers' speeds, in turns."""

Figures = dict[str, float]


class Bench:
    """Measures on CLINC150, in folders of `out`."""

    def __init__(self, clinc: Path, out: Path) -> None:
        self.lists = clinc / "data_full_trainval.json"
        self.domains: dict[str, list[str]] = json.loads((clinc / "domains.json").read_text(encoding="utf8"))
        self.out = out

    def data(self, seed: int) -> Data:
        """All intents."""
        train, test = (self.lists.with_name(f"{self.lists.name}#{part}") for part in ("train+oos_train", "val+oos_val"))
        return read_data([(train, 1.0)], None, test, seed)

    def transfer(self, name: str, seed: int) -> Figures:
        """A method on all training texts, and what it withstands."""
        method, folder = METHODS[name.partition("-")[0]], self.out / f"{name}-{seed}"
        begun = time.monotonic()
        data = self.data(seed)
        base = str(self.out / f"lora-{seed}") if method.taught else "default"
        card = method.train(data, base, folder, method.config(**SETTINGS[name], seed=seed), _silent)
        seconds = time.monotonic() - begun
        texts, rows = data.inside(data.test)
        classifier = Classifier.load(folder)
        withstood = {f"under_{kind}": share for kind, share in robustness(classifier, texts, rows).items()}
        own = [json.loads(line) for line in OWN.read_text(encoding="utf8").splitlines()] if OWN.exists() else []
        told = classifier.tell([row["text"] for row in own if not row["bot"].endswith("_zh")])
        found = _plain(card["scores"]["test"]) | {"seconds": round(seconds, 1), **withstood}
        found |= {"trained_share": card["trained_parameters"] / card["parameters"]}
        return found | ({"own_oos_recall": sum(not one.in_scope for one in told) / len(told)} if told else {})

    def few(self, name: str, seed: int) -> Figures:
        """A method with few examples of each label."""
        some = few(self.data(seed), FEW, seed)
        assert some is not None
        method = METHODS[name.split("-")[1]]
        card = method.train(some, "default", self.out / f"{name}-{seed}", method.config(seed=seed), _silent)
        return _plain(card["scores"]["test"])

    def speed(self, name: str, seed: int) -> Figures:
        """The student's texts a second against its teacher's, the median of measurements in turns."""
        texts = [example.text for example in self.data(seed).test]
        rates = [
            [probe(self.out / f"{which}-{seed}", texts)["texts_a_second"] for which in ("distil", "lora")]
            for _ in range(SPEEDS)
        ]
        return {"times_as_fast": statistics.median(student / teacher for student, teacher in rates)}

    def continual(self, name: str, seed: int) -> Figures:
        """Domains learned one after another by `lora` or `head`, or all at once; measured on all of them."""
        folder = self.out / f"{name}-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        _, way, kind = name.split("-")
        method = METHODS[way]
        settings = (CONTINUAL if way == "lora" else {}) | ({"ewc": EWC} if kind == "ewc" else {})
        files = {domain: self._file(folder, domain, "train") for domain in DOMAINS}
        tests = {domain: self._file(folder, domain, "val") for domain in DOMAINS}
        whole = folder / "val.json"
        whole.write_text(json.dumps([row for path in tests.values() for row in json.loads(path.read_text())]))
        steps = [list(DOMAINS)] if kind == "joint" else [[domain] for domain in DOMAINS]
        start: Path | None = None
        before: list[Path] = []
        for number, domains in enumerate(steps):
            share = {"replay": REPLAYED, "ewc": 0.0}.get(kind)
            replay = [(path, share) for path in before] if share is not None else []
            now = [files[domain] for domain in domains]
            last = whole if number + 1 == len(steps) else None
            data = read_data([(path, 1.0) for path in now], None, last, seed, start, replay)
            chosen = settings if before else {**settings, **({"ewc": 0.0} if kind == "ewc" else {})}
            start, before = folder / str(number), [*before, *now]
            card = method.train(data, "default", start, method.config(**chosen, seed=seed), _silent)
        return _plain(card["scores"]["test"])

    def _file(self, folder: Path, domain: str, part: str) -> Path:
        rows = json.loads(self.lists.read_text(encoding="utf8"))[part]
        path = folder / f"{domain}-{part}.json"
        path.write_text(json.dumps([row for row in rows if row[1] in self.domains[domain]]))
        return path

    def runs(self) -> Iterator[tuple[str, Callable[[str, int], Figures]]]:
        """All that is measured, by name."""
        yield from ((name, self.transfer) for name in SETTINGS)
        yield "speed", self.speed
        yield from ((f"few-{method}", self.few) for method in ("head", "lora"))
        yield from ((f"continual-lora-{kind}", self.continual) for kind in ("naive", "replay", "joint", "ewc"))
        yield from ((f"continual-head-{kind}", self.continual) for kind in ("naive", "joint"))


def _plain(scores: dict[str, Any]) -> Figures:
    return {name: value for name, value in scores.items() if isinstance(value, float)}


def _silent(step: int, total: int, values: dict[str, float]) -> None:
    """Nobody watches."""


def main(clinc: Path, out: Path, seeds: int, only: list[str]) -> None:
    """Measure what is not measured yet, and print a Markdown table."""
    bench, kept = Bench(clinc, out), out / "figures.json"
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Figures] = json.loads(kept.read_text()) if kept.exists() else {}
    for seed in range(seeds):
        for name, measure in bench.runs():
            if f"{name}/{seed}" not in found and (not only or name in only):
                found[f"{name}/{seed}"] = measure(name, seed)
                kept.write_text(json.dumps(found, indent=1) + "\n")
    print("| what | figure | mean | deviation | seeds |\n|---|---|---:|---:|---:|")
    for name, _ in bench.runs():
        rows = [figures for key, figures in found.items() if key.rpartition("/")[0] == name]
        for figure in rows[0] if rows else ():
            values = [row[figure] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"| {name} | {figure} | {statistics.mean(values):.4g} | {spread:.2g} | {len(values)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clinc", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", type=lambda names: names.split(","), default=[])
    given = parser.parse_args()
    main(given.clinc, given.out, given.seeds, given.only)
