"""What exploring a large graph costs: reading it, the first drawing, a click, a search, a path, the areas.

    python -m benchmarks.explorer [--entities 5000]

Makes a bot of generated facts (`graft graph import`) in 50 groups, with one entity that 400 others are joined with, and
times what the explorer's page asks of the server: the first time, and the median of the next nine.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chatbot import bots
from chatbot.bot import Bot
from chatbot.build import build
from chatbot.scaffold import scaffold_facts
from knowledge_graph.explore import Explorer

GROUPS, MEMBERS, TIMES = 50, 400, 10
SYLLABLES = [first + second for first in "BDFGKLMNPRST" for second in ("al", "en", "or", "is", "um")]
RELATIONS = ("supplies", "owns", "reports_to", "partner_of", "funds", "manages", "audits", "founded")


def facts(entities: int) -> list[tuple[str, str, str]]:
    """About two facts for every entity, most of them within its group; the first entity is the hub."""
    chance = random.Random(7)
    names = [f"{a}{b.lower()} {c}" for a in SYLLABLES for b in SYLLABLES for c in ("Bank", "Mill")][:entities]
    chance.shuffle(names)
    found = set()
    for at, name in enumerate(names[GROUPS:], GROUPS):
        earlier = names[at % GROUPS : at : GROUPS]
        found.add((name, chance.choice(RELATIONS), chance.choice(earlier)))
        found.add((name, chance.choice(RELATIONS), chance.choice(earlier if chance.random() < 0.7 else names[:at])))
    found |= {(name, "member_of", names[0]) for name in chance.sample(names[1:], min(MEMBERS, len(names) - 1))}
    return sorted(found)


def main(entities: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["GRAFT_HOME"] = f"{temporary}/home"
        folder = Path(temporary) / "explored"
        scaffold_facts(folder, facts(entities))
        source = bots.find(str(folder))
        build(source)
        graph = Bot.open(source).graph
        counts = graph.counts()
        print(f"{counts['nodes']} entities and values, {counts['edges']} facts; milliseconds, the first time and after")
        hub, far = graph.search("", 1)[0], graph.communities[-1].members[-1]
        graph = Bot.open(source).graph  # the same, not read yet
        explorer = Explorer(graph)
        told("search", lambda: explorer.search("al"))
        told("first drawing", lambda: explorer.around(hub, [], 24))
        drawn = graph.neighbours(hub)[:48]
        told("click", lambda: explorer.around(hub, drawn, 24))
        told("path", lambda: explorer.path(hub, far))
        told("areas", explorer.areas)
        told("area", lambda: explorer.area(0))
        edge = explorer.around(hub, [], 24)["facts"][0]
        told("sentence", lambda: explorer.edge(edge["id"], edge["from"], edge["to"]))


def told(what: str, ask: Callable[[], object]) -> None:
    """Time a question and print it."""
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - begin))
    print(f"{what:<16}{taken[0]:8.1f}{statistics.median(taken[1:]):8.1f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, default=5_000)
    main(parser.parse_args().entities)
