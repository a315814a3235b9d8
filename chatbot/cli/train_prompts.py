"""`graft train prompts`: what a bot's language model is best told, found by trying."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot.cli.opening import open_bot
from chatbot.cli.output import aligned, check_free, counted, print_json, progress_bar, readable_errors, tell
from chatbot.cli.training import CardOption, ResumeOption, check_files


def prompts(
    bot: Annotated[str, typer.Option(metavar="BOT", help="Its language model is asked.")],
    data: Annotated[Path, typer.Option(metavar="FILE", help="Questions in eval.jsonl's format.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="For the prompt and the report.")],
    test: Annotated[Path | None, typer.Option(help="Questions that are asked before and after, once.")] = None,
    questions: Annotated[int, typer.Option(min=4, help="That every candidate is asked.")] = 40,
    examples: Annotated[int, typer.Option(min=1, help="Answered questions that may be shown.")] = 40,
    seed: Annotated[int, typer.Option(help="Of what is drawn at random.")] = 0,
    resume: ResumeOption = False,
    json_: CardOption = False,
) -> None:
    """Try templates, instructions and examples, and write the best prompt."""
    with readable_errors():
        check_files(data, test)
        if not resume:
            check_free(out)
        from chatbot.evaluation.cases import read_cases
        from chatbot.prompt_search import PROMPT, Draw, search_prompt

        cases, measured = read_cases(data), read_cases(test) if test else []
        with progress_bar("prompts") as progress:
            report = search_prompt(open_bot(bot), cases, measured, out, Draw(questions, examples, seed), progress)
        if json_:
            print_json(report)
            return
        for line in aligned([["tried", "score"], *([one["tried"], f"{one['score']:.3f}"] for one in report["trials"])]):
            tell(line)
        for name, found in (("these questions", report), ("the test", report.get("test"))):
            if found:
                tell(
                    f"on {name}: {found['before']:.3f} before, {found['after']:.3f} after,"
                    f" a difference of {found['gain']:+.3f} ± {found['half_interval']:.3f}"
                    f" ({counted(found['questions'], 'question')})"
                )
        tell(f"{out / PROMPT}: put its section into bot.yaml")
