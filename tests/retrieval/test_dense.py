"""Vector search is exact by default, close to exact with HNSW, and the same after saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.dense import DenseIndex, IndexKind


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    found = np.random.default_rng(7).normal(size=(500, 32)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def test_flat_search_is_exact(vectors: NDArray[np.float32]) -> None:
    index = DenseIndex.build(vectors)
    positions, cosines = index.search(vectors[42], 10)
    assert positions.tolist() == np.argsort(-(vectors @ vectors[42]))[:10].tolist()
    assert positions[0] == 42 and cosines[0] == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(cosines) <= 0).all()


def test_hnsw_finds_nearly_the_same(vectors: NDArray[np.float32]) -> None:
    exact, hnsw = DenseIndex.build(vectors, "flat"), DenseIndex.build(vectors, "hnsw")
    shared = [len({*exact.search(v, 10)[0].tolist()} & {*hnsw.search(v, 10)[0].tolist()}) for v in vectors[:50]]
    assert np.mean(shared) > 9.5


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_saved_and_opened_finds_the_same(vectors: NDArray[np.float32], kind: IndexKind, tmp_path: Path) -> None:
    index = DenseIndex.build(vectors, kind)
    index.save(tmp_path)
    opened = DenseIndex.open(tmp_path)
    assert len(opened) == 500
    for vector in vectors[:5]:
        for ours, theirs in zip(opened.search(vector, 7), index.search(vector, 7), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    wanted = np.array([3, 1, 4, 1])
    np.testing.assert_allclose(opened.cosines(vectors[0], wanted), vectors[wanted] @ vectors[0], atol=1e-5)


def test_asking_for_more_than_there_is_gives_all(vectors: NDArray[np.float32]) -> None:
    positions, cosines = DenseIndex.build(vectors[:3]).search(vectors[0], 10)
    assert sorted(positions.tolist()) == [0, 1, 2] and len(cosines) == 3
