"""Loaders: any accepted file becomes a `Document` of Markdown-like text, or is refused with a reason for people."""

from retrieval.loaders.discover import discover
from retrieval.loaders.formats import SUFFIXES
from retrieval.loaders.read import load, parse, read_bytes
from retrieval.loaders.titles import source_name

__all__ = ["SUFFIXES", "discover", "load", "parse", "read_bytes", "source_name"]
