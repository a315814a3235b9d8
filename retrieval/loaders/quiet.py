"""Parsing libraries report every oddity of a file on their loggers and as warnings; a reader wants one reason."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("pdfminer", "pypdf", "pdfplumber", "fontTools", "openpyxl", "charset_normalizer", "mammoth", "bs4")


@contextmanager
def quiet() -> Iterator[None]:
    """Silences the libraries' loggers and warnings within the block, and restores them after."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
