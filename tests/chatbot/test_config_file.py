"""`bot.yaml`: what is accepted, and errors that say file, line and what to write instead."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chatbot.config import Adapters, BotConfig
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
    assert (config.language, config.retrieval.top_k, config.generator.model) == ("en", 10, "extractive")
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
        ("graph:\n  zzz: 1\n", "bot.yaml:5: unknown key `graph.zzz`; accepted: extractor, triples, aliases"),
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
        ("faq: ''\n", "bot.yaml:4: `faq` must have at least 1 character, got ''"),
        (
            "language: no\n",
            "bot.yaml:4: `language` must be text, in quotes where YAML takes it for true or false, got False",
        ),
        (
            "guardrails: {abstain_below: sometimes}\n",
            "bot.yaml:4: `guardrails.abstain_below` must be auto or a number from 0 to 1, got 'sometimes'",
        ),
        (
            "generator: {model: gpt}\n",
            "bot.yaml:4: `generator.model` must be extractive, hf:NAME_OR_PATH or PROVIDER:MODEL, got 'gpt'",
        ),
        ("generator: {adapter: lora}\n", "bot.yaml:4: `generator` adapter needs a model that starts with hf:"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_accepted(tmp_path: Path, added: str, expected: str) -> None:
    assert problem(tmp_path, LEAST + added) == expected


def test_a_missing_key_and_an_overlap_that_does_not_fit(tmp_path: Path) -> None:
    assert problem(tmp_path, "name: x\n") == "bot.yaml:1: `knowledge` is required"
    text = "name: x\nknowledge:\n  sources: [k]\n  chunk: {words: 30, overlap: 40}\n"
    expected = "bot.yaml:4: `knowledge.chunk.overlap` must be smaller than `words`, got 40"
    assert problem(tmp_path, text) == expected
    text = "name: x\nknowledge:\n  sources: [k]\n  chunk: {words: 20}\n"
    assert problem(tmp_path, text) == expected.replace("40", "30")


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
        (LEAST + "title: 2024-02-30\n", "bot.yaml:4: not valid YAML: '2024-02-30' is no valid !!timestamp"),
        (LEAST + "name: twice\n", "bot.yaml:4: `name` is given twice"),
        ("a: " + "[" * 3000, "bot.yaml: nested too deeply"),
        ("name: x\nknowledge: &k\n  sources: *k\n", "bot.yaml: nested too deeply"),
    ],
)
def test_what_is_no_bot_yaml_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert problem(tmp_path, text).startswith(expected)


@pytest.mark.parametrize(
    "value", ['!!int ""', '!!float ""', "!!bool xyz", "!!timestamp abc", "!!binary AAAA", "!new x"]
)
def test_a_tag_that_does_not_fit_is_one_line(tmp_path: Path, value: str) -> None:
    line = problem(tmp_path, f"{LEAST}title: {value}\n")
    assert line.startswith("bot.yaml:4: not valid YAML: ") and line.isprintable()


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("1: x\n", "bot.yaml:4: unknown key `1`; accepted: name, "),
        (
            "graph:\n  2024-01-01: x\n",
            "bot.yaml:5: unknown key `graph.2024-01-01`; accepted: extractor, triples, aliases",
        ),
        ("? [a]\n: x\n", "bot.yaml:4: a key must be text"),
        ('"a\\n\\e[2J": x\n', r"bot.yaml:4: unknown key `a\n\x1b[2J`; "),
        ("title: a\x01b\n", "bot.yaml:4: not valid YAML: the character U+0001"),
        ('title: "\\ud800"\n', r"bot.yaml:4: the character \ud800 cannot be part of text"),
        ('"\\ud800": x\n', r"bot.yaml:4: the character \ud800 cannot be part of text"),
        ('guardrails:\n  refusal: "\\ud800"\n', r"bot.yaml:5: the character \ud800 cannot be part of text"),
        ('extends: "a\\0b"\n', r"bot.yaml:4: the character \x00 cannot be part of text"),
        ('graph: {triples: ["\\0"]}\n', r"bot.yaml:4: the character \x00 cannot be part of text"),
        ("extends: [a]\n", "bot.yaml:4: `extends` must be text, got ['a']"),
        ("extends:\n", "bot.yaml:4: `extends` must be text, got None"),
        ("extends: ~nosuchuser/x\n", "bot.yaml:4: `extends` names '~nosuchuser/x', which does not exist"),
        ("retrieval: {encoder: ~nosuchuser/x}\n", "bot.yaml:4: `retrieval.encoder` names '~nosuchuser/x', which is no"),
        ("generator: {model: hf:~nosuchuser/x}\n", "bot.yaml:4: `generator.model` names 'hf:~nosuchuser/x', which is"),
        ("generator: {timeout: .inf}\n", "bot.yaml:4: `generator.timeout` must be a finite number, got inf"),
        ("generator: {timeout: 1.0e+300}\n", "bot.yaml:4: `generator.timeout` must be less than or equal to 3600"),
        ("generator: {temperature: .nan}\n", "bot.yaml:4: `generator.temperature` must be a finite number, got nan"),
    ],
)
def test_odd_keys_characters_paths_and_numbers_are_one_line(tmp_path: Path, added: str, expected: str) -> None:
    line = problem(tmp_path, LEAST + added)
    assert line.startswith(expected) and line.isprintable()


def test_aliases_that_multiply_are_refused_at_once(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x]\n"
    for level in range(1, 9):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n"
    begun = time.perf_counter()
    for text in (bomb, bomb.replace("[x]", "{x: y}").replace("[*", "{<<: [*").replace("]", "]}")):
        assert "more than 10,000 values" in problem(tmp_path, text)
    assert time.perf_counter() - begun < 5


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


@pytest.mark.parametrize(
    "added",
    [
        "generator: {max_tokens: '${SECRET}'}\n",
        "generator: {model: '${SECRET}'}\n",
        "generator: {adapter: '~${SECRET}'}\n",
        "guardrails: {abstain_below: '${SECRET}'}\n",
        "language: ${SECRET}\n",
        "ui: ['${SECRET}']\n",
        "extends: ${SECRET}\n",
    ],
)
def test_what_an_environment_variable_holds_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, added: str
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    shown = problem(tmp_path, LEAST + added)
    assert "${SECRET}" in shown and "hunter2" not in shown


def test_what_an_inherited_environment_variable_holds_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    (tmp_path / "base.yaml").write_text("name: x\nknowledge: {sources: '${SECRET}'}\n", encoding="utf8")
    shown = problem(tmp_path, "extends: base.yaml\n")
    assert shown == "base.yaml:2: `knowledge.sources` must be a list, got '${SECRET}'"


def test_an_environment_variable_that_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFT_TEST_BYTES", "\udcff")
    expected = "bot.yaml:4: environment variable GRAFT_TEST_BYTES is not UTF-8 text"
    assert problem(tmp_path, LEAST + "title: ${GRAFT_TEST_BYTES}\n") == expected


def test_extends_finds_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "base.yaml").write_text(LEAST + "title: Base\n", encoding="utf8")
    assert load(tmp_path, "extends: ~/base.yaml\n").title == "Base"


def test_extends_inherits_and_keeps_paths_relative_to_their_file(tmp_path: Path) -> None:
    base, child = tmp_path / "base", tmp_path / "child"
    base.mkdir()
    child.mkdir()
    (base / "bot.yaml").write_text(
        LEAST
        + "title: Base\nfaq: faq.csv\nretrieval: {top_k: 3, lexical: false}\n"
        + "graph: {triples: [facts.csv]}\nprompt: {examples: examples.jsonl}\nadapters: {reader: own}\n"
        + "monitor: {news: news.jsonl, sentiment: heads/sentiment, topic: heads/topic}\n",
        encoding="utf8",
    )
    config = load(child, "extends: ../base\nname: child\nretrieval: {top_k: 9}\nprompt: {template: own.md}\n")
    assert (config.name, config.title) == ("child", "Base")
    assert (config.retrieval.top_k, config.retrieval.lexical) == (9, False)
    inherited = [*config.knowledge.sources, *config.graph.triples, config.faq, config.prompt.examples]
    wanted = [base / name for name in ("knowledge", "facts.csv", "faq.csv", "examples.jsonl")]
    assert [config.path(str(name)) for name in inherited] == wanted
    assert config.path(str(config.prompt.template)) == child / "own.md"
    assert config.adapter_folders == Adapters(reader=str(base / "own"))
    assert config.monitor
    watched = (config.monitor.news, config.monitor.sentiment, config.monitor.topic)
    assert [config.path(str(name)) for name in watched] == [
        base / "news.jsonl",
        base / "heads/sentiment",
        base / "heads/topic",
    ]


def test_extends_that_goes_in_circles_or_nowhere(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("name: x\nextends: bot.yaml\n", encoding="utf8")
    assert problem(tmp_path, "extends: other.yaml\n") == "other.yaml:2: `extends` goes round in a circle"
    assert problem(tmp_path, "extends: bot.yaml\n") == "bot.yaml:1: `extends` goes round in a circle"
    assert problem(tmp_path, LEAST + "extends: nowhere\n").startswith("bot.yaml:4: `extends` names 'nowhere', which")


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
