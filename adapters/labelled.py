"""Labelled texts: intents, topics, sentiments; read from files and parted."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from adapters.squad import DataError

T = TypeVar("T")

OUT_OF_SCOPE = "oos"
"""The label of texts that belong to none of the others."""
_TEXT, _LABEL, _GROUP = ("text", "question", "sentence"), ("label", "intent", "category"), ("group",)
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and what it is.

    Args:
        group: Texts of one group are never parted, and their scores are told by group: an author, a question, a site.
    """

    text: str
    label: str
    group: str = ""


def read_labelled(path: Path) -> list[Labelled]:
    """Read labelled texts.

    Args:
        path: `.jsonl` of objects with `text`, `label` and perhaps `group`; `.csv` or `.tsv` with these columns;
            `.json` of such objects or of `[text, label]` pairs, or of lists of them by name, of which
            `FILE.json#train+oos_train` takes some.

    Raises:
        DataError: The file is in no such form; says the file and the line.
    """
    return _read(path, _entry)


def read_texts(path: Path) -> list[str]:
    """Read texts; labels, where there are any, are left alone.

    Args:
        path: `.txt` of a text a line, or as `read_labelled` takes it.

    Raises:
        DataError: The file is in no such form, or holds none; says the file and the line.
    """
    if path.suffix != ".txt":
        return _read(path, _text)
    try:
        found = [line.strip() for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not found:
        raise DataError(f"{path} holds no text")
    return found


def part(examples: Sequence[Labelled], share: float, seed: int) -> tuple[list[Labelled], list[Labelled]]:
    """Part examples at random: about `share` of each label, or of the groups where these are given, is put aside.

    Returns:
        What is left, with at least one example of every label, and what was put aside.
    """
    chance = np.random.default_rng(seed)
    keys = [(example.group, "") if example.group else (example.label, example.text) for example in examples]
    order: dict[str, list[tuple[str, str]]] = {}
    for key in dict.fromkeys(keys):
        order.setdefault("" if key[1] == "" else key[0], []).append(key)
    aside = {
        some[at] for some in order.values() for at in chance.permutation(len(some))[: round(share * len(some))].tolist()
    }
    left = Counter(example.label for example, key in zip(examples, keys, strict=True) if key not in aside)
    kept = [key not in aside or not left[example.label] for example, key in zip(examples, keys, strict=True)]
    return (
        [example for example, keep in zip(examples, kept, strict=True) if keep],
        [example for example, keep in zip(examples, kept, strict=True) if not keep],
    )


def labels_of(examples: Sequence[Labelled]) -> list[str]:
    """The labels, sorted, without that of texts out of scope."""
    return sorted({example.label for example in examples} - {OUT_OF_SCOPE})


def json_lines(file: Path) -> Iterator[tuple[int, Any]]:
    """Each object of a JSONL file with the number of its line.

    Raises:
        DataError: A line is no JSON.
    """
    for line, text in enumerate(file.read_text(encoding="utf-8-sig").split("\n"), 1):
        if text.strip():
            try:
                yield line, json.loads(text)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{file}, line {line}: no JSON: {error}") from None


def _read(path: Path, entry: Callable[[Any, str], T]) -> list[T]:
    """The entries of a file, each made of its row and where it stands."""
    file, names = _parts(path)
    try:
        if file.suffix == ".jsonl":
            found = [entry(row, f"{file}, line {line}") for line, row in json_lines(file)]
        elif file.suffix in _DELIMITERS:
            found = [entry(row, f"{file}, line {line}") for line, row in _rows(file)]
        elif file.suffix == ".json":
            found = [entry(row, f"{file}, entry {at}") for at, row in enumerate(_listed(file, names), 1)]
        else:
            raise DataError(f"{file}: texts are read from .jsonl, .csv, .tsv and .json")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} cannot be read: {error}") from None
    if not found:
        raise DataError(f"{path} holds no text")
    return found


def _parts(path: Path) -> tuple[Path, list[str]]:
    """A file, and the names of the lists in it that are wanted."""
    if path.exists() or "#" not in path.name:
        return path, []
    name, _, wanted = path.name.rpartition("#")
    return path.with_name(name), wanted.split("+")


def _rows(file: Path) -> Iterator[tuple[int, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter=_DELIMITERS[file.suffix])
        for row in reader:
            yield reader.line_num, {(name or "").strip().lower(): value for name, value in row.items()}


def _listed(file: Path, names: list[str]) -> list[Any]:
    try:
        whole = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: no JSON: {error}") from None
    if isinstance(whole, dict) and all(isinstance(some, list) for some in whole.values()):
        if not names or not set(names) <= set(whole):
            raise DataError(f"{file} holds several lists; name some as {file.name}#NAME+NAME of {', '.join(whole)}")
        return [row for name in names for row in whole[name]]
    if isinstance(whole, list) and not names:
        return whole
    raise DataError(f"{file}: expected a list of labelled texts" + (f", found no list {names[0]}" if names else ""))


def _entry(row: Any, where: str) -> Labelled:
    if isinstance(row, list) and len(row) == 2:
        row = {"text": row[0], "label": row[1]}
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected text and label")
    label, group = (_named(row, names) for names in (_LABEL, _GROUP))
    text = _text(row, where)
    if not isinstance(label, str | int) or isinstance(label, bool) or not str(label).strip():
        raise DataError(f"{where}: expected a label, found {_shown(row)}")
    return Labelled(text, str(label).strip(), str(group).strip())


def _text(row: Any, where: str) -> str:
    if isinstance(row, list) and row:
        row = {"text": row[0]}
    text = _named(row, _TEXT) if isinstance(row, dict) else row
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: expected a text, found {_shown(row) if isinstance(row, dict) else 'none'}")
    return text.strip()


def _named(row: dict[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), "")


def _shown(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)[:100] if row else "nothing"
