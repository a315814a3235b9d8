"""Ways to ask about facts, as they are written in the `.forms` files.

A file holds blocks. The first line of a block begins with `>` and says what is asked; each further line is a way to ask
it, with {x}, and at times {y}, for the names: `=` before a line marks it as a template, which uses the relation's own
words where they make English, `~` as one to be asked in lower case; the others are paraphrases.

    > path STEP / STEP ...       what the steps lead to from {x}; with `! start` at its end, {x} itself is no answer
    > both PATH & PATH           what the one leads to from {x} and the other from {y}; without {y}, both from {x}
    > count PATH                 how many things the path leads to
    > more|less RELATION         which of {x} and {y} has the larger or smaller value; without names, which of all
    > more|less RELATION: PATH   which of the things that the path leads to
    > does STEP                  whether the step leads from {x} to {y}

and what has no answer:

    > lacks STEP                 things of the kind that the step starts from are asked about what no fact tells
    > strangers STEP             names that are not among the facts, for the paths that begin with the step
    > missing STEP: STEP         the first step asked about things that only the second can be taken from
    > chat                       words that ask about none of this

A block `> never` lists names that no question asks about and none has as an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.asking.facts import Route

KINDS = {
    "path": "path",
    "both": "conjunction",
    "count": "count",
    "more": "comparison",
    "less": "comparison",
    "does": "yes/no",
    "lacks": "none",
    "strangers": "none",
    "missing": "none",
    "chat": "none",
}
"""What a block asks, by its first word, and the kind of question that is."""
NEVER = "never"


@dataclass(frozen=True)
class Form:
    """One way to ask."""

    text: str
    template: bool = False
    lower: bool = False

    def fill(self, x: str, y: str = "") -> str:
        """The question about these names."""
        text = self.text.replace("{x}", x).replace("{y}", y)
        return text.lower() if self.lower else text[0].upper() + text[1:]


@dataclass(frozen=True)
class Block:
    """What is asked, and the ways to ask it.

    Args:
        word: A key of `KINDS`, or `NEVER`.
        asked: The rest of the block's first line.
    """

    word: str
    asked: str
    forms: list[Form] = field(default_factory=list)


def read_forms(path: Path) -> list[Block]:
    """The blocks of a file.

    Raises:
        ValueError: A line is in no block, or its block asks what there is not.
    """
    blocks: list[Block] = []
    for number, line in enumerate(path.read_text(encoding="utf8").splitlines(), 1):
        mark, text = line[:1], line[1:].strip()
        if mark == ">":
            word, _, asked = text.partition(" ")
            if word not in (*KINDS, NEVER):
                raise ValueError(f"{path}, line {number}: unknown {word!r}; accepted: {', '.join((*KINDS, NEVER))}")
            blocks.append(Block(word, asked.strip()))
        elif line.strip():
            if not blocks:
                raise ValueError(f"{path}, line {number}: a form before the first block")
            form = Form(text, mark == "=", mark == "~") if mark in "=~" else Form(line.strip())
            blocks[-1].forms.append(form)
    return blocks


def read_path(written: str) -> Route:
    """A path as it is written: `directed_by / ^directed_by ! start`."""
    steps, _, end = written.partition("!")
    return Route(tuple(step.strip() for step in steps.split("/")), end.strip() == "start")
