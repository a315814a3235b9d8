"""What extraction finds: the tagger on CoNLL04, graphs of the bundled bots on labelled sentences, and their speed.

    python -m benchmarks.extraction [--conll04 dev.txt] [--adapter DIR] [--labelled FILE]

Strict micro F1: on CoNLL04 of entities with type and of relations between them; on `benchmarks/entities/bots.jsonl` of
the spans that a graph names, whatever their type, since its kinds are others, once with `extractor: default` and once
with `tagger`. The speed is that of one core, by time of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path

from adapters.tagger.data import Example, read_examples
from adapters.tagger.runtime import Tagged, Tagger
from adapters.tagger.scores import Score, score
from apps import BUNDLED
from chatbot import bots
from chatbot.bots import BotSource
from chatbot.build import build
from knowledge_graph.evidence import evidence
from knowledge_graph.lexicon import Lexicon, outermost
from knowledge_graph.reading import read
from retrieval.document import Chunk
from retrieval.encoder import Encoder
from retrieval.store import DATABASE, Store
from retrieval.text import sentences

EXTRACTORS = ("default", "tagger")
LABELLED = Path(__file__).parent / "entities" / "bots.jsonl"


def joined(entities: tuple[object, ...], found: Tagged | Example) -> list[tuple[object, str, object]]:
    """Relations with the entities they join."""
    return [(entities[r.subject], r.name, entities[r.object]) for r in found.relations]


def conll04(tagger: Tagger, path: Path) -> tuple[Score, Score]:
    """Scores of entities and of relations."""
    examples = read_examples(path)
    tagged = tagger.tag([example.text for example in examples])
    entities = [[entity for entity in found.entities if entity.type != "Term"] for found in tagged]
    return (
        score([example.entities for example in examples], entities),
        score([joined(e.entities, e) for e in examples], [joined(t.entities, t) for t in tagged]),
    )


def of_graph(store: Store, text: str) -> list[tuple[int, int]]:
    """The spans of a sentence that a built graph's lexicon names."""
    return [(mention.start, mention.end) for mention in outermost(Lexicon(store.connection).mentions(text))]


def seconds(run: Callable[[], object]) -> float:
    """Seconds of the process that something takes."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def extract(store: Store, chunks: list[tuple[Chunk, str]]) -> None:
    """Both passes of the graph over some chunks, each with its document's title."""
    lexicon = Lexicon(store.connection)
    for chunk, title in chunks:
        evidence(chunk, title, "en")
        read(chunk, title, lexicon, "en")


def built(name: str, extractor: str, home: Path, encoder: Encoder) -> Store:
    """The store of a bundled bot, its graph made by an extractor."""
    config = bots.find(name).config
    graph = config.graph.model_copy(update={"extractor": extractor})
    source = BotSource(config.model_copy(update={"graph": graph}), home / extractor / name)
    manifest = build(source, encoder=encoder)
    return Store(source.home / "builds" / manifest.build / DATABASE)


def main(conll: Path | None, adapter: str, labelled: Path) -> None:
    """Measure and print Markdown tables."""
    os.environ["OMP_NUM_THREADS"] = "1"  # of the compiled tagger
    bots.SHELVES.append(BUNDLED)
    tagger = Tagger.load(adapter)
    print("| what | precision | recall | F1 |\n|---|---:|---:|---:|")
    for what, found in zip(("entities", "relations"), conll04(tagger, conll) if conll else (), strict=False):
        print(f"| CoNLL04, {what} | {found.precision:.3f} | {found.recall:.3f} | {found.f1:.3f} |")
    examples, of_bots = read_examples(labelled), bots_of(labelled)
    encoder = Encoder.load()
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    taken = {"evidence": 0.0, "tagger": 0.0}
    count = 0
    with tempfile.TemporaryDirectory() as home:
        for name, extractor in product(sorted(set(of_bots)), EXTRACTORS):
            with closing(built(name, extractor, Path(home), encoder)) as store:
                for example, bot in zip(examples, of_bots, strict=True):
                    if bot == name:
                        spans[extractor, example.text] = of_graph(store, example.text)
                if extractor == "default":
                    titles = dict(store.rows("SELECT id, title FROM documents"))
                    chunks = [(chunk, titles[chunk.document_id]) for chunk in store.all_chunks()]
                    texts = [chunk.text[start:end] for chunk, _ in chunks for start, end in sentences(chunk.text)]
                    count += len(chunks)
                    taken["evidence"] += seconds(partial(extract, store, chunks))
                    taken["tagger"] += seconds(partial(tagger.tag, texts))
    wanted = [[entity[:2] for entity in example.entities] for example in examples]
    for extractor in EXTRACTORS:
        found = score(wanted, [spans[extractor, example.text] for example in examples])
        print(f"| bundled bots, {extractor} | {found.precision:.3f} | {found.recall:.3f} | {found.f1:.3f} |")
    print(f"\nChunks a second on one core: {count / taken['evidence']:.0f} with default", end="")
    print(f", {count / sum(taken.values()):.0f} with tagger")


def bots_of(path: Path) -> list[str]:
    """The bot of each labelled sentence."""
    return [json.loads(line)["bot"] for line in path.read_text(encoding="utf8").splitlines()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conll04", type=Path, metavar="FILE", help="CoNLL04's dev.txt")
    parser.add_argument("--adapter", metavar="DIR", default="default", help="a tagger's folder, for CoNLL04 and speed")
    parser.add_argument("--labelled", type=Path, metavar="FILE", default=LABELLED, help="sentences of bundled bots")
    given = parser.parse_args()
    main(given.conll04, given.adapter, given.labelled)
