"""What a climb found, as one JSON document: figures by method, and the method that pays."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, stdev
from typing import Any

from adapters.classifier.data import Data
from adapters.classifier.runtime import Classifier
from adapters.compare.ladder import CURVED, RUNGS, Climb, Run
from adapters.compare.probe import probe, size
from adapters.compare.robustness import robustness
from adapters.labelled import OUT_OF_SCOPE

T95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}
"""Student's t of 95 % by the number of seeds."""
WORTH = 1.0
"""Points of accuracy that a dearer method must bring."""
SCORES = ("accuracy", "macro_f1", "ece", "in_scope_accuracy", "oos_recall", "oos_auroc")


def summary(data: Data, found: Climb, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures of all methods that were run; measures those of seed 0 at work.

    Args:
        tell: Told what is measured.
    """
    texts, rows = data.inside(data.test)
    methods: dict[str, Any] = {}
    for method in RUNGS:
        if not (runs := found.of(method)):
            continue
        tell(method)
        first = runs[0]
        classifier = Classifier.load(first.folder)
        test = first.card["scores"]["test"]
        methods[method] = {
            "seeds": len(runs),
            "scores": {
                name: spread([run.card["scores"]["test"][name] for run in runs]) for name in SCORES if name in test
            },
            "interval": test["interval"],
            "labels": test["labels"],
            "confusions": test["confusions"],
            "groups": test.get("groups"),
            "trained_parameters": first.card["trained_parameters"],
            "parameters": first.card["parameters"],
            "train_seconds": round(fmean(run.card["seconds"] for run in runs), 1),
            "size_mb": size(first.folder),
            **probe(first.folder, texts[:512]),
            "robustness": robustness(classifier, texts, rows),
            "recipe": first.card["recipe"],
            "folder": first.folder.name,
        }
    return {
        "data": {
            "files": data.sources,
            "train": len(data.train),
            "dev": len(data.dev),
            "test": len(data.test),
            "labels": len(data.labels),
            "out_of_scope": sum(one.label == OUT_OF_SCOPE for one in data.test),
        },
        "methods": methods,
        "curve": {method: _curve(found, method) for method in CURVED if found.of(method)},
        "left_out": found.left_out,
        "advice": advice(methods),
    }


def spread(values: list[float]) -> dict[str, Any]:
    """The mean of seeds' scores, and half their interval of 95 % (Student's t); None of one seed."""
    half = T95.get(len(values), 2.0) * stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return {"mean": round(fmean(values), 4), "half": half if half is None else round(half, 4), "values": values}


def advice(methods: dict[str, Any]) -> dict[str, str]:
    """The method to take and why: the cheapest whose accuracy is within `WORTH` points of the best.

    Cost is the order of the ladder; a student, which is dear to train and cheap to run, is told of besides.
    """
    if not methods:
        return {"method": "", "reason": "nothing was run"}
    accuracy = {name: row["scores"]["accuracy"]["mean"] for name, row in methods.items()}
    best = max(accuracy, key=accuracy.__getitem__)
    ladder = [name for name in RUNGS if name in methods and name != "distil"] or list(methods)
    chosen = next((name for name in ladder if accuracy[best] - accuracy[name] <= WORTH / 100), best)
    row, top = methods[chosen], methods[best]
    reason = f"{chosen} reaches {_percent(row)}"
    if chosen == best:
        reason += ", more than any other"
    else:
        reason += (
            f", within {WORTH:g} point of the best, {best} ({_percent(top)}), with {row['train_seconds']:.0f} s of"
            f" training against {top['train_seconds']:.0f} s and {row['size_mb']:g} MB against {top['size_mb']:g} MB"
        )
    cheaper = ladder[: ladder.index(chosen)] if chosen in ladder else ladder
    if cheaper:
        near = max(cheaper, key=accuracy.__getitem__)
        reason += (
            f"; {near}, the best of what is cheaper, is {100 * (accuracy[chosen] - accuracy[near]):.1f} points lower"
        )
    test = sum(label["texts"] for label in row["labels"].values())
    if (width := (row["interval"][1] - row["interval"][0]) * 50) > WORTH:
        reason += f". {test} texts to measure on tell accuracies only to ±{width:.1f} points: more may change this"
    if row["seeds"] == 1:
        reason += ". One seed: the spread over seeds is not known"
    return {"method": chosen, "reason": reason + ".", **_student(methods, chosen)}


def _student(methods: dict[str, Any], chosen: str) -> dict[str, str]:
    if "distil" not in methods or chosen in ("distil", "prompt"):
        return {}
    student, row = methods["distil"], methods[chosen]
    faster = student["texts_a_second"] / row["texts_a_second"]
    kept = student["scores"]["accuracy"]["mean"] / max(1e-9, row["scores"]["accuracy"]["mean"])
    if faster < 1.2:
        return {}
    return {"student": f"Where speed counts, distil keeps {kept:.1%} of its accuracy at {faster:.1f} times its speed."}


def _percent(row: dict[str, Any]) -> str:
    score = row["scores"]["accuracy"]
    half = "" if score["half"] is None else f" ± {100 * score['half']:.1f}"
    return f"{100 * score['mean']:.1f}{half} %"


def _curve(found: Climb, method: str) -> list[dict[str, Any]]:
    runs = [run for run in found.runs if run.method == method and run.seed == 0]
    return [
        {"each": run.each, "examples": run.card["examples"], "accuracy": run.card["scores"]["test"]["accuracy"]}
        for run in sorted(runs, key=_examples)
    ]


def _examples(run: Run) -> int:
    return int(run.card["examples"])
