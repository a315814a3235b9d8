"""Questions of forms: names drawn from the facts, and the right answers by walking the facts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from benchmarks.asking.facts import Facts, Route, extreme, size
from benchmarks.asking.forms import KINDS, NEVER, Block, Form, read_path

MOST = 12
"""Most answers of a question."""
ABSENT = 5
"""Most questions of a block of strangers or of missing facts."""


@dataclass(frozen=True)
class Question:
    """A question with its right answers.

    Args:
        answers: Labels, a number for a count, "yes" or "no"; none where the facts tell no answer.
        hops: Facts between the names asked about and an answer; 0 where there is no answer.
        kind: A value of `KINDS`.
        form: "template" or "paraphrase".
        path: What is asked, as the forms write it.
    """

    question: str
    answers: list[str]
    hops: int
    kind: str
    form: str
    path: str


Case = tuple[str, str, list[str]]
"""The names for {x} and {y}, and the answers."""


def generate(facts: Facts, blocks: Sequence[Block], seed: int = 0) -> list[Question]:
    """One question for each form, with other names for each form of a block as far as there are others.

    The same arguments give the same questions.

    Raises:
        ValueError: The facts have no case for a block.
    """
    chance = random.Random(seed)
    never = {form.text for block in blocks if block.word == NEVER for form in block.forms}
    found: dict[str, Question] = {}
    for block in blocks:
        if block.word != NEVER:
            for question in _questions(facts, block, blocks, never, chance):
                found.setdefault(question.question, question)
    return list(found.values())


def _questions(
    facts: Facts, block: Block, blocks: Sequence[Block], never: set[str], chance: random.Random
) -> Iterator[Question]:
    kind, asked = KINDS[block.word], f"{block.word} {block.asked}".strip()
    hops = 0 if kind == "none" else _hops(block)
    for names in ((False, False), (True, False), (True, True)):
        forms = [form for form in _forms(block, blocks) if ("{x}" in form.text, "{y}" in form.text) == names]
        if not forms:
            continue
        cases = [(x, y, ends) for x, y, ends in _cases(facts, block, *names) if never.isdisjoint({x, y, *ends})]
        if not cases:
            raise ValueError(f"no fact to ask about: {asked}")
        chance.shuffle(cases)
        if block.word in ("strangers", "missing"):
            chance.shuffle(forms)
            forms = forms[:ABSENT]
        if block.word == "does":
            cases = _alternating(cases)
        for number, form in enumerate(forms):
            x, y, answers = cases[number % len(cases)]
            shape = "template" if form.template else "paraphrase"
            yield Question(form.fill(x, y), answers, hops, kind, shape, asked)


def _hops(block: Block) -> int:
    """The longest path of a block, and for a comparison the value at its end."""
    if block.word in ("more", "less"):
        _, _, way = block.asked.partition(":")
        return 1 + (len(read_path(way).steps) if way else 0)
    return max(len(read_path(part).steps) for part in block.asked.split("&"))


def _forms(block: Block, blocks: Sequence[Block]) -> list[Form]:
    """A block's own forms; those of its paths for a block of strangers or missing facts."""
    if block.word == "strangers":
        paths = [other for other in blocks if other.word == "path" and read_path(other.asked).steps[0] == block.asked]
        return [form for other in paths for form in other.forms]
    if block.word == "missing":
        step = block.asked.partition(":")[0]
        return [form for other in blocks if (other.word, other.asked) == ("path", step) for form in other.forms]
    return block.forms


def _cases(facts: Facts, block: Block, has_x: bool, has_y: bool) -> Iterator[Case]:
    """All names that a block can ask about."""
    if block.word == "path":
        yield from _of_path(facts, read_path(block.asked))
    elif block.word == "count":
        yield from _of_count(facts, read_path(block.asked))
    elif block.word == "both":
        first, second = (read_path(part) for part in block.asked.split("&"))
        yield from _of_both(facts, first, second, has_y)
    elif block.word in ("more", "less"):
        yield from _of_comparison(facts, block, has_x, has_y)
    elif block.word == "does":
        yield from _of_does(facts, Route((block.asked,)))
    elif block.word == "lacks":
        yield from ((start, "", []) for start in facts.starts(block.asked))
    elif block.word == "strangers":
        yield from ((form.text, "", []) for form in block.forms)
    elif block.word == "missing":
        step, _, other = block.asked.partition(":")
        having = set(facts.starts(step))
        yield from ((start, "", []) for start in facts.starts(other.strip()) if start not in having)
    else:
        yield "", "", []


def _of_path(facts: Facts, path: Route) -> Iterator[Case]:
    for start in facts.starts(path.steps[0]):
        ends = facts.walk(start, path)
        if 1 <= len(ends) <= MOST:
            yield start, "", ends


def _of_count(facts: Facts, path: Route) -> Iterator[Case]:
    """Counts of more than one, where there are such: one is what a blind guess would say."""
    found = [(x, y, [str(len(ends))]) for x, y, ends in _of_path(facts, path)]
    yield from [case for case in found if case[2] != ["1"]] or found


def _of_both(facts: Facts, one: Route, other: Route, apart: bool) -> Iterator[Case]:
    """Cases in which each of the two conditions rules something out, where there are such."""
    found, sharp = [], []
    for x in facts.starts(one.steps[0]):
        first = facts.walk(x, one)
        for y in facts.starts(other.steps[0]) if apart else [x]:
            second = set() if apart and x == y else set(facts.walk(y, other))
            ends = [end for end in first if end in second]
            if 1 <= len(ends) <= MOST:
                found.append((x, y, ends))
                if len(ends) < min(len(first), len(second)):
                    sharp.append(found[-1])
    yield from sharp or found


def _of_comparison(facts: Facts, block: Block, has_x: bool, has_y: bool) -> Iterator[Case]:
    relation, _, way = block.asked.partition(":")
    groups: Iterator[tuple[str, str, Sequence[str]]]
    if has_y:
        groups = ((x, y, (x, y)) for x, y in combinations(facts.starts(relation), 2))
    elif has_x:
        path = read_path(way)
        groups = ((x, "", facts.walk(x, path)) for x in facts.starts(path.steps[0]))
    else:
        groups = iter([("", "", facts.starts(relation))])
    for x, y, things in groups:
        sizes = {size(value) for thing in things for value in facts.walk(thing, Route((relation,)))}
        if len(sizes) > 1:
            yield x, y, extreme(things, facts, relation, block.word == "more")


def _of_does(facts: Facts, path: Route) -> Iterator[Case]:
    ends = facts.starts(f"^{path.steps[0]}")
    for start in facts.starts(path.steps[0]):
        right = facts.walk(start, path)
        yield from ((start, end, ["yes" if end in right else "no"]) for end in ends if end != start)


def _alternating(cases: Sequence[Case]) -> list[Case]:
    """As many that are answered yes as no, by turns."""
    yes, no = ([case for case in cases if case[2] == [answer]] for answer in ("yes", "no"))
    return [case for pair in zip(yes, no, strict=False) for case in pair]
