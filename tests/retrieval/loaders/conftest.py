"""Loading a file that a test writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.document import Document
from retrieval.loaders import load
from tests.retrieval.loaders.sample_files import Read


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes a file below the test's folder and loads it."""

    def write_and_load(name: str, content: bytes | str) -> Document:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load(path, tmp_path)

    return write_and_load
