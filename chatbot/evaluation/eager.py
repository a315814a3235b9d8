"""What a bot would say if it never abstained, and whether it would be right: what a confidence is judged by."""

from __future__ import annotations

import copy

import numpy as np

from chatbot.bot import Bot
from chatbot.evaluation.calibration import Confidences
from chatbot.reply import Reply
from chatbot.threshold import Threshold


def eager(bot: Bot) -> Bot:
    """The same bot, sharing all that it loads, that withholds no answer for its confidence."""
    twin = copy.copy(bot)
    twin.threshold = Threshold(0.0, "of one that never abstains")
    return twin


def certainties(replies: list[Reply]) -> Confidences:
    """What thresholds are held against, shape (replies,).

    1 where a bot answers whatever its confidence (an FAQ entry, a fixed reply), 0 where it never answers.
    """
    return np.array([_certainty(reply) for reply in replies])


def _certainty(reply: Reply) -> float:
    weighed = any(step.step == "support" for step in reply.trace)
    return 0.0 if reply.abstained else reply.confidence if weighed else 1.0
