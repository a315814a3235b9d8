"""A knowledge graph of the documents, built without a language model."""

from knowledge_graph.facts import Fact, Node
from knowledge_graph.graph import KnowledgeGraph

__all__ = ["Fact", "KnowledgeGraph", "Node"]
