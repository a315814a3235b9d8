"""The bundled encoder: vectors that mean something, the same ones as torch gives, however they are batched."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from adapters.compiled import cache_home
from adapters.models import locate
from retrieval.encoder import Encoder

REPOSITORY = Path(__file__).parents[2]
TEXTS = [
    "How do I block a lost card?",
    "",
    "🙂🙂 \x07 <b>&amp;</b>",
    "信用卡丢失后怎么办？",
    "A card that was stolen is blocked within a minute. " * 60,
]


def test_vectors_are_unit_length_for_any_text(encoder: Encoder) -> None:
    vectors = encoder.documents([*TEXTS, "x" * 100_000])
    assert vectors.shape == (6, encoder.backbone.spec.dimension) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=5e-3)


def test_meaning_is_nearer_than_words(encoder: Encoder) -> None:
    question = encoder.query("My bank card was stolen, what now?")
    near, far = encoder.documents(["How to freeze a missing debit card", "The stolen boat lay at the river bank"])
    assert question @ near > question @ far


def test_batches_do_not_change_vectors_or_their_order(encoder: Encoder) -> None:
    texts = [f"{word} " * length for length in (1, 7, 40, 3, 200) for word in ("card", "loan", "fee")]
    together = encoder.documents(texts)
    alone = np.vstack([encoder.documents([text]) for text in texts])
    assert np.sum(together * alone, axis=1).min() > 0.999


def test_the_end_of_a_chunk_of_180_words_counts(encoder: Encoder) -> None:
    start = "The committee met on Tuesday and discussed the annual report at length. " * 14
    plain, changed = encoder.documents([start, start + "Penguins breed on the ice of Antarctica."])
    penguins = encoder.query("penguins in Antarctica")
    assert penguins @ changed > penguins @ plain + 0.02


def test_progress_counts_every_text(encoder: Encoder) -> None:
    counts: list[int] = []
    encoder.documents(["word " * n for n in range(1, 60)], counts.append)
    assert sum(counts) == 59 and encoder.documents([]).shape == (0, encoder.backbone.spec.dimension)


def test_threads_share_one_encoder(encoder: Encoder) -> None:
    texts = [f"question number {n} about fees" for n in range(24)]
    expected = encoder.queries(texts)
    with ThreadPoolExecutor(4) as pool:
        found = np.vstack(list(pool.map(encoder.query, texts)))
    assert np.sum(found * expected, axis=1).min() > 0.999


def test_a_limit_of_threads_holds_for_the_compiled_model(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    if not encoder.backbone.runtime.startswith("OpenVINO"):
        pytest.skip("OpenVINO is not installed")
    monkeypatch.setenv("OMP_NUM_THREADS", "1,1")
    limited = Encoder.load()
    assert limited.backbone._model._model.get_property("INFERENCE_NUM_THREADS") == 1  # type: ignore[attr-defined]
    assert np.sum(limited.documents(TEXTS) * encoder.documents(TEXTS), axis=1).min() > 0.9999


def test_compiled_and_torch_agree(encoder: Encoder) -> None:
    if not encoder.backbone.runtime.startswith("OpenVINO"):
        pytest.skip("OpenVINO is not installed")
    from adapters.torch_backbone import TorchBackbone

    torch = TorchBackbone.load(locate("default"), "for comparison")
    ids = torch.token_ids(TEXTS)
    assert torch.spec == encoder.backbone.spec
    assert encoder.backbone.token_ids(TEXTS) == ids
    theirs, ours = torch.sentence_vectors(ids), encoder.backbone.sentence_vectors(ids)
    assert np.sum(ours * theirs, axis=1).min() > 0.998


def test_a_warm_start_imports_neither_torch_nor_transformers(encoder: Encoder) -> None:
    if not encoder.backbone.runtime.startswith("OpenVINO"):
        pytest.skip("OpenVINO is not installed")
    program = (
        "import sys; from retrieval.encoder import Encoder; vector = Encoder.load().query('a card')\n"
        "print(len(vector), sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), cache_home().is_dir()) == (0, "384 []", True), done.stderr


def test_sentences_are_kept_and_the_same_as_when_encoded(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Encoder(encoder.backbone)
    expected = own.documents(TEXTS)
    for texts in ([*TEXTS, TEXTS[0]], TEXTS):
        np.testing.assert_allclose(own.sentences(texts)[: len(TEXTS)], expected, atol=1e-2)
    assert own.sentences([]).shape == (0, encoder.backbone.spec.dimension)
    monkeypatch.setattr("retrieval.encoder.KEPT", 2)
    assert own.sentences([*TEXTS, "One more."]).shape == (len(TEXTS) + 1, encoder.backbone.spec.dimension)
    assert len(own._kept) == 2
