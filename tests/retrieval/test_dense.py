"""Vector search is exact by default, close to exact with HNSW and IVF, and looks only where it is told to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval import dense
from retrieval.dense import DenseIndex, IndexKind

KINDS: list[IndexKind] = ["flat", "hnsw", "ivf", "ivfpq"]


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that 2,000 vectors, and a scope of 40, are searched by the index."""
    monkeypatch.setattr(dense, "COMPARED", 20)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    rng = np.random.default_rng(7)
    found = (rng.normal(size=(40, 32))[rng.integers(40, size=2_000)] + rng.normal(size=(2_000, 32))).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def written(vectors: NDArray[np.float32], folder: Path, kind: IndexKind = "auto", gap: int = 1) -> DenseIndex:
    batches = (vectors[begin : begin + 300] for begin in range(0, len(vectors), 300))
    DenseIndex.write(folder, batches, np.arange(len(vectors)) * gap, vectors.shape[1], kind)
    return DenseIndex.open(folder)


def test_flat_search_is_exact(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    index = written(vectors, tmp_path)
    assert len(index) == 2_000
    positions, cosines = index.search(vectors[42], 10)
    assert positions.tolist() == np.argsort(-(vectors @ vectors[42]), kind="stable")[:10].tolist()
    assert positions[0] == 42
    np.testing.assert_allclose(cosines, (vectors @ vectors[42])[positions], atol=1e-5)


@pytest.mark.parametrize("kind", ["hnsw", "ivf", "ivfpq"])
def test_approximate_kinds_find_nearly_the_same_with_exact_cosines(
    vectors: NDArray[np.float32], kind: IndexKind, tmp_path: Path
) -> None:
    index = written(vectors, tmp_path, kind)
    shared = []
    for query in vectors[:100]:
        positions, cosines = index.search(query, 10)
        np.testing.assert_allclose(cosines, (vectors @ query)[positions], atol=1e-5)
        assert (np.diff(cosines) <= 0).all()
        shared.append(len({*np.argsort(-(vectors @ query))[:10].tolist()} & {*positions.tolist()}))
    assert np.mean(shared) >= 9.5


@pytest.mark.parametrize("kind", KINDS)
def test_few_vectors_are_searched_exactly(
    vectors: NDArray[np.float32], kind: IndexKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "COMPARED", 2_000)
    index = written(vectors, tmp_path, kind)
    for query in np.roll(vectors[:50], 1, axis=1):  # near to none of them
        assert index.search(query, 10)[0].tolist() == np.argsort(-(vectors @ query), kind="stable")[:10].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_chosen_positions_are_looked_at(vectors: NDArray[np.float32], kind: IndexKind, tmp_path: Path) -> None:
    index = written(vectors, tmp_path, kind, gap=3)
    among = np.sort(np.random.default_rng(1).choice(2_000, 40, replace=False)) * 3
    for query in vectors[:20]:
        positions, _ = index.search(query, 10, among)
        wanted = among[np.argsort(-(vectors[among // 3] @ query))[:10]]
        assert set(positions.tolist()) <= set(among.tolist())
        assert len({*positions.tolist()} & {*wanted.tolist()}) >= (10 if kind == "flat" else 7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_narrow_scope_is_searched_exactly(vectors: NDArray[np.float32], kind: IndexKind, tmp_path: Path) -> None:
    index = written(vectors, tmp_path, kind, gap=3)
    among = np.sort(np.random.default_rng(1).choice(2_000, 20, replace=False)) * 3
    for query in vectors[:20]:
        positions, cosines = index.search(query, 10, among)
        assert positions.tolist() == among[np.argsort(-(vectors[among // 3] @ query), kind="stable")[:10]].tolist()
        np.testing.assert_allclose(cosines, vectors[positions // 3] @ query, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_cosines_of_given_positions(vectors: NDArray[np.float32], kind: IndexKind, tmp_path: Path) -> None:
    index = written(vectors, tmp_path, kind, gap=2)
    wanted = np.array([6, 2, 8, 2])
    np.testing.assert_allclose(index.cosines(vectors[0], wanted), vectors[wanted // 2] @ vectors[0], atol=1e-5)


def test_positions_out_of_order_are_damage(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    written(vectors, tmp_path)
    positions = np.load(tmp_path / "positions.npy")
    positions[700] ^= 1 << 40
    np.save(tmp_path / "positions.npy", positions)
    with pytest.raises(ValueError, match=r"positions\.npy is damaged"):
        DenseIndex.open(tmp_path)


def test_the_kind_follows_from_the_size(
    vectors: NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(vectors, tmp_path)
    assert not (tmp_path / "exact.npy").exists()
    monkeypatch.setattr(dense, "FLAT_UP_TO", 1_000)
    written(vectors, tmp_path)
    assert (tmp_path / "exact.npy").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_more_than_there_is_gives_all(vectors: NDArray[np.float32], kind: IndexKind, tmp_path: Path) -> None:
    positions, cosines = written(vectors[:3], tmp_path, kind).search(vectors[0], 10)
    assert sorted(positions.tolist()) == [0, 1, 2] and len(cosines) == 3
