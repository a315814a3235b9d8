"""`graft average`: one adapter from several trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot.cli.output import check_free, counted, readable_errors, tell
from retrieval.errors import GraftError


def average(
    adapters: Annotated[list[str], typer.Argument(metavar="ADAPTER ADAPTER ...", help="Adapters' folders.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The new adapter's folder.")],
) -> None:
    """Average adapters of one task, trained with other seeds or data, into one that is as fast as each."""
    from adapters.average import average as mean
    from adapters.registry import find_adapter

    with readable_errors():
        if len(adapters) < 2:
            raise GraftError(f"expected two adapters or more, got {len(adapters)}")
        check_free(out)
        card = mean([find_adapter(name, None) for name in adapters], out)
        tell(f"{out}: {card['task']}, the average of {counted(len(adapters), 'adapter')}")
