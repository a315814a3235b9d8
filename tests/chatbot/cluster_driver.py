"""A build on a Ray cluster, as a process that its test can watch, hold and kill.

    python -m tests.chatbot.cluster_driver BOT ADDRESS [HOLD_AFTER] [CRASH]

Prints `held` and waits for a line after HOLD_AFTER files; whatever cuts the file CRASH ends at once. Prints a JSON
line at the end: the files that were sent, and those that failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator

from chatbot import bots
from chatbot.build import build
from retrieval import ingest
from retrieval.cluster import ClusterReader, connected, reader
from retrieval.cluster.stages import cut_block
from retrieval.reading import Cutting, File, Outcome
from retrieval.vector_cache import VectorCache

ingest.DOCUMENTS_PER_COMMIT = 8


class Watched:
    def __init__(self, hold_after: int) -> None:
        self.sent: list[str] = []
        self.hold_after = hold_after

    def __call__(self, files: Iterable[File], cutting: Cutting, cache: VectorCache) -> Iterator[tuple[File, Outcome]]:
        files = list(files)
        self.sent = [file.name for file in files]
        for number, found in enumerate(ClusterReader("default")(files, cutting, cache), 1):
            yield found
            if number == self.hold_after:
                print("held", flush=True, file=sys.__stdout__)
                sys.stdin.readline()


def main(bot: str, address: str, hold_after: str = "0", crash: str = "") -> None:
    if crash:

        def cut_or_crash(block, words, overlap):  # type: ignore[no-untyped-def]
            if any(path.endswith(crash.encode()) for path in block["path"].to_pylist()):
                os._exit(1)
            return cut_block(block, words, overlap)

        reader.cut_block = cut_or_crash  # type: ignore[attr-defined]
    watched = Watched(int(hold_after))
    with connected(address):
        failed = build(bots.find(bot), reader=watched).failed
    print(json.dumps({"sent": watched.sent, "failed": failed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
