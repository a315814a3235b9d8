"""The quiz tab: a question, the student's answer, its grade, and the reference with the sentence that supports it."""

from __future__ import annotations

import html
import threading
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from adapters import ModelError
from adapters.grader.data import Answer
from apps.chat import PRIVATE
from apps.panels import message, sources
from apps.shelf import Shelf
from chatbot.grading.marker import Mark, Marker
from chatbot.grading.quiz import Item, read_quiz
from chatbot.grading.support import supporting
from retrieval.errors import GraftError

LONGEST = 4_000
"""Characters that can be typed."""
EMPTY = """<div class="panel"><div class="panel-empty"><b>Your grade appears here</b>
<p>With it come the reference answer and the place in the documents that supports it.</p></div></div>"""
CAUTION = "Graded by a small model that compares the answer with the reference. It is often wrong: judge for yourself."


@dataclass
class QuizTab:
    """The quiz's components and what happens to them; made inside a `gr.Blocks`."""

    shelf: Shelf
    bot_name: gr.Dropdown
    outputs: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self._markers: dict[str, Marker] = {}
        self._loading = threading.Lock()
        with gr.Row(elem_id="quiz", elem_classes="card-row", equal_height=False):
            with gr.Column(scale=3, min_width=340, elem_id="quiz-ask"):
                self.item = gr.Dropdown([], label="Question", elem_id="quiz-item", filterable=False)
                self.asked = gr.HTML(elem_id="quiz-question")
                self.answer = gr.Textbox(
                    label="Your answer",
                    placeholder="A sentence or two",
                    lines=4,
                    max_lines=10,
                    max_length=LONGEST,
                    elem_id="quiz-answer",
                )
                with gr.Row(elem_id="quiz-buttons"):
                    check = gr.Button("Grade", variant="primary", elem_id="quiz-check", scale=1, min_width=100)
                    after = gr.Button("Next", elem_id="quiz-next", scale=1, min_width=100)
            with gr.Column(scale=2, min_width=320, elem_id="quiz-side"):
                self.result = gr.HTML(EMPTY, elem_id="quiz-result")
        self.outputs = [self.item, self.asked, self.answer, self.result]
        chosen = [self.bot_name, self.item]
        self.item.input(self._choose, chosen, self.outputs, **PRIVATE)
        after.click(self._next, chosen, self.outputs, **PRIVATE)
        check.click(self._grade, [*chosen, self.answer], self.result, **PRIVATE)

    def has_quiz(self, name: object) -> bool:
        """Whether a bot has one."""
        return self.shelf.get(name).config.quiz is not None

    def open(self, name: object) -> dict[Any, Any]:
        """Show a bot's first question, if it has a quiz."""
        return self._show(name, 0)

    def _show(self, name: object, number: int) -> dict[Any, Any]:
        try:
            quiz = self._quiz(name)
        except GraftError as error:
            return {self.item: gr.Dropdown([], value=None), self.asked: message(str(error), "error")}
        if not quiz:
            return {self.item: gr.Dropdown([], value=None), self.asked: "", self.answer: "", self.result: EMPTY}
        number %= len(quiz)
        choices = [(f"{at}. {item.question}", at - 1) for at, item in enumerate(quiz, 1)]
        return {
            self.item: gr.Dropdown(choices, value=number),
            self.asked: f"<h2>{html.escape(quiz[number].question)}</h2>",
            self.answer: "",
            self.result: EMPTY,
        }

    def _choose(self, name: str, number: object) -> dict[Any, Any]:
        return self._show(name, _number(number))

    def _next(self, name: str, number: object) -> dict[Any, Any]:
        return self._show(name, _number(number) + 1)

    def _grade(self, name: str, number: object, text: str | None) -> str:
        try:
            marker = self._marker(name)
            item = marker.quiz[_number(number) % len(marker.quiz)]
            answer = Answer(item.question, item.reference, (text or "")[:LONGEST].strip())
            (mark,) = marker.mark([answer])
            return self._result(name, item, mark, marker.labels)
        except (GraftError, ModelError) as error:
            return message(str(error), "error")

    def _result(self, name: str, item: Item, mark: Mark, labels: tuple[str, ...]) -> str:
        bot = self.shelf.get(name)
        cited = supporting(bot, item)
        body = verdict(mark, labels) + _section("Reference answer", html.escape(item.reference))
        if mark.missing:
            rows = "".join(f"<li>{html.escape(part)}</li>" for part in mark.missing)
            note = "Parts of the reference whose words were not found in the answer; other words may say the same."
            body += _section("Perhaps missing", f'<ul class="missing">{rows}</ul><small>{note}</small>', block=True)
        if cited:
            body += sources(bot, [cited], 0)
        else:
            body += _section("Sources", "No sentence of the documents was found that supports the reference.")
        return f'<div class="panel">{body}</div>'

    def _quiz(self, name: object) -> list[Item]:
        config = self.shelf.get(name).config
        return read_quiz(config.path(config.quiz)) if config.quiz else []

    def _marker(self, name: object) -> Marker:
        bot = self.shelf.get(name)
        with self._loading:
            if bot.config.name not in self._markers:
                self._markers[bot.config.name] = Marker.load(bot.config, bot.index.encoder)
            return self._markers[bot.config.name]


def verdict(mark: Mark, labels: tuple[str, ...]) -> str:
    """HTML of a grade with its probability, or why there is none."""
    if mark.grade is None:
        why = f"{mark.why} Compare your answer with the reference."
        return f'<section class="notice"><b>Not graded</b><p>{html.escape(why)}</p></section>'
    place = labels.index(mark.grade) / max(1, len(labels) - 1)
    word = "high" if place == 1 else "low" if place == 0 else "medium"
    head = f'<div class="reading"><b>{html.escape(mark.grade.capitalize())}</b>'
    if mark.probability is None:
        return f'<section class="grade {word}">{head}</div><p>{html.escape(mark.why)}</p></section>'
    percent = round(100 * mark.probability)
    bar = (
        f'<div class="bar" role="meter" aria-label="Probability of the grade" aria-valuemin="0" aria-valuemax="100"'
        f' aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'
    )
    return f'<section class="grade {word}">{head} <span>{percent}% likely</span></div>{bar}<p>{CAUTION}</p></section>'


def _number(number: object) -> int:
    """The number of a question, whatever a browser sends."""
    return number if isinstance(number, int) else 0


def _section(title: str, inner: str, block: bool = False) -> str:
    body = inner if block else f"<p>{inner}</p>"
    return f"<section><h3>{title}</h3>{body}</section>"
