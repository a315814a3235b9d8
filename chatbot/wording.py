"""The few sentences Graft says itself, by language; a bot's own words come from its config."""

from __future__ import annotations

_TEXTS = {
    "en": {
        "refusal": "I could not find that in my documents.",
        "topics": "What I do know about:",
        "blocked": "This is a topic I do not advise on: {topic}.",
        "greeting": "Hello! What would you like to know?",
        "thanks": "You are welcome.",
        "provider": "I cannot write an answer right now.",
    },
    "zh": {
        "refusal": "很抱歉，我在现有资料中没有找到相关内容。",
        "topics": "我可以介绍：",
        "blocked": "这个话题我无法提供建议：{topic}。",
        "greeting": "您好！请问有什么可以帮您？",
        "thanks": "不客气。",
        "provider": "暂时无法生成回答。",
    },
}


def say(language: str, what: str) -> str:
    """A sentence in a language, in English where Graft does not know it."""
    return _TEXTS.get(language, _TEXTS["en"])[what]
