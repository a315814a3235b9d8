"""Reading `bot.yaml`: inheritance, environment variables, and errors that say file, line and what is accepted."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from chatbot.config import BotConfig
from retrieval.errors import GraftError

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_PLAIN = {
    "string_type": "must be text",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "missing": "is required",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
}

Path_ = tuple[str | int, ...]
Places = dict[Path_, str]
"""Where each value stands, as `file:line`; an inherited one stands in the file it comes from."""


class ConfigError(GraftError):
    """A `bot.yaml` that cannot be used."""


def load_config(path: Path) -> BotConfig:
    """Read and check one `bot.yaml`.

    Raises:
        ConfigError: With one line for each problem.
    """
    data, places = _read(path, ())
    if "folder" in data:
        raise ConfigError(f"{_place(('folder',), places)}: unknown key `folder`")
    try:
        return BotConfig.model_validate({**data, "folder": path.resolve().parent})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e, places) for e in _worth_saying(error))) from None


def _read(path: Path, parents: tuple[Path, ...]) -> tuple[dict[str, Any], Places]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    places: Places = {}
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        data = yaml.safe_load(text)
        if not isinstance(data, dict) or node is None:
            raise ConfigError(f"{path}:1: a bot.yaml is a mapping with at least `name` and `knowledge`")
        _number(node, (), path, places)
        data = _located(_expand(data, places, ()), path.resolve().parent)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', None) or error}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None
    if "extends" in data:
        base = (path.parent / str(data.pop("extends"))).resolve()
        base = base / "bot.yaml" if base.is_dir() else base
        if base in (*parents, path.resolve()):
            raise ConfigError(f"{_place(('extends',), places)}: `extends` goes round in a circle")
        if not base.exists():
            raise ConfigError(f"{_place(('extends',), places)}: `extends` names {base}, which does not exist")
        inherited, origins = _read(base, (*parents, path.resolve()))
        data = _merged(_rebased(inherited, base.parent), data)
        places = {**origins, **places}
    return data, places


def _number(node: yaml.Node, at: Path_, path: Path, places: Places) -> None:
    places.setdefault(at, f"{path}:{node.start_mark.line + 1}")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = f"{path}:{key.start_mark.line + 1}"
            if (*at, key.value) in places:
                raise ConfigError(f"{place}: `{key.value}` is given twice")
            places[(*at, key.value)] = place
            _number(value, (*at, key.value), path, places)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _number(value, (*at, index), path, places)


def _expand(value: Any, places: Places, at: Path_) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, places, (*at, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, places, (*at, index)) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if not found and match[2] is not None:
            return match[2]
        if found is None:
            raise ConfigError(f"{_place(at, places)}: environment variable {match[1]} is not set")
        return found

    return _VARIABLE.sub(variable, value)


def _located(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Models in folders beside the file get their whole path; other names stay."""
    for section, key, prefix in (
        ("retrieval", "encoder", ""),
        ("generator", "model", "hf:"),
        ("generator", "adapter", ""),
    ):
        part = data.get(section)
        if not isinstance(part, dict) or not isinstance(part.get(key), str) or not part[key].startswith(prefix):
            continue
        name = part[key].removeprefix(prefix)
        own = folder / Path(name).expanduser()
        if name not in ("", "default") and os.path.isdir(own):
            part[key] = f"{prefix}{own.resolve()}"
    return data


def _rebased(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths of an inherited file stay relative to that file."""

    def absolute(value: Any) -> Any:
        return str(folder / Path(value).expanduser()) if isinstance(value, str) else value

    for section, key in (
        ("knowledge", "sources"),
        ("graph", "triples"),
        ("prompt", "examples"),
        ("prompt", "template"),
        ("generator", "adapter"),
    ):
        part = data.get(section)
        if isinstance(part, dict) and key in part:
            value = part[key]
            part[key] = [absolute(item) for item in value] if isinstance(value, list) else absolute(value)
    if "faq" in data:
        data["faq"] = absolute(data["faq"])
    return data


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        inner = both.get(key)
        both[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


def _worth_saying(error: ValidationError) -> list[Any]:
    """One error per place: a union reports each of its members."""
    seen: dict[Path_, Any] = {}
    for entry in error.errors():
        place = tuple(part for part in entry["loc"] if part not in {"constrained-float", "literal['auto']", "float"})
        seen.setdefault(place, {**entry, "loc": place})
    return list(seen.values())


def _explain(entry: Any, places: Places) -> str:
    at: Path_ = entry["loc"]
    place = _place(at, places)
    name = ".".join(str(part) for part in at)
    if entry["type"] == "extra_forbidden":
        accepted = _accepted(at[:-1])
        close = difflib.get_close_matches(str(at[-1]), accepted, 1, 0.5)
        hint = f"did you mean `{close[0]}`?" if close else f"accepted: {', '.join(accepted)}"
        return f"{place}: unknown key `{name}`; {hint}"
    if at == ("guardrails", "abstain_below"):
        return f"{place}: `{name}` must be auto or a number from 0 to 1, got {entry['input']!r}"
    message = _PLAIN.get(entry["type"]) or re.sub(r"^\w+ should", "must", entry["msg"].removeprefix("Value error, "))
    got = "" if entry["type"] in {"missing", "value_error"} else f", got {_short(entry['input'])}"
    return f"{place}: `{name}` {message}{got}" if name else f"{place}: {message}"


def _place(at: Path_, places: Places) -> str:
    """Where a value stands, or what holds it."""
    return next(places[at[:n]] for n in range(len(at), -1, -1) if at[:n] in places)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _accepted(at: Path_) -> list[str]:
    model: Any = BotConfig
    for part in at:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[str(part)].annotation
        options = [annotation, *get_args(annotation)]
        model = next(
            (option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), model
        )
    names = list(model.model_fields)
    return [*(name for name in names if name != "folder"), *(["extends"] if model is BotConfig else [])]
