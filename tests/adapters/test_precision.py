"""The fastest precision that keeps the vectors is taken, and it is said why."""

from __future__ import annotations

import time
from pathlib import Path

from adapters import precision
from adapters.precision import Precision, Trial, candidates, choose, measured


def test_the_fastest_that_is_faithful_is_taken() -> None:
    trials = [Trial("bf16", 1.0, 0.9998), Trial("f32", 3.1, 1.0)]
    assert choose(trials, 0.999) == Precision("bf16", "3.1 times as fast as f32; cosine with torch's vectors 0.9998")
    slow = [Trial("bf16", 9.0, 0.9998), Trial("f32", 3.0, 1.0)]
    assert choose(slow, 0.999) == Precision("f32", "3.0 times as fast as bf16; cosine with torch's vectors 1.0000")


def test_one_that_changes_vectors_is_left_and_none_may_be_left() -> None:
    trials = [Trial("bf16", 1.0, 0.98), Trial("f32", 3.0, 0.9999)]
    chosen = choose(trials, 0.999)
    assert chosen is not None and chosen.name == "f32"
    assert chosen.why == "bf16 changes vectors, cosine 0.9800; cosine with torch's vectors 0.9999"
    assert choose([Trial("f32", 1.0, 0.5)], 0.999) is None


def test_a_choice_is_kept_with_the_model(tmp_path: Path) -> None:
    assert precision.of(tmp_path).name == candidates()[0]
    precision.write(tmp_path, Precision("f32", "for a reason"))
    assert precision.of(tmp_path) == Precision("f32", "for a reason")


def test_the_first_run_which_prepares_is_not_measured() -> None:
    waits = iter([0.2, 0.01, 0.02, 0.01])
    assert 0.01 <= measured(lambda: time.sleep(next(waits))) < 0.1
