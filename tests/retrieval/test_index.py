"""Indexes of whole corpora: languages, weights, saving, and questions of every kind."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval import ingest
from retrieval.aptitude import aptitude
from retrieval.document import Document
from retrieval.encoder import Encoder
from retrieval.fusion import DENSE_WEIGHT, fuse
from retrieval.index import Index
from retrieval.ingest import indexed_text
from retrieval.splitter import split
from retrieval.store import DATABASE
from tests.retrieval.corpora import CHINESE, ENGLISH, documents


def built(folder: Path, docs: list[Document], encoder: Encoder) -> Index:
    folder.mkdir()
    return Index.build(folder, docs, [chunk for document in docs for chunk in split(document)], encoder)


@pytest.fixture(scope="module")
def english(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Index:
    return built(tmp_path_factory.mktemp("en") / "index", documents(ENGLISH, "Help"), encoder)


@pytest.fixture(scope="module")
def chinese(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Index:
    return built(tmp_path_factory.mktemp("zh") / "index", documents(CHINESE, "帮助"), encoder)


def reciprocal_ranks(index: Index, questions: list[str], weight: float) -> float:
    total = 0.0
    for position, question in enumerate(questions):
        found = index.candidates(question)
        fused = fuse(found, weight)
        ranking = found.positions[np.argsort(-fused, kind="stable")].tolist()
        total += 1 / (ranking.index(position) + 1)
    return total / len(questions)


def test_the_encoder_is_trusted_only_where_it_knows_the_language(english: Index, chinese: Index) -> None:
    assert english.dense_weight == DENSE_WEIGHT == 0.7
    assert chinese.dense_weight == 0.0


def test_tables_and_numbers_do_not_hide_the_language(encoder: Encoder, tmp_path: Path) -> None:
    table = "| item | price |\n|---|---|\n" + "".join(f"| A-{n} | {n}.50 |\n" for n in range(2_000))
    figures = " ".join(str(n) for n in range(2_000))
    more = [Document("table", "Prices", table, "prices.csv"), Document("figures", "Figures", figures, "figures.txt")]
    blob = [Document("blob", "Key", "QUJD" * 20_000, "key.txt")]
    assert built(tmp_path / "index", [*documents(ENGLISH, "Help"), *more, *blob], encoder).in_english


def test_fusion_never_loses_to_the_better_ranker_in_chinese(chinese: Index) -> None:
    dense, lexical = (reciprocal_ranks(chinese, list(CHINESE), weight) for weight in (1.0, 0.0))
    assert reciprocal_ranks(chinese, list(CHINESE), chinese.dense_weight) >= max(dense, lexical)
    assert dense < 0.5 and lexical > 0.9


def test_fusion_keeps_what_meaning_finds_in_english(english: Index) -> None:
    dense, lexical = (reciprocal_ranks(english, list(ENGLISH), weight) for weight in (1.0, 0.0))
    assert reciprocal_ranks(english, list(ENGLISH), english.dense_weight) > 2 * lexical
    assert dense > 0.8


def test_a_reopened_index_answers_the_same(encoder: Encoder, tmp_path: Path) -> None:
    docs = documents(ENGLISH, "Help")
    docs[0].metadata["faq"] = [{"question": "Who blocks cards?", "start": 0, "end": 20}]
    fresh = built(tmp_path / "index", docs, encoder)
    opened = Index.open(tmp_path / "index", encoder)
    assert opened.dense_weight == fresh.dense_weight
    np.testing.assert_array_equal(opened.faq_vectors, fresh.faq_vectors)
    assert opened.faq_vectors.shape == (1, encoder.backbone.spec.dimension)
    for question in ENGLISH:
        ours, theirs = opened.candidates(question), fresh.candidates(question)
        np.testing.assert_array_equal(ours.positions, theirs.positions)
        np.testing.assert_array_equal(opened.fused(ours), fresh.fused(theirs))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed there")
def test_what_cannot_be_opened_is_left_closed(encoder: Encoder, tmp_path: Path) -> None:
    built(tmp_path / "index", documents(ENGLISH, "Help"), encoder).store.close()
    (tmp_path / "index" / "fusion.json").write_text("{", encoding="utf8")
    with pytest.raises(ValueError) as caught:
        Index.open(tmp_path / "index", encoder)
    assert caught.tb  # holds on to what was opened
    held = {os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()}
    assert not any(path.startswith(str(tmp_path)) and path.endswith(DATABASE) for path in held)


def test_a_text_is_encoded_once_however_often_it_comes(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "ASKED", 100)
    monkeypatch.setattr(ingest, "SECONDS_PER_COMMIT", 0.0)
    texts: list[str] = []
    stream = encoder.stream

    def counted(pairs: Iterable[tuple[bytes, str]]) -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
        yield from stream((key, texts.append(text) or text) for key, text in pairs)  # type: ignore[func-returns-value]

    monkeypatch.setattr(encoder, "stream", counted)
    docs = [Document(f"{n}.md", "Lockers", f"Locker {n % 700} is blue.", f"{n}.md") for n in range(1_000)]
    index = built(tmp_path / "index", docs, encoder)
    assert len(index.dense) == 1_000
    assert len(texts) == len(set(texts)) == 700


@pytest.mark.parametrize(
    "question", ["", " ", "?!…", "🙂" * 50, "\x00\x1b[0m", "a" * 100_000, ".*(+[", "'; DROP TABLE"]
)
def test_odd_questions_are_searched_too(english: Index, question: str) -> None:
    found = english.candidates(question)
    fused = english.fused(found)
    assert len(found.positions) == len(set(found.positions.tolist())) == len(fused) > 0
    assert np.isfinite(fused).all()


def test_words_alone_and_meaning_alone(english: Index) -> None:
    found = english.candidates("teenagers", lexical=False)
    ranking = found.positions[np.argsort(-english.fused(found, lexical=False))]
    assert ranking[0] == list(ENGLISH).index("teenagers")
    assert not found.lexical.any()


def test_a_bot_of_one_page_finds_it(encoder: Encoder, tmp_path: Path) -> None:
    index = built(tmp_path / "index", [Document("a.md", "Hours", "We open at nine.", "a.md")], encoder)
    assert index.fused(index.candidates("When do you open?")).tolist() == pytest.approx([1.0])


def test_progress_counts_the_documents(encoder: Encoder, tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    docs = documents(ENGLISH, "Help")
    chunks = [chunk for document in docs for chunk in split(document)]
    Index.build(tmp_path, docs, chunks, encoder, progress=lambda *call: calls.append(call))
    assert calls[-1] == ("index", len(docs), len(docs))


def test_a_chunk_is_encoded_under_its_headings() -> None:
    chunk = split(Document("a.md", "Cards", "# Cards\n\n## Fees\n\nTen euros.", "a.md"))[0]
    assert indexed_text("Cards", chunk) == "Cards › Fees\nTen euros."


def test_aptitude_is_repeatable_and_survives_texts_without_words(encoder: Encoder, english: Index) -> None:
    sample = list(enumerate(english.store.all_chunks()))
    first, again = (aptitude(sample, english.dense, english.lexical, encoder.queries) for _ in range(2))
    assert first == again > 0.8
    assert aptitude([], english.dense, english.lexical, encoder.queries) == 1.0
