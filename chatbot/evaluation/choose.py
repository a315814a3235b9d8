"""A bot's threshold chosen on its own questions, and an honest estimate of what it will do on others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from chatbot.bot import Bot
from chatbot.evaluation import calibration
from chatbot.evaluation.cases import Case
from chatbot.evaluation.eager import certainties
from chatbot.evaluation.own import Grades
from chatbot.reply import Reply
from chatbot.threshold import Chosen, digest, in_use, keep
from retrieval.errors import GraftError

LEAST_QUESTIONS = 20
LEAST_UNANSWERABLE = 5


def check_questions(bot: Bot, cases: list[Case]) -> None:
    """Refuse what no threshold can be chosen on, before anything is asked.

    Raises:
        GraftError: There are too few questions, or the config sets a threshold, which would win.
    """
    set_ = bot.config.guardrails.abstain_below
    if set_ != "auto":
        raise GraftError(f"{bot.config.name}: abstain_below is {set_:g} in bot.yaml, which wins; set it to auto first")
    unanswerable = sum(case.answer is None for case in cases)
    if len(cases) < LEAST_QUESTIONS or unanswerable < LEAST_UNANSWERABLE:
        raise GraftError(
            f"{bot.config.name}: a threshold needs at least {LEAST_QUESTIONS} questions, {LEAST_UNANSWERABLE} of them"
            f" without an answer, got {len(cases)} and {unanswerable}"
        )


def choose(bot: Bot, tried: list[Reply], grades: Grades, data: Path, precision: float) -> dict[str, Any]:
    """Choose the least threshold that reaches a precision, keep it, and use it from now on.

    Args:
        tried: See `try_all`.
        grades: See `grade`.
        data: The questions' file.

    Returns:
        The threshold, what it was before, and the answers' precision and the coverage: on these questions, and
        cross-validated.

    Raises:
        GraftError: No threshold reaches the precision; nothing was written.
        OSError: The bot's home cannot be written to.
    """
    sure, right = certainties(tried), grades[:, 1] > 0
    curve = calibration.risk_coverage(sure, right)
    below = calibration.threshold_for(precision, curve)
    if below is None:
        raise GraftError(
            f"{bot.config.name}: no threshold reaches a precision of {precision:g} and answers"
            f" {calibration.LEAST_COVERAGE:.0%} of the questions; the best is {calibration.best_precision(curve):.2f}."
            " Nothing was written"
        )
    expected = calibration.cross_validated(precision, sure, right)
    before, given = bot.threshold.value, sure >= below
    name = Path(os.path.relpath(data, bot.config.folder)).as_posix()
    keep(bot.home, bot.manifest, Chosen(below, precision, len(tried), name, digest(data), bot.fingerprint))
    bot.threshold = in_use(bot.config, bot.home, bot.index, bot.fingerprint)
    return {
        "abstain_below": below,
        "before": before,
        "target": precision,
        "precision": float(right[given].mean()),
        "coverage": float(given.mean()),
        "cross_validated": {"precision": expected[0], "coverage": expected[1]},
    }
