"""The entities a corpus names: mined once from all its chunks, then matched in each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from knowledge_graph import chinese, english
from knowledge_graph.facts import Kind, Mention, Node
from knowledge_graph.names import MAX_TOKENS, TOKEN, acceptable, fold, key_of
from retrieval.document import Chunk
from retrieval.splitter import PATH_SEPARATOR
from retrieval.text import is_cjk

TERM_CHUNKS = 3
"""A domain term must stand in this many chunks; a Chinese noun in two."""


@dataclass
class Lexicon:
    """Nodes by key, aliases (key → key of the entity meant), and the keys that only match with a capital."""

    nodes: dict[str, Node] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    cased: set[str] = field(default_factory=set)

    def resolve(self, key: str) -> str:
        """Follow an alias."""
        return self.aliases.get(key, key)

    def add(self, label: str, kind: Kind) -> str:
        """Add an entity unless its key is known; returns the key it resolves to, empty if the label cannot be one."""
        key = key_of(label) if kind != "value" else label.strip()
        if kind != "value" and not acceptable(key):
            return ""
        key = self.resolve(key)
        self.nodes.setdefault(key, Node(key, " ".join(label.split()), kind))
        return key

    def mentions(self, text: str) -> list[Mention]:
        """Where a text names entities, longest first match; a shorter entity inside a longer one is found too."""
        if is_cjk(text):
            return self._chinese_mentions(text)
        tokens = [(fold(m.group()), m.start(), m.end()) for m in TOKEN.finditer(text)]
        found: list[Mention] = []
        for first in range(len(tokens)):
            key = ""
            for last in range(first, min(first + MAX_TOKENS, len(tokens))):
                key = f"{key} {tokens[last][0]}" if key else tokens[last][0]
                target = self.resolve(key)
                if target in self.nodes and (key not in self.cased or text[tokens[first][1]].isupper()):
                    found.append(Mention(target, tokens[first][1], tokens[last][2]))
        return found

    def _chinese_mentions(self, text: str) -> list[Mention]:
        found = []
        folded = text.lower()
        for start in range(len(text)):
            for size in range(2, min(14, len(text) - start) + 1):
                target = self.resolve(folded[start : start + size])
                if target in self.nodes:
                    found.append(Mention(target, start, start + size))
        return found


def outermost(mentions: Iterable[Mention]) -> list[Mention]:
    """Mentions that lie in no other, in reading order."""
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept


def mine(chunks: Sequence[Chunk], titles: dict[str, str], language: str) -> Lexicon:
    """Collect titles, headings, proper names, repeated terms and abbreviations of a corpus."""
    lexicon = Lexicon()
    texts = [english.prose(chunk.text) for chunk in chunks]
    if language == "zh":
        _mine_chinese(lexicon, texts)
    else:
        _mine_english(lexicon, texts)
    for title in titles.values():
        _add_topic(lexicon, title)
    for section in dict.fromkeys(chunk.section for chunk in chunks):
        for heading in section.split(PATH_SEPARATOR):
            if len(key_of(heading).split()) <= 3 and not heading.rstrip().endswith(("?", "？")):
                _add_topic(lexicon, heading)
    return lexicon


def _add_topic(lexicon: Lexicon, title: str) -> None:
    key = lexicon.add(title, "topic")
    if key:
        lexicon.nodes[key] = Node(key, lexicon.nodes[key].label, "topic")
        if " " in key:
            lexicon.cased.discard(key)


def _mine_english(lexicon: Lexicon, texts: list[str]) -> None:
    capitals = english.Capitals()
    for text in texts:
        capitals.learn(text)
    labels: dict[str, Counter[str]] = {}
    spread: Counter[str] = Counter()
    for text in texts:
        for name in english.names(text, capitals):
            if acceptable(key := key_of(name)):
                labels.setdefault(key, Counter())[name] += 1
        grams: dict[str, str] = {}
        for term in english.terms(text):
            grams.setdefault(key_of(term), term)
        for key, term in grams.items():
            spread[key] += 1
            labels.setdefault(key, Counter())[term] += 0
    subsumed = _subsumed(spread)
    for key in _lists(labels):
        del labels[key]
    for key, spellings in labels.items():
        named = sum(spellings.values())
        label = spellings.most_common(1)[0][0]
        if named:
            lexicon.add(label, "name")
            if " " not in key or named > spread[key]:
                lexicon.cased.add(key)
        elif spread[key] >= TERM_CHUNKS and acceptable(key) and key not in subsumed:
            lexicon.add(label, "term")
    for text in texts:
        for long, short in english.abbreviations(text):
            _merge(lexicon, long, short)
        for alias in english.ALSO.finditer(text):
            lexicon.add(alias[1], "term")


def _subsumed(spread: Counter[str]) -> set[str]:
    """Two-word terms that one longer term holds nearly everywhere (the idea of C-value)."""
    found: set[str] = set()
    for gram, count in spread.items():
        tokens = gram.split()
        if len(tokens) == 3:
            parts = (" ".join(tokens[:2]), " ".join(tokens[1:]))
            found.update(part for part in parts if count >= 0.8 * spread[part])
    return found


def _lists(labels: dict[str, Counter[str]]) -> set[str]:
    """Names joined by "and" that are no name, "Silver Card and the Onyx Card": both occur as often without it."""
    found = set()
    for key, spellings in labels.items():
        whole = spellings.total()
        for match in re.finditer(r" and (?:the )?", key):
            ends = key[: match.start()], key[match.end() :]
            # a joined name also counts for its parts
            if whole and ends[0] != ends[1] and all(labels.get(end, Counter()).total() >= 2 * whole for end in ends):
                found.add(key)
    return found


def _merge(lexicon: Lexicon, long: str, short: str) -> None:
    key, alias = key_of(long), key_of(short)
    if not acceptable(key) or key == alias:
        return
    target = lexicon.add(long, "name" if long[:1].isupper() else "term")
    old = lexicon.nodes.pop(alias, None)
    if old or alias not in lexicon.aliases:
        lexicon.aliases[alias] = target
        lexicon.cased.add(alias)
    lexicon.cased.discard(key)


def _mine_chinese(lexicon: Lexicon, texts: list[str]) -> None:
    spread: Counter[str] = Counter()
    for text in texts:
        spread.update(set(chinese.names(text)))
    for name, count in spread.items():
        if count >= 2:
            lexicon.add(name, "term" if len(name) < 4 else "name")
