"""Ask a bot's graph questions whose right answers are known, and count the exact answer sets.

    python -m benchmarks.asking [--set NAME | --split dev|test] [--show-errors] [--write DIR]

Each set is made a bot in a temporary folder; one `graft graph ask BOT --questions FILE --json` answers all of its
questions. Answers are right where they are the same set as the right ones, case and spacing aside; a question that the
facts do not answer is right where no answer is given. The sets and forms were written for this benchmark.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from shutil import copyfile

from benchmarks.asking.generate import Question
from benchmarks.asking.score import Result, table
from benchmarks.asking.sets import SPLITS, graft, make_bot, questions_of


def ask(bot: str, questions: list[Question], home: Path) -> tuple[list[Result], float]:
    """Ask all questions: the results, and the seconds that it took. What is asked does not see the right answers.

    Raises:
        ValueError: There is not one reply to each question.
    """
    file = home / "questions.jsonl"
    file.write_text("".join(f"{json.dumps({'question': one.question})}\n" for one in questions), encoding="utf8")
    begin = time.perf_counter()
    replies = json.loads(graft(home, "graph", "ask", bot, "--questions", file, "--json"))
    seconds = time.perf_counter() - begin
    return [Result(one, list(reply["answers"])) for one, reply in zip(questions, replies, strict=True)], seconds


def main(names: list[str], show_errors: bool) -> None:
    """Measure and print."""
    results: dict[str, list[Result]] = {}
    took: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        for name in names:
            bot, facts = make_bot(name, Path(home))
            questions = questions_of(name, facts)
            results[name], seconds = ask(bot, questions, Path(home))
            took.append(f"{name} {1000 * seconds / len(questions):.0f}")
    print(table(results))
    articles = sum(one.right_but_articles and not one.right for found in results.values() for one in found)
    print(f"\nNot counted as right for nothing but The, A or An before an answer: {articles}")
    print(f"Milliseconds a question, the process and its start included: {', '.join(took)}")
    if show_errors:
        for name, found in results.items():
            for wrong in (result for result in found if not result.right):
                asked = wrong.question
                print(f"\n{name}: {asked.question}   [{asked.path}]\n  right: {asked.answers}\n  given: {wrong.given}")


def write(names: list[str], folder: Path) -> None:
    """Write the facts and the questions of sets, with the right answers, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        for name in names:
            _, facts = make_bot(name, Path(home))
            copyfile(facts, folder / facts.name)
            lines = [json.dumps(asdict(one), ensure_ascii=False) for one in questions_of(name, facts)]
            (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--set", choices=list(SPLITS), help="only this set")
    which.add_argument("--split", choices=["dev", "test"], help="only these sets")
    parser.add_argument("--show-errors", action="store_true", help="print each question that was not answered rightly")
    parser.add_argument("--write", type=Path, metavar="DIR", help="do not ask: write the facts and questions there")
    given = parser.parse_args()
    chosen = [name for name, split in SPLITS.items() if given.set in (None, name) and given.split in (None, split)]
    if given.write:
        write(chosen, given.write)
    else:
        main(chosen, given.show_errors)
