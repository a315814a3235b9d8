"""How many questions were answered rightly, by what they ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.asking.generate import Question

FORMS = ("template", "paraphrase")
ARTICLE = re.compile(r"^(the|an?) ")


@dataclass(frozen=True)
class Result:
    """A question, and the answers that were given; none where it was declined."""

    question: Question
    given: list[str]

    @property
    def right(self) -> bool:
        """Whether the same answers were given as are right, no matter in which order, case or spacing."""
        return normal(self.given) == normal(self.question.answers)

    @property
    def right_but_articles(self) -> bool:
        """Whether it would be right if "The", "A" or "An" before an answer did not count."""
        given, answers = (
            {ARTICLE.sub("", one) for one in normal(some)} for some in (self.given, self.question.answers)
        )
        return given == answers


def normal(answers: Sequence[str]) -> set[str]:
    """Answers as they are compared."""
    return {" ".join(answer.lower().split()) for answer in answers}


def parts(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    """The rows of the table: results by what is asked, then by how."""
    asked = [result for result in results if result.question.kind != "none"]
    walked = [result for result in asked if result.question.kind == "path"]
    for hops in sorted({result.question.hops for result in walked}):
        far = [result for result in walked if result.question.hops == hops]
        yield f"{hops} hop{'s' * (hops > 1)}", far
        for form in FORMS:
            yield f"{hops}, {form}", [result for result in far if result.question.form == form]
    for kind in ("conjunction", "count", "comparison", "yes/no"):
        yield kind, [result for result in asked if result.question.kind == kind]
    for form in FORMS:
        yield f"all answerable, {form}", [result for result in asked if result.question.form == form]
    none = [result for result in results if result.question.kind == "none"]
    for reason in ("lacks", "strangers", "missing", "chat"):
        yield f"none, {reason}", [result for result in none if result.question.path.split()[0] == reason]
    yield "all answerable", asked
    yield "all unanswerable", none


def table(results: dict[str, list[Result]]) -> str:
    """A Markdown table of exact answer sets, and of what was rightly declined: a row each part, a column each set."""
    rows = {name: dict(parts(found)) for name, found in results.items()}
    lines = [f"| | {' | '.join(rows)} | all |", f"|---|{'---:|' * (len(rows) + 1)}"]
    for label, everything in parts([result for found in results.values() for result in found]):
        if everything:
            cells = [share(row.get(label, [])) for row in rows.values()]
            lines.append(f"| {label} | {' | '.join([*cells, share(everything)])} |")
    return "\n".join(lines)


def share(results: Sequence[Result]) -> str:
    """The share of right results, and of how many."""
    return f"{sum(result.right for result in results) / len(results):.2f} ({len(results)})" if results else ""
