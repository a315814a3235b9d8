"""`graft train`: classifiers by every method of transfer, and all that answers, grades and finds.

Every command's options are made of what its function takes and of the settings of its config, help included.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from adapters.domain.config import DomainConfig
from adapters.embedder.config import EmbedderConfig
from adapters.fields import Setting, settings_of
from adapters.generation.config import GeneratorConfig, SoftPromptConfig
from adapters.grader.config import GraderConfig
from adapters.methods import METHODS, Method
from chatbot.cli.train_classifier import train_classifier
from chatbot.cli.train_compare import compare
from chatbot.cli.train_domain import train_domain
from chatbot.cli.train_embedder import train_embedder
from chatbot.cli.train_generator import train_generator
from chatbot.cli.train_grader import train_grader
from chatbot.cli.train_grafts import Task, train_graft
from chatbot.cli.train_prompts import prompts

train = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def _command(command: Callable[..., None], config: type | None, *given: Any) -> Callable[..., None]:
    """A command of what a function takes, but the values given first, and of a config's settings."""

    def run(**values: Any) -> None:
        command(*given, **values)

    names = list(inspect.signature(command).parameters)[: len(given)]
    return _signed(run, [*_taken(command, *names), *(_option(one) for one in (settings_of(config) if config else []))])


def _classifier(method: Method) -> Callable[..., None]:
    """The command of a method, with a base or a teacher, and with a start where it can go on from one."""

    def run(**values: Any) -> None:
        train_classifier(method, **values)

    without = {"base"} if method.taught else {"teacher"}
    without |= set() if method.continues else {"start", "replay"}
    taken = _taken(train_classifier, "method", *without)
    taken = [part.replace(default=part.empty) if part.name == "teacher" else part for part in taken]
    return _signed(run, [*taken, *(_option(one) for one in settings_of(method.config))])


def _taken(command: Callable[..., None], *without: str) -> list[inspect.Parameter]:
    """What a function takes, but its `settings` and some others, by keyword."""
    hints = get_type_hints(command, include_extras=True)
    return [
        part.replace(annotation=hints[part.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for part in inspect.signature(command).parameters.values()
        if part.name not in ("settings", *without)
    ]


def _signed(run: Callable[..., None], parameters: list[inspect.Parameter]) -> Callable[..., None]:
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {part.name: part.annotation for part in parameters}
    return run


def _option(one: Setting) -> inspect.Parameter:
    choices = f" One of {', '.join(one.choices)}." if one.choices else ""
    option = typer.Option(f"--{one.name.replace('_', '-')}", help=one.help + choices)
    kind: Any = Annotated[one.kind, option]
    return inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=kind)


train.command()(compare)
for _method in METHODS.values():
    train.command(_method.name, help=_method.title)(_classifier(_method))
for _task, _what in {
    Task.READER: "finds the words of a passage that answer",
    Task.MATCHER: "brings a question near to the sentence that answers it",
    Task.RERANKER: "reads a question and a sentence together",
    Task.TAGGER: "finds entities for graphs",
}.items():
    _help = f"The adapter that {_what}. Use it by `adapters:` in bot.yaml."
    train.command(_task.value, help=_help)(_command(train_graft, None, _task))
for _name, _help, _run in (
    (
        "embedder",
        "The adapter with which the encoder finds passages. Use it by `adapters:` in bot.yaml.",
        _command(train_embedder, EmbedderConfig),
    ),
    (
        "domain",
        "The encoder, from documents alone. Use it by `adapters: {embedder: ...}` in bot.yaml, or measure first.",
        _command(train_domain, DomainConfig),
    ),
    (
        "generator",
        "LoRA of a causal language model, on chats. Use it by `generator: {adapter: ...}` in bot.yaml.",
        _command(train_generator, GeneratorConfig, GeneratorConfig),
    ),
    (
        "soft-prompt",
        "Vectors before all that a causal language model reads, learned from chats; used as those of `generator`.",
        _command(train_generator, SoftPromptConfig, SoftPromptConfig),
    ),
    (
        "grader",
        "Grades short answers by their references. Use it by `adapters:` and `quiz:` in bot.yaml.",
        _command(train_grader, GraderConfig),
    ),
):
    train.command(_name, help=_help)(_run)
train.command()(prompts)
