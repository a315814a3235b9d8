"""Building a bot: what is read, what is reported, when it is out of date, and what a failure leaves behind."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.build import build, is_current
from chatbot.home import FORMAT, NotBuilt, read_manifest, sealed
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from retrieval.progress import Progress
from tests.chatbot.small_bot import DOCUMENTS, FAQ, write_bot, write_config

ONE = {"cards.md": DOCUMENTS["cards.md"]}


@pytest.fixture
def built(tmp_path: Path, encoder: Encoder) -> BotSource:
    source = write_bot(tmp_path / "bot", ONE)
    build(source, encoder=encoder)
    return source


def files(home: Path) -> list[Path]:
    return sorted(home.rglob("*")) if home.exists() else []


def test_a_build_counts_what_it_read_and_can_be_searched(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "faq.csv").write_text(FAQ, encoding="utf8")
    (tmp_path / "facts.csv").write_text("subject,relation,object\nNora Lindqvist,reports_to,Ada Byron\n", "utf8")
    steps: list[tuple[str, int, int]] = []
    source = write_bot(tmp_path, faq="faq.csv", graph={"triples": ["facts.csv"]})
    manifest = build(source, lambda *step: steps.append(step), encoder)
    assert (manifest.documents, manifest.faq, manifest.failed) == (4, 2, {})
    assert manifest.chunks >= 7 and manifest.nodes > 5 and manifest.edges > 0
    assert read_manifest(source.home) == manifest
    last = {name: (done, total) for name, done, total in steps}
    assert set(last) in ({"read", "encode", "graph", "write"}, {"read", "graph", "write"}) and all(
        done == total for done, total in last.values()
    )
    bot = Bot.open(source, encoder)
    best = bot.searcher.search("When does the Harbour branch open?", 3).passages[0].chunk
    assert best.document_id == "branches.md" and best.section == "Harbour branch"
    assert [fact.object for fact in bot.graph.path("Nora Lindqvist", "Ada Byron")] == ["Ada Byron"]


def test_files_that_cannot_be_read_are_named_and_the_others_indexed(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path, ONE)
    knowledge = tmp_path / "knowledge"
    (knowledge / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (knowledge / "empty.md").write_bytes(b"")
    (knowledge / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42")
    (knowledge / "fake.docx").write_bytes(b"not a zip")
    (knowledge / "dangling.md").symlink_to(knowledge / "nowhere.md")
    manifest = build(source, encoder=encoder)
    assert manifest.documents == 1
    assert set(manifest.failed) == {"broken.pdf", "empty.md", "film.mp4", "fake.docx", "dangling.md"}
    assert all(reason and "Traceback" not in reason for reason in manifest.failed.values())
    assert manifest.failed["empty.md"] == "empty file"
    assert read_manifest(source.home).failed == manifest.failed


def test_file_names_that_are_no_text_are_escaped_and_kept_apart(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path, ONE)
    for name, data in ((b"\xff.md", b"# One\n\nText."), (b"\xfe.md", b"# Two\n\nText."), (b"\xfd.md", b"")):
        Path(os.fsdecode(bytes(tmp_path / "knowledge") + b"/" + name)).write_bytes(data)
    (tmp_path / "knowledge" / "\\udcff.md").write_bytes(b"# Three\n\nText.")
    (tmp_path / "knowledge" / "red\x1b[31m\n.md").write_bytes(b"# Four\n\nText.")
    (tmp_path / "knowledge" / "loop.md").symlink_to("loop.md")
    manifest = build(source, encoder=encoder)
    assert read_manifest(source.home).failed == {"loop.md": "a broken link", "\\udcfd.md": "empty file"}
    assert manifest.documents == 5 and is_current(source)
    stored = {chunk.document_id for chunk in Bot.open(source, encoder).index.store.all_chunks()}
    assert stored == {"cards.md", "\\udcff.md", "\\udcfe.md", "\\\\udcff.md", r"red\x1b[31m\n.md"}


def test_nothing_to_read_is_one_clear_line_and_leaves_nothing(tmp_path: Path, encoder: Encoder) -> None:
    empty = write_config(tmp_path / "empty")
    (tmp_path / "empty" / "knowledge").mkdir()
    with pytest.raises(GraftError, match="northwind: the knowledge folder is empty; put documents into knowledge/"):
        build(empty, encoder=encoder)
    missing = write_config(tmp_path / "missing", knowledge={"sources": ["knowlege/"]})
    (tmp_path / "missing" / "knowledge").mkdir()
    with pytest.raises(GraftError, match=r"knowledge source not found: knowlege/ .*did you mean knowledge/\?"):
        build(missing, encoder=encoder)
    bad = write_bot(tmp_path / "bad", {"a.md": "", "b.md": "\n"})
    with pytest.raises(GraftError, match=r"no document could be read \(a.md: empty file; b.md: no text found\)"):
        build(bad, encoder=encoder)
    for source in (empty, missing, bad):
        assert files(source.home) == []


def test_a_missing_faq_or_triples_file_is_named(tmp_path: Path, encoder: Encoder) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(GraftError, match="faq must name a file of questions and answers, folder is a folder"):
        build(write_bot(tmp_path, ONE, faq="folder"), encoder=encoder)
    source = write_bot(tmp_path, ONE, faq="faqs.csv")
    with pytest.raises(GraftError, match=r"faqs\.csv"):
        build(source, encoder=encoder)
    source = write_bot(tmp_path, ONE, graph={"triples": ["facts.csv"]})
    with pytest.raises(GraftError, match=r"triples file .*facts\.csv cannot be read"):
        build(source, encoder=encoder)
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    for odd in ("~nosuchuser/x", "loop.csv"):
        with pytest.raises(GraftError, match=rf"triples file .*{odd} cannot be read"):
            build(write_bot(tmp_path, ONE, graph={"triples": [odd]}), encoder=encoder)
    (tmp_path / "facts.csv").write_text("a,b,c\nonly,two\n", encoding="utf8")
    with pytest.raises(GraftError, match=r"row 2 must hold subject, relation, object, got 'only,two'"):
        build(source, encoder=encoder)
    assert files(source.home) == []


def test_changes_of_files_and_settings_are_noticed(built: BotSource) -> None:
    folder = built.config.folder
    assert is_current(built)
    (folder / "knowledge" / "new.md").write_text("# New\n\nSomething new.", encoding="utf8")
    assert not is_current(built)
    (folder / "knowledge" / "new.md").unlink()
    assert is_current(built)
    later = time.time() + 5
    os.utime(folder / "knowledge" / "cards.md", (later, later))
    assert not is_current(built)


@pytest.mark.parametrize(
    ("change", "current"),
    [
        ({"knowledge": {"sources": ["knowledge/"], "chunk": {"words": 50}}}, False),
        ({"graph": {"extractor": "none"}}, False),
        ({"language": "zh"}, False),
        ({"retrieval": {"index": "hnsw"}}, False),
        ({"title": "Another title", "retrieval": {"top_k": 3}}, True),
        ({"guardrails": {"blocked": ["weather"]}}, True),
    ],
)
def test_only_settings_that_shape_the_index_make_it_stale(
    built: BotSource, change: dict[str, object], current: bool
) -> None:
    assert is_current(write_config(built.config.folder, **change)) is current


def test_a_rebuild_replaces_the_old_index_while_an_opened_bot_goes_on(built: BotSource, encoder: Encoder) -> None:
    old = Bot.open(built, encoder)
    (built.config.folder / "knowledge" / "cards.md").write_text("# Ships\n\nThe ferry leaves at noon.", "utf8")
    manifest = build(built, encoder=encoder)
    assert [path.name for path in (built.home / "builds").iterdir()] == [manifest.build]
    assert "9 euros" in old.searcher.search("replacement card cost", 1).passages[0].chunk.text
    new = Bot.open(built, encoder)
    assert new.searcher.search("When does the ferry leave?", 1).passages[0].chunk.text == "The ferry leaves at noon."


def stop_at(wanted: str) -> Progress:
    def stop(step: str, done: int, total: int) -> None:
        if step == wanted:
            raise KeyboardInterrupt

    return stop


def test_an_interrupted_build_leaves_the_old_index_and_is_taken_up(built: BotSource, encoder: Encoder) -> None:
    before = read_manifest(built.home)
    (built.config.folder / "knowledge" / "new.md").write_text("# New\n\nSomething new.", encoding="utf8")
    with pytest.raises(KeyboardInterrupt):
        build(built, stop_at("graph"), encoder)
    assert read_manifest(built.home) == before and not is_current(built)
    assert Bot.open(built, encoder).searcher.search("replacement card", 1).passages
    manifest = build(built, encoder=encoder)
    assert manifest.documents == 2 and is_current(built)
    assert [path.name for path in (built.home / "builds").iterdir()] == [manifest.build]


def test_a_first_build_that_is_interrupted_is_no_index_yet(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path, ONE)
    with pytest.raises(KeyboardInterrupt):
        build(source, stop_at("read"), encoder)
    with pytest.raises(NotBuilt, match="not indexed yet; run: graft index"):
        Bot.open(source, encoder)
    assert build(source, encoder=encoder).documents == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", f'{{"format": {FORMAT}}}', "\x00\x01", "[" * 100_000])
def test_a_damaged_manifest_is_said_to_be_and_a_build_cures_it(built: BotSource, encoder: Encoder, text: str) -> None:
    path = built.home / "manifest.json"
    path.write_text(text, encoding="utf8")
    with pytest.raises(NotBuilt, match=r"manifest\.json is damaged; run: graft index"):
        Bot.open(built, encoder)
    assert not is_current(built)
    if text == "{":
        build(built, encoder=encoder)
        assert Bot.open(built, encoder).index.store.all_chunks()


def test_an_index_of_another_format_or_encoder_or_none_is_refused(built: BotSource, encoder: Encoder) -> None:
    path = built.home / "manifest.json"
    good = json.loads(path.read_text(encoding="utf8"))
    for change, message in (
        ({"format": 1}, f"the index has format 1, this Graft reads {FORMAT}; run: graft index"),
        ({"format": 99, "new_field": 1}, f"the index has format 99, this Graft reads {FORMAT}; run: graft index"),
        ({"encoder": "0" * 64}, "built with another encoder; run: graft index"),
        ({"build": "b-00000000"}, "the index was deleted; run: graft index"),
        ({"build": 5}, "damaged; run: graft index"),
        ({"failed": None}, "damaged; run: graft index"),
        ({"documents": "many"}, "damaged; run: graft index"),
    ):
        path.write_text(json.dumps(sealed({**good, **change})), encoding="utf8")
        with pytest.raises(NotBuilt, match=message):
            Bot.open(built, encoder)
        assert not is_current(built) or "encoder" in change
    path.write_text(json.dumps({**good, "encoder": "0" * 64}), encoding="utf8")
    with pytest.raises(NotBuilt, match="damaged; run: graft index"):
        Bot.open(built, encoder)


def test_a_bot_without_a_graph_answers_searches(tmp_path: Path, encoder: Encoder) -> None:
    source = write_bot(tmp_path, graph={"extractor": "none"})
    manifest = build(source, encoder=encoder)
    assert (manifest.nodes, manifest.edges) == (0, 0)
    found = Bot.open(source, encoder).searcher.search("When is the Hill branch closed?", 2).passages
    assert "Mondays" in found[0].chunk.text
