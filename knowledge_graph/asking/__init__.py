"""Questions of one to three hops answered by the graph alone, with the facts that were followed.

A question is read softly, without a grammar. Entities it names are where paths begin; what is left of its words must
be explained by the relations of a path, each by words of its own, near in form or in meaning. Among the paths that
exist in the graph the best explained one is taken, if it explains enough.
"""

from knowledge_graph.asking.answer import Answer
from knowledge_graph.asking.ask import GraphAsker

__all__ = ["Answer", "GraphAsker"]
