"""`graft eval`: a bot on its own questions, or the engine on a public set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.cli.opening import open_bot
from chatbot.cli.output import print_json, progress_bar, readable_errors, tell
from retrieval.errors import GraftError

GO_WITH = {
    "--data": ("a BOT",),
    "--plot": ("a BOT",),
    "--calibrate": ("a BOT",),
    "--precision": ("a BOT",),
    "--intents": ("a BOT",),
    "--before": ("a BOT",),
    "--split": ("--beir",),
    "--encoder": ("--beir", "--squad"),
}
"""What can be evaluated with each option."""
BEFORE = ("retrieval", "answers", "abstention", "latency_ms")
"""What is told of a bot without its adapters."""


def evaluate(
    context: typer.Context,
    bot: Annotated[
        str | None, typer.Argument(metavar="[BOT]", help="Ask this bot the questions of its eval.jsonl.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Other questions for the bot, in eval.jsonl's format.")] = None,
    beir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Measure retrieval on a folder in BEIR's layout.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which qrels of the BEIR folder.")] = "dev",
    squad: Annotated[Path | None, typer.Option(metavar="FILE", help="Measure reading on a SQuAD-format file.")] = None,
    encoder: Annotated[str, typer.Option(help="Encoder for --beir and --squad.")] = "default",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw how far the confidence can be trusted (.png or .svg).")
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Choose the bot's threshold on these questions and use it from now on.")
    ] = False,
    precision: Annotated[
        float, typer.Option(min=0, max=1, help="With --calibrate, the share of the answers given to be correct.")
    ] = 0.9,
    intents: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also route these labelled requests; a file as for training.")
    ] = None,
    before: Annotated[
        bool, typer.Option("--before", help="Also measure the bot without adapters of its own and without routes.")
    ] = False,
    explain: Annotated[
        str | None, typer.Option(metavar="QUESTION", help="Show why the bot answers a question as it does.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Measure retrieval, answers, citations, abstention and speed."""
    with readable_errors():
        named = [name for name, value in (("a BOT", bot), ("--beir", beir), ("--squad", squad)) if value is not None]
        options = [option for option in GO_WITH if _is_given(context, option)]
        if explain is not None:
            if bot is None or len(named) > 1 or options:
                raise GraftError("--explain takes a BOT and --json, and no other option")
            _explain(bot, explain, json_)
            return
        if len(named) != 1:
            raise GraftError("name one thing to evaluate: a BOT, --beir DIR or --squad FILE")
        for option in options:
            if named[0] not in GO_WITH[option]:
                raise GraftError(f"{option} goes with {' and '.join(GO_WITH[option])}, not with {named[0]}")
        if "--precision" in options and not calibrate:
            raise GraftError("--precision goes with --calibrate")
        if bot is not None:
            report = _bot(bot, data, plot, precision if calibrate else None, intents, before)
        elif beir is not None:
            report = _beir(beir, split, encoder)
        else:
            assert squad is not None
            report = _squad(squad, encoder)
        if json_:
            print_json(report)
        else:
            _show(report)


def _is_given(context: typer.Context, option: str) -> bool:
    source = context.get_parameter_source(option.removeprefix("--"))
    return source is not None and source.name == "COMMANDLINE"


def _bot(
    name: str, data: Path | None, plot: Path | None, precision: float | None, intents: Path | None, before: bool
) -> dict[str, Any]:
    from chatbot.evaluation.cases import read_cases
    from chatbot.evaluation.choose import check_questions, choose
    from chatbot.evaluation.own import evaluate_bot, grade, measure, try_all
    from chatbot.evaluation.plain import plain
    from chatbot.evaluation.plot import check_plot, draw
    from chatbot.evaluation.routing import measure_routing, read_requests

    if plot:
        check_plot(plot)
    opened = open_bot(name)
    data = data or opened.config.folder / "eval.jsonl"
    cases = read_cases(data)
    requests = read_requests(opened, intents) if intents else []
    other = plain(opened) if before else None
    if precision is not None:
        check_questions(opened, cases)
    with progress_bar(opened.config.name) as progress:
        tried = try_all(opened, cases, progress)
    grades = grade(cases, tried)
    chosen = {} if precision is None else {"threshold": choose(opened, tried, grades, data, precision)}
    report = measure(opened, cases, tried, grades)
    if plot:
        draw(report, opened.threshold.value, plot)
    failures = report.pop("failures")
    if requests:
        report["routing"] = measure_routing(opened, requests)
    if other:
        with progress_bar(f"{opened.config.name} before") as progress:
            report["before"] = {
                name: value for name, value in evaluate_bot(other, cases, progress).items() if name in BEFORE
            }
    return report | chosen | {"failures": failures}


def _explain(name: str, question: str, json_: bool) -> None:
    from chatbot.cli.explain import show
    from chatbot.explain import explain

    if not question.strip():
        raise GraftError("--explain is empty; expected a question")
    explanation = explain(open_bot(name), question)
    if json_:
        print_json(explanation.to_json())
    else:
        show(explanation)


def _beir(folder: Path, split: str, encoder: str) -> dict[str, Any]:
    from chatbot.evaluation.beir import evaluate_beir
    from retrieval.encoder import Encoder

    with progress_bar(folder.name) as progress:
        return evaluate_beir(folder, split, Encoder.load(encoder), progress)


def _squad(path: Path, encoder: str) -> dict[str, Any]:
    from chatbot.evaluation.squad import evaluate_squad
    from retrieval.encoder import Encoder

    with progress_bar(path.name) as progress:
        return evaluate_squad(path, Encoder.load(encoder), progress)


def _show(report: dict[str, Any], indent: str = "") -> None:
    for name, value in report.items():
        if name == "failures":
            _show_failures(value)
        elif isinstance(value, list):
            continue
        elif isinstance(value, dict):
            print(f"{indent}{name}")
            _show(value, f"{indent}  ")
        else:
            shown = f"{value:.3f}" if isinstance(value, float) else value
            print(f"{indent}{name:<24} {shown}")


def _show_failures(failures: list[dict[str, Any]]) -> None:
    print(f"failures                 {len(failures)}")
    for failure in failures:
        print()
        tell(f"  asked     {failure['question']}")
        tell(f"  expected  {failure['answer'] or '(no answer in the documents)'}")
        tell(f"  got       {' '.join(failure['reply'].split())}")
