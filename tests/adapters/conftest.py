"""What several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.small_lm import make_small_lm


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small causal language model."""
    return make_small_lm(tmp_path_factory.mktemp("lm"))
