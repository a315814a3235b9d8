"""Training lists for the relation matcher: words that speak of one relation, and what graphs call it.

    python -m benchmarks.asking.fragments OUT.jsonl [--times N] [--seed N] [--only DOMAIN ...] [--without DOMAIN ...]

A question that asks for several relations holds one within the other, "who directed [the films written by X]", so that
what is left with the inner one taken for a name speaks of one relation again. A fragment is such a part: a way to ask
for a relation or to speak of one of its ends. A list is a fragment, a name of its relation followed the same way or
another fragment of it, the relation followed the other way, and other relations of the domain. A fragment that still
holds several relations, or is beside other relations alone, speaks of `NOTHING`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

from benchmarks.asking.domains import Domain, Way, domains
from knowledge_graph.asking.steps import NOTHING, role

ALIKE, SEVERAL, ABSENT, CUT, PLAIN, WRAPPED = 0.05, 0.3, 0.15, 0.2, 0.15, 0.35
"""Shares of lists whose answer is another fragment, whose fragment holds several relations, and whose relation is none
of the domain's; of fragments that are cut, and that are made of the relation's name; of those that only denote
something that are put into a question."""
TYPING = 0.06
"""Share of fragments with a typing error."""
OTHERS = 12
ASKED = (
    "what is {n}", "what are {n}", "who is {n}", "who are {n}", "name {n}", "list {n}", "tell me {n}", "which are {n}",
    "i would like to know {n}", "show me {n}", "give me {n}", "do you know {n}", "find {n}", "{n}, please",
    "can you tell me {n}", "how many are {n}", "count {n}", "number of {n}", "i need {n}", "what was {n}",
)  # fmt: skip


def lists(domain: Domain, chance: random.Random) -> Iterator[dict[str, object]]:
    """A list for each form of a domain."""
    for way in domain.ways:
        asks, nouns = domain.forms(way, "ask"), domain.forms(way, "noun")
        turned = role(domain.step(Way(way.relation, not way.forward), chance))
        for form in asks + nouns:
            right = role(domain.step(way, chance))
            wrong = {role(domain.step(other, chance)) for other in domain.ways if other.relation != way.relation}
            others = [turned, *chance.sample(sorted(wrong - {right}), min(OTHERS, len(wrong - {right})))]
            if chance.random() < SEVERAL and len(path := domain.walk(way, chance.choice((2, 2, 3)), chance)) > 1:
                inner = "X"
                for before in path[:-1]:
                    inner = domain.noun(before, inner, chance)
                roles = [role(domain.step(each, chance)) for each in path]
                question = _fragment(form.replace("{x}", inner), form in nouns, chance)
                yield _list(question, NOTHING, [*roles, *others[: OTHERS - len(roles)]])
                continue
            if chance.random() < ABSENT:
                yield _list(_fragment(form.replace("{x}", "X"), form in nouns, chance), NOTHING, others[1:])
                continue
            if chance.random() < PLAIN and (plain := domain.plain(way)):
                form = chance.choice(plain)
            elif chance.random() < ALIKE:
                right = _words(chance.choice(asks + nouns).replace("{x}", "X"))
            question = _fragment(form.replace("{x}", "X"), form not in asks, chance)
            yield _list(_cut(question, chance) if chance.random() < CUT else question, right, others)


def _list(question: str, answer: str, others: list[str]) -> dict[str, object]:
    return {"question": question, "answer": answer, "others": [other for other in others if other != answer]}


def _fragment(form: str, denotes: bool, chance: random.Random) -> str:
    """A form as a question is seen: in lower case, perhaps in a question, perhaps wrongly typed."""
    said = _words(form)
    if denotes and chance.random() < WRAPPED:
        said = chance.choice(ASKED).format(n=said)
    words = said.split()
    long = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if long and chance.random() < TYPING:
        at = chance.choice(long)
        letter = chance.randrange(1, len(words[at]) - 1)
        before, one, other, after = (words[at][:letter], *words[at][letter : letter + 2], words[at][letter + 2 :])
        words[at] = before + (other + one if chance.random() < 0.5 else other) + after
    return " ".join(words)


def _words(form: str) -> str:
    """Words of a form as those of a question are compared."""
    return " ".join(word if word == "X" else word.lower() for word in form.rstrip("?.").replace("X's", "X").split())


def _cut(fragment: str, chance: random.Random) -> str:
    """A fragment without what follows the name, "which country does X", or without a word or two at an end."""
    words = fragment.split()
    at = words.index("X") if "X" in words else 0
    if 1 < at < len(words) - 1 and chance.random() < 0.5:
        return " ".join(words[: at + 1])
    away = chance.randint(1, 2)
    if len(words) < away + 3:
        return fragment
    return " ".join(words[away:] if at > len(words) / 2 else words[:-away])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--times", type=int, default=2, help="lists for each form (default 2)")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument("--only", nargs="*", default=[], help="domains to take, all by default")
    parser.add_argument("--without", nargs="*", default=[], help="domains to leave out")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    found = [
        each
        for domain in domains(arguments.only, arguments.without)
        for _ in range(arguments.times)
        for each in lists(domain, chance)
    ]
    with arguments.out.open("w", encoding="utf8") as file:
        for each in chance.sample(found, len(found)):
            file.write(json.dumps(each, ensure_ascii=False) + "\n")
    print(f"{arguments.out}: {len(found):,} lists")


if __name__ == "__main__":
    main()
