"""Adapters given away and taken: whole, without strangers, at once or not at all, on the base they were made for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.numpy import load_file, save_file

from adapters.classifier.runtime import Classifier
from adapters.generation.runtime import open_generator
from adapters.models import ModelError, locate
from adapters.reader.runtime import Reader
from adapters.registry import CARD, CHECKPOINT, CONFIG, HEAD, SHIPPED, WEIGHTS, find_adapter
from adapters.reranker.runtime import Reranker
from adapters.sharing.about import about, under
from adapters.sharing.files import README, SharingError, belongs, replacing
from adapters.sharing.place import Repository, name_of, place
from adapters.sharing.share import pull, push
from adapters.tagger.runtime import Tagger
from retrieval.encoder import Encoder
from tests.adapters.small_adapter import LABELS, QUOTED, make_classifier
from tests.hub import TOKEN, Hub, running_hub


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return make_classifier(tmp_path / "own")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as server:
        server.client_uses(monkeypatch)
        yield server


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names(folder)}


def change_card(folder: Path, **changes: Any) -> None:
    card = json.loads((folder / CARD).read_text(encoding="utf8"))
    (folder / CARD).write_text(json.dumps(card | changes), encoding="utf8")


def test_a_push_takes_the_adapter_and_nothing_else_of_its_folder(own: Path, tmp_path: Path) -> None:
    before = contents(own)
    given = tmp_path / "what we give"
    push(own, str(given), "Apache-2.0")
    assert names(given) == {CARD, HEAD, README}
    assert contents(own) == before
    card = find_adapter(str(given), "classifier").card
    assert card["licence"] == "Apache-2.0" and card["scores"]["test"]["confusions"][0]["count"] == 2  # type: ignore[index]
    assert QUOTED in (own / CARD).read_text() and QUOTED not in (given / CARD).read_text()
    assert Classifier.load(given).head.labels == LABELS


def test_the_model_card_is_what_the_hub_reads(own: Path, tmp_path: Path) -> None:
    push(own, str(tmp_path / "given"), "GPL-3.0-only")
    _, front, text = (tmp_path / "given" / README).read_text(encoding="utf8").split("---\n", 2)
    told = yaml.safe_load(front)
    assert (told["license"], told["pipeline_tag"], told["library_name"]) == ("gpl-3.0", "text-classification", "graft")
    assert told["base_model"] == "sentence-transformers/all-MiniLM-L6-v2" and told["datasets"] == ["acme/banking"]
    assert told["tags"] == ["classifier", "graft", "head"] and told["metrics"] == ["accuracy", "f1"]
    scores = {one["name"]: one["value"] for result in told["model-index"][0]["results"] for one in result["metrics"]}
    assert scores == {"dev accuracy": 0.8, "test accuracy": 0.9, "test macro_f1": 0.88}
    assert "| asked.jsonl | CC BY 4.0 |" in text and '"strength": 10.0' in text and "block\\_card" in text


def test_a_licence_that_the_hub_does_not_know_is_told_by_its_name(own: Path, tmp_path: Path) -> None:
    push(own, str(tmp_path / "given"), "LicenseRef-Acme")
    told = yaml.safe_load((tmp_path / "given" / README).read_text(encoding="utf8").split("---\n")[1])
    assert (told["license"], told["license_name"]) == ("other", "licenseref-acme")
    push(own, str(tmp_path / "given"), force=True)
    assert "license" not in yaml.safe_load((tmp_path / "given" / README).read_text(encoding="utf8").split("---\n")[1])
    with pytest.raises(SharingError, match=r"SPDX identifier such as Apache-2.0 or CC-BY-4.0, got 'no licence'"):
        push(own, str(tmp_path / "other"), "no licence")


def test_an_adapter_is_replaced_only_when_asked_and_other_things_never(own: Path, tmp_path: Path) -> None:
    given, work = tmp_path / "given", tmp_path / "work"
    push(own, str(given), "MIT")
    before = contents(given)
    with pytest.raises(SharingError, match="given holds an adapter; --force replaces it"):
        push(own, str(given))
    assert contents(given) == before
    push(own, str(given), "ISC", force=True)
    assert json.loads((given / CARD).read_text())["licence"] == "ISC"
    shutil.copytree(own, work)
    before = contents(work)
    with pytest.raises(SharingError, match=r"holds what is no adapter's \(adapter_model.bin, notes.txt"):
        push(own, str(work), force=True)
    assert contents(work) == before
    with pytest.raises(SharingError, match="lie within each other"):
        push(own, str(own / "given"))


def test_an_interruption_leaves_what_was_there(own: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    push(own, str(given))
    before = contents(given)

    def interrupted() -> None:
        with replacing(given, force=True) as new:
            (new / CARD).write_text("half of")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert contents(given) == before
    assert {path.name for path in tmp_path.iterdir()} == {"own", "given"}


def lose_weights(folder: Path) -> None:
    (folder / HEAD).write_bytes((folder / HEAD).read_bytes()[:-8])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lose_weights, f"{HEAD} is"),
        (lambda folder: (folder / HEAD).unlink(), "no adapter"),
        (lambda folder: (folder / CARD).write_text("{"), "no adapter"),
        (lambda folder: change_card(folder, labels=["others"]), "its head has other labels than its card"),
        (lambda folder: change_card(folder, task="spy"), "expected task, one of reader, matcher, .* got 'spy'"),
        (lambda folder: change_card(folder, base_sha256=None), "expected base_sha256"),
        (lambda folder: change_card(folder, scores=[1]), "expected scores"),
        (lambda folder: change_card(folder, more=json.loads("[" * 300 + "]" * 300)), "nested too deep"),
        (lambda folder: (folder / CARD).write_text(" " * 2**23), "at most 4,194,304 are read"),
        (lambda folder: write_encoder(folder, "config.json"), "expected config.json and model.safetensors"),
    ],
)
def test_what_is_not_whole_is_neither_given_nor_taken(
    own: Path, tmp_path: Path, damage: Callable[[Path], Any], message: str
) -> None:
    damage(own)
    for act in (lambda: push(own, str(tmp_path / "given")), lambda: pull(str(own), None, tmp_path / "pulled")):
        with pytest.raises(ModelError, match=message):
            act()
    assert names(tmp_path) == {f"own/{name}" for name in names(own)}


def write_encoder(folder: Path, name: str) -> None:
    (folder / "encoder").mkdir()
    (folder / "encoder" / name).write_text("{}")


def test_an_unfinished_training_is_not_given_away(own: Path, tmp_path: Path) -> None:
    (own / CHECKPOINT).touch()
    with pytest.raises(SharingError, match="is not finished; go on with --resume"):
        push(own, str(tmp_path / "given"))


def test_a_pull_takes_no_strangers_and_names_the_adapter(own: Path, tmp_path: Path) -> None:
    taken = pull(str(own), None, tmp_path / "pulled")
    assert taken.place == str(tmp_path / "pulled" / "own") and names(Path(taken.place)) == {CARD, HEAD}
    assert (taken.about.base_here, taken.about.score) == ("same", ("test accuracy", 0.9))
    assert [one.name for one in under(tmp_path / "pulled", by_path=False) if one.loads] == ["own"]


def test_links_are_not_followed_out_of_a_folder(own: Path, tmp_path: Path) -> None:
    (own / CARD).rename(tmp_path / "elsewhere.json")
    (own / CARD).symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(SharingError, match=r"card.json is a link out of its folder"):
        pull(str(own), None, tmp_path / "pulled")
    (own / CARD).unlink()
    (own / "real.json").write_bytes((tmp_path / "elsewhere.json").read_bytes())
    (own / CARD).symlink_to("real.json")
    taken = pull(str(own), None, tmp_path / "pulled")
    assert not (Path(taken.place) / CARD).is_symlink()


def test_a_configuration_that_imports_modules_is_refused(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "matcher", tmp_path / "evil")
    config = json.loads((tmp_path / "evil" / CONFIG).read_text()) | {"megatron_config": {}, "megatron_core": "evil"}
    (tmp_path / "evil" / CONFIG).write_text(json.dumps(config))
    with pytest.raises(SharingError, match=r"evil/adapter_config.json is not taken"):
        pull(str(tmp_path / "evil"), None, tmp_path / "pulled")


@pytest.mark.parametrize(
    "text", ["hf:", "hf:name", "hf:a/../b", "hf:a/b/c", "hf:../b", "hf:a/b@", "hf:a/b@../c", "hf:/etc/x", "hf:a/.."]
)
def test_what_is_no_repository_is_refused(text: str) -> None:
    with pytest.raises(SharingError, match="expected hf:owner/name"):
        place(text)


def test_places_and_names() -> None:
    assert place("hf:acme/intent@refs/pr/1") == Repository("acme/intent", "refs/pr/1")
    assert name_of(Repository("acme/intent-2.0")) == "intent-2.0"
    with pytest.raises(SharingError, match="cannot be kept as ''; choose a folder with -o"):
        name_of(Path("/"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (WEIGHTS, True),
        ("encoder/model.safetensors", True),
        ("encoder/1_Pooling/config.json", True),
        ("encoder/sentencepiece.bpe.model", True),
        ("adapter_model.bin", False),
        ("encoder/pytorch_model.bin", False),
        ("encoder/modeling_evil.py", False),
        ("encoder/../card.json", False),
        ("encoder/.hidden.json", False),
        ("/card.json", False),
        ("other/card.json", False),
    ],
)
def test_only_weights_configurations_and_vocabularies_belong_to_an_adapter(name: str, expected: bool) -> None:
    assert belongs(name) is expected


def test_another_base_is_refused_and_one_that_is_not_here_named(own: Path, tmp_path: Path) -> None:
    change_card(own, base_sha256="f" * 64)
    with pytest.raises(SharingError, match=r"the base model all-MiniLM-L6-v2 here is another .* checksum ffff"):
        pull(str(own), None, tmp_path / "pulled")
    assert not any((tmp_path / "pulled").iterdir())
    change_card(own, base="acme/nowhere")
    taken = pull(str(own), None, tmp_path / "pulled")
    assert taken.about.base_here == "absent" and "acme/nowhere is not on this machine" in taken.about.problem
    assert about(own, "own").problem == taken.about.problem


def test_a_base_in_a_folder_is_named_where_it_is_here(own: Path, tmp_path: Path) -> None:
    base = tmp_path / "encoder"
    base.mkdir()
    save_file(load_file(SHIPPED / "matcher" / WEIGHTS), base / "model.safetensors")
    change_card(own, base="/home/elsewhere/encoder", base_sha256=locate(str(base)).fingerprint)
    push(own, str(tmp_path / "given"), "MIT")
    front = yaml.safe_load((tmp_path / "given" / README).read_text(encoding="utf8").split("---\n")[1])
    assert "base_model" not in front, "the Hub would refuse it"
    assert pull(str(own), tmp_path / "one", tmp_path).about.base_here == "absent"
    taken = pull(str(own), tmp_path / "two", tmp_path, base=str(base))
    assert taken.about.base_here == "same" and find_adapter(taken.place, "classifier").card["base"] == str(base)
    save_file(load_file(SHIPPED / "reader" / WEIGHTS), base / "model.safetensors")
    with pytest.raises(SharingError, match="encoder here is another than it was trained on"):
        pull(str(own), tmp_path / "three", tmp_path, base=str(base))


LOADERS: dict[str, Callable[[str], Any]] = {
    "reader": Reader.load,
    "matcher": lambda folder: Encoder.load(adapter=find_adapter(folder, "matcher")),
    "reranker": Reranker.load,
    "tagger": Tagger.load,
    "classifier": Classifier.load,
}


@pytest.mark.parametrize("task", LOADERS)
@pytest.mark.parametrize("names_another", [False, True])
def test_no_adapter_is_put_on_a_base_that_it_was_not_trained_on(task: str, names_another: bool, tmp_path: Path) -> None:
    folder, other = tmp_path / "own", tmp_path / "base"
    if task == "classifier":
        make_classifier(folder)
    else:
        shutil.copytree(SHIPPED / task, folder)
    other.mkdir()
    save_file(load_file(SHIPPED / "reader" / WEIGHTS), other / "model.safetensors")
    change_card(folder, base_sha256="0" * 64, **({"base": str(other)} if names_another else {}))
    with pytest.raises(ModelError, match="own was trained on another base model than"):
        LOADERS[task](str(folder))


def test_an_adapter_of_the_backbone_is_not_excused_by_the_base_that_its_card_names(tmp_path: Path) -> None:
    folder, other = tmp_path / "own", tmp_path / "base"
    shutil.copytree(SHIPPED / "reader", folder)
    other.mkdir()
    save_file(load_file(SHIPPED / "reader" / WEIGHTS), other / "model.safetensors")
    change_card(folder, base=str(other), base_sha256=locate(str(other)).fingerprint)
    with pytest.raises(ModelError, match="trained on another base model than all-MiniLM-L6-v2"):
        Reader.load(str(folder))


def test_a_generator_is_not_put_on_another_base(tmp_path: Path) -> None:
    folder, other = tmp_path / "own", tmp_path / "base"
    shutil.copytree(SHIPPED / "matcher", folder)
    other.mkdir()
    save_file(load_file(SHIPPED / "reader" / WEIGHTS), other / "model.safetensors")
    change_card(folder, task="generator", base="acme/llm")
    with pytest.raises(ModelError, match="was trained on another base model, acme/llm, than"):
        open_generator(str(other), str(folder))


def test_the_hub_gives_back_what_it_was_given(own: Path, tmp_path: Path, hub: Hub) -> None:
    given = push(own, "hf:acme/intent", "CC-BY-4.0")
    assert given.place == f"{hub.url}/acme/intent"
    assert hub.stored["acme/intent"].files.keys() == {".gitattributes", CARD, HEAD, README}
    assert "graft adapters pull hf:acme/intent\n" in hub.stored["acme/intent"].files[README].decode()
    taken = pull("hf:acme/intent", None, tmp_path / "pulled")
    assert names(Path(taken.place)) == {CARD, HEAD} and taken.commit == hub.stored["acme/intent"].head
    assert (Path(taken.place) / HEAD).read_bytes() == (own / HEAD).read_bytes()
    assert (taken.about.labels, taken.about.licence) == (list(LABELS), "CC-BY-4.0")


def test_weights_that_the_hub_wants_by_lfs_arrive(
    own: Path, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    hub.by_lfs = True
    push(own, "hf:acme/intent")
    assert list(hub.large.values()) == [(own / HEAD).read_bytes()]
    taken = pull("hf:acme/intent", None, tmp_path / "pulled")
    assert (Path(taken.place) / HEAD).read_bytes() == (own / HEAD).read_bytes()


def test_a_card_that_the_hub_refuses_is_said_in_a_line(own: Path, hub: Hub) -> None:
    change_card(own, base="acme/an encoder", base_sha256="0" * 64)
    with pytest.raises(SharingError, match=r"hf:acme/intent: .*metadata.* acme/an encoder is not valid") as found:
        push(own, "hf:acme/intent")
    assert "\n" not in str(found.value)
    assert CARD not in hub.stored["acme/intent"].files


def test_a_push_replaces_the_adapter_that_a_repository_holds_by_one_commit(own: Path, tmp_path: Path, hub: Hub) -> None:
    push(SHIPPED / "matcher", "hf:acme/own")
    stored = hub.stored["acme/own"]
    first = stored.commit(stored.files | {"drawing.png": b"mine", "adapter_model.bin": b"pickled"})
    push(own, "hf:acme/own")
    assert stored.files.keys() == {".gitattributes", "drawing.png", "adapter_model.bin", CARD, HEAD, README}
    assert list(stored.commits)[-2:] == [first, stored.head]
    assert pull("hf:acme/own", None, tmp_path / "new").about.task == "classifier"
    assert pull(f"hf:acme/own@{first}", None, tmp_path / "old").about.task == "matcher"
    assert not [asked for asked in hub.asked if asked.endswith((".bin", ".png"))], "asked for what is no adapter's"


def test_what_the_hub_refuses_is_said_in_a_line(
    own: Path, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(own, "hf:acme/secret", private=True)
    push(own, "hf:acme/open")

    def says(act: Callable[[], Any], message: str) -> None:
        with pytest.raises(SharingError, match=message) as found:
            act()
        assert TOKEN not in str(found.value) and "\n" not in str(found.value)

    says(lambda: push(own, "hf:acme/open", private=True), "is there already, and public")
    says(lambda: push(own, "hf:acme/open@v1"), "leave out @v1")
    says(lambda: pull("hf:acme/open@v1", None, tmp_path), "there is no such revision")
    says(lambda: pull("hf:acme/none", None, tmp_path), "is not on the Hub, or not for you to see")
    hub.stored["acme/pickled"] = type(hub.stored["acme/open"])()
    hub.stored["acme/pickled"].commit({"adapter_model.bin": b"cos\nsystem"})
    says(lambda: pull("hf:acme/pickled", None, tmp_path), "holds no adapter; adapter_model.bin is pickled")
    hub.stored["acme/pickled"].commit({CARD: b" " * (2**26 + 1)})
    says(lambda: pull("hf:acme/pickled", None, tmp_path), "card.json in hf:acme/pickled has 67,108,865 bytes; at most")
    hub.client_uses(monkeypatch, token="hf_wrong")
    says(lambda: pull("hf:acme/secret", None, tmp_path), "is not on the Hub, or not for you to see")
    says(lambda: push(own, "hf:acme/open"), "the Hub does not allow it: log in with `hf auth login`, or set HF_TOKEN")
    hub.fault = 500
    says(lambda: pull("hf:acme/open", None, tmp_path), "the Hub answers: .*500")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    says(lambda: pull("hf:acme/open", None, tmp_path), "is out of reach: HF_HUB_OFFLINE is set")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    says(lambda: pull("hf:acme/open", None, tmp_path), "the Hub is out of reach: ")
    assert {path.name for path in tmp_path.iterdir()} == {"own"}, "nothing is left of what failed"
