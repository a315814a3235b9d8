"""`graft adapters`: what there is, given away and taken, as people and programs see it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.registry import SHIPPED
from chatbot.cli.main import app
from tests.adapters.small_adapter import make_classifier
from tests.chatbot.small_bot import Reconfigured
from tests.hub import TOKEN, running_hub

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An adapter in the folder `desk/intent` of the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk").mkdir()
    return make_classifier(tmp_path / "desk" / "intent")


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["adapters", *(str(argument) for argument in arguments)])


def told(*arguments: object) -> Any:
    result = graft(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_the_list_names_the_shipped_the_pulled_and_those_here(own: Path) -> None:
    assert graft("pull", own).exit_code == 0
    (own.parent / "half").mkdir()
    (own.parent / "half" / "card.json").write_text("{}")
    (own.parent / "half" / "head.safetensors").write_text("")
    lines = {line.split()[0]: line for line in graft("list").stdout.splitlines()}
    assert lines.keys() == {"adapter", "matcher", "reader", "relations", "reranker", "tagger", "intent"} | {
        "desk/intent",
        "desk/half",
    }
    assert all(word in lines["desk/intent"] for word in ("classifier", "test accuracy 0.900", "yes", "block_card"))
    assert "no" in lines["desk/half"].split() and "card.json is damaged: expected task" in lines["desk/half"]
    found = {one["name"]: one for one in told("list", own.parent)}
    assert found["reader"]["loads"] and found["reader"]["score"] == [
        "graft eval --squad squad/dev.json has_answer_f1",
        74.75,
    ]
    assert not found[str(own.parent / "half")]["loads"] and found[str(own)]["labels"] == ["block_card", "opening_hours"]


def test_a_list_fetches_nothing(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = json.loads((own / "card.json").read_text()) | {"base": "acme/encoder"}
    (own / "card.json").write_text(json.dumps(card))
    with running_hub() as hub:
        hub.client_uses(monkeypatch)
        (one,) = [one for one in told("list") if one["name"] == "desk/intent"]
        assert (one["base_here"], one["problem"]) == ("absent", "its base model acme/encoder is not on this machine")
        assert not hub.asked


def test_a_card_is_shown_for_people_and_whole_as_json(own: Path) -> None:
    shown = graft("show", own).stdout
    for line in ("task       classifier, head", "base       all-MiniLM-L6-v2: matches the one here", "loads      yes"):
        assert line in shown.splitlines()
    assert "asked.jsonl; licence CC BY 4.0" in shown and "strength 10.0" in shown and "head.safetensors" in shown
    card = told("show", "tagger")["card"]
    assert card == json.loads((SHIPPED / "tagger" / "card.json").read_text(encoding="utf8"))


def test_numbers_that_are_none_are_not_shown(own: Path) -> None:
    scores = {"accuracy": 10**400, "f1": float("nan"), "perplexity": 4.5}
    (own / "card.json").write_text(json.dumps(json.loads((own / "card.json").read_text()) | {"scores": scores}))
    shown = graft("show", own)
    assert shown.exit_code == 0 and "scores     perplexity  4.5" in shown.stdout


def test_a_pull_says_which_base_is_needed(own: Path) -> None:
    card = json.loads((own / "card.json").read_text())
    for base, cure in (
        ("acme/encoder", "not here: it is fetched from the Hub"),
        ("/models/e", "not here: name its folder by --base"),
    ):
        (own / "card.json").write_text(json.dumps(card | {"base": base}))
        taken = graft("pull", own, "--force")
        assert taken.exit_code == 0 and f"its base model {base}, checksum {card['base_sha256']}, is" in taken.stderr
        assert cure in taken.stderr


def test_a_pulled_adapter_is_used_by_its_folder(tmp_path: Path, reconfigured: Reconfigured) -> None:
    given = graft("push", "reader", tmp_path / "given", "--licence", "Apache-2.0")
    assert (
        given.stdout
        == f"{tmp_path / 'given'}: reader, 4 files, 5.3 MB\nto use it: graft adapters pull {tmp_path / 'given'}\n"
    )
    taken = graft("pull", tmp_path / "given")
    folder = Path(os.environ["GRAFT_HOME"]) / "adapters" / "given"
    assert taken.stdout.splitlines()[1:] == [f"it is in {folder}", f"for bot.yaml: adapters: {{reader: {folder}}}"]
    bot = reconfigured(adapters={"reader": str(folder)})
    assert "9 euros" in bot.ask("What does a replacement card cost?").text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "nobody"), "nobody is no folder, and no adapter has this name; see: graft adapters list"),
        (("show", "desk"), "desk holds no adapter; see: graft adapters list"),
        (("list", "nowhere"), "nowhere is no folder"),
        (("pull", "nowhere"), "nowhere is no folder"),
        (("pull", "hf:nowhere"), "'hf:nowhere' is no repository of the Hub; expected hf:owner/name, or"),
        (("pull", "desk/intent", "-o", "desk"), "desk holds what is no adapter's (intent/"),
        (("push", "desk/intent", "given", "--private"), "--private is for the Hub"),
    ],
)
def test_errors_are_a_line(own: Path, arguments: tuple[str, ...], message: str) -> None:
    result = graft(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr and result.stderr.startswith("error: ") and result.stderr.count("\n") == 1


def test_the_hub_is_found_by_the_environment_and_the_token_never_shown(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_hub() as hub:
        given = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", "PYTHONPATH": str(REPOSITORY)}
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "apps.main",
            "adapters",
            "push",
            "desk/intent",
            "hf:acme/intent",
        ]
        pushed = subprocess.run(
            [*command, "--private"], env=os.environ | given, capture_output=True, text=True, timeout=60, check=True
        )
        assert pushed.stdout.startswith(f"{hub.url}/acme/intent: classifier, 3 files")
        assert pushed.stderr == "it has no licence, without which nobody may use it; name one with --licence\n"
        assert hub.stored["acme/intent"].private and TOKEN not in pushed.stdout
        hub.client_uses(monkeypatch)
        pulled = told("pull", "hf:acme/intent")
        assert pulled["commit"] == hub.stored["acme/intent"].head and pulled["adapter"]["loads"]
