"""`graft grade`: short answers marked by a bot's grader."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot import bots
from chatbot.cli.arguments import BotArgument, JsonOption
from chatbot.cli.output import counted, print_json, readable_errors, say, tell
from chatbot.cli.train_grader import shown
from retrieval.errors import GraftError

if TYPE_CHECKING:
    from chatbot.grading.marker import Mark, Marker


def grade(
    bot: BotArgument,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="JSONL of question and text (the answer), with a reference where the quiz has none, and perhaps a"
            " label to compare with; without it, the quiz is asked, and each line on stdin is an answer.",
        ),
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Grade short answers by a bot's `adapters: {grader: DIR}`, and measure it where the answers have labels."""
    with readable_errors():
        source = bots.find(bot)
        from adapters.grader.data import read_answers
        from chatbot.grading.marker import Marker

        marker = Marker.load(source.config)
        if file:
            marks = marker.mark(read_answers(file, marker.references, marker.labels))
        else:
            marks = list(_quizzed(marker, quiet=json_))
        measured = _measured(marks, marker.labels)
        if json_:
            print_json({"marks": [mark.to_json() for mark in marks], "agreement": measured})
            return
        if file:
            _show(marks)
        graded = sum(mark.grade is not None for mark in marks)
        say(f"{counted(len(marks), 'answer')}, {graded} graded, {len(marks) - graded} for somebody to judge")
        if measured:
            tell(f"agreement with {counted(measured['answers'], 'label')}: {shown(measured)}")


def _quizzed(marker: Marker, quiet: bool) -> Iterator[Mark]:
    """The marks of answers that are typed to the quiz's questions, each shown at once, until the input ends."""
    if not marker.quiz:
        raise GraftError("this bot has no quiz to ask; name a FILE of answers, or a `quiz:` in bot.yaml")
    from adapters.grader.data import Answer

    for item in marker.quiz:
        say(item.question)
        line = sys.stdin.readline()
        if not line:
            return
        (mark,) = marker.mark([Answer(item.question, item.reference, line.strip())])
        if not quiet:
            _show([mark])
            tell(f"  reference: {item.reference}")
        yield mark


def _measured(marks: Sequence[Mark], labels: tuple[str, ...]) -> dict[str, Any] | None:
    """The agreement with the answers' labels; None where none has one."""
    some = [mark for mark in marks if mark.answer.label]
    if not some:
        return None
    from adapters.grader.scores import agreement

    return {"answers": len(some)} | agreement([m.answer for m in some], [m.as_graded(labels) for m in some], labels)


def _show(marks: Sequence[Mark]) -> None:
    """The marks under their questions."""
    for question in dict.fromkeys(mark.answer.question for mark in marks):
        tell(question)
        for mark in (mark for mark in marks if mark.answer.question == question):
            sure = f" {mark.probability:.2f}" if mark.grade and mark.probability is not None else ""
            label = f" (labelled {mark.answer.label})" if mark.answer.label else ""
            tell(f"  {(mark.grade or 'not graded') + sure:<16}{label}  {' '.join(mark.answer.text.split())[:100]}")
            if mark.why:
                tell(f"      {mark.why}")
            if mark.missing:
                tell(f"      perhaps missing: {'; '.join(mark.missing)}")
