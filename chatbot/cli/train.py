"""`graft train`: every way to adapt a model, each a command whose options are made from its settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from adapters.domain.config import DomainConfig
from adapters.fields import Setting, settings_of
from adapters.generation.config import GeneratorConfig, SoftPromptConfig
from adapters.methods import METHODS, Method
from chatbot.cli.output import counted, print_json, say, tell
from chatbot.cli.train_compare import compare
from chatbot.cli.train_domain import train_domain
from chatbot.cli.train_generator import train_generator
from chatbot.cli.train_grafts import Task, train_graft
from chatbot.cli.training import (
    BoardOption,
    CardOption,
    OutOption,
    ResumeOption,
    check_files,
    check_out,
    data_files,
    quiet,
    readable_training,
    replay_files,
    training_watch,
)
from retrieval.errors import GraftError

train = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_LABELLED = (
    "Labelled texts: .jsonl, .csv or .tsv with text and label (and group), or .json; FILE.json#LIST+LIST takes lists"
    " of one. TIMES is how often they are used, 0.3 for a random part. The label oos is of texts out of scope."
)


def _classifier(
    method: Method,
    data: Annotated[list[str], typer.Option(metavar="PATH[:TIMES]", help=_LABELLED)],
    out: OutOption,
    dev: Annotated[Path | None, typer.Option(help="Texts that decide; else a part of the data is put aside.")] = None,
    test: Annotated[Path | None, typer.Option(help="Texts that are only measured on, once.")] = None,
    base: Annotated[str, typer.Option(help="`default`, a folder, or the Hugging Face name of an encoder.")] = "default",
    teacher: Annotated[Path, typer.Option(metavar="DIR", help="The folder of a trained classifier.")] = Path(),
    start: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A trained classifier to go on from; it keeps its labels.")
    ] = None,
    replay: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH[:SHARE]", help="Texts --start was trained on; a tenth of each label is learned again."
        ),
    ] = None,
    resume: ResumeOption = False,
    tensorboard: BoardOption = False,
    json_: CardOption = False,
    **settings: Any,
) -> None:
    with readable_training(out):
        files = data_files(data)
        again = replay_files(replay or [])
        if again and not start:
            raise GraftError("--replay needs --start: the classifier that was trained on these texts")
        check_files(dev, test)
        check_out(out, resume)
        config = method.config(**settings)
        quiet()
        from adapters.backbone import load_backbone
        from adapters.classifier.data import read_data

        found = read_data(files, dev, test, config.seed, start, again)
        if not found.dev:
            say("too few texts to put some aside: nothing decides when to stop, or what is out of scope")
        for finding in found.check(load_backbone(base)):
            say(f"data: {finding.kind}: {finding.text}")
        with training_watch(method.name, out / "tensorboard" if tensorboard else None) as watch:
            card = method.train(found, str(teacher) if method.taught else base, out, config, watch)
        if json_:
            print_json(card)
            return
        said = [f"{name} {_scores(card['scores'][name])}" for name in ("dev", "test") if name in card["scores"]]
        share = card["trained_parameters"] / card["parameters"]
        tell(
            f"{out}: {method.name}, {counted(len(card['labels']), 'label')}; {'; '.join(said)};"
            f" {card['trained_parameters']:,} parameters trained ({share:.1%}) in {card['seconds']:.0f} s"
        )


def _scores(scores: dict[str, Any]) -> str:
    named = (("accuracy", "accuracy"), ("macro_f1", "macro F1"), ("oos_recall", "out of scope found"))
    return ", ".join(f"{title} {scores[name]:.3f}" for name, title in named if name in scores)


def _command(method: Method) -> Callable[..., None]:
    """The command of a method: what all share, and its own settings."""

    def run(**values: Any) -> None:
        _classifier(method, **values)

    without = {"base"} if method.taught else {"teacher"}
    without |= set() if method.continues else {"start", "replay"}
    shared = _shared(_classifier, "method", *without)
    if method.taught:
        shared = [part.replace(default=part.empty) if part.name == "teacher" else part for part in shared]
    return _signed(run, [*shared, *_options(method.config)])


def _with_settings(train: Callable[..., None], config: type, *given: Any) -> Callable[..., None]:
    """A command of what a function takes, but the values given first, and of a config's settings."""

    def run(**values: Any) -> None:
        train(*given, **values)

    first = list(inspect.signature(train).parameters)[: len(given)]
    return _signed(run, [*_shared(train, *first), *_options(config)])


def _shared(run: Callable[..., None], *without: str) -> list[inspect.Parameter]:
    """What a function takes, but its `settings` and some others, by keyword."""
    hints = get_type_hints(run, include_extras=True)
    return [
        part.replace(annotation=hints[part.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for part in inspect.signature(run).parameters.values()
        if part.name not in ("settings", *without)
    ]


def _signed(run: Callable[..., None], parameters: list[inspect.Parameter]) -> Callable[..., None]:
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {part.name: part.annotation for part in parameters}
    return run


def _options(config: type) -> list[inspect.Parameter]:
    return [_option(one) for one in settings_of(config)]


def _option(one: Setting) -> inspect.Parameter:
    choices = f" One of {', '.join(one.choices)}." if one.choices else ""
    flag = [f"--{one.name.replace('_', '-')}"]
    option = typer.Option(*flag, help=one.help + choices)
    kind: Any = Annotated[one.kind, option]
    return inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=kind)


def _graft(task: Task) -> Callable[..., None]:
    def run(**values: Any) -> None:
        train_graft(task, **values)

    return _signed(run, _shared(train_graft, "task"))


train.command()(compare)
for _method in METHODS.values():
    train.command(_method.name, help=_method.title)(_command(_method))
for _task in Task:
    _what = {
        Task.READER: "finds the words of a passage that answer",
        Task.MATCHER: "brings a question near to the sentence that answers it",
        Task.RERANKER: "reads a question and a sentence together",
        Task.TAGGER: "finds entities for graphs",
    }[_task]
    train.command(_task.value, help=f"The adapter that {_what}. Use it by `adapters:` in bot.yaml.")(_graft(_task))
train.command(
    "generator", help="LoRA of a causal language model, on chats. Use it by `generator: {adapter: ...}` in bot.yaml."
)(_with_settings(train_generator, GeneratorConfig, GeneratorConfig))
train.command(
    "soft-prompt",
    help="Vectors before all that a causal language model reads, learned from chats; used as those of `generator`.",
)(_with_settings(train_generator, SoftPromptConfig, SoftPromptConfig))
train.command(
    "domain",
    help="The encoder, from documents alone. Use it by `adapters: {embedder: ...}` in bot.yaml, or measure first.",
)(_with_settings(train_domain, DomainConfig))
