"""The database gives back what was put into it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from retrieval.document import Document
from retrieval.errors import GraftError
from retrieval.ingest import Ingest, connect, seal
from retrieval.splitter import split
from retrieval.store import FaqEntry, Store

ODD = '🙂 Émile’s "quote"; DROP TABLE documents; -- 信用卡\ud7ff\x07\n' * 3
FAQ = [{"question": "Wo?", "start": 0, "end": 6}, {"question": "'); DELETE", "start": 7, "end": 12}]


@pytest.fixture
def documents() -> list[Document]:
    return [
        Document("a/b.md", "Fees", "First sentence. Second one. " * 40, "a/b.md", {"pages": [0, 15], "faq": FAQ}),
        Document("odd '?%#.md", "It’s “odd”", ODD, "odd"),
    ]


@pytest.fixture
def path(tmp_path: Path, documents: list[Document]) -> Path:
    folder = tmp_path / "odd #name? 100%"
    folder.mkdir()
    chunks = [chunk for document in documents for chunk in split(document, 12, 0)]
    connection = connect(folder / "knowledge.db")
    for document in documents:
        Ingest(connection).put(document, [chunk for chunk in chunks if chunk.document_id == document.id])
    seal(connection)
    return folder / "knowledge.db"


def test_documents_and_chunks_come_back_whole(path: Path, documents: list[Document]) -> None:
    store = Store(path)
    chunks = [chunk for document in documents for chunk in split(document, 12, 0)]
    assert store.all_chunks() == chunks
    assert store.chunks([3, 0, 3]) == [chunks[3], chunks[0], chunks[3]]
    assert store.chunk(chunks[-1].id) == chunks[-1]
    assert store.chunk("a/b.md#999") is None and store.document("' OR 1=1 --") is None
    odd = store.document("odd '?%#.md")
    assert odd is not None and odd.text == ODD
    first = store.document("a/b.md")
    assert first is not None and first.metadata == {"pages": [0, 15]}
    assert store.titles_of(["a/b.md", "none"]) == {"a/b.md": "Fees"}


def test_many_positions_at_once(path: Path) -> None:
    wanted = [number % 4 for number in range(1_500)]
    assert [chunk.id for chunk in Store(path).chunks(wanted)] == [f"a/b.md#{number}" for number in wanted]


def test_faq_spans_are_the_answers(path: Path) -> None:
    assert Store(path).faq() == [FaqEntry("Wo?", "a/b.md", 0, 6), FaqEntry("'); DELETE", "a/b.md", 7, 12)]


def test_an_opened_store_cannot_be_changed(path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        Store(path).connection.execute("DELETE FROM documents")


def test_chunks_take_the_lowest_positions_that_are_free(tmp_path: Path) -> None:
    connection = connect(tmp_path / "knowledge.db")

    def put(name: str, size: int) -> None:
        document = Document(name, name, "word " * 6 * size, name)
        ingest.put(document, split(document, 6, 0))

    def held() -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for name, position in connection.execute("SELECT document_id, position FROM chunks ORDER BY position"):
            found.setdefault(name, []).append(position)
        return found

    ingest = Ingest(connection)
    for name, size in (("a", 3), ("b", 2), ("c", 3), ("d", 1)):
        put(name, size)
    ingest.remove("c")
    ingest.remove("a")
    assert held() == {"b": [3, 4], "d": [8]}
    ingest = Ingest(connection)
    put("b", 4)
    assert held() == {"b": [0, 1, 2, 3], "d": [8]}
    ingest.remove("d")
    ingest = Ingest(connection)
    put("e", 2)
    assert held() == {"b": [0, 1, 2, 3], "e": [4, 5]}


def test_a_damaged_store_is_named_with_the_cure(path: Path) -> None:
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(GraftError, match=r"knowledge\.db is damaged \(file is not a database\); run: graft index BOT"):
        Store(path).all_chunks()


def test_a_missing_store_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        Store(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []
