"""`bot.yaml`: what is accepted, and errors that say file, line and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.config import BotConfig
from chatbot.config_file import ConfigError, load_config

LEAST = "name: northwind\nknowledge:\n  sources: [knowledge/]\n"


def load(folder: Path, text: str) -> BotConfig:
    path = folder / "bot.yaml"
    path.write_text(text, encoding="utf8")
    return load_config(path)


def problem(folder: Path, text: str) -> str:
    """The error's lines, each without the folder."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def test_the_least_config_gets_the_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, LEAST)
    assert (config.language, config.retrieval.top_k, config.generator.model) == ("en", 8, "extractive")
    assert config.display_title == "Northwind"
    assert config.path("faq.csv") == tmp_path / "faq.csv"


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("retreival: {top_k: 3}\n", "bot.yaml:4: unknown key `retreival`; did you mean `retrieval`?"),
        ("extend: x.yaml\n", "bot.yaml:4: unknown key `extend`; did you mean `extends`?"),
        (
            "retrieval:\n  lexical: true\n  topk: 3\n",
            "bot.yaml:6: unknown key `retrieval.topk`; did you mean `top_k`?",
        ),
        ("graph:\n  zzz: 1\n", "bot.yaml:5: unknown key `graph.zzz`; accepted: extractor, triples"),
        (
            "guardrails:\n  urgent:\n    - when: [fire]\n      say: Run.\n      says: Run.\n",
            "bot.yaml:8: unknown key `guardrails.urgent.0.says`; did you mean `say`?",
        ),
        ("folder: /etc\n", "bot.yaml:4: unknown key `folder`"),
    ],
)
def test_an_unknown_key_is_refused_with_its_line_and_a_suggestion(tmp_path: Path, added: str, expected: str) -> None:
    assert problem(tmp_path, LEAST + added) == expected


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("retrieval:\n  top_k: many\n", "bot.yaml:5: `retrieval.top_k` must be a whole number, got 'many'"),
        ("retrieval:\n  top_k: 2.5\n", "bot.yaml:5: `retrieval.top_k` must be a whole number, got 2.5"),
        ("retrieval: {top_k: 0}\n", "bot.yaml:4: `retrieval.top_k` must be greater than or equal to 1, got 0"),
        ("retrieval: {lexical: maybe}\n", "bot.yaml:4: `retrieval.lexical` must be true or false, got 'maybe'"),
        ("retrieval:\n", "bot.yaml:4: `retrieval` must be a mapping of keys to values, got None"),
        ("ui:\n  suggestions: How?\n", "bot.yaml:5: `ui.suggestions` must be a list, got 'How?'"),
        ("language: no\n", "bot.yaml:4: `language` must be text, got False"),
        (
            "guardrails: {abstain_below: sometimes}\n",
            "bot.yaml:4: `guardrails.abstain_below` must be auto or a number from 0 to 1, got 'sometimes'",
        ),
        (
            "generator: {model: gpt}\n",
            "bot.yaml:4: `generator` model must be extractive, hf:NAME_OR_PATH or PROVIDER:MODEL, got 'gpt'",
        ),
        ("generator: {adapter: lora}\n", "bot.yaml:4: `generator` adapter needs a model that starts with hf:"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_accepted(tmp_path: Path, added: str, expected: str) -> None:
    assert problem(tmp_path, LEAST + added) == expected


def test_a_missing_key_and_an_overlap_that_does_not_fit(tmp_path: Path) -> None:
    assert problem(tmp_path, "name: x\n") == "bot.yaml:1: `knowledge` is required"
    text = "name: x\nknowledge:\n  sources: [k]\n  chunk: {words: 30, overlap: 40}\n"
    expected = "bot.yaml:4: `knowledge.chunk` overlap must be smaller than words (30), got 40"
    assert problem(tmp_path, text) == expected


def test_every_problem_is_reported_in_a_line_of_its_own(tmp_path: Path) -> None:
    lines = problem(tmp_path, LEAST + "retrieval: {top_k: x}\nui: {greetings: Hi}\n").split("\n")
    assert [line.split(" ")[0] for line in lines] == ["bot.yaml:4:", "bot.yaml:5:"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "bot.yaml:1: a bot.yaml is a mapping with at least `name` and `knowledge`"),
        ("# only a comment\n", "bot.yaml:1: a bot.yaml is a mapping with at least `name` and `knowledge`"),
        ("- a\n- b\n", "bot.yaml:1: a bot.yaml is a mapping with at least `name` and `knowledge`"),
        ("just text\n", "bot.yaml:1: a bot.yaml is a mapping with at least `name` and `knowledge`"),
        ("name: x\nknowledge: [a\nui: {}\n", "bot.yaml:3: not valid YAML: "),
        ("name: x\n\tknowledge: y\n", "bot.yaml:2: not valid YAML: "),
        ("!!python/object/apply:os.system ['true']\n", "bot.yaml:1: not valid YAML: "),
        (LEAST + "title: 2024-02-30\n", "bot.yaml: not valid YAML: "),
        (LEAST + "name: twice\n", "bot.yaml:4: `name` is given twice"),
        ("a: " + "[" * 3000, "bot.yaml: nested too deeply"),
        ("name: x\nknowledge: &k\n  sources: *k\n", "bot.yaml: nested too deeply"),
    ],
)
def test_what_is_no_bot_yaml_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert problem(tmp_path, text).startswith(expected)


def test_other_encodings(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + LEAST).name == "northwind"
    (tmp_path / "bot.yaml").write_bytes(LEAST.encode("utf-16"))
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        load_config(tmp_path / "bot.yaml")
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "none.yaml")


def test_environment_variables_are_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFT_TEST_K", "4")
    monkeypatch.setenv("GRAFT_TEST_EMPTY", "")
    text = (
        "title: ${GRAFT_TEST_NONE:-Help desk} ${GRAFT_TEST_K}\ndescription: ${GRAFT_TEST_EMPTY:-filled}\n"
        "retrieval: {top_k: '${GRAFT_TEST_K}'}\n"
    )
    config = load(tmp_path, LEAST + text)
    assert (config.title, config.description, config.retrieval.top_k) == ("Help desk 4", "filled", 4)


def test_a_missing_environment_variable_is_named_with_its_line(tmp_path: Path) -> None:
    text = LEAST + "ui:\n  suggestions:\n    - fine\n    - ${GRAFT_TEST_NONE}\n"
    assert problem(tmp_path, text) == "bot.yaml:7: environment variable GRAFT_TEST_NONE is not set"


def test_extends_inherits_and_keeps_paths_relative_to_their_file(tmp_path: Path) -> None:
    base, child = tmp_path / "base", tmp_path / "child"
    base.mkdir()
    child.mkdir()
    (base / "bot.yaml").write_text(
        LEAST
        + "title: Base\nfaq: faq.csv\nretrieval: {top_k: 3, lexical: false}\n"
        + "graph: {triples: [facts.csv]}\nprompt: {examples: examples.jsonl}\n",
        encoding="utf8",
    )
    config = load(child, "extends: ../base\nname: child\nretrieval: {top_k: 9}\nprompt: {template: own.md}\n")
    assert (config.name, config.title) == ("child", "Base")
    assert (config.retrieval.top_k, config.retrieval.lexical) == (9, False)
    inherited = [*config.knowledge.sources, *config.graph.triples, config.faq, config.prompt.examples]
    wanted = [base / name for name in ("knowledge", "facts.csv", "faq.csv", "examples.jsonl")]
    assert [config.path(str(name)) for name in inherited] == wanted
    assert config.path(str(config.prompt.template)) == child / "own.md"


def test_extends_that_goes_in_circles_or_nowhere(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("name: x\nextends: bot.yaml\n", encoding="utf8")
    assert problem(tmp_path, "extends: other.yaml\n") == "other.yaml:2: `extends` goes round in a circle"
    assert problem(tmp_path, "extends: bot.yaml\n") == "bot.yaml:1: `extends` goes round in a circle"
    assert problem(tmp_path, LEAST + "extends: nowhere\n").startswith("bot.yaml:4: `extends` names nowhere")


def test_an_error_in_an_inherited_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(LEAST + "ui:\n  greetings: Hi\n", encoding="utf8")
    expected = "base.yaml:5: unknown key `ui.greetings`; did you mean `greeting`?"
    assert problem(tmp_path, "extends: base.yaml\n") == expected


def test_models_in_folders_beside_the_file_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tiny", "lora", "default"):
        (tmp_path / "models" / name).mkdir(parents=True)
    (tmp_path / "default").mkdir()
    monkeypatch.chdir("/")
    text = "retrieval: {encoder: models/tiny}\ngenerator: {model: 'hf:models/tiny', adapter: ./models/lora}\n"
    config = load(tmp_path, LEAST + text)
    assert config.retrieval.encoder == str(tmp_path / "models/tiny")
    assert config.generator.model == f"hf:{tmp_path}/models/tiny"
    assert config.generator.adapter == str(tmp_path / "models/lora")
    config = load(tmp_path, LEAST + "retrieval: {encoder: default}\ngenerator: {model: 'hf:Qwen/Qwen2.5-0.5B'}\n")
    assert (config.retrieval.encoder, config.generator.model) == ("default", "hf:Qwen/Qwen2.5-0.5B")
