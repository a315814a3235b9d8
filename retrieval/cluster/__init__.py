"""Reading, cutting and encoding on a Ray cluster."""

from retrieval.cluster.connection import connected
from retrieval.cluster.reader import ClusterReader

__all__ = ["ClusterReader", "connected"]
