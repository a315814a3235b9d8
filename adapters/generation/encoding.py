"""Chats as token ids, of which the assistant's are learned, several of them packed into one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.checking import Finding
from adapters.generation.data import Chat
from adapters.generation.template import adds_tokens, written
from adapters.squad import DataError


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids, and which of them are learned; the first never is."""

    ids: list[int]
    learned: list[bool]


@dataclass(frozen=True, slots=True)
class Row:
    """Examples one after another in one pass, each of which is to see itself alone."""

    examples: list[Example]

    @property
    def ids(self) -> list[int]:
        """All their token ids."""
        return [token for example in self.examples for token in example.ids]

    @property
    def positions(self) -> list[int]:
        """The place of every token in its example: that they begin anew keeps the examples apart."""
        return [place for example in self.examples for place in range(len(example.ids))]

    @property
    def learned(self) -> list[int]:
        """The numbers of the tokens that are learned."""
        flags = [flag for example in self.examples for flag in example.learned]
        return [at for at, flag in enumerate(flags) if flag]


def encode(tokenizer: Any, ends: Sequence[int], chat: Chat) -> Iterator[Example]:
    """Every turn of the assistant, after the tokens that ask for it when answering.

    Where the tokens of a turn are the same when others follow it, which most templates see to, all turns are of one
    example; else there are several.

    Args:
        ends: Tokens with which an answer may end; the first is added where the template ends it with none.

    Raises:
        DataError: The template refuses the chat.
    """
    from jinja2 import TemplateError

    example = Example([], [])
    for at, turn in enumerate(chat.messages):
        if turn["role"] != "assistant":
            continue
        try:
            asked = written(tokenizer, chat.messages[:at], reply=True)
            whole = written(tokenizer, chat.messages[: at + 1], reply=False)
        except TemplateError as error:
            raise DataError(f"{chat.where}: the model's chat template refuses it: {error}") from None
        told = whole.removeprefix(asked) if whole.startswith(asked) else turn["content"]
        before = list(tokenizer(asked, add_special_tokens=adds_tokens(tokenizer))["input_ids"])
        answer = list(tokenizer(told, add_special_tokens=False)["input_ids"])
        known = example.learned
        if before[: len(known)] != example.ids:
            yield _ended(example, ends)
            known = []
        flags = known + [False] * (len(before) - len(known)) + [True] * len(answer)
        example = Example(before + answer, flags)
    yield _ended(example, ends)


def _ended(example: Example, ends: Sequence[int]) -> Example:
    last = len(example.learned) - example.learned[::-1].index(False)
    if not ends or set(example.ids[last:]) & set(ends):
        return example
    return Example([*example.ids, ends[0]], [*example.learned, True])


def encoded(
    tokenizer: Any, ends: Sequence[int], chats: Sequence[Chat], length: int
) -> tuple[list[Example], list[Finding]]:
    """The examples of chats, and how many are left out since they have more than `length` tokens.

    Raises:
        DataError: The template refuses a chat.
    """
    examples = [example for chat in chats for example in encode(tokenizer, ends, chat)]
    short = [example for example in examples if len(example.ids) <= length]
    if not (left_out := len(examples) - len(short)):
        return short, []
    longest = max(len(example.ids) for example in examples)
    text = f"{left_out} of {len(examples)} have more than {length} tokens and are left out; the longest has {longest}"
    return short, [Finding("too long", text, left_out)]


def packed(examples: Sequence[Example], length: int, taken: int = 0) -> list[Row]:
    """Rows of at most `length` tokens: the longest example first, into the first row with room for it.

    Args:
        taken: Positions that each example takes beside its tokens.
    """
    rows: list[Row] = []
    room: list[int] = []
    for example in sorted(examples, key=lambda example: -len(example.ids)):
        size = len(example.ids) + taken
        at = next((at for at, left in enumerate(room) if size <= left), len(rows))
        if at == len(rows):
            rows.append(Row([]))
            room.append(length)
        rows[at].examples.append(example)
        room[at] -= size
    return rows
