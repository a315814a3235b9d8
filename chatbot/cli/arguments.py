"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

BotArgument = Annotated[str, typer.Argument(metavar="BOT", help="A bot.yaml, a folder holding one, or a bundled bot.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
