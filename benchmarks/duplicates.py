"""How many nodes of the bundled bots' graphs are duplicates of another, and how many merges are right.

    python -m benchmarks.duplicates [--list]

`duplicates.jsonl` holds 200 names, drawn (seed 0) from the 3,585 nodes that the bots had when abbreviations were all
that was merged, each with the names of its bot that are nearest by spelling and by embedding, and the one of its bot,
if any, that was judged by hand to mean the same. `duplicates_later.jsonl` holds 200 others likewise, drawn (seed 1)
from the 2,259 nodes but values that there were when the rules had been made with the first. `merges.jsonl` holds every
merge in these bots, judged likewise. The bots must have been indexed (`graft index BOT`).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from apps import BUNDLED
from chatbot import bots
from chatbot.bot import Bot
from knowledge_graph.graph import KnowledgeGraph, UnknownEntity
from knowledge_graph.merges import merges

FOLDER = Path(__file__).parent
NAMES, LATER, MERGES = (FOLDER / f"{name}.jsonl" for name in ("duplicates", "duplicates_later", "merges"))


def main(listing: bool) -> None:
    """Measure and print."""
    bots.SHELVES.append(BUNDLED)
    opened = {name: Bot.open(bots.find(name)) for name in sorted({row["bot"] for row in _rows(NAMES)})}
    left: list[str] = []
    for file in (NAMES, LATER):
        states: defaultdict[str, list[str]] = defaultdict(list)
        for row in _rows(file):
            states[state(opened[row["bot"]].graph, row["name"], row["same"])].append(f"{row['name']} = {row['same']}")
        there = sum(map(len, states.values())) - len(states["gone"])
        before = sum(1 for row in _rows(file) if row["same"])
        print(f"{file.name}: of {len(_rows(file))} names {before} were duplicates", end="; ")
        print(f"{len(states['gone'])} are no more in a graph, {len(states['merged'])} are merged", end=", ")
        print(f"{len(states['left'])} of {there} are left: {len(states['left']) / there:.1%}")
        left += states["left"]
    judged = {(row["bot"], row["name"], row["entity"]): row["right"] for row in _rows(MERGES)}
    made = [(name, merge) for name, bot in opened.items() for merge in merges(bot.index.store)]
    known = [judged[at] for name, merge in made if (at := (name, merge.name, merge.entity)) in judged]
    print(f"merges {len(made)}, of which {len(known)} are judged and {sum(known)} right: {sum(known) / len(known):.1%}")
    if listing:
        for pair in left:
            print(f"left: {pair}")
        for name, merge in made:
            right = judged.get((name, merge.name, merge.entity))
            print(f"{name}: {merge.name} → {merge.entity} ({merge.why}): {right}")


def state(graph: KnowledgeGraph, name: str, same: str) -> str:
    """What became of a name and, if not empty, of another that means the same: `single`, `merged`, `left` or `gone`."""
    try:
        node = graph.resolve(name)
        return "single" if not same else "merged" if graph.resolve(same) == node else "left"
    except UnknownEntity as error:
        return "gone" if repr(name) in str(error) else "single"


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="Show the duplicates that are left, and all merges.")
    main(parser.parse_args().list)
