"""Settings that carry their own help text, from which the command line and the docs are made (peft's way)."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, get_type_hints

from adapters.models import TrainingError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a method.

    Args:
        kind: Its type.
        least, most: The range of a number; None is unbounded.
        choices: What it may be, where it is one of a few words.
    """

    name: str
    kind: Any
    default: Any
    help: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


def setting(
    default: Any, help: str, least: float | None = None, most: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """A field of a config."""
    return field(default=default, metadata={"help": help, "least": least, "most": most, "choices": choices})


def settings_of(config: type) -> list[Setting]:
    """The settings of a config's class, in their order."""
    kinds = get_type_hints(config)
    return [
        Setting(one.name, kinds[one.name], None if one.default is MISSING else one.default, **one.metadata)
        for one in fields(config)
        if one.metadata
    ]


def checked(config: Any) -> None:
    """Check that every setting is in its range; for a config's `__post_init__`.

    Raises:
        TrainingError: One is not; says which, and what is accepted.
    """
    for one in settings_of(type(config)):
        value, name = getattr(config, one.name), one.name.replace("_", "-")
        if one.choices and value not in one.choices:
            raise TrainingError(f"--{name} must be one of {', '.join(one.choices)}, got {value}")
        low = one.least is not None and not value >= one.least
        if low or (one.most is not None and not value <= one.most):
            raise TrainingError(f"--{name} must be {_range(one)}, got {value}")


def _range(one: Setting) -> str:
    if one.least is None or one.most is None:
        return f"at least {one.least:g}" if one.least is not None else f"at most {one.most:g}"
    return f"from {one.least:g} to {one.most:g}"
