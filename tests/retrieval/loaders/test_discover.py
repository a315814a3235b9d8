"""Which files a source names."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import GraftError
from retrieval.loaders import discover


def names(pairs: list[tuple[Path, Path]]) -> list[str]:
    return [path.relative_to(root).as_posix() for path, root in pairs]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("kb/a.md", "kb/sub/b.txt", "kb/.hidden.md", "kb/.git/c.md", "kb/~$d.docx", "kb/song.mp3", "x/a.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# words")
    return tmp_path


def test_one_folder(tree: Path) -> None:
    files, skipped = discover(["kb/"], tree)
    assert names(files) == ["a.md", "sub/b.txt"]
    assert [name for name, _ in skipped] == ["song.mp3"]
    assert "unsupported format .mp3" in skipped[0][1]


def test_several_sources_never_share_an_id(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for name in ("one/a.md", "two/a.md"):
        (outside / name).parent.mkdir()
        (outside / name).write_text("# words")
    sources = ["kb", "x/a.md", "kb/*.md", str(outside / "one"), str(outside / "two")]
    found = names(discover(sources, tree)[0])
    assert sorted(found) == ["kb/a.md", "kb/sub/b.txt", "one/a.md", "two/a.md", "x/a.md"]


def test_single_files_and_globs(tree: Path) -> None:
    assert names(discover(["kb/a.md"], tree)[0]) == ["a.md"]
    (tree / "faq.csv").write_text("question,answer")
    assert names(discover(["kb", "faq.csv"], tree)[0]) == ["faq.csv", "a.md", "sub/b.txt"]
    assert names(discover(["kb", "x/a.md"], tree)[0]) == ["kb/a.md", "sub/b.txt", "x/a.md"]
    assert names(discover(["**/*.md"], tree)[0]) == ["kb/a.md", "x/a.md"]
    with pytest.raises(GraftError, match=r"matches no file: kb/\*\.pdf"):
        discover(["kb/*.pdf"], tree)


def test_a_missing_source_is_named_with_a_suggestion(tree: Path) -> None:
    (tree / "knowledge").mkdir()
    with pytest.raises(GraftError) as caught:
        discover(["knowlege/"], tree)
    assert str(caught.value) == f"knowledge source not found: knowlege/ (looked in {tree}); did you mean knowledge/?"
    with pytest.raises(GraftError, match="looked in"):
        discover(["nothing/like/this"], tree)


def test_links_out_of_the_source_are_reported(tree: Path) -> None:
    (tree / "kb/leak.md").symlink_to(tree / "x/a.md")
    (tree / "kb/folder").symlink_to(tree / "x")
    (tree / "kb/same.md").symlink_to(tree / "kb/a.md")
    files, skipped = discover(["kb"], tree)
    assert names(files) == ["a.md", "sub/b.txt"]
    assert dict(skipped)["leak.md"] == dict(skipped)["folder"] == "a link that leads out of its folder"


def test_links_that_lead_nowhere_are_reported_and_the_others_read(tree: Path) -> None:
    (tree / "kb/loop.md").symlink_to("loop.md")
    (tree / "kb/there.md").symlink_to("back.md")
    (tree / "kb/back.md").symlink_to("there.md")
    (tree / "kb/long.md").symlink_to("x" * 300)
    files, skipped = discover(["kb"], tree)
    assert names(files) == ["a.md", "sub/b.txt"]
    assert {name for name, reason in skipped if reason == "a broken link"} == {
        "loop.md",
        "there.md",
        "back.md",
        "long.md",
    }


def test_names_that_are_no_text_are_escaped(tree: Path) -> None:
    (tree / os.fsdecode(b"kb/\xff.mp3")).write_text("x")
    (tree / os.fsdecode(b"kb/a.\xfe\x1b")).write_text("x")
    (tree / "kb/new\nline.mp3").write_text("x")
    skipped = dict(discover(["kb"], tree)[1])
    assert set(skipped) == {"song.mp3", "\\udcff.mp3", "a.\\udcfe\\x1b", "new\\nline.mp3"}
    assert skipped["a.\\udcfe\\x1b"].startswith("unsupported format .\\udcfe\\x1b; ")


@pytest.mark.parametrize("source", ["~nosuchuser/x", "~nosuchuser/*.md", "new\nline"])
def test_an_odd_source_that_is_not_there_is_one_line(tree: Path, source: str) -> None:
    with pytest.raises(GraftError, match=r"knowledge source (not found|matches no file): .* \(looked in") as caught:
        discover([source], tree)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.md", "locked/b.md"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text("# A\n\nText.", encoding="utf8")
    scandir = os.scandir

    def locked(path: str) -> Any:
        if str(path).endswith("locked"):  # which the superuser may list whatever its rights are
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    files, skipped = discover(["docs"], tmp_path)
    assert [path.name for path, _ in files] == ["a.md"]
    assert skipped == [("locked", "cannot be listed: permission denied")]
