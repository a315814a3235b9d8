"""`graft train grader`: what grades short answers, from graded ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from chatbot.cli.output import print_json, say, tell
from chatbot.cli.training import CardOption, OutOption, check_files, check_out, readable_training


def train_grader(
    data: Annotated[
        list[Path],
        typer.Option(help="JSONL of question, reference, text (the answer), label, and perhaps group."),
    ],
    out: OutOption,
    test: Annotated[Path | None, typer.Option(help="Answers that are only measured on, once.")] = None,
    json_: CardOption = False,
    **settings: Any,
) -> None:
    """Train a grader, and write it with its card."""
    with readable_training(out):
        from adapters.grader.config import GraderConfig
        from adapters.grader.data import read_answers

        config = GraderConfig(**settings)
        check_files(*data, test)
        check_out(out, resume=False)
        answers = [one for path in data for one in read_answers(path, labels=config.labels, needed=True)]
        aside = read_answers(test, labels=config.labels, needed=True) if test else []
        if shared := {one.group for one in answers} & {one.group for one in aside}:
            say(f"data: {len(shared)} questions of --test are also learned from; of new questions it says nothing")
        from adapters.grader.train import train_grader as train
        from chatbot.grading.pairs import load_pairs

        card = train(answers, aside, data, out, config, load_pairs())
        if json_:
            print_json(card)
            return
        scores = card["scores"]
        named = (("held out", "held_out"), ("test", "test"))
        told = [f"{title} {shown(scores[name])}" for title, name in named if name in scores]
        tell(f"{out}: grader, {'; '.join(told)}; {card['questions']} questions in {card['seconds']:.0f} s")


def shown(scores: dict[str, Any]) -> str:
    """The agreement of grades with labels, in a line."""
    named = (("accuracy", "accuracy"), ("macro F1", "macro_f1"), ("weighted kappa", "kappa"))
    told = f"sure of {scores['told']:.0%}"
    if scores["told_accuracy"] is not None:
        told += f", of these right {scores['told_accuracy']:.3f}"
    return ", ".join([*(f"{title} {scores[name]:.3f}" for title, name in named), told])
