"""Chats written in a language model's own format: the same for training and for answering."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

Message = dict[str, str]
"""A `role`, one of `ROLES`, and a `content`."""
ROLES = ("system", "user", "assistant")
PLAIN = (
    "{% for message in messages %}{% if not loop.first %}{{ '\\n\\n' }}{% endif %}{{ message.content }}"
    "{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '\\n\\n' }}{% endif %}"
)
"""For a tokenizer without a chat template: paragraphs; the end token follows those of the assistant."""


def written(tokenizer: Any, messages: Sequence[Message], reply: bool) -> str:
    """A chat as the model reads it; where its template has no system turn, this joins the first question.

    Args:
        reply: End where the assistant's next turn begins.

    Raises:
        jinja2.TemplateError: The template refuses the order of the turns.
    """
    from jinja2 import TemplateError

    write = partial(
        tokenizer.apply_chat_template,
        chat_template=tokenizer.chat_template or PLAIN,
        tokenize=False,
        add_generation_prompt=reply,
    )
    try:
        return str(write(list(messages)))
    except TemplateError:
        if len(messages) < 2 or messages[0]["role"] != "system":
            raise
        first = {"role": messages[1]["role"], "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
        return str(write([first, *messages[2:]]))


def adds_tokens(tokenizer: Any) -> bool:
    """Whether the tokenizer adds what begins a text, since no chat template writes it."""
    return not tokenizer.chat_template
