"""How fast Graft and other frameworks index the same documents with the same encoder, as whole processes.

    python -m benchmarks.indexing BEIR_FOLDER [--documents 3000] [--runs 3] [--environments DIR] [--only graft,txtai]

Writes the first documents of a set in BEIR's layout as text files, a title as the heading, and has every system index
them and answer 50 of the set's questions, all in turn, RUNS times. Prints a Markdown table of medians.

A rival is set up as its own documentation does it, on the CPU and in an environment of its own; its script in
`benchmarks/rivals/` says how. Splitters, overlaps and truncation differ, so documents a second alone would favour who
leaves text out: `tokens` are those that the encoder saw, to be held against those of the documents.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path
from tokenizers import Tokenizer

from adapters import locate
from benchmarks.rivals.environments import python_of
from retrieval.beir import read_beir

ROOT = Path(__file__).parents[1]
SCRIPTS = {
    "graft": "graft_bot",
    "graft-no-graph": "graft_without_graph",
    "langchain": "langchain_faiss",
    "llamaindex": "llamaindex_simple",
    "haystack": "haystack_memory",
    "txtai": "txtai_hybrid",
}
QUESTIONS = 50
OFFLINE = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False", "CUDA_VISIBLE_DEVICES": ""}
COLUMNS = (
    "documents/s",
    "Graft is × as fast",
    "tokens/s",
    "tokens",
    "load, s",
    "first result, s",
    "question, ms",
    "search",
    "indexing, MB",
    "searching, MB",
)

Report = dict[str, Any]


def main(beir: Path, count: int, runs: int, environments: Path, names: list[str]) -> None:
    """Measure and print a Markdown table."""
    pythons = {name: _python(name, environments) for name in names}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        texts = write_documents(beir, count, work)
        if any(name.startswith("graft") for name in names):  # compiles the model, which happens once on a machine
            compiling = [sys.executable, "-c", "from retrieval.encoder import Encoder; Encoder.load()"]
            subprocess.run(compiling, cwd=ROOT, check=True)
        reports: dict[str, list[Report]] = {name: [] for name in names}
        for number in range(runs):
            for name in names:
                print(f"run {number + 1} of {runs}: {name}", file=sys.stderr)
                reports[name].append(measure(pythons[name], name, work, work / f"{name}-{number}"))
    medians = {name: median(of_system) for name, of_system in reports.items()}
    print(f"{len(texts):,} documents of {tokens_of(texts):,} tokens, medians of {runs}\n")
    print(table(medians, len(texts)))


def write_documents(beir: Path, count: int, work: Path) -> list[str]:
    """Write documents, one text file each, and questions; returns the files' texts.

    Lines of blanks only are emptied, so that every splitter sees where a paragraph ends.
    """
    split = sorted(path.stem for path in beir.glob("qrels/*.tsv"))[0]
    documents, questions, relevant = read_beir(beir, split)
    folder = work / "documents"
    folder.mkdir()
    plain = [re.sub(r"(?m)^[^\S\n]+$", "", document.text) for document in documents[:count]]
    texts = [f"# {document.title}\n\n{text}\n" for document, text in zip(documents, plain, strict=False)]
    for number, text in enumerate(texts):
        (folder / f"{number:06}.txt").write_text(text, encoding="utf8")
    asked = [questions[id_] for id_ in list(relevant)[:QUESTIONS]]
    (work / "questions.json").write_text(json.dumps(asked), encoding="utf8")
    return texts


def tokens_of(texts: list[str]) -> int:
    """How many tokens an encoder would see that cut nothing off and was given nothing twice."""
    tokenizer = Tokenizer.from_file(str(locate("default").path / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return sum(len(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False))


def measure(python: Path, name: str, work: Path, index: Path) -> Report:
    """Index in one process and search in another."""
    arguments = [work / "documents", locate("default").path, work / "questions.json", index]
    command = [python, ROOT / "benchmarks" / "rivals" / f"{SCRIPTS[name]}.py", *arguments]
    environment = {**os.environ, **OFFLINE, "GRAFT_HOME": f"{index}-home"}
    if name.startswith("graft"):
        environment["PYTHONPATH"] = str(ROOT)
    indexed, searched = (_report(command, environment) for _ in range(2))
    return {**indexed, **searched, "memory": indexed["memory"], "search_memory": searched["memory"]}


def _report(command: list[Any], environment: dict[str, str]) -> Report:
    """What a process printed; moments that it names `_at` become seconds since its start."""
    started = time.time()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[1]} failed:\n{done.stderr[-3000:]}")
    report = json.loads(done.stdout.splitlines()[-1])
    return {key: value - started if key.endswith("_at") else value for key, value in report.items()}


def median(reports: list[Report]) -> Report:
    """The median of each number; what is no number is the same in every run."""
    return {
        key: value if isinstance(value, str) else statistics.median(report[key] for report in reports)
        for key, value in reports[0].items()
    }


def table(medians: dict[str, Report], count: int) -> str:
    """A Markdown table, and below it what the graph takes of a build where that can be told."""
    lines = [f"| system | {' | '.join(COLUMNS)} |", f"|---|{'---:|' * len(COLUMNS)}"]
    graft = medians.get("graft")
    for name, report in medians.items():
        cells = (
            f"{count / report['indexing']:.1f}",
            f"{report['indexing'] / graft['indexing']:.2f}" if graft else "",
            f"{report['tokens'] / report['indexing']:,.0f}",
            f"{report['tokens']:,.0f}",
            f"{report['loaded_at']:.1f}",
            f"{report['found_at']:.1f}",
            f"{1000 * report['query']:.1f}",
            report["search"],
            f"{report['memory'] / 1e6:.0f}",
            f"{report['search_memory'] / 1e6:.0f}",
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    plain = medians.get("graft-no-graph")
    if graft and plain:
        lines.append(f"\nThe graph takes {1 - plain['indexing'] / graft['indexing']:.0%} of Graft's build.")
    return "\n".join(lines)


def _python(name: str, environments: Path) -> Path:
    """The interpreter of a system's own environment; Graft's is this one."""
    requirements = ROOT / "benchmarks" / "rivals" / f"{SCRIPTS[name]}.txt"
    return python_of(requirements, environments) if requirements.exists() else Path(sys.executable)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(SCRIPTS):
        raise argparse.ArgumentTypeError(f"no system {', '.join(sorted(unknown))}; there are {', '.join(SCRIPTS)}")
    return names


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, metavar="BEIR_FOLDER")
    parser.add_argument("--documents", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--environments", type=Path, default=user_cache_path("graft") / "rivals", metavar="DIR")
    parser.add_argument("--only", type=_names, default=list(SCRIPTS), metavar="NAMES", help="separated by commas")
    given = parser.parse_args()
    main(given.beir, given.documents, given.runs, given.environments, given.only)
