"""`graft train compare`: every method on one's own data, and which one pays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chatbot.cli.output import aligned, check_free, print_json, progress_bar, say, tell
from chatbot.cli.training import check_files, data_files, quiet, readable_training
from retrieval.errors import GraftError


def compare(
    data: Annotated[list[str], typer.Option(metavar="PATH[:TIMES]", help="Labelled texts, as for `graft train head`.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="For the report and all adapters.")],
    dev: Annotated[Path | None, typer.Option(help="Texts that decide; else a part of the data is put aside.")] = None,
    test: Annotated[
        Path | None, typer.Option(help="Texts to measure on; else a part of the data is put aside.")
    ] = None,
    base: Annotated[str, typer.Option(help="`default`, a folder, or the Hugging Face name of an encoder.")] = "default",
    minutes: Annotated[float, typer.Option(min=0.1, help="Runs that would end later are left out, and named.")] = 30.0,
    seeds: Annotated[int, typer.Option(min=1, max=10, help="Runs of each method, if there is time.")] = 3,
    epochs: Annotated[int | None, typer.Option(min=1, help="Of the methods that train an encoder.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the report on stdout and nothing else.")] = False,
) -> None:
    """Try all ways to transfer a model on labelled texts, and say which one pays."""
    with readable_training(out):
        files = data_files(data)
        check_files(dev, test)
        check_free(out)
        quiet()
        from adapters.backbone import load_backbone
        from adapters.classifier.data import read_data
        from adapters.compare.ladder import climb, with_test
        from adapters.compare.report import tables, write
        from adapters.compare.summary import summary

        found = with_test(read_data(files, dev, test, seed=0))
        if not found.dev or not found.test:
            raise GraftError("too few texts to put some aside; give --dev and --test, or more --data")
        for finding in found.check(load_backbone(base)):
            say(f"data: {finding.kind}: {finding.text}")
        tuned = {"epochs": epochs} if epochs else {}
        changes = dict.fromkeys(("lora", "freeze", "full", "distil"), tuned)
        with progress_bar("comparing") as progress:
            runs = climb(found, base, out, 60 * minutes, seeds, changes, progress)
            report = summary(found, runs, lambda method: progress(f"measuring {method}", 0, 1))
        write(report, out)
        if json_:
            print_json(report)
            return
        for title, heads, rows in tables(report)[:3]:
            for line in (title, *aligned([heads, *rows])):
                tell(line)
        for one in report["left_out"]:
            say(f"not run: {one}")
        tell(f"{report['advice']['method']}: {report['advice']['reason']}")
        if "student" in report["advice"]:
            tell(report["advice"]["student"])
        tell(str(out / "report.html"))
