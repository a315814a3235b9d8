"""The comparison of indexing speed, with Graft alone: the rivals' environments take minutes and gigabytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.indexing import ROOT, median, table

TOPICS = ("loans", "cards", "branches")


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    documents = [{"_id": topic, "title": topic, "text": f"All about {topic}.\n \nOpen at nine."} for topic in TOPICS]
    questions = [{"_id": topic, "text": f"What about {topic}?"} for topic in TOPICS]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)), encoding="utf8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(f"{t}\t{t}\t1" for t in TOPICS), encoding="utf8")
    return folder


def indexing(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.indexing", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_graft_is_measured_with_and_without_its_graph(beir: Path) -> None:
    done = indexing(beir, "--documents", 2, "--runs", 1, "--only", "graft,graft-no-graph")
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| graft")]
    assert done.stdout.startswith("2 documents of ")
    assert [row[0] for row in rows] == ["| graft", "| graft-no-graph"]
    assert all(int(row[4]) > 20 for row in rows), "no tokens were counted"
    assert "of Graft's build" in done.stdout


def test_an_unknown_system_is_refused_with_those_there_are(beir: Path) -> None:
    done = indexing(beir, "--only", "graft,lucene")
    assert done.returncode == 2
    assert "no system lucene; there are graft" in done.stderr


def test_the_ratio_is_of_the_medians() -> None:
    def report(seconds: float) -> dict[str, float | str]:
        numbers = dict.fromkeys(("tokens", "loaded_at", "found_at", "query", "memory", "search_memory"), 1.0)
        return {**numbers, "indexing": seconds, "search": "dense"}

    medians = {
        "graft": median([report(1), report(2), report(9)]),
        "txtai": median([report(3), report(5), report(4)]),
    }
    rows = table(medians, 10).splitlines()
    assert rows[2].startswith("| graft | 5.0 | 1.00 |")
    assert rows[3].startswith("| txtai | 2.5 | 2.00 |")
