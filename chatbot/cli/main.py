"""The commands that build a bot and talk to it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from chatbot import bots
from chatbot.cli import output
from chatbot.cli.adapters import adapters
from chatbot.cli.arguments import BotArgument, JsonOption
from chatbot.cli.average import average
from chatbot.cli.evaluate import evaluate
from chatbot.cli.grade import grade
from chatbot.cli.graph import graph
from chatbot.cli.monitor import monitor
from chatbot.cli.opening import build_with_bar, open_bot, show_planned
from chatbot.cli.output import counted, print_json, readable_errors, say, tell
from chatbot.cli.train import train
from chatbot.home import published_at
from chatbot.sessions import Sessions
from retrieval.errors import GraftError

app = typer.Typer(
    name="graft",
    help="Turn a folder of documents and one YAML file into a chatbot that answers with citations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(graph, name="graph", help="Query, walk, draw and export a bot's knowledge graph.")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"graft {version('graft-bots')}")
        raise typer.Exit


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"a day is written like {date.today()}, not {text!r}") from None


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version_: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    output.DEBUG = debug


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to make the bot; the last part becomes its name.")],
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Make a new bot: bot.yaml, knowledge/ and eval.jsonl."""
    from chatbot.scaffold import scaffold

    with readable_errors():
        for path in scaffold(folder, language):
            tell(str(path))
        name = quote(str(folder))
        say(f"Put documents into {folder / 'knowledge'}, then: graft index {name} && graft chat {name}")


@app.command()
def index(
    bot: BotArgument,
    compact: Annotated[bool, typer.Option(help="Also give back the space of what was deleted.")] = False,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Read and encode on a Ray cluster: HOST:PORT, auto, or local.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be read, and asked of a language model.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Bring a bot's index and graph up to date with its documents; only what has changed is read and encoded again.

    Exit code 0: everything was read. 1: the bot is indexed, but some files could not be read. 2: nothing was indexed.
    """
    with readable_errors():
        source = bots.find(bot)
        if dry_run:
            show_planned(source, json_)
            return
        before = published_at(source.home)
        manifest, seconds = build_with_bar(source, compact=compact, ray=ray)
        updated = published_at(source.home) != before
        changes = manifest.changes if updated else dict.fromkeys(manifest.changes, 0)
        failed = manifest.failed
        if json_:
            numbers = {key: getattr(manifest, key) for key in ("documents", "chunks", "faq", "nodes", "edges")}
            told = {"updated": updated, "changes": changes, "failed": failed, "seconds": round(seconds, 2)}
            print_json(numbers | told)
        else:
            for name, reason in failed.items():
                say(f"not read: {name}: {reason}")
            counts = (
                counted(manifest.documents, "document") + _told(changes, manifest.documents),
                counted(manifest.chunks, "chunk"),
                counted(manifest.faq, "FAQ entry", "FAQ entries"),
                counted(manifest.nodes, "entity", "entities"),
                counted(manifest.edges, "relation"),
            )
            unread = f"; {counted(len(failed), 'file')} not read" if failed else ""
            unchanged = "" if updated else "nothing has changed: "
            tell(f"{unchanged}{', '.join(counts)} in {seconds:.1f} s{unread}")
    raise typer.Exit(1 if failed else 0)


def _told(changes: dict[str, int], documents: int) -> str:
    """What an update did to the documents: ` (2 added, 1 removed)`; nothing where all are new."""
    told = [f"{number} {what}" for what, number in changes.items() if number]
    return f" ({', '.join(told)})" if told and told != [f"{documents} added"] else ""


@app.command()
def chat(
    bot: BotArgument,
    once: Annotated[str | None, typer.Option(metavar="QUESTION", help="Answer one question and leave.")] = None,
    json_: JsonOption = False,
    session: Annotated[str | None, typer.Option(help="Continue a conversation kept under this name.")] = None,
    source: Annotated[str, typer.Option(metavar="GLOB", help="Ask only documents whose file matches.")] = "",
    section: Annotated[str, typer.Option(metavar="TEXT", help="Ask only sections whose headings hold this.")] = "",
    since: Annotated[
        date | None, typer.Option(parser=_day, metavar="DAY", help="Ask only files changed since.")
    ] = None,
    until: Annotated[
        date | None, typer.Option(parser=_day, metavar="DAY", help="Ask only files not changed after.")
    ] = None,
    language: Annotated[str, typer.Option(metavar="en|zh", help="Ask only documents in this language.")] = "",
) -> None:
    """Chat in the terminal; with questions on stdin, answer each line, with --json as one JSON document a line."""
    from chatbot.cli.talk import talk
    from retrieval.scope import Scope

    with readable_errors():
        if language not in ("", "en", "zh"):
            raise GraftError(f"--language must be en or zh, got {language!r}")
        talk(open_bot(bot), once, json_, session, Scope(source, section, since, until, language))


@app.command()
def doctor(
    bot: Annotated[str | None, typer.Argument(metavar="[BOT]", help="Also check this bot.")] = None,
    json_: JsonOption = False,
) -> None:
    """Check this installation: packages, model, speed; and a bot's config, generator and index."""
    from chatbot.doctor import examine

    with readable_errors():
        findings = examine(bot)
        if json_:
            print_json([{"check": f.check, "ok": f.ok, "detail": f.detail} for f in findings])
        else:
            for finding in findings:
                tell(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.check:<22} {finding.detail}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 2)


@app.command()
def escalations(bot: BotArgument, json_: JsonOption = False) -> None:
    """List the requests that `routes` of bot.yaml keeps for people, oldest first."""
    with readable_errors():
        kept = bots.find(bot).home / "sessions.db"
        found = Sessions(kept).escalations() if kept.exists() else []
        if json_:
            print_json([asdict(one) for one in found])
            return
        for one in found:
            tell(f"{datetime.fromtimestamp(one.created):%Y-%m-%d %H:%M}  {one.intent}  {one.question}")
        say(counted(len(found), "request"))


app.command(name="eval")(evaluate)
app.command()(monitor)
app.add_typer(train, name="train", help="Adapt a model to a domain: classifiers, and what answers.")
app.command()(grade)
app.command()(average)
app.add_typer(adapters, name="adapters", help="List, show, give away and take adapters.")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app()
