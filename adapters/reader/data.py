"""SQuAD-format files as training examples, with negatives made from the other paragraphs of the same article."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A question about a passage; `answer` is empty where the passage does not answer.

    Args:
        heading: What stands before the passage when it is read: its title.
        start: Offset of the answer in `passage`.
    """

    question: str
    heading: str
    passage: str
    answer: str = ""
    start: int = 0


def read_examples(path: Path) -> list[list[Example]]:
    """Examples of a SQuAD-format file, one list an article."""
    articles = []
    for article in json.loads(path.read_text(encoding="utf8"))["data"]:
        title = str(article.get("title", "")).replace("_", " ")
        examples = []
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                if qa.get("is_impossible") or not qa["answers"]:
                    examples.append(Example(qa["question"], title, paragraph["context"]))
                    continue
                answer = qa["answers"][0]
                span = (answer["text"], int(answer["answer_start"]))
                if paragraph["context"][span[1] : span[1] + len(span[0])] == span[0]:
                    examples.append(Example(qa["question"], title, paragraph["context"], *span))
        articles.append(examples)
    return articles


def with_negatives(articles: Sequence[Sequence[Example]], share: float, seed: int) -> list[Example]:
    """All examples, and for a share of the answerable ones the same question over another passage of its article."""
    chance = random.Random(seed)
    found: list[Example] = []
    for examples in articles:
        passages = list(dict.fromkeys(example.passage for example in examples))
        for example in examples:
            found.append(example)
            others = [p for p in passages if p != example.passage and example.answer.lower() not in p.lower()]
            if example.answer and others and chance.random() < share:
                found.append(replace(example, passage=chance.choice(others), answer="", start=0))
    return found


def encode(
    tokenizer: Any, examples: Sequence[Example], max_tokens: int, title_share: float, seed: int
) -> list[dict[str, Any]]:
    """Token ids with the answer's first and last token; 0 and 0 (the first token) where there is none.

    Args:
        title_share: How many of the passages have their title before them.
    """
    chance = random.Random(seed)
    features = []
    for example in examples:
        lead = f"{example.heading}\n" if example.heading and chance.random() < title_share else ""
        encoded = tokenizer(
            example.question,
            lead + example.passage,
            truncation="only_second",
            max_length=max_tokens,
            return_offsets_mapping=True,
        )
        feature: dict[str, Any] = {
            "input_ids": encoded["input_ids"],
            "token_type_ids": encoded["token_type_ids"],
            "start": 0,
            "end": 0,
        }
        if example.answer:
            first, last = example.start + len(lead), example.start + len(lead) + len(example.answer)
            inside = _inside(encoded, first, last)
            if not inside:
                continue
            feature["start"], feature["end"] = inside[0], inside[-1]
        features.append(feature)
    return features


def _inside(encoded: Any, first: int, last: int) -> list[int]:
    second = encoded.sequence_ids()
    return [
        position
        for position, (begin, end) in enumerate(encoded["offset_mapping"])
        if second[position] == 1 and begin < last and end > first
    ]
