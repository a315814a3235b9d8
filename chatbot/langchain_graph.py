"""A bot's knowledge graph at LangChain's edge: tools for an agent, and a retriever of what the graph states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import ConfigDict

from chatbot.bot import Bot
from knowledge_graph import Fact
from knowledge_graph.query import run_cypher
from retrieval.errors import GraftError

LISTED = 40
"""Most facts or rows that a tool tells."""


class GraphRetriever(BaseRetriever):
    """Passages that state the facts which answer a question, none where the graph has no answer.

    Args:
        bot: An opened bot; what is asked is its graph that is in use by then.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    bot: Bot

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        bot = self.bot.current()
        answer = bot.asker.ask(query)
        stated: dict[str, list[Fact]] = {}
        for fact in answer.path if answer.answers else ():
            for id_ in fact.provenance:
                stated.setdefault(id_, []).append(fact)
        return [
            LangChainDocument(
                id=chunk.id,
                page_content=chunk.whole,
                metadata={
                    "document": chunk.document_id,
                    "section": chunk.section,
                    "facts": [[fact.subject, fact.relation, fact.object] for fact in facts],
                    "answers": list(answer.answers),
                    "confidence": answer.confidence,
                },
            )
            for id_, facts in stated.items()
            if (chunk := bot.index.store.chunk(id_))
        ]


def graph_tools(bot: Bot) -> list[BaseTool]:
    """Tools for an agent to ask, look at and query a bot's graph; what goes wrong is told as the tool's answer."""

    def ask(question: str) -> str:
        answer = bot.current().asker.ask(question)
        if not answer.answers:
            return f"No answer: {answer.why}."
        return "\n".join([f"Answer: {', '.join(answer.answers)}", *map(str, answer.path[:LISTED])])

    def neighbours(entity: str) -> str:
        facts = bot.current().graph.facts_about(entity, LISTED)
        return "\n".join(map(str, facts)) or f"The graph states nothing of {entity}."

    def path(start: str, end: str) -> str:
        return "\n".join(map(str, bot.current().graph.path(start, end))) or f"No path between {start} and {end}."

    def query(cypher: str) -> str:
        columns = run_cypher(bot.current().graph, cypher, rows=LISTED)
        rows = zip(*columns.values(), strict=True)
        return "\n".join("\t".join(map(str, row)) for row in (tuple(columns), *rows))

    about = f"the knowledge graph of {bot.config.display_title}"
    return [
        _tool(ask, "ask_graph", f"Ask {about} in plain words: which, how many, the first, whether."),
        _tool(neighbours, "graph_neighbours", f"What {about} states of one entity."),
        _tool(path, "graph_path", f"The chain of facts that connects two entities in {about}."),
        _tool(
            query, "graph_query", f"Query {about} in openCypher: MATCH (a)-[r]->(b) RETURN a.name, r.relation, b.name"
        ),
    ]


def _tool(run: Callable[..., str], name: str, description: str) -> BaseTool:
    def told(**arguments: Any) -> str:
        try:
            return run(**arguments)
        except GraftError as error:
            return str(error)

    schema = StructuredTool.from_function(run, name=name, description=description).args_schema
    return StructuredTool.from_function(told, name=name, description=description, args_schema=schema)
