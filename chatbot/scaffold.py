"""`graft init`: the files of a new bot."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from retrieval.errors import GraftError
from retrieval.language import language_of
from retrieval.loaders.delimited import FACTS

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
_FACTS_CONFIG = """\
name: "{name}"
title: "{title}"
language: {language}
knowledge:
  sources: [facts.csv]           # what the bot answers from
graph:
  triples: [facts.csv]           # subject, relation, object
guardrails:
  refusal: {refusal}
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

TELLING = 200
"""Facts that tell the language."""


def scaffold(folder: Path, language: str = "en") -> list[Path]:
    """Make a new bot's folder with a config, a first document and two evaluation questions.

    Returns:
        The files made.

    Raises:
        GraftError: The folder holds files already, or its name cannot be a bot's name.
    """
    if language not in _TEXTS:
        raise GraftError(f"unknown language {language!r}; accepted: {', '.join(_TEXTS)}")
    texts = _TEXTS[language]
    files = {
        f"knowledge/{texts['file']}": texts["document"],
        "eval.jsonl": texts["eval"],
    }
    return _write(folder, _CONFIG, language, files)


def scaffold_facts(folder: Path, facts: Sequence[tuple[str, str, str]]) -> list[Path]:
    """Make a new bot's folder with a config and a table of facts: its only document, and the facts of its graph.

    Returns and raises: See `scaffold`; there must be a fact.
    """
    if not facts:
        raise GraftError("there is no fact to make a bot of")
    table = StringIO(newline="")
    csv.writer(table, lineterminator="\n").writerows([FACTS, *facts])
    language = language_of(" ".join(" ".join(fact) for fact in facts[:TELLING]))
    return _write(folder, _FACTS_CONFIG, language if language in _TEXTS else "en", {"facts.csv": table.getvalue()})


def _write(folder: Path, config: str, language: str, files: dict[str, str]) -> list[Path]:
    """Write a bot's config, the files beside it and a .gitignore."""
    name = folder.resolve().name.lower().replace(" ", "-")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise GraftError(f"{name!r} cannot be a bot's name: use letters, digits, - and _")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GraftError(f"{folder} exists and is not empty; choose another folder")
    title = name.replace("-", " ").replace("_", " ").capitalize()
    files = {
        "bot.yaml": config.format(name=name, title=title, language=language, **_TEXTS[language]),
        **files,
        ".gitignore": ".graft/\n*.db\n",
    }
    try:
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf8")
    except OSError as error:
        raise GraftError(f"cannot write {folder}: {error.strerror}") from None
    return [folder / file for file in files]
