"""The "Why this answer" section of the panel, as HTML: worked out when it is opened, as that takes a second."""

from __future__ import annotations

import html
from collections.abc import Iterable

from apps.panels import facts_list, message
from apps.passages import excerpt, plain, shade, shaded
from chatbot.bot import Bot
from chatbot.explanation import SIGNALS, Answer, Explanation

AROUND = 100
"""Characters of the passage shown before and after the sentence."""

ON_EXPAND = """element.addEventListener("toggle", (event) => {
  if (!event.target.open || !event.target.matches("details.unknown")) return;
  event.target.scrollIntoView({ block: "nearest" });
  trigger("expand");
}, true);"""
"""Asks for the explanation when the section is first opened; for `gr.HTML`'s `js_on_load`."""
INTO_VIEW = """() => document.querySelector("#panel .reasons[open]")
  ?.scrollIntoView({ behavior: "smooth", block: "start" })"""
"""Brings the explanation into view once it is there."""


def closed() -> str:
    """The section before it is opened."""
    return _section('<p class="working" role="status">Hiding one word after another …</p>', "unknown")


def failed(reason: str) -> str:
    """The section where no explanation was found."""
    return _section(message(reason, "error"), opened=True)


def why(bot: Bot, explanation: Explanation) -> str:
    """The section opened."""
    parts = [f"<p>{html.escape(f'{explanation.reason} {explanation.sureness}')}</p>"]
    if explanation.answer and explanation.passages:
        parts.append(_words(bot, explanation, explanation.answer))
        parts.append(_passages(explanation))
        parts.append(_signals(explanation))
    if explanation.path:
        names = html.escape(", ".join(explanation.entities))
        parts.append(f"<h4>Through the graph</h4><p class='soft'>The question names {names}.</p>")
        parts.append(facts_list(explanation.path))
    return _section("".join(parts), opened=True)


def _section(body: str, kind: str = "", opened: bool = False) -> str:
    state = " open" if opened else ""
    return f'<details class="reasons {kind}"{state}><summary>Why this answer</summary>{body}</details>'


def _words(bot: Bot, explanation: Explanation, answer: Answer) -> str:
    document = bot.index.store.document(answer.document)
    text = document.text if document else ""
    if explanation.note:
        quote = excerpt(text, answer.start, answer.end, around=0)
        return f'<h4>Words</h4><p class="soft">{html.escape(explanation.note)}</p><div class="words">{quote}</div>'
    question = " ".join(shade(html.escape(word.text), word.weight) for word in explanation.words.question)
    passage = shaded(text, explanation.strong_words, answer.start, answer.end, AROUND)
    return (
        f'<h4>Words of the question</h4><div class="words">{question}</div>'
        f'<h4>Words of the passage</h4><div class="words">{passage}</div>'
        f'<p class="soft">Read there: <b>{html.escape(plain(answer.text))}</b>. Each word was hidden in '
        f"turn: it {shade('speaks for', 0.7)} the answer where hiding it weakens it, "
        f"and {shade('against', -0.7)} it where that strengthens it.</p>"
    )


def _passages(explanation: Explanation) -> str:
    rows = (
        (share.place, share.contribution, f"{share.contribution:.0%}", str(share.route or ""))
        for share in explanation.likeliest_passages
    )
    return f"<h4>How likely each passage holds the answer</h4>{_bars(rows)}"


def _signals(explanation: Explanation) -> str:
    strongest = explanation.strongest_signals
    most = max((abs(signal.contribution) for signal in strongest), default=1.0)
    rows = ((SIGNALS[s.name], s.contribution / most, f"{s.contribution:+.1f}", "") for s in strongest)
    return f"<h4>What tells this sentence from the others</h4>{_bars(rows)}"


def _bars(rows: Iterable[tuple[str, float, str, str]]) -> str:
    """Rows of a label, a share from -1 to 1, its number, and a note."""
    items = "".join(
        f'<li class="{"against" if share < 0 else "for"}"><span>{html.escape(label)}</span><b>{number}</b>'
        f'<div class="bar"><i style="width:{abs(share):.0%}"></i></div>'
        + (f"<small>{html.escape(note)}</small></li>" if note else "</li>")
        for label, share, number, note in rows
    )
    return f'<ul class="bars">{items}</ul>'
