"""Greetings and thanks, which ask nothing of the documents."""

from __future__ import annotations

import re

from chatbot import wording
from chatbot.config import BotConfig

_GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|greetings|good (?:morning|afternoon|evening|day))(?: there| everyone| bot)?"
    r"|(?:你好|您好|嗨|哈喽|早上好|下午好|晚上好|在吗)[啊呀哈]?",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:ok |great |perfect )?(?:many )?(?:thanks|thank you|thx|ty|cheers)(?: (?:a lot|a million|very much|so much))?"
    r"|(?:好的)?(?:谢谢|多谢|感谢)(?:你|您|啦|了)?",
    re.IGNORECASE,
)


def courtesy(message: str, config: BotConfig) -> str | None:
    """What to say to a message that only greets or thanks; None for any other."""
    words = " ".join(re.findall(r"\w+", message))
    if _GREETING.fullmatch(words):
        return config.ui.greeting or wording.say(config.language, "greeting")
    return wording.say(config.language, "thanks") if _THANKS.fullmatch(words) else None
