"""`graft graph`: the knowledge graph on the command line."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from chatbot.cli.arguments import BotArgument, JsonOption
from chatbot.cli.asking import as_json, fact_as_json, fact_line, lines
from chatbot.cli.opening import open_bot
from chatbot.cli.output import counted, print_json, readable_errors, say, tell
from retrieval.errors import GraftError
from retrieval.json_lines import read_json_lines

SHOWN = 8
"""Members of a community that are printed."""

graph = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@graph.command()
def query(
    bot: BotArgument,
    cypher: Annotated[str, typer.Argument(help="For example: MATCH (a)-[r:INCLUDES]->(b) RETURN a.name, b.name")],
    json_: JsonOption = False,
) -> None:
    """Ask in openCypher. Nodes have name and kind, edges have relation; edge types are the relations in capitals."""
    from knowledge_graph.query import run_cypher, unknown_types

    with readable_errors():
        opened = open_bot(bot).graph
        columns = run_cypher(opened, cypher)
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        if json_:
            print_json(rows)
            return
        tell("\t".join(columns))
        for row in rows:
            tell("\t".join(str(value) for value in row.values()))
        say(counted(len(rows), "row"))
        if unknown := "" if rows else unknown_types(opened, cypher):
            say(unknown)


@graph.command()
def ask(
    bot: BotArgument,
    question: Annotated[str, typer.Argument(help="For example: Who leads the team that Ada Lin is on?")] = "",
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSONL with a `question` a line: answer them all.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Ask in plain words what one to three facts in a row answer: which, how many, the first, whether."""
    with readable_errors():
        if bool(question.strip()) == bool(questions):
            raise GraftError("ask one QUESTION, or those of a file with --questions FILE")
        asked = read_json_lines(questions, _question, "a `question`") if questions else [question]
        asker = open_bot(bot).asker
        if json_:
            told = [as_json(each, asker.ask(each)) for each in asked]
            print_json(told if questions else told[0])
            return
        for each in asked:
            if questions:
                tell(f"? {each}")
            for line in lines(asker.ask(each)):
                tell(line)


def _question(row: dict[str, Any]) -> str:
    if not isinstance(row["question"], str):
        raise TypeError
    return row["question"]


@graph.command()
def path(
    bot: BotArgument,
    start: Annotated[str, typer.Argument(metavar="A")],
    end: Annotated[str, typer.Argument(metavar="B")],
    json_: JsonOption = False,
) -> None:
    """The shortest chain of facts between two entities."""
    with readable_errors():
        opened = open_bot(bot).graph
        facts = opened.path(start, end)
        if json_:
            print_json([fact_as_json(fact) for fact in facts])
            return
        for fact in facts:
            tell(fact_line(fact))
        if not facts:
            same = opened.resolve(start) == opened.resolve(end)
            say(f"{start} and {end} are the same entity" if same else f"no path between {start} and {end}")


@graph.command()
def show(
    bot: BotArgument,
    out: Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")],
    entity: Annotated[
        str | None, typer.Option(help="Begin at this entity, and hold what is around it; else the best connected.")
    ] = None,
    limit: Annotated[int, typer.Option(min=2, max=5000, help="Most entities that the file holds.")] = 500,
) -> None:
    """Write an explorer of the graph into one HTML file that needs no network."""
    from knowledge_graph.draw import write_html

    with readable_errors():
        opened = open_bot(bot)
        nodes = write_html(opened.graph, out, entity, limit, opened.config.display_title)
        tell(f"{out}: {counted(nodes, 'entity', 'entities')}")


@graph.command()
def export(
    bot: BotArgument,
    out: Annotated[Path, typer.Option("-o", "--output", help="The file to write; its ending says the format.")],
) -> None:
    """Write the graph to a file: .graphml, .json (networkx), .csv, .tsv, .ttl, .nt, .rdf or .jsonld."""
    from knowledge_graph.export import write_graph

    with readable_errors():
        nodes, edges = write_graph(open_bot(bot).graph, out)
        tell(f"{out}: {counted(nodes, 'node')}, {counted(edges, 'edge')}")


@graph.command()
def neighbours(bot: BotArgument, entity: str, json_: JsonOption = False) -> None:
    """The facts about one entity."""
    with readable_errors():
        facts = open_bot(bot).graph.facts_about(entity)
        if json_:
            print_json([fact_as_json(fact) for fact in facts])
            return
        for fact in facts:
            tell(str(fact))


@graph.command()
def similar(
    bot: BotArgument,
    entity: str,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most entities to list.")] = 10,
    json_: JsonOption = False,
) -> None:
    """The entities most like one, and what the graph states of both."""
    with readable_errors():
        found = open_bot(bot).graph.similar(entity, limit)
        if json_:
            print_json([{"name": each.name, "score": round(each.score, 3), "shared": each.shared} for each in found])
            return
        for each in found:
            tell(f"{each.score:.2f}  {each.name}   ({'; '.join(each.shared)})")
        if not found:
            say(f"the graph states nothing of another entity that it states of {entity}")


@graph.command()
def communities(bot: BotArgument, json_: JsonOption = False) -> None:
    """The groups that the entities fall into, each named by its best connected ones."""
    from dataclasses import asdict

    with readable_errors():
        found = open_bot(bot).graph.communities
        if json_:
            print_json([asdict(community) for community in found])
            return
        for community in found:
            more = len(community.members) - SHOWN
            told = "; ".join(community.members[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
            tell(f"{community.name} ({len(community.members)}): {told}")
        if not found:
            say("the graph has no group of three entities or more")


@graph.command()
def stats(bot: BotArgument, json_: JsonOption = False) -> None:
    """The graph's health: its nodes and edges by type, what it covers, and what to look at."""
    from dataclasses import asdict

    from chatbot.cli.health import report
    from knowledge_graph.health import health

    with readable_errors():
        found = health(open_bot(bot).index.store)
        if json_:
            print_json(asdict(found))
            return
        for name, told in report(found):
            tell(f"{name:<14}{told}")


@graph.command()
def merges(bot: BotArgument, json_: JsonOption = False) -> None:
    """Which names were taken for one entity, and why. A row of an aliases file with `different` undoes one."""
    from dataclasses import asdict

    from knowledge_graph.merges import merges as listed

    with readable_errors():
        found = listed(open_bot(bot).index.store)
        if json_:
            print_json([asdict(merge) for merge in found])
            return
        for merge in found:
            tell(f"{merge.name} → {merge.entity}   ({merge.why})")
        say(counted(len(found), "merge"))


@graph.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="BOT", help="Where to make the bot; the last part is its name.")],
    file: Annotated[Path, typer.Argument(help="Facts: .csv, .tsv, .txt, .ttl, .nt, .rdf, .jsonld, .graphml or .json.")],
) -> None:
    """Make a bot of a bare set of facts, which it answers from and whose graph it is."""
    from chatbot.scaffold import scaffold_facts
    from knowledge_graph.triples import read_triples

    with readable_errors():
        facts = read_triples(file)
        for path in scaffold_facts(folder, facts):
            tell(str(path))
        name = quote(str(folder))
        say(f"{counted(len(facts), 'fact')}; now: graft graph stats {name} && graft chat {name}")
