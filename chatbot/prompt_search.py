"""Search for a prompt: template, instructions, number and choice of examples, tried with the bot's own language model.

One part of the prompt is varied at a time, the best is kept, and the next is varied (coordinate ascent). A candidate's
score is the mean over questions of the token F1 of the reply and the gold answer, and 1 or 0 where there is none and
the bot abstains or not.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from chatbot.bot import Bot
from chatbot.bots import BotSource
from chatbot.citations import unmarked
from chatbot.config import Prompt
from chatbot.evaluation.cases import Case
from chatbot.evaluation.metrics import f1
from chatbot.prompt import TEMPLATES
from retrieval.errors import GraftError

EXAMPLES, TRIALS, REPORT, PROMPT = "examples.jsonl", "trials.json", "report.json", "prompt.yaml"
MORE_INSTRUCTIONS = (
    "Answer in one or two sentences.",
    "Keep the passages' words, numbers and names exactly.",
    "If only a part is answered, answer that part and say what is missing.",
)
SHOWN = (0, 1, 2, 4)

Scores = NDArray[np.float64]
Tell = Callable[[str, int, int], None]
"""Told what is tried, and how many of its questions are asked."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn from the questions.

    Args:
        questions: That every candidate is asked.
        examples: Answered ones that may be shown; at most half of these.
    """

    questions: int = 40
    examples: int = 40
    seed: int = 0


def search_prompt(
    bot: Bot, cases: Sequence[Case], test: Sequence[Case], out: Path, draw: Draw, tell: Tell
) -> dict[str, Any]:
    """Search, and write the best prompt into `out`; candidates that were tried there before are not asked again.

    Args:
        cases: Some of them become examples, others the questions that decide.
        test: Asked before and after, once; perhaps none.

    Returns:
        The report: all trials, the score before and after, and half the 95 % interval of their difference.

    Raises:
        GraftError: The bot has no language model, or there are too few questions.
        ProviderError: The model failed.
    """
    if bot.config.generator.model == "extractive":
        raise GraftError(f"{bot.config.name} has no language model: generator.model is extractive; there is no prompt")
    shown, asked = parted(cases, draw)
    out.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"question": case.question, "answer": case.answer}, ensure_ascii=False) for case in shown]
    (out / EXAMPLES).write_text("\n".join(lines) + "\n", encoding="utf8")
    tried = Trials(bot, asked, out, tell)
    begin = best = bot.config.prompt
    first = tried.scores("as it is", begin)
    for kind in (templates, instructions, examples):
        for name, candidate in kind(best, bot.config.language, out / EXAMPLES):
            if tried.scores(name, candidate).mean() > tried.scores("best", best).mean() + 1e-9:
                best = candidate
    report = {"trials": tried.told, "questions": len(asked), **_compared(first, tried.scores("best", best))}
    if test:
        both = [
            Trials(bot, test, None, tell).scores(name, prompt) for name, prompt in (("before", begin), ("after", best))
        ]
        report["test"] = {"questions": len(test), **_compared(*both)}
    _write(best, out, report)
    return report


def parted(cases: Sequence[Case], draw: Draw) -> tuple[list[Case], list[Case]]:
    """Cases to show, at most half of those with an answer, and cases to ask.

    Raises:
        GraftError: There are too few.
    """
    order = random.Random(draw.seed).sample(list(cases), len(cases))
    answered = [case for case in order if case.answer is not None]
    shown = answered[: min(draw.examples, len(answered) // 2)]
    asked = [case for case in order if case not in shown][: draw.questions]
    if not shown or len(asked) < 4:
        raise GraftError(f"{len(cases)} questions are too few to search a prompt; expected at least 8 with answers")
    return shown, asked


class Trials:
    """Candidates and their scores, kept in `out`."""

    def __init__(self, bot: Bot, asked: Sequence[Case], out: Path | None, tell: Tell) -> None:
        self._bot, self._asked, self._tell = bot, asked, tell
        self._path = out / TRIALS if out else None
        known = self._path and self._path.exists()
        self._found: dict[str, list[float]] = json.loads(self._path.read_text("utf8")) if self._path and known else {}
        self.told: list[dict[str, Any]] = []

    def scores(self, name: str, prompt: Prompt) -> Scores:
        """Of a candidate, shape (questions,)."""
        key = json.dumps([prompt.model_dump(), self._bot.config.generator.model, [c.question for c in self._asked]])
        if key not in self._found:
            config = self._bot.config.model_copy(update={"prompt": prompt})
            bot = Bot.open(BotSource(config, self._bot.home), self._bot.index.encoder)
            found = []
            for done, case in enumerate(self._asked):
                self._tell(name, done, len(self._asked))
                found.append(_score(bot, case))
            self._found[key] = found
            if self._path:
                self._path.write_text(json.dumps(self._found, ensure_ascii=False), encoding="utf8")
        scores = np.array(self._found[key])
        if name != "best":
            self.told.append({"tried": name, "score": round(float(scores.mean()), 4), "prompt": prompt.model_dump()})
        return scores


def _score(bot: Bot, case: Case) -> float:
    reply = bot.ask(case.question)
    if reply.error:
        raise GraftError(reply.text)
    if case.answer is None or reply.abstained:
        return float(reply.abstained and case.answer is None)
    return f1(unmarked(reply.text), [case.answer])


def templates(prompt: Prompt, language: str, examples: Path) -> Iterator[tuple[str, Prompt]]:
    """The built-in templates of a language."""
    for path in sorted(TEMPLATES.glob(f"{language}*.md")):
        if path.stem == language and prompt.template is None:
            continue  # it is in use
        yield f"template {path.stem}", prompt.model_copy(update={"template": str(path)})


def instructions(prompt: Prompt, language: str, examples: Path) -> Iterator[tuple[str, Prompt]]:
    """One more, or none at all."""
    for more in MORE_INSTRUCTIONS if language == "en" else ():
        if more not in prompt.instructions:
            yield f"instruction: {more}", prompt.model_copy(update={"instructions": [*prompt.instructions, more]})
    yield "no instructions", prompt.model_copy(update={"instructions": []})


def examples(prompt: Prompt, language: str, examples: Path) -> Iterator[tuple[str, Prompt]]:
    """How many, and which."""
    for count in SHOWN:
        for choice in ("nearest", "first") if count else ("nearest",):
            update = {"examples": str(examples) if count else None, "shown": count or 2, "choice": choice}
            yield f"{count} {choice if count else ''} examples".replace("  ", " "), prompt.model_copy(update=update)


def _compared(before: Scores, after: Scores) -> dict[str, float]:
    gain = after - before
    half = 1.96 * gain.std() / len(gain) ** 0.5
    named = {"before": before.mean(), "after": after.mean(), "gain": gain.mean(), "half_interval": half}
    return {name: round(float(value), 4) for name, value in named.items()}


def _write(best: Prompt, out: Path, report: dict[str, Any]) -> None:
    section = best.model_dump(exclude_defaults=True)
    if best.template:
        (out / "template.md").write_text(Path(best.template).read_text(encoding="utf8"), encoding="utf8")
        section["template"] = "template.md"
    if best.examples:
        section["examples"] = EXAMPLES
    (out / PROMPT).write_text(yaml.safe_dump({"prompt": section}, allow_unicode=True, sort_keys=False), encoding="utf8")
    (out / REPORT).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
