"""Training lists for the relation matcher: the words that ask for a relation, and what graphs call it.

    python -m benchmarks.asking.fragments OUT.jsonl [--times N] [--seed N] [--without DOMAIN ...]

Each file of `benchmarks/asking/practice` describes a domain: its relations, what they may be called, and how people ask
for one end of each or speak of it. A run of words of such a form, "who was behind the camera for X", is a fragment; a
list is a fragment, a name of its relation followed the same way or another fragment of it, the relation followed the
other way, and other relations of the domain.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from knowledge_graph.asking.alignment import LONGEST
from knowledge_graph.asking.steps import Step, role
from retrieval.text import STOPWORDS

FORMS = Path(__file__).parent / "practice"
ALIKE, TURNED, CUT = 0.2, 0.3, 0.5
"""Shares of lists whose answer is another fragment; of names that are those of the inverse; of fragments that are cut
to a part."""
OTHERS = 12


def lists(domain: list[dict[str, Any]], chance: random.Random) -> Iterator[dict[str, object]]:
    """A list for each form of a domain."""
    for number, each in enumerate(domain):
        for side in ("forward", "backward"):
            forms = [*each[side]["ask"], *each[side]["noun"]]
            forward = side == "forward"
            for form in forms:
                right = named(each, forward, chance)
                answer = fragment(chance.choice(forms), chance) if chance.random() < ALIKE else right
                wrong = {named(other, chance.random() < 0.5, chance) for at, other in enumerate(domain) if at != number}
                others = chance.sample(sorted(wrong - {right}), min(OTHERS, len(wrong)))
                yield {
                    "question": fragment(form, chance),
                    "answer": answer,
                    "others": [named(each, not forward, chance), *others],
                }


def named(relation: dict[str, Any], forward: bool, chance: random.Random) -> str:
    """One of the names of a relation, followed from subject to object or back."""
    inverse = relation.get("inverse") or []
    turned = bool(inverse) and chance.random() < TURNED
    return role(Step(chance.choice(inverse if turned else relation["names"]), forward != turned))


def fragment(form: str, chance: random.Random) -> str:
    """A run of a form's words, the entity among them as `X`, that holds some word that is not a function word."""
    words = form.lower().rstrip("?.").replace("{x}", "X").replace("X's", "X").split()
    telling = [at for at, word in enumerate(words) if word not in STOPWORDS and word != "X"]
    if not telling or (len(words) <= LONGEST and chance.random() > CUT):
        return " ".join(words[:LONGEST])
    chosen = chance.choice(telling)
    first = chance.randint(max(0, chosen - LONGEST + 1), chosen)
    last = chance.randint(chosen + 1, min(len(words), first + LONGEST))
    return " ".join(words[first:last])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--times", type=int, default=4, help="lists for each form")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", nargs="*", default=[], help="domains to leave out")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    found = [
        each
        for path in sorted(FORMS.glob("*.yaml"))
        if path.stem not in arguments.without
        for _ in range(arguments.times)
        for each in lists(yaml.safe_load(path.read_text(encoding="utf8"))["relations"], chance)
    ]
    with arguments.out.open("w", encoding="utf8") as file:
        for each in chance.sample(found, len(found)):
            file.write(json.dumps(each, ensure_ascii=False) + "\n")
    print(f"{arguments.out}: {len(found):,} lists")


if __name__ == "__main__":
    main()
