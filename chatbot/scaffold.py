"""`graft init`: the files of a new bot."""

from __future__ import annotations

import re
from pathlib import Path

from retrieval.errors import GraftError

_CONFIG = """\
name: "{name}"
title: "{title}"
language: {language}
knowledge:
  sources: [knowledge/]          # md, txt, html, pdf, docx, pptx, xlsx, csv, json, jsonl, epub
prompt:
  persona: You are the assistant of {title}.
generator:
  model: extractive              # or hf:NAME_OR_PATH, openai:gpt-4o-mini, ollama:llama3.2 ...
guardrails:
  refusal: {refusal}
ui:
  greeting: {greeting}
  suggestions: [{suggestion}]
"""
_TEXTS = {
    "en": {
        "refusal": "I could not find that in my documents. Please ask a colleague.",
        "greeting": "Hello! Ask me about our documents.",
        "suggestion": '"What is Graft?"',
        "file": "welcome.md",
        "document": (
            "# Welcome\n\n## What is Graft?\n\n"
            "Graft turns a folder of documents into a chatbot that answers with citations.\n\n"
            "## How do I add documents?\n\nPut your files into the folder `knowledge` and run `graft index`.\n"
        ),
        "eval": (
            '{"question": "What does Graft do with a folder of documents?",'
            ' "answer": "a chatbot that answers with citations",'
            ' "documents": ["welcome.md"]}\n'
            '{"question": "Who won the 1998 chess championship?", "answer": null, "documents": []}\n'
        ),
    },
    "zh": {
        "refusal": "很抱歉，我在现有资料中没有找到相关内容，请咨询工作人员。",
        "greeting": "您好！请问有什么可以帮您？",
        "suggestion": "Graft 是什么？",
        "file": "welcome.md",
        "document": (
            "# 欢迎使用\n\n## Graft 是什么？\n\nGraft 可以把一个文件夹里的文档变成一个带引用的问答机器人。\n\n"
            "## 如何添加文档？\n\n把文件放进 `knowledge` 文件夹，然后运行 `graft index`。\n"
        ),
        "eval": (
            '{"question": "Graft 能把文档变成什么？", "answer": "带引用的问答机器人", "documents": ["welcome.md"]}\n'
            '{"question": "今年的天气怎么样？", "answer": null, "documents": []}\n'
        ),
    },
}


def scaffold(folder: Path, language: str = "en") -> list[Path]:
    """Make a new bot's folder with a config, a first document and two evaluation questions.

    Returns:
        The files made.

    Raises:
        GraftError: The folder holds files already, or its name cannot be a bot's name.
    """
    name = folder.resolve().name.lower().replace(" ", "-")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise GraftError(f"{name!r} cannot be a bot's name: use letters, digits, - and _")
    if language not in _TEXTS:
        raise GraftError(f"unknown language {language!r}; accepted: {', '.join(_TEXTS)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GraftError(f"{folder} exists and is not empty; choose another folder")
    texts = _TEXTS[language]
    title = name.replace("-", " ").replace("_", " ").capitalize()
    config = _CONFIG.format(
        name=name, title=title, language=language, **{k: texts[k] for k in ("refusal", "greeting", "suggestion")}
    )
    files = {
        folder / "bot.yaml": config,
        folder / "knowledge" / texts["file"]: texts["document"],
        folder / "eval.jsonl": texts["eval"],
        folder / ".gitignore": ".graft/\n*.db\n",
    }
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf8")
    except OSError as error:
        raise GraftError(f"cannot write {folder}: {error.strerror}") from None
    return list(files)
