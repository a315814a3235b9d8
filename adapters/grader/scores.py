"""How far a grader agrees with the labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adapters.classifier.head import Told
from adapters.classifier.scores import scores
from adapters.grader.data import Answer
from adapters.grader.head import Graded
from adapters.labelled import Labelled


def agreement(answers: Sequence[Answer], graded: Sequence[Graded], labels: Sequence[str]) -> dict[str, Any]:
    """The scores of a classifier, whatever is sure, and those of grades.

    `kappa` is Cohen's with quadratic weights (Cohen 1968), `told` the share of grades that are sure, `told_accuracy`
    the share of these that are right; `worst_as_best` counts the worst answers that are surely graded as the best.
    """
    from sklearn.metrics import cohen_kappa_score

    examples = [Labelled(one.text, one.label, one.group) for one in answers]
    told = [Told(one.grade, one.probability, 0.0 if one.sure else -1.0) for one in graded]
    found = scores(examples, told)
    found.pop("in_scope_accuracy")
    rows = {label: row for row, label in enumerate(labels)}
    wanted, given = (
        [rows[label] for label in some] for some in ((a.label for a in answers), (g.grade for g in graded))
    )
    with np.errstate(invalid="ignore"):
        kappa = float(cohen_kappa_score(wanted, given, weights="quadratic", labels=list(rows.values())))
    sure = [(answer.label, one.grade) for answer, one in zip(answers, graded, strict=True) if one.sure]
    return found | {
        "kappa": round(kappa, 4) if np.isfinite(kappa) else 0.0,
        "told": round(len(sure) / len(graded), 4),
        "told_accuracy": round(float(np.mean([label == grade for label, grade in sure])), 4) if sure else None,
        "worst_as_best": sum((label, grade) == (labels[0], labels[-1]) for label, grade in sure),
    }
