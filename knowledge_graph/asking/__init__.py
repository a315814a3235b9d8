"""Questions of one to three hops answered by the graph alone, with the facts that were followed.

Entities that a question names are where paths begin. It is read from there outwards: words around an entity ask for
the first relation, words around these for the next (`nesting`), told by a LoRA adapter of the backbone that brings
words near to the relation they ask for. Of the paths that exist in the graph the likeliest is taken, if it is likely
enough.
"""

from knowledge_graph.asking.answer import Answer
from knowledge_graph.asking.ask import GraphAsker

__all__ = ["Answer", "GraphAsker"]
