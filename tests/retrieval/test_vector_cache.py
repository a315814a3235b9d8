"""Vectors are kept by text; a cache that cannot be written serves all the same."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval import vector_cache
from retrieval.vector_cache import VectorCache, digest

KEYS = [digest(str(number)) for number in range(100)]


@pytest.fixture
def vectors() -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(size=(100, 32)).astype(np.float16).astype(np.float32)


def test_what_was_kept_is_there_when_opened_again(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    cache = VectorCache(tmp_path / "a" / "v.db", 32)
    cache.add(KEYS[:50], vectors[:50])
    cache.close()
    again = VectorCache(tmp_path / "a" / "v.db", 32)
    assert again.known(KEYS) == set(KEYS[:50])
    found = again.get(KEYS)
    np.testing.assert_array_equal(np.stack([found[key] for key in KEYS[:50]]), vectors[:50])


@pytest.mark.skipif(os.name == "nt", reason="files have no such rights")
def test_only_the_owner_can_read_it(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    cache = VectorCache(tmp_path / "vectors" / "v.db", 32)
    cache.add(KEYS, vectors)
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert rights == {"vectors": 0o700} | dict.fromkeys(("v.db", "v.db-wal", "v.db-shm"), 0o600)


def test_questions_are_encoded_once(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    cache = VectorCache(tmp_path / "v.db", 32)
    asked: list[str] = []

    def encode(texts: list[str]) -> NDArray[np.float32]:
        asked.extend(texts)
        return vectors[[int(text) for text in texts]]

    np.testing.assert_array_equal(cache.questions(["4", "2", "4"], encode), vectors[[4, 2, 4]])
    np.testing.assert_array_equal(cache.questions(["2", "7"], encode), vectors[[2, 7]])
    assert asked == ["4", "2", "7"]
    assert cache.questions([], encode).shape == (0, 32)


def test_damage_where_others_keep_theirs_is_no_error(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    path = tmp_path / "v.db"
    cache = VectorCache(path, 32)
    cache.add(KEYS, vectors)
    cache.close()
    data = bytearray(path.read_bytes())
    page = data.rfind(max(KEYS)) // 4096 * 4096
    data[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    cache = VectorCache(path, 32)
    assert cache.known([min(KEYS)]) == {min(KEYS)}
    cache.close()
    cache = VectorCache(path, 32)
    cache.add([b"\xff" * 16], vectors[:1])
    assert set(cache.get([b"\xff" * 16])) == {b"\xff" * 16}
    cache.close()


def test_a_full_disk_is_no_error(tmp_path: Path, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite3.connect

    def small(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection = real(*args, **kwargs)  # type: ignore[call-overload]
        if args[0] != ":memory:":
            connection.execute("PRAGMA max_page_count = 4")  # SQLite then says that the disk is full
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(vector_cache.sqlite3, "connect", small)
    cache = VectorCache(tmp_path / "v.db", 32)
    cache.add(KEYS[:10], vectors[:10])
    assert cache.known(KEYS) == set(KEYS[:10])
    cache.add(KEYS, vectors)
    found = cache.get(KEYS)
    np.testing.assert_array_equal(np.stack([found[key] for key in KEYS]), vectors)
    cache.close()
    assert VectorCache(tmp_path / "v.db", 32).known(KEYS) == set(KEYS[:10])


def test_a_cache_that_may_only_be_read_is_read(
    tmp_path: Path, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = VectorCache(tmp_path / "v.db", 32)
    cache.add(KEYS[:50], vectors[:50])
    cache.close()
    old = VectorCache(tmp_path / "v.db", 32)
    old._connection.execute("PRAGMA query_only = ON")
    monkeypatch.setattr(old, "_day", old._day + 30)  # so that it wants to note that they were used
    assert set(old.get(KEYS[:50])) == set(KEYS[:50])
    old.add(KEYS[50:], vectors[50:])
    assert old.known(KEYS[50:]) == set(KEYS[50:])
    old.close()


def test_a_place_that_cannot_be_written_leaves_memory(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf8")
    cache = VectorCache(tmp_path / "file" / "v.db", 32)
    cache.add(KEYS, vectors)
    assert len(cache.get(KEYS)) == 100
    cache.close()
