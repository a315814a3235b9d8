"""Reading `bot.yaml`: inheritance, environment variables, and errors that say file, line and what is accepted."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from chatbot.config import Adapters, BotConfig
from retrieval.errors import GraftError
from retrieval.loaders.clean import visible

_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
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
    "finite_number": "must be a finite number",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
}

Path_ = tuple[str | int, ...]
Places = dict[Path_, str]
"""Where each value stands, as `file:line`; an inherited one stands in the file it comes from."""


MOST_VALUES = 10_000
"""In one file; aliases of aliases make exponentially many."""


class ConfigError(GraftError):
    """A `bot.yaml` that cannot be used."""


class _Expanded(str):
    """Text with environment variables filled in; errors show it as the user wrote it, for it may be a secret."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str, written: str) -> _Expanded:
        value = super().__new__(cls, text)
        value.written = written
        return value

    def __repr__(self) -> str:
        return repr(self.written)


class _Loader(yaml.SafeLoader):
    """Says where a value stands that is not what its tag says."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            # Its bytes would be taken for text that nobody has checked.
            if node.tag == "tag:yaml.org,2002:binary":
                raise ValueError
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            problem = f"{_short(node.value)} is no valid {tag}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None


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
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            _number(node, (), path, places)
        data = loader.construct_document(node) if node is not None else None
        if not isinstance(data, dict):
            raise ConfigError(f"{path}:1: a bot.yaml is a mapping with at least `name` and `knowledge`")
        data = _located(_expand(data, places, ()), path.resolve().parent, places)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{path}:{line}: not valid YAML: the character U+{error.character:04X}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', None) or error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None
    if "extends" in data:
        written, place = data.pop("extends"), _place(("extends",), places)
        if not isinstance(written, str):
            raise ConfigError(f"{place}: `extends` must be text, got {_short(written)}")
        base = Path(os.path.realpath(path.parent / os.path.expanduser(written)))
        base = base / "bot.yaml" if os.path.isdir(base) else base
        if base in (*parents, path.resolve()):
            raise ConfigError(f"{place}: `extends` goes round in a circle")
        if not os.path.exists(base):
            raise ConfigError(f"{place}: `extends` names {_short(written)}, which does not exist")
        inherited, origins = _read(base, (*parents, path.resolve()))
        data = _merged(_rebased(inherited, base.parent), data)
        places = {**origins, **places}
    return data, places


def _number(node: yaml.Node, at: Path_, path: Path, places: Places) -> None:
    """Note where each value stands; keys are taken as text, and what no text or file name may hold is refused."""
    place = f"{path}:{node.start_mark.line + 1}"
    places.setdefault(at, place)
    if len(places) > MOST_VALUES:
        raise ConfigError(f"{place}: more than {MOST_VALUES:,} values, aliases counted each time")
    if isinstance(node, yaml.ScalarNode):
        if wrong := _NO_TEXT.search(node.value):
            raise ConfigError(f"{place}: the character {visible(wrong[0])} cannot be part of text")
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = f"{path}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"{place}: a key must be text")
            if key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
            if (*at, key.value) in places:
                raise ConfigError(f"{place}: `{visible(key.value)}` is given twice")
            _number(key, (*at, key.value), path, places)
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
        if _NO_TEXT.search(found):
            raise ConfigError(f"{_place(at, places)}: environment variable {match[1]} is not UTF-8 text")
        return found

    expanded = _VARIABLE.sub(variable, value)
    return value if expanded == value else _Expanded(expanded, value)


def _located(data: dict[str, Any], folder: Path, places: Places) -> dict[str, Any]:
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
        own = folder / os.path.expanduser(name)
        if name not in ("", "default") and os.path.isdir(own):
            part[key] = f"{prefix}{own.resolve()}"
        elif name.startswith("~"):
            place = _place((section, key), places)
            raise ConfigError(f"{place}: `{section}.{key}` names {_short(part[key])}, which is no folder")
    return data


def _rebased(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths of an inherited file stay relative to that file."""

    def absolute(value: Any) -> Any:
        if not isinstance(value, str) or value == "default" or "://" in value:
            return value
        whole = str(folder / os.path.expanduser(value))
        return _Expanded(whole, value.written) if isinstance(value, _Expanded) else whole

    for section, key in (
        ("knowledge", "sources"),
        ("store", "uri"),
        ("graph", "triples"),
        ("graph", "aliases"),
        ("prompt", "examples"),
        ("prompt", "template"),
        ("generator", "adapter"),
        *(("adapters", task) for task in Adapters.model_fields),
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
    name = visible(".".join(str(part) for part in at))
    if entry["type"] == "extra_forbidden":
        accepted = _accepted(at[:-1])
        close = difflib.get_close_matches(str(at[-1]), accepted, 1, 0.5)
        hint = f"did you mean `{close[0]}`?" if close else f"accepted: {', '.join(accepted)}"
        return f"{place}: unknown key `{name}`; {hint}"
    if at == ("guardrails", "abstain_below"):
        return f"{place}: `{name}` must be auto or a number from 0 to 1, got {entry['input']!r}"
    message = _PLAIN.get(entry["type"]) or re.sub(r"^\w+ should", "must", entry["msg"].removeprefix("Value error, "))
    if entry["type"] == "string_type" and isinstance(entry["input"], bool):
        message = "must be text, in quotes where YAML takes it for true or false"
    got = "" if entry["type"] in {"missing", "value_error"} else f", got {_short(entry['input'])}"
    return f"{place}: `{name}` {message}{got}" if name else f"{place}: {message}"


def _place(at: Path_, places: Places) -> str:
    """Where a value stands, or what holds it."""
    return next(places[at[:n]] for n in range(len(at), -1, -1) if at[:n] in places)


def _short(value: Any) -> str:
    text = _CREDENTIALS.sub("…@", repr(value))
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
