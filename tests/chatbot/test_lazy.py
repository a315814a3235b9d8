"""Values made when they are first needed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatbot.lazy import Lazy


def test_threads_that_need_a_value_at_once_get_the_same_one() -> None:
    def make() -> object:
        time.sleep(0.05)
        return object()

    lazy = Lazy(make)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: lazy.get(), range(8)))
    assert len({id(value) for value in found}) == 1


def test_what_fails_is_tried_again() -> None:
    reasons = ["offline"]

    def make() -> None:
        if reasons:
            raise OSError(reasons.pop())

    lazy = Lazy(make)
    with pytest.raises(OSError, match="offline"):
        lazy.get()
    assert lazy.get() is None
