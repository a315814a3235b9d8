"""What there is to say of an adapter in a folder, from its card and files alone: no model is loaded or fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.models import DEFAULT, ModelError, locate
from adapters.registry import CARD, ENCODER, HEAD, SHIPPED, WEIGHTS, Adapter, base_of, base_title
from adapters.sharing.files import SharingError, files_of
from adapters.sharing.whole import check_whole

SAME, OTHER, ABSENT, WITHIN = "same", "other", "absent", "within"
"""Whether an adapter's base model is here: by checksum, one of that name but another, none, or in its own folder."""
TELLING = ("accuracy", "has_answer_f1", "f1", "perplexity", "dev_right", "dev_loss")
"""Scores that stand for an adapter where there is room for one, the first that its card has."""

LARGEST_SCORE = 1e300
"""What is beyond, or no number, is not shown."""


@dataclass(frozen=True, slots=True)
class About:
    """An adapter, for people.

    Args:
        name: What it is called by: that of a shipped or pulled one, or a folder's path.
        base: Its base model's name for people, and `base_sha256` that model's checksum.
        base_here: `SAME`, `OTHER`, `ABSENT` or `WITHIN`.
        score: The score that stands for all, such as ("test accuracy", 0.91).
        problem: Why it does not load; empty where it does.
    """

    name: str
    path: str
    task: str = ""
    method: str = ""
    description: str = ""
    labels: list[str] = field(default_factory=list)
    base: str = ""
    base_sha256: str = ""
    base_here: str = ""
    licence: str = ""
    score: tuple[str, float] | None = None
    bytes: int = 0
    problem: str = ""

    @property
    def loads(self) -> bool:
        """Whether it is whole and its base model is here."""
        return not self.problem


def about(folder: Path, name: str) -> About:
    """What there is to say of an adapter; of a damaged one, what is wrong."""
    try:
        return about_adapter(check_whole(folder), name)
    except (ModelError, OSError) as error:
        return About(name, str(folder), problem=str(error))


def about_adapter(adapter: Adapter, name: str) -> About:
    """The same of an adapter that was found whole."""
    card, here = adapter.card, base_here(adapter)
    base = base_title(base_of(adapter) or str(card.get("base", DEFAULT)))
    problems = {
        OTHER: f"the base model {base} here is another than it was trained on",
        ABSENT: f"its base model {base} is not on this machine",
    }
    labels: Any = card.get("labels", [])
    scores = dict(numbers(card.get("scores", {})))
    return About(
        name=name,
        path=str(adapter.path),
        task=str(card["task"]),
        method=str(card.get("method", "")),
        description=str(card.get("description", "")),
        labels=labels,
        base=base,
        base_sha256=str(card["base_sha256"]),
        base_here=here,
        licence=str(card.get("licence", "")),
        score=_telling(scores),
        bytes=sum(files_of(adapter.path).values()),
        problem=problems.get(here, ""),
    )


def base_here(adapter: Adapter) -> str:
    """Whether the base model that an adapter was trained on is on this machine; see `SAME`."""
    if (base := base_of(adapter)) is None:
        return WITHIN
    try:
        files = locate(base, fetch=False)
    except (ModelError, OSError):
        return ABSENT
    return SAME if files.fingerprint == adapter.card["base_sha256"] else OTHER


def numbers(scores: Any, above: str = "") -> Iterator[tuple[str, float]]:
    """The scores of a card by name, such as `test macro_f1`, without those of single labels."""
    if isinstance(scores, Mapping):
        for name, value in scores.items():
            if name != "labels":
                yield from numbers(value, f"{above} {name}".strip())
    elif isinstance(scores, int | float) and not isinstance(scores, bool) and abs(scores) < LARGEST_SCORE:
        yield above, float(scores)


def _telling(scores: dict[str, float]) -> tuple[str, float] | None:
    """The score that stands for all; that of `test` before that of `dev`."""
    for wanted in TELLING:
        named = [name for name in scores if name.split(" ")[-1] == wanted]
        if named:
            name = next((name for name in named if name.startswith("test ")), named[0])
            return name, scores[name]
    return None


def is_adapter(folder: Path) -> bool:
    """Whether a folder looks like an adapter's: a card, and a model beside it."""
    return (folder / CARD).is_file() and any((folder / part).exists() for part in (WEIGHTS, HEAD, ENCODER))


def shipped() -> list[About]:
    """Those that come with Graft."""
    return [about(path, path.name) for path in sorted(SHIPPED.iterdir()) if is_adapter(path)]


def under(folder: Path, by_path: bool = True) -> list[About]:
    """Those in a folder, in its folders and in theirs; hidden ones are left out.

    Args:
        by_path: Whether each is called by its path; else by its name in `folder`.

    Raises:
        SharingError: There is no such folder.
    """
    if not folder.is_dir():
        raise SharingError(f"{folder} is no folder")
    found = [folder, *(path.parent for pattern in ("*", "*/*") for path in sorted(folder.glob(f"{pattern}/{CARD}")))]
    seen = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return [about(path, str(path if by_path else path.relative_to(folder))) for path in seen if is_adapter(path)]
