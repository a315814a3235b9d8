"""SQuAD-format files as training examples, with negatives made from other paragraphs and other entities."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.squad import DataError, Paragraph, read_squad

WORD = re.compile(r"\w{4,}")
ENTITY = re.compile(r"(?<=\s)(?:[A-Z][\w'-]+(?: [A-Z][\w'-]+)*|\d[\d,.]*\b)")
"""Names and numbers of a question, its first word aside."""
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


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
    """Examples of a SQuAD-format file, one list an article; those whose answer its passage does not hold are left out.

    Raises:
        DataError: The file is not in the format, or holds none of its answers.
    """
    articles = read_squad(path)
    found = [[example for paragraph in article for example in _examples(paragraph)] for article in articles]
    answered = any(question.answers for article in articles for part in article for question in part.questions)
    if answered and not any(example.answer for article in found for example in article):
        raise DataError(f"{path}: no answer stands at its answer_start; leave it out where it is not known")
    return found


def _examples(paragraph: Paragraph) -> Iterator[Example]:
    for question in paragraph.questions:
        asked = Example(question.text, paragraph.title, paragraph.text)
        if not question.answers:
            yield asked
        elif question.answers[0].start >= 0:
            yield replace(asked, answer=question.answers[0].text, start=question.answers[0].start)


def packed(articles: Sequence[Sequence[Example]], sentences: int, seed: int) -> list[list[Example]]:
    """Examples whose passage is one sentence, each set among other sentences of its article."""
    chance = random.Random(seed)
    found = []
    for examples in articles:
        passages = list(dict.fromkeys(example.passage for example in examples))
        among = []
        for example in examples:
            others = [p for p in passages if p != example.passage and not (example.answer and example.answer in p)]
            group = [example.passage, *chance.sample(others, min(sentences - 1, len(others)))]
            chance.shuffle(group)
            before = sum(len(p) + 1 for p in group[: group.index(example.passage)])
            among.append(replace(example, heading="", passage=" ".join(group), start=before + example.start))
        found.append(among)
    return found


def with_negatives(articles: Sequence[Sequence[Example]], share: float, seed: int) -> list[Example]:
    """All examples, and for a share of the answerable ones the same question without its answer.

    Half of these ask another passage of the article, the likeliest or any; the rest ask the same passage for another
    name or number, taken from a question of the article, that the passage does not hold.
    """
    chance = random.Random(seed)
    found: list[Example] = []
    for examples in articles:
        passages = list(dict.fromkeys(example.passage for example in examples))
        words = {passage: set(WORD.findall(passage.lower())) for passage in passages}
        entities = sorted({entity for example in examples for entity in ENTITY.findall(example.question)})
        for example in examples:
            found.append(example)
            if not example.answer or chance.random() >= share:
                continue
            held = f"{example.heading} {example.passage}"
            changed = renamed(example.question, held, entities, chance) if chance.random() < 0.5 else None
            others = [p for p in passages if p != example.passage and example.answer.lower() not in p.lower()]
            if changed:
                found.append(replace(example, question=changed, answer="", start=0))
            elif others:
                asked = set(WORD.findall(example.question.lower()))
                nearest = max(others, key=lambda passage: len(asked & words[passage]))
                other = nearest if chance.random() < 0.5 else chance.choice(others)
                found.append(replace(example, passage=other, answer="", start=0))
    return found


def renamed(question: str, passage: str, names: Sequence[str], chance: random.Random) -> str | None:
    """A question asked for another of `names`, one that its passage does not hold; None where there is none."""
    own = ENTITY.findall(question)
    if not own:
        return None
    old = chance.choice(own)
    like = [n for n in names if n[0].isdigit() == old[0].isdigit() and n not in own and n not in passage]
    return re.sub(rf"\b{re.escape(old)}", chance.choice(like), question) if like else None


def with_leads(articles: Sequence[Sequence[Example]], share: float, seed: int) -> list[list[Example]]:
    """For a share of the answerable examples, one more whose question names something only in a sentence after it.

    "When did Marie Curie die?" becomes "When did it die? Marie Curie studied in Paris.", so that the reader learns to
    take what a question is about from a sentence found first.
    """
    chance = random.Random(seed)
    found = []
    for examples in articles:
        passages = dict.fromkeys(example.passage for example in examples)
        sentences = [sentence for passage in passages for sentence in SENTENCE_END.split(passage)]
        more = []
        for example in examples:
            names = ENTITY.findall(example.question)
            if not example.answer or not names or chance.random() >= share:
                continue
            name = chance.choice(names)
            leads = [
                sentence
                for sentence in sentences
                if name in sentence and sentence not in example.passage and example.answer not in sentence
            ]
            if leads:
                question = re.sub(
                    rf"\b(?:the |a )?{re.escape(name)}", chance.choice(("it", "this", "they")), example.question
                )
                more.append(replace(example, question=f"{question} {chance.choice(leads)}"))
        found.append([*examples, *more])
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
            truncation="longest_first",
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
