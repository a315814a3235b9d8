"""`graft train embedder`: the bundled encoder taught a domain's words, from questions and their passages."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot.cli.output import print_json, progress_bar, tell
from chatbot.cli.tracking import TrackOption
from chatbot.cli.training import (
    CardOption,
    OutOption,
    ResumeOption,
    check_out,
    data_files,
    quiet,
    readable_training,
    training_watch,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.encoder import Encoder

KEPT_AT_ONCE = 512
"""Passages whose vectors are kept together: no more are lost by an interruption."""
_DATA = (
    "A BEIR folder with qrels/train.tsv, or a .jsonl of question (or query), passage (or positive) and perhaps"
    " negatives. SHARE, at most 1, is a random part of its questions. Several are merged."
)


def train_embedder(
    data: Annotated[list[str], typer.Option(metavar="PATH[:SHARE]", help=_DATA)],
    out: OutOption,
    resume: ResumeOption = False,
    track: TrackOption = None,
    json_: CardOption = False,
    **settings: Any,
) -> None:
    """Train an embedder, and write it with its card."""
    with readable_training(out):
        files = data_files(data)
        check_out(out, resume)
        from adapters.embedder.config import EmbedderConfig

        config = EmbedderConfig(**settings)
        quiet()
        from adapters.embedder.data import Encoded
        from adapters.embedder.train import train_embedder as train
        from retrieval.encoder import Encoder
        from retrieval.training_pairs import merged_pairs

        pairs = merged_pairs(files, config.seed)
        origin = [{"name": path.name, "share": share} for path, share in files]
        encoded = Encoded(pairs, *cached_vectors(Encoder.load(), pairs.questions, pairs.passages))
        with training_watch("embedder", out, asdict(config), track) as watch:
            card = train(encoded, origin, out, config, watch)
        if json_:
            print_json(card)
            return
        scores = card["scores"]
        tell(
            f"{out}: embedder, {card['questions']:,} questions; nDCG@10 of {card['held_out']} held-out questions"
            f" {scores['ndcg@10_before']:.1f} before, {scores['ndcg@10_after']:.1f} after, at a strength of"
            f" {scores['strength']:g}; {card['trained_parameters']:,} parameters trained"
            f" ({card['trained_parameters'] / card['parameters']:.1%}) in {card['seconds']:.0f} s"
        )


def cached_vectors(
    encoder: Encoder, questions: Sequence[str], passages: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors of questions and of passages, shapes (len(questions), width) and (len(passages), width).

    Those that any bot's index has are not made again, nor those that an interrupted command has made.
    """
    import numpy as np

    from chatbot.work import cache_file
    from retrieval.vector_cache import VectorCache, batches, digest

    with closing(VectorCache(cache_file(encoder.fingerprint), encoder.backbone.spec.dimension)) as cache:
        texts = {digest(passage): passage for passage in passages}
        known = cache.get(list(texts))
        new = [key for key in texts if key not in known]
        with progress_bar("encoding") as progress:
            for part in batches(len(new), KEPT_AT_ONCE):
                known |= cache.fill({key: texts[key] for key in new[part]}, encoder.documents)
                progress("passages", min(part.stop, len(new)), len(new))
        return cache.questions(questions, encoder.queries), np.stack([known[digest(text)] for text in passages])
