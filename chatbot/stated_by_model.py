"""A bot's language model as the extractor of its graph: the facts that it says a text states, checked against the text.

What the model answered is kept for each text, so that nothing is asked for twice, whatever becomes of the build.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from chatbot.bots import data_home
from chatbot.config import Generator
from chatbot.generators import load_model, stream
from knowledge_graph.extraction import Found, Said
from retrieval.private import keep_private
from retrieval.text import is_cjk

PROMPT = """List the facts that the text states, each on a line of its own as JSON:
{"subject": "...", "relation": "...", "object": "..."}
Subject and object are the shortest wording of the text that names a thing, a person, a place, a concept or an amount;
copy it letter by letter. The relation is a verb with its preposition, in two or three words, such as "works for".
Only what the text states, nothing that you know besides. Write nothing else; if it states no fact, write NONE."""
NONE = "NONE"
"""The answer on a text that states no fact."""
_FACT = re.compile(r"\{[^{}]*\}")
AT_ONCE = 4
"""Requests under way together."""
TRIES = 2
"""How often a text is asked about whose answer cannot be read."""
LONGEST = 80
"""Characters of a subject or an object."""
TOKEN = 4
"""Characters of a token, about."""
TOKENS_OF_ANSWER = 150
"""Of an answer, about."""
_SCHEMA = "CREATE TABLE IF NOT EXISTS answers (asked BLOB PRIMARY KEY, answer TEXT NOT NULL) STRICT, WITHOUT ROWID"


class ModelFacts:
    """Asks a model for the facts of texts.

    Args:
        config: Of the model.
        path: Where answers are kept; by default beside the vectors of all bots.
    """

    exhaustive = False

    def __init__(self, config: Generator, path: Path | None = None) -> None:
        self._config = config
        self._path = path or data_home() / "answers.db"

    def extract(self, texts: Sequence[str]) -> Iterator[Found]:
        """See `knowledge_graph.extraction.Extractor`.

        Raises:
            ProviderError: The model failed; what it answered before is kept.
        """
        # a model of this process answers one request after the other, and waiting counts against its time
        pool = ThreadPoolExecutor(1 if self._config.model.startswith("hf:") else AT_ONCE)
        try:
            yield from pool.map(self._found, texts)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def unasked(self, texts: Sequence[str]) -> list[str]:
        """The texts about which the model would be asked."""
        if not self._path.exists():
            return list(dict.fromkeys(texts))
        return [text for text in dict.fromkeys(texts) if self._kept(text) is None]

    @staticmethod
    def tokens(texts: Sequence[str]) -> tuple[int, int]:
        """About how many tokens the model would read and write."""
        return sum(len(PROMPT) + len(text) for text in texts) // TOKEN, len(texts) * TOKENS_OF_ANSWER

    @cached_property
    def _model(self) -> BaseChatModel:
        return load_model(self._config)

    def _found(self, text: str) -> Found:
        answer = self._kept(text)
        for _ in range(TRIES):
            if answer is not None and (facts := read_facts(answer, text)) is not None:
                return _named(facts)
            answer = "".join(stream(self._model, [SystemMessage(PROMPT), HumanMessage(text)], self._config))
            self._keep(text, answer)
        facts = read_facts(answer or "", text)
        if facts is None:
            self._keep(text, NONE)
        return _named(facts or [])

    def _kept(self, text: str) -> str | None:
        with contextlib.suppress(OSError, sqlite3.DatabaseError), self._answers() as answers:
            row = answers.execute("SELECT answer FROM answers WHERE asked = ?", (self._key(text),)).fetchone()
            return str(row[0]) if row else None
        return None

    def _keep(self, text: str, answer: str) -> None:
        with contextlib.suppress(OSError, sqlite3.DatabaseError), self._answers() as answers:
            answers.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (self._key(text), answer))

    @contextlib.contextmanager
    def _answers(self) -> Iterator[sqlite3.Connection]:
        """The database of answers; whatever goes wrong with it, the model can be asked again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        keep_private(self._path)
        with contextlib.closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(_SCHEMA)
            yield connection

    def _key(self, text: str) -> bytes:
        told = "\0".join([self._config.model, self._config.base_url or "", self._config.adapter or "", PROMPT, text])
        return hashlib.sha256(told.encode("utf8", "replace")).digest()


def read_facts(answer: str, text: str) -> list[Said] | None:
    """The facts of an answer whose ends the text contains; None where nothing of it can be read."""
    plain = _folded(text)
    facts, lines = [], 0
    for fact in _FACT.findall(answer):
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            told = json.loads(fact)
            subject, object_ = (" ".join(told[end].split()) for end in ("subject", "object"))
            relation = re.sub(r"\W+", "_", told["relation"].lower()).strip("_")
            lines += 1
            ends = {_folded(subject), _folded(object_)}
            if len(ends) == 2 and relation and all(len(end) <= LONGEST and _names(end, plain) for end in ends):
                facts.append((subject, relation[:LONGEST], object_))
    return facts if lines or NONE in answer else None


def _names(end: str, text: str) -> bool:
    """Whether a text has these words whole."""
    if is_cjk(end):
        return end in text
    return bool(end) and re.search(rf"(?<!\w){re.escape(end)}(?!\w)", text) is not None


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _named(facts: Sequence[Said]) -> Found:
    """Facts with what they name: of a name some letter is a capital."""
    ends = dict.fromkeys(end for subject, _, object_ in facts for end in (subject, object_))
    names = tuple(end for end in ends if not end.islower())
    return Found(names, tuple(end for end in ends if end.islower()), tuple(facts))
