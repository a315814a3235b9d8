"""Words and sentences of English, Chinese and mixed text, with their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from retrieval.thesaurus import meanings

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+(?:['’.,][^\W_{CJK}]+)*")
_CJK_RUN = re.compile(rf"[{CJK}]+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|ca|no|nos|fig|figs|sec|ch|art|para|dr|mr|mrs|ms|prof|st|inc|ltd|jr|sr)"
    r"|\b[A-Z]|\b(?:[A-Za-z]\.){1,3}[A-Za-z])\.$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(
    r"(?<![.!?…])[.!?…]+[\"'”’)\]]*(?=\s|$)|[。！？]+…*[”’」』）】)\"]*"
    rf"|(?<![.!?…])(?:[!?]+|…{{2,}})[”’」』）】)\"]*(?=[{CJK}])"
)
_STOP = re.compile(r"[.!?…。！？]")
"""What every end of a sentence begins with; a search for one character is fast."""
_LONGEST_ABBREVIATION = 12
_MARKUP = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+|>\s+|#{1,6}\s+)")

STOPWORDS = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both
    but by can cannot could did do does doing don down during each else ever few for from further get gets
    getting give given go had has have having he her here hers him his how i if in into is it its itself just
    let ll may me might more most much must my need no nor not now of off on once only or other our ours out
    over own please re same shall she should so some such tell than that the their theirs them then there these
    they this those through to too under until up us ve very want was we were what when where which while who
    whom whose why will with within without would you your yours s t m d many happen happens
    """.split()
)
STOPWORDS_ZH = frozenset(
    """
    的 了 吗 呢 吧 啊 是 在 和 与 及 或 有 我 你 您 他 她 它 们 这 那 哪 些 个 什么 怎么
    怎样 如何 多少 多久 几 可以 能 要 想 请问 会 被 把 对 从 到 为 就 都 也 还 不 没
    需要 哪里 哪个 哪些 是否 一个 一下 时候 为什么 谁 吗
    """.split()
)
_ASKING_ZH = re.compile(
    "请问|你知道|我想知道|告诉我|为什么|怎么办|怎么样|怎么|怎样|如何|什么时候|什么|多少|多久|多长时间|几[个天次种年点]"
    "|哪[里儿个些种位年天]?|是谁|谁|是不是|有没有|能不能|可不可以|要不要|会不会|需不需要|可以|是否|的话|应该|该|吗|呢|吧|啊|(?<!目)的"
    "|了(?!解)|[我你您他她它]们?"
)


def is_cjk(text: str) -> bool:
    """Whether most of a text's letters are Chinese characters."""
    if text.isascii():
        return False
    runs = sum(map(len, _CJK_RUN.findall(text)))
    return runs > 0 and runs * 2 > sum(map(str.isalpha, text))


def words(text: str) -> list[str]:
    """Lower-case words; a run of Chinese characters is one word."""
    return [match.group().lower() for match in _WORD.finditer(text)]


def length(text: str) -> int:
    """Length in words; two Chinese characters count as one, so that limits fit both languages."""
    found = _WORD.findall(text)
    if not _CJK_RUN.search(text):
        return len(found)
    return sum((len(word) + 1) // 2 if _CJK_RUN.match(word) else 1 for word in found)


@lru_cache(maxsize=1)
def _stemmer() -> object:
    import Stemmer

    return Stemmer.Stemmer("english")


def stems(words: list[str]) -> list[str]:
    """English stems of words in lower case (Snowball)."""
    return _stemmer().stemWords(words)  # type: ignore[attr-defined,no-any-return]


def terms(text: str) -> list[str]:
    """Index terms of a text: English stems without stop words; characters, bigrams, meanings of Chinese."""
    found: list[str] = []
    plain: list[str] = []
    for word in words(text):
        if _CJK_RUN.match(word):
            found += _chinese_terms(word)
        elif word not in STOPWORDS:
            plain.append(word.replace("’", "'").removesuffix("'s"))
    return found + stems(plain)


def _chinese_terms(run: str) -> list[str]:
    """Characters, bigrams and meanings; no bigram reaches over a word that asks or only joins."""
    pieces = [piece for piece in _ASKING_ZH.split(run) if piece]
    grams = [piece[i : i + 2] for piece in pieces for i in range(len(piece) - 1)]
    singles = [character for piece in pieces for character in piece if character not in STOPWORDS_ZH]
    shared = [meaning for piece in pieces for meaning in meanings(piece)]
    return singles + [gram for gram in grams if gram not in STOPWORDS_ZH] + shared


def sentences(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences, list items, table rows, headings and code blocks of a text, leading markup left out."""
    spans: list[tuple[int, int]] = []
    for start, end, whole in _blocks(text):
        marker = None if whole or text[start].isalpha() else _MARKUP.match(text[start:end])
        begin = start + marker.end() if marker else start
        for match in () if whole else matches(_STOP, _SENTENCE_END, text, begin, end):
            if not _is_abbreviation(text, begin, match):
                spans.append((begin, match.end()))
                begin = match.end()
        spans.append((begin, end))
    return [trimmed for span in spans if (trimmed := _trim(text, *span))]


def matches(
    beginning: re.Pattern[str], whole: re.Pattern[str], text: str, start: int, end: int
) -> Iterator[re.Match[str]]:
    """Matches of a pattern one after the other, looked for only where a simpler one, a fast search, finds its start."""
    while found := beginning.search(text, start, end):
        match = whole.match(text, found.start(), end)
        start = match.end() if match else found.end()
        if match:
            yield match


def _is_abbreviation(text: str, begin: int, stop: re.Match[str]) -> bool:
    if stop.group()[0] != ".":
        return False
    if text[stop.end() : stop.end() + 2].strip().islower():
        return True
    tail = max(begin, stop.end() - _LONGEST_ABBREVIATION)
    return _ABBREVIATION.search(text, tail, stop.end()) is not None


def _blocks(text: str) -> list[tuple[int, int, bool]]:
    """Paragraphs, list items, headings, and (whole: never split further) table rows and fenced code.

    A line in capitals over a line in small letters is a heading.
    """
    blocks: list[tuple[int, int, bool]] = []
    offset = 0
    joins = fenced = loud = False
    for line in text.splitlines(keepends=True):
        body, end = line.strip(), offset + len(line.rstrip())
        fence = body.startswith(("```", "~~~"))
        row = body.startswith("|")
        capitals = body.isupper() and not is_cjk(body)
        titled = loud and not capitals
        if fenced or (joins and body and not fence and not row and not titled and not _MARKUP.match(line)):
            start, _, whole = blocks[-1]
            blocks[-1] = (start, end if body else blocks[-1][1], whole)
        elif body:
            blocks.append((offset, end, row or fence))
        fenced ^= fence
        loud = capitals and (loud or not joins)
        joins = bool(body) and not row and not fence and not body.startswith("#")
        offset += len(line)
    return blocks


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    plain = start < end and text[start].isalpha()  # the usual case: nothing to leave out before it
    if not plain and (match := _MARKUP.match(text[start:end])):
        start += match.end()
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if plain or any(map(str.isalnum, text[start:end])) else None
