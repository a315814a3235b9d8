"""Which chunks hold a key, and what is left of chunks that went."""

from __future__ import annotations

from zlib import crc32

from knowledge_graph import holders
from retrieval.document import Document
from tests.knowledge_graph.shelf import Shelf


def test_compacting_leaves_nothing_of_the_words_of_a_chunk_that_went() -> None:
    shelf = Shelf()
    shelf.add(*(Document(str(at), "Lockers", "The lockers are blue.", "") for at in range(20)))
    shelf.add(Document("secret", "Rooms", "Vandersloot keeps the xylophone.", ""))
    shelf.settle()
    shelf.remove("secret")
    shelf.settle()
    shelf.connection.commit()
    assert _holds(shelf, "xylophone")
    holders.compact(shelf.connection)
    shelf.connection.commit()
    assert not _holds(shelf, "xylophone")
    assert len(holders.holders(shelf.connection, [("locker", False)])) == 20


def _holds(shelf: Shelf, word: str) -> bool:
    known = f"{crc32(word.encode()) & 0xFFFFF:05x}".encode()
    return any(known in block for (block,) in shelf.connection.execute("SELECT block FROM words_data"))
