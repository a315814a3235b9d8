"""A dictionary that fetches what it does not hold yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class Lazy(dict[str, Value]):
    """Values by key, each fetched when it is first asked for."""

    def __init__(self, fetch: Callable[[str], Value]) -> None:
        super().__init__()
        self._fetch = fetch

    def __missing__(self, key: str) -> Value:
        self[key] = self._fetch(key)
        return self[key]
