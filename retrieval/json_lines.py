"""Reading files of one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from retrieval.errors import GraftError

Row = TypeVar("Row")


def read_json_lines(path: Path, make: Callable[[dict[str, Any]], Row], fields: str) -> list[Row]:
    """What `make` makes of every line; empty lines are left out.

    Args:
        make: May raise KeyError, TypeError or ValueError for an object that does not fit.
        fields: What an object must hold, for the error.

    Raises:
        GraftError: The file cannot be read, or a line is not such an object.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise GraftError(f"{path} does not exist") from None
    except UnicodeDecodeError:
        raise GraftError(f"{path} cannot be read: it is not in UTF-8") from None
    except OSError as error:
        raise GraftError(f"{path} cannot be read: {error.strerror}") from None
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                rows.append(make(json.loads(line)))
            except (ValueError, TypeError, KeyError):
                raise GraftError(f"{path}:{number}: expected an object with {fields}") from None
            except RecursionError:
                raise GraftError(f"{path}:{number}: nested too deeply") from None
    return rows
