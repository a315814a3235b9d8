"""Examples for the tagger from sentences with marked entities, `[[Ruth Adeyemi|Peop]] signs the [[invoice|Term]]`.

python -m benchmarks.entities.marked OUT.jsonl [--only DOMAIN ...] [--without DOMAIN ...]
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

PRACTICE = Path(__file__).parent / "practice"
_MARKED = re.compile(r"\[\[([^\[\]|]+)\|([A-Za-z]+)\]\]")


def example(line: str) -> dict[str, object]:
    """A marked sentence as text and entities."""
    text, entities, at = "", [], 0
    for match in _MARKED.finditer(line):
        text += line[at : match.start()]
        entities.append([len(text), len(text) + len(match[1]), match[2]])
        text += match[1]
        at = match.end()
    return {"text": text + line[at:], "entities": entities}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="domains to take, all by default")
    parser.add_argument("--without", nargs="*", default=[], help="domains to leave out")
    arguments = parser.parse_args()
    known = sorted(path.stem for path in PRACTICE.glob("*.txt"))
    taken = [name for name in arguments.only or known if name not in arguments.without]
    lines = [line for name in taken for line in (PRACTICE / f"{name}.txt").read_text(encoding="utf8").splitlines()]
    examples = [example(line) for line in lines if line.strip()]
    arguments.out.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in examples), encoding="utf8")
    print(f"{arguments.out}: {len(examples):,} sentences of {len(taken)} domains")


if __name__ == "__main__":
    main()
