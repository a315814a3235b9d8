"""`graft adapters`: list, show, give away and take adapters."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.bots import data_home
from chatbot.cli.arguments import JsonOption
from chatbot.cli.output import aligned, counted, print_json, readable_errors, say, tell
from chatbot.config import Adapters

if TYPE_CHECKING:
    from adapters.sharing.about import About

adapters = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
NameArgument = Annotated[str, typer.Argument(metavar="ADAPTER", help="A folder, or the name of one that is listed.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an adapter that is there.")]
NARROWEST = 30
"""Characters of what an adapter does."""
LONGEST_SCORE = 24
"""Characters of a score's name; of a longer one the last word is shown."""


def pulled() -> Path:
    """The folder of adapters that were pulled."""
    return data_home() / "adapters"


@adapters.command("list")
def list_(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[FOLDER ...]", help="Where to look, by default here.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """List adapters: those that come with Graft, those that were pulled, and those in folders, two levels deep."""
    from adapters.sharing.about import shipped, under

    with readable_errors():
        found = shipped()
        if pulled().is_dir():
            found += under(pulled(), by_path=False)
        for folder in folders or [Path()]:
            found += under(folder)
        once = {Path(one.path).resolve(): one for one in reversed(found)}
        listed = [one for one in found if once[Path(one.path).resolve()] is one]
        if json_:
            print_json([_told(one) for one in listed])
            return
        rows = [("adapter", "task", "base", "size", "score", "loads"), *map(_row, listed)]
        does = ["what it does, or why it does not load", *map(_does, listed)]
        for line, text in zip(aligned(rows), does, strict=True):
            room = max(NARROWEST, shutil.get_terminal_size((10_000, 0)).columns - len(line) - 2)
            tell(f"{line}  {text if len(text) <= room else f'{text[: room - 1]}…'}")


@adapters.command()
def show(name: NameArgument, json_: JsonOption = False) -> None:
    """Show an adapter's card: task, method, base model, data and licences, recipe, scores, labels, files."""
    from adapters.sharing.about import about_adapter
    from adapters.sharing.files import files_of
    from adapters.sharing.share import find
    from adapters.sharing.whole import check_whole

    with readable_errors():
        adapter = check_whole(find(name, pulled()))
        told, files = about_adapter(adapter, name), files_of(adapter.path)
        if json_:
            print_json({**_told(told), "files": files, "card": adapter.card})
            return
        for title, lines in _sections(told, adapter.card, files):
            for number, line in enumerate(lines):
                tell(f"{'' if number else title:<9}  {line}")


@adapters.command()
def push(
    name: NameArgument,
    to: Annotated[str, typer.Argument(metavar="DEST", help="A folder, or hf:owner/name on the Hugging Face Hub.")],
    licence: Annotated[
        str | None, typer.Option("--licence", metavar="SPDX", help="Its licence, such as Apache-2.0.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="A new repository of the Hub is yours alone.")] = False,
    force: ForceOption = False,
    json_: JsonOption = False,
) -> None:
    """Give an adapter away: its weights, its card and a README.md made of it, and nothing else of its folder.

    The Hub's token is the one that `hf auth login` keeps, or that of HF_TOKEN.
    """
    from adapters.sharing.place import is_folder
    from adapters.sharing.share import find
    from adapters.sharing.share import push as give

    with readable_errors():
        shared = give(find(name, pulled()), to, licence, private, force)
        if not shared.about.licence:
            say("it has no licence, without which nobody may use it; name one with --licence")
        if is_folder(shared.about.base):
            say(f"its base model is a folder of this machine, which the card names: {shared.about.base}")
        if json_:
            print_json({"place": shared.place, "files": shared.files, "adapter": _told(shared.about)})
            return
        tell(f"{shared.place}: {shared.about.task}, {_files(shared.files)}")
        tell(f"to use it: graft adapters pull {to}")


@adapters.command()
def pull(
    source: Annotated[str, typer.Argument(help="A folder, or hf:owner/name, hf:owner/name@revision on the Hub.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Its folder; else one in the Graft home.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="A folder with its base model, where that is none of the Hub's.")
    ] = None,
    force: ForceOption = False,
    json_: JsonOption = False,
) -> None:
    """Take an adapter, checked: only its own files, nothing pickled, and its base model by checksum."""
    from adapters.sharing.about import ABSENT
    from adapters.sharing.place import is_folder
    from adapters.sharing.share import pull as take

    with readable_errors():
        shared = take(source, out, pulled(), force, base and str(Path(base).expanduser().resolve()))
        told = shared.about
        if told.base_here == ABSENT:
            hub = "" if is_folder(told.base) else "it is fetched from the Hub at first use, or "
            say(f"its base model {told.base}, checksum {told.base_sha256}, is not here: {hub}name its folder by --base")
        if json_:
            print_json({"place": shared.place, "commit": shared.commit, "files": shared.files, "adapter": _told(told)})
            return
        commit = f", commit {shared.commit[:12]}" if shared.commit else ""
        tell(f"{told.task} on {told.base}, {_files(shared.files)}{commit}")
        folder = str(Path(shared.place).resolve())
        tell(f"it is in {folder}")
        if use := _use(told, folder):
            tell(f"for bot.yaml: {use}")


def _told(about: About) -> dict[str, Any]:
    return {**asdict(about), "loads": about.loads}


def _row(about: About) -> tuple[str, ...]:
    score = ""
    if about.score:
        name, value = about.score
        score = f"{name if len(name) <= LONGEST_SCORE else name.split(' ')[-1]} {value:.3f}"
    size = _size(about.bytes) if about.bytes else ""
    cells = about.task, Path(about.base).name, size, score
    return about.name, *(cell or "-" for cell in cells), "yes" if about.loads else "no"


def _does(about: About) -> str:
    return about.problem or about.description or ", ".join(about.labels) or about.method


def _sections(about: About, card: Mapping[str, Any], files: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    from adapters.sharing.about import numbers

    yield "adapter", [about.name, *([about.description] if about.description else [])]
    yield "task", [f"{about.task}, {about.method}" if about.method else about.task]
    here = {"same": "matches the one here", "within": "in its own folder", "absent": "not on this machine"}
    yield "base", [f"{about.base}: {here.get(about.base_here, 'the one here is ANOTHER')}", about.base_sha256]
    if about.labels:
        yield "labels", [f"{len(about.labels)}: {', '.join(about.labels)}"]
    yield "data", _data(card.get("data")) or ["not told"]
    yield "licence", [about.licence or "not told"]
    if scores := [(name, f"{value:g}") for name, value in numbers(card.get("scores", {}))]:
        yield "scores", [line.strip() for line in aligned(scores)]
    if recipe := card.get("recipe"):
        yield "recipe", _lines(recipe)
    trained, total = card.get("trained_parameters"), card.get("parameters")
    if isinstance(trained, int) and isinstance(total, int) and 0 < trained <= total:
        yield "size", [f"{trained:,} parameters trained of {total:,} ({trained / total:.1%})"]
    yield "files", [line.strip() for line in aligned([(name, _size(size)) for name, size in files.items()])]
    yield "loads", ["yes" if about.loads else f"no: {about.problem}"]


def _data(data: Any) -> list[str]:
    entries = data if isinstance(data, list) else []
    return [
        "; ".join([str(entry.get("name", "?")), *_lines({k: v for k, v in entry.items() if k != "name"})])
        for entry in entries
        if isinstance(entry, Mapping)
    ]


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name} {part}" for name, part in value.items() if part not in ("", None)]
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def _files(files: Mapping[str, int]) -> str:
    return f"{counted(len(files), 'file')}, {_size(sum(files.values()))}"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _use(about: About, folder: str) -> str:
    """The line of a bot.yaml that names an adapter, where one can."""
    if about.task == "generator":
        return f'generator: {{model: "hf:{about.base}", adapter: {folder}}}'
    return f"adapters: {{{about.task}: {folder}}}" if about.task in Adapters.model_fields else ""
