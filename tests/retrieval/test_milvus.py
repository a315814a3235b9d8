"""Vectors in Milvus are found as the local ones are, and no build disturbs another, of this bot or of any other."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval import milvus_index
from retrieval.dense import DenseIndex, IndexKind
from retrieval.milvus import RECORD, MilvusStore
from retrieval.milvus_client import MilvusError
from retrieval.milvus_index import LISTED, MilvusIndex
from retrieval.vectors import VectorsMissing

Vectors = NDArray[np.float32]
SIZE = 2_000


def unit(rows: int, seed: int) -> Vectors:
    rng = np.random.default_rng(seed)
    found = (rng.normal(size=(40, 32))[rng.integers(40, size=rows)] + rng.normal(size=(rows, 32))).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return unit(SIZE, 7)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One Milvus file for all; every test has a home of its own."""
    return str(tmp_path_factory.mktemp("milvus") / "shared.db")


def in_home(home: Path, file: str, anew: bool = False) -> MilvusStore:
    (home / "builds").mkdir(parents=True, exist_ok=True)
    return MilvusStore.connect(file, "", "my-bot", home, anew)


@pytest.fixture
def store(tmp_path: Path, file: str) -> MilvusStore:
    return in_home(tmp_path / "home", file)


def batches(vectors: Vectors) -> list[Vectors]:
    return [vectors[begin : begin + 300] for begin in range(0, len(vectors), 300)]


def published(
    store: MilvusStore, vectors: Vectors, positions: NDArray[np.int64] | None = None, kind: IndexKind = "auto"
) -> Path:
    """Write a build and put it in place of the one before, as a bot's home does."""
    builds = store.home / "builds"
    (builds / "next").mkdir(exist_ok=True)
    positions = np.arange(len(vectors)) if positions is None else positions
    store.write(builds / "next", batches(vectors), positions, vectors.shape[1], kind)
    folder = (builds / "next").rename(builds / uuid.uuid4().hex)
    for other in builds.iterdir():
        if other != folder:
            shutil.rmtree(other)
    return folder


def local(vectors: Vectors, folder: Path, positions: NDArray[np.int64] | None = None) -> DenseIndex:
    folder.mkdir(exist_ok=True)
    DenseIndex.write(folder, vectors[None], np.arange(len(vectors)) if positions is None else positions, 32, "flat")
    return DenseIndex.open(folder)


def assert_same(
    found: MilvusIndex, wanted: DenseIndex, queries: Vectors, among: NDArray[np.int64] | None = None
) -> None:
    """The same positions in the same order, with the same cosines, found at once and one by one."""
    assert len(found) == len(wanted)
    together = found.search_all(queries, 20, among)
    for query, (positions, cosines), expected in zip(
        queries, together, wanted.search_all(queries, 20, among), strict=True
    ):
        assert positions.tolist() == expected[0].tolist() == found.search(query, 20, among)[0].tolist()
        np.testing.assert_allclose(cosines, expected[1], atol=1e-5)
        np.testing.assert_allclose(found.cosines(query, positions), cosines, atol=1e-5)


def collections(store: MilvusStore) -> set[str]:
    """Those of a store's home."""
    return {name for name in store.client.list_collections() if store._is_ours(name)}


def test_what_is_found_is_what_the_local_index_finds(store: MilvusStore, vectors: Vectors, tmp_path: Path) -> None:
    positions = np.arange(SIZE) * 3
    found = store.open(published(store, vectors, positions))
    wanted = local(vectors, tmp_path / "local", positions)
    assert_same(found, wanted, vectors[:10])
    mixed = np.array([9, 3, 5_997, 3])
    np.testing.assert_allclose(found.cosines(vectors[0], mixed), wanted.cosines(vectors[0], mixed), atol=1e-5)
    assert [len(part) for part in (*found.search(vectors[0], 5_000), found.cosines(vectors[0], positions[:0]))] == [
        SIZE,
        SIZE,
        0,
    ]


@pytest.mark.parametrize("listed", [LISTED, 50])
@pytest.mark.parametrize("share", [0.01, 0.4, 0.97])
def test_only_the_chosen_positions_are_looked_at(
    store: MilvusStore, vectors: Vectors, tmp_path: Path, share: float, listed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus_index, "LISTED", listed)
    positions = np.arange(SIZE) * 3
    found = store.open(published(store, vectors, positions))
    among = np.sort(np.random.default_rng(1).choice(positions, int(share * SIZE), replace=False))
    assert_same(found, local(vectors, tmp_path / "local", positions), vectors[:3], among)


def test_a_filter_says_which_rows_and_names_few(store: MilvusStore) -> None:
    """Milvus's expressions of this kind mean the same in Python."""
    rng = np.random.default_rng(3)
    size = 4 * LISTED
    whole = milvus_index.Part("whole", 0, size)
    index = MilvusIndex(store.client, store._plainly, [whole], np.arange(size), "flat")
    for share in (0.001, 0.2, 0.5, 0.8, 0.999):
        rows = np.flatnonzero(rng.random(size) < share)
        filters = [text for _, text, _ in index._filters(rows)]
        looked_at = [id for text in filters for id in eval(f"[id for id in range({size}) if {_set(text)}]")]
        assert looked_at == rows.tolist()
        assert max(text.count(",") for text in filters) < LISTED
    assert [text for _, text, _ in index._filters(np.arange(size))] == [""]
    assert [text for _, text, _ in index._filters(np.arange(5, 900))] == ["id >= 5 and id <= 899"]


def _set(text: str) -> str:
    return text.replace("[", "{").replace("]", "}")


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_approximate_kinds_find_nearly_the_same(
    store: MilvusStore, vectors: Vectors, kind: IndexKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus_index, "COMPARED", 20)
    found = store.open(published(store, vectors, kind=kind))
    shared = []
    for query, (positions, cosines) in zip(vectors[:50], found.search_all(vectors[:50], 10), strict=True):
        np.testing.assert_allclose(cosines, (vectors @ query)[positions], atol=1e-5)
        shared.append(len({*np.argsort(-(vectors @ query))[:10].tolist()} & {*positions.tolist()}))
    assert np.mean(shared) >= 9.5
    among = np.arange(0, SIZE, 100)
    for query in vectors[:50]:
        wanted = among[np.argsort(-(vectors[among] @ query), kind="stable")[:10]]
        assert found.search(query, 10, among)[0].tolist() == wanted.tolist()


@pytest.mark.parametrize("kind", ["hnsw", "ivf", "ivfpq"])
def test_few_vectors_are_searched_exactly(
    store: MilvusStore, vectors: Vectors, tmp_path: Path, kind: IndexKind
) -> None:
    found = store.open(published(store, vectors, kind=kind))
    queries = np.roll(vectors[:20], 1, axis=1)  # near to none of them
    assert_same(found, local(vectors, tmp_path / "local"), queries)
    assert_same(found, local(vectors, tmp_path / "local"), queries, np.arange(0, SIZE, 50))


def changed(vectors: Vectors, came: int, gone: int) -> tuple[Vectors, NDArray[np.int64]]:
    """Other vectors at every tenth position, some more at the end, and some positions left out."""
    after = np.concatenate([vectors, unit(came, 11)])
    after[: 10 * came : 10] = unit(came, 12)
    kept = np.delete(np.arange(len(after)), np.arange(1, 2 * gone, 2))
    return after[kept], kept


def test_an_update_sends_only_what_came_and_leaves_out_what_went(
    store: MilvusStore, vectors: Vectors, tmp_path: Path
) -> None:
    first = store.open(published(store, vectors))
    (base,) = collections(store)
    after, positions = changed(vectors, came=40, gone=30)
    second = store.open(published(store, after, positions))
    (patch,) = collections(store) - {base}
    assert store.client.query(patch, filter="", output_fields=["count(*)"])[0]["count(*)"] == 80
    assert_same(second, local(after, tmp_path / "after", positions), np.concatenate([after[:5], vectors[:5]]))
    among = positions[::3]
    assert_same(second, local(after, tmp_path / "after", positions), after[:3], among)
    assert 1 in first.search(vectors[1], 3)[0] and 1 not in second.search(vectors[1], 3)[0]
    assert_same(first, local(vectors, tmp_path / "before"), vectors[:5])  # whoever has it open goes on
    third = store.open(published(store, vectors))
    assert_same(third, local(vectors, tmp_path / "before"), vectors[:5])


def test_a_build_drops_what_the_last_but_one_left(store: MilvusStore, vectors: Vectors) -> None:
    published(store, vectors)
    first = collections(store)
    published(store, unit(SIZE, 21))
    second = collections(store)
    assert len(second) == 2 and first < second
    published(store, unit(SIZE, 22))
    assert len(collections(store)) == 2 and not first & collections(store)


def test_much_change_or_the_wish_writes_a_new_base(store: MilvusStore, vectors: Vectors, file: str) -> None:
    published(store, vectors)
    after, positions = changed(vectors, came=150, gone=0)
    published(store, after, positions)
    assert len(store.open(published(store, after, positions))._parts) == 1
    compact = in_home(store.home, file, anew=True)
    before = collections(store)
    assert len(compact.open(published(compact, after, positions))) == len(after)
    assert collections(store) - before


def test_a_killed_build_leaves_nothing_for_long(store: MilvusStore, vectors: Vectors) -> None:
    published(store, vectors)
    (store.home / "builds" / "next").mkdir()
    store.write(store.home / "builds" / "next", batches(unit(SIZE, 31)), np.arange(SIZE), 32)
    assert len(collections(store)) == 2
    folder = published(store, vectors)
    assert len(collections(store)) == 1 and len(store.open(folder)) == SIZE


@pytest.mark.parametrize("name", ["rows.npy", "keys.npy"])
@pytest.mark.parametrize("damage", [None, b"", b"\x93NUMPY garbage"])
def test_what_the_disk_lost_is_written_again(
    store: MilvusStore, vectors: Vectors, name: str, damage: bytes | None
) -> None:
    folder = published(store, vectors)
    (folder / name).unlink() if damage is None else (folder / name).write_bytes(damage)
    assert len(store.open(published(store, vectors))) == SIZE


def test_an_error_of_the_disk_is_not_said_as_one_of_milvus(store: MilvusStore, vectors: Vectors) -> None:
    def failing() -> Iterator[Vectors]:
        yield vectors[:300]
        Path("/dev/full").write_bytes(b"0" * 10_000)

    (store.home / "builds" / "next").mkdir()
    with pytest.raises(OSError, match="No space left on device"):
        store.write(store.home / "builds" / "next", failing(), np.arange(SIZE), 32)
    assert collections(store) == set()


def test_a_file_that_cannot_be_made_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf8")
    with pytest.raises(MilvusError, match=r"the Milvus file .*v\.db cannot be used: Not a directory"):
        MilvusStore.connect(str(tmp_path / "file" / "v.db"), "", "bot", tmp_path)


def test_a_build_that_fails_leaves_nothing(store: MilvusStore, vectors: Vectors) -> None:
    def failing() -> Iterator[Vectors]:
        yield vectors[:300]
        raise RuntimeError

    (store.home / "builds" / "next").mkdir()
    with pytest.raises(RuntimeError):
        store.write(store.home / "builds" / "next", failing(), np.arange(SIZE), 32)
    assert collections(store) == set()


def test_a_copy_reads_what_the_original_wrote_and_drops_nothing_of_it(
    store: MilvusStore, vectors: Vectors, tmp_path: Path, file: str
) -> None:
    folder = published(store, vectors)
    copied = tmp_path / "copy"
    shutil.copytree(store.home, copied)
    copy = in_home(copied, file)
    assert len(copy.open(copied / "builds" / folder.name)) == SIZE
    for seed in (41, 42, 43):
        published(copy, unit(SIZE, seed))
    assert len(store.open(folder)) == SIZE and len(collections(copy)) == 2
    published(store, unit(SIZE, 44))
    published(store, unit(SIZE, 45))
    assert len(collections(copy)) == 2 and collections(copy).isdisjoint(collections(store))


def test_what_is_missing_is_said_to_be_and_written_again(store: MilvusStore, vectors: Vectors) -> None:
    folder = published(store, vectors)
    opened = store.open(folder)
    (name,) = collections(store)
    store.client.delete(name, ids=[5])
    with pytest.raises(VectorsMissing, match=r"lacks vectors of this index; run: graft index BOT"):
        store.open(folder)
    folder = published(store, vectors)
    store.client.drop_collection(name)
    with pytest.raises(VectorsMissing, match=r"shared.db does not hold the vectors of this index; run: graft index"):
        opened.search(vectors[0], 3)
    assert len(store.open(folder)) == SIZE
    (folder / RECORD).write_text("{", encoding="utf8")
    with pytest.raises(ValueError, match="are damaged"):
        store.open(folder)
    assert len(store.open(published(store, vectors))) == SIZE
    with pytest.raises(VectorsMissing, match="not in Milvus; run: graft index BOT"):
        store.open(folder)


def test_a_collection_that_was_released_is_loaded_again(store: MilvusStore, vectors: Vectors) -> None:
    found = store.open(published(store, vectors))
    before = found.search(vectors[0], 5)
    (name,) = collections(store)
    store.client.release_collection(name)
    assert found.search(vectors[0], 5)[0].tolist() == before[0].tolist()
    store.client.release_collection(name)
    np.testing.assert_allclose(found.cosines(vectors[0], before[0]), before[1], atol=1e-5)


def test_no_secret_is_shown(tmp_path: Path, store: MilvusStore, capfd: pytest.CaptureFixture[str]) -> None:
    assert "sesame" not in repr(MilvusStore("x.db", "root:sesame", "bot", tmp_path, False, store.client))
    with pytest.raises(MilvusError) as caught:
        MilvusStore.connect("http://127.0.0.1:1", "root:sesame", "bot", tmp_path)
    assert str(caught.value).startswith("Milvus at http://127.0.0.1:1 cannot be used: ")
    shown = capfd.readouterr()
    assert "sesame" not in str(caught.value) + shown.out + shown.err and shown.err == ""
