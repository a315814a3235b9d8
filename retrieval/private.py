"""Files that hold what people wrote, for their owner alone."""

from __future__ import annotations

import os
from pathlib import Path


def keep_private(path: Path) -> None:
    """Make an empty file that only its owner can read or write; one that is there stays as it is.

    SQLite gives the files that it puts beside a database the rights of the database.

    Raises:
        OSError: It cannot be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o600))
