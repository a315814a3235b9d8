"""`graft train head`, `lora` …: a classifier from labelled texts, by any method."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.methods import Method
from chatbot.cli.output import counted, print_json, say, tell
from chatbot.cli.tracking import TrackOption
from chatbot.cli.training import (
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

_LABELLED = (
    "Labelled texts: .jsonl, .csv or .tsv with text and label (and group), or .json; FILE.json#LIST+LIST takes lists"
    " of one. TIMES is how often they are used, 0.3 for a random part. The label oos is of texts out of scope."
)


def train_classifier(
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
    self_train: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Texts without labels, that get those that a head is sure of.")
    ] = None,
    sure: Annotated[float, typer.Option(min=0.5, max=1, help="How sure, for --self-train.")] = 0.9,
    search: Annotated[
        int, typer.Option(metavar="N", min=0, help="Try N settings on the held-out texts, and train with the best.")
    ] = 0,
    resume: ResumeOption = False,
    track: TrackOption = None,
    json_: CardOption = False,
    **settings: Any,
) -> None:
    """Train a classifier by a method, and write it with its card."""
    with readable_training(out):
        files = data_files(data)
        again = replay_files(replay or [])
        if again and not start:
            raise GraftError("--replay needs --start: the classifier that was trained on these texts")
        if self_train and start:
            raise GraftError("--self-train tells texts by the labels of --data alone; it does not go with --start")
        check_files(dev, test, self_train)
        check_out(out, resume)
        config = method.config(**settings)
        quiet()
        from adapters.backbone import load_backbone
        from adapters.classifier.card import write_card
        from adapters.classifier.data import read_data
        from adapters.search import FOLDER, found_settings
        from adapters.self_training import self_trained

        found = read_data(files, dev, test, config.seed, start, again)
        if not found.dev:
            say("too few texts to put some aside: nothing decides when to stop, or what is out of scope")
        for finding in found.check(load_backbone(base)):
            say(f"data: {finding.kind}: {finding.text}")
        if self_train:
            found, told = self_trained(found, base, self_train, sure, config.seed)
            say(str(told))
        source = str(teacher) if method.taught else base
        tried: list[dict[str, Any]] = []
        if search:
            config, tried = found_settings(method, found, source, out, config, search, _say_trial)
        with training_watch(method.name, out, asdict(config), track) as watch:
            card = method.train(found, source, out, config, watch)
        if tried:
            card["search"] = tried
            write_card(out, card)
            shutil.rmtree(out / FOLDER)
        if json_:
            print_json(card)
            return
        said = [f"{name} {_scores(card['scores'][name])}" for name in ("dev", "test") if name in card["scores"]]
        share = card["trained_parameters"] / card["parameters"]
        tell(
            f"{out}: {method.name}, {counted(len(card['labels']), 'label')}; {'; '.join(said)};"
            f" {card['trained_parameters']:,} parameters trained ({share:.1%}) in {card['seconds']:.0f} s"
        )


def _say_trial(trial: dict[str, Any]) -> None:
    named = ", ".join(f"{name} {value:.3g}" for name, value in trial["settings"].items())
    accuracy = trial["accuracy"]
    say(f"trial {trial['trial']}: {named}: " + ("it failed" if accuracy is None else f"accuracy {accuracy:.3f}"))


def _scores(scores: dict[str, Any]) -> str:
    named = (("accuracy", "accuracy"), ("macro_f1", "macro F1"), ("oos_recall", "out of scope found"))
    return ", ".join(f"{title} {scores[name]:.3f}" for name, title in named if name in scores)
