"""`graft eval BOT --explain QUESTION`: why the bot answers as it does, for people."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable

from adapters.reader.attribution import Word
from chatbot.cli.output import tell
from chatbot.cli.talk import readable
from chatbot.explanation import RANKERS, SIGNALS, Answer, Explanation
from retrieval.loaders.clean import one_line

TIE = "\u00a0"
"""A space at which no line is broken."""
BAR = 16
"""Characters of the longest bar."""
NARROWEST, WIDEST = 50, 110
"""Characters of a line."""


def show(explanation: Explanation) -> None:
    """Print an explanation in sections, those that hold nothing left out."""
    _wrapped(explanation.question, "")
    if explanation.resolved != explanation.question:
        _wrapped(f"Read as: {explanation.resolved}")
    _title("Answer")
    if explanation.answer:
        _show_answer(explanation.answer)
    _wrapped(explanation.reason)
    _wrapped(explanation.sureness)
    if explanation.passages:
        _show_words(explanation)
        _show_passages(explanation)
        _show_signals(explanation)
    if explanation.entities:
        _show_graph(explanation)


def _show_answer(answer: Answer) -> None:
    _wrapped(readable(one_line(answer.text.strip("*| "))))
    if answer.quote not in ("", answer.text):
        _wrapped(f"“{readable(one_line(answer.quote))}”")
    if answer.document:
        _wrapped(f"{answer.place} ({answer.document})")


def _show_words(explanation: Explanation) -> None:
    _title("Words", "what the answer loses when each is hidden, the most being 1")
    if explanation.note:
        _wrapped(explanation.note)
        return
    _wrapped(f"Question  {_weighed(explanation.words.question)}", hang=12)
    _wrapped(f"Passage   {_weighed(sorted(explanation.strong_words, key=lambda word: -abs(word.weight)))}", hang=12)


def _show_passages(explanation: Explanation) -> None:
    _title("Passages", "how likely each holds the answer, and how it was found")
    for share in explanation.likeliest_passages:
        why = ", ".join(f"{RANKERS[ranker]} {value:.2f}" for ranker, value in share.why.items())
        _row(f"{share.contribution:.0%}", share.contribution, share.place)
        _row("", 0, why)
        if share.route:
            _row("", 0, str(share.route))


def _show_signals(explanation: Explanation) -> None:
    _title("Signals", "what tells this sentence from the others, in log-odds")
    strongest = explanation.strongest_signals
    most = max((abs(signal.contribution) for signal in strongest), default=1.0)
    for signal in strongest:
        _row(f"{signal.contribution:+.2f}", abs(signal.contribution) / most, SIGNALS[signal.name])


def _show_graph(explanation: Explanation) -> None:
    _title("Graph", f"the question names {', '.join(explanation.entities)}")
    for fact in explanation.path:
        _wrapped(str(fact))
    if not explanation.path:
        _wrapped("No path of facts leads from there to the answer.")


def _weighed(words: Iterable[Word]) -> str:
    return "  ".join(f"{word.text}{TIE}{word.weight:+.2f}" for word in words)


def _title(title: str, note: str = "") -> None:
    tell("")
    _wrapped(f"{title.upper()}  {note}" if note else title.upper(), "")


def _row(number: str, share: float, text: str) -> None:
    width = _width() - BAR - 12
    for place, line in enumerate(textwrap.wrap(text, width, break_on_hyphens=False)):
        tell(f"  {number if not place else '':>6}  {'█' * (0 if place else round(BAR * share)):<{BAR}}  {line}")


def _wrapped(text: str, indent: str = "  ", hang: int = 0) -> None:
    after = " " * hang or indent
    for line in textwrap.wrap(text, _width(), initial_indent=indent, subsequent_indent=after, break_on_hyphens=False):
        tell(line)


def _width() -> int:
    return max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
