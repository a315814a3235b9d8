"""The answer without a language model: the best-supported units, word for word, each with its citation."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

from chatbot.answer_types import ANY, fits
from chatbot.reply import Citation
from chatbot.support import Supported
from chatbot.units import Unit, cells_of, heading, said, units
from retrieval.loaders.clean import one_line
from retrieval.text import is_cjk, terms

MOST_UNITS = 3
LONGEST_LIST = 10
WORTH_ADDING = 0.15
"""Another unit joins the answer when it is at least this share as likely as the best one."""
INTRODUCES = (":", "：")
"""What a sentence that introduces a list ends with."""
_ASKS_LIST = re.compile(
    r"\b(?:what|which) (?:\w+ ){0,2}(?:documents|steps|things|kinds|types|symptoms|signs|ways|options|methods|benefits"
    r"|rules|requirements|conditions|items|tools|causes|parts|phases|stages)\b|\blist\b|哪些|步骤",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(r"\bhow (?:do|can|should|to)\b|怎么办理|如何", re.IGNORECASE)
_ASKS_MORE = re.compile(
    r"\b(?:why|how (?:do|can|should|to|does|did|is|are)|what (?:happens|should|do|does|if|(?:is|are)(?! the\b)))\b"
    r"|\bexplain|(?:^|[,.;:!?-] )(?:and |but |so )?(?:is|are|was|were|can|could|may|might|must|should|shall|will|would"
    r"|do|does|did|has|have|had|am)\b",
    re.IGNORECASE,
)
"""Questions for a way, a reason, an explanation, or a yes or no: a few words do not answer them."""
CLEAR = 2
"""A short answer's unit is so many times as likely as the next one."""
SHORT = 0.6
"""A short answer has at most this share of its unit's characters."""
_NUMBER = re.compile(r"\d+[.)]\s*$")


def compose(
    question: str, ranked: Sequence[Supported], titles: dict[str, str], faqs: Collection[str] = ()
) -> tuple[str, list[Citation]]:
    """Write the answer: in few words where the question wants them and the reader is sure, then the units themselves.

    Args:
        ranked: Units, best first; at least one.
        titles: Of the units' documents, by id.
        faqs: Ids of documents of questions and answers, whose answers are given whole.

    Returns:
        The text with `[n]` marks, and the citations, the first being `[1]`.
    """
    short = _short(question, ranked, faqs)
    pieces = [f"**{short}**"] if short else []
    citations: list[Citation] = []
    lead = ""
    for group in _groups(question, ranked, titles, faqs):
        citations.append(_citation(group))
        before, lead = lead, _lead(group)
        said = f"{_shown(group)} [{len(citations)}]"
        pieces.append(said if lead in ("", before) else f"{lead}{_gap(lead)}{said}")
    apart = bool(short) or any("\n" in piece for piece in pieces) or any(c.quote.startswith("|") for c in citations)
    return ("\n\n" if apart else " ").join(pieces), citations


def _short(question: str, ranked: Sequence[Supported], faqs: Collection[str]) -> str:
    """The short answer, with a capital; empty where there is none, or another unit is nearly as likely."""
    best = ranked[0]
    rivalled = len(ranked) > 1 and best.score - ranked[1].score < math.log(CLEAR)
    if not best.sure or rivalled or best.unit.kind == "code" or best.unit.chunk.document_id in faqs:
        return ""
    words = best.answer.strip(' ,;:.*_`"“”')
    if "|" in words or "\n" in words or len(words) > SHORT * len(best.unit.text):
        return ""
    if best.unit.kind == "row" and _of_several_columns(question, best.unit, words):
        return ""
    return "" if _ASKS_MORE.search(question) or _ASKS_LIST.search(question) else words[:1].upper() + words[1:]


def _of_several_columns(question: str, row: Unit, words: str) -> bool:
    """Whether other columns of a row hold what is asked for as well, and the question does not name that of `words`."""
    names, cells = cells_of(row.lead), cells_of(row.text)
    column = next((number for number, cell in enumerate(cells) if words in cell), 0)
    if len(names) == len(cells) and set(terms(names[column])) & set(terms(question)):
        return False
    return any(fits(question, cell) for number, cell in enumerate(cells) if number not in (0, column))


def _groups(
    question: str, ranked: Sequence[Supported], titles: dict[str, str], faqs: Collection[str]
) -> list[list[Unit]]:
    """Units to quote: the best, the list it belongs to where one is asked for, and others that add something.

    What comes of the best one's passage is told in its order, and then the others, each document in its own.
    """
    groups: list[list[Unit]] = []
    told: set[str] = set()
    for entry in ranked[:12]:
        if groups and (len(groups) == MOST_UNITS or math.exp(entry.score - ranked[0].score) < WORTH_ADDING):
            break
        opens = _opens_list(entry.unit)
        if entry.unit.chunk.document_id in faqs:
            group = units(entry.unit.chunk)
        elif opens or (not groups and _wants_list(question, entry.unit, titles)):
            group = _whole_list(entry.unit)
        else:
            group = [entry.unit]
        if groups and (_overlaps(group, groups) or (opens and len(group) == 1)):
            continue
        own = set(terms(" ".join(unit.text for unit in group)))
        if groups and (len(own - told) < max(2, len(own) // 3) or entry.unit.kind == "code"):
            continue
        groups.append(group)
        told |= own
    best = ranked[0].unit.chunk.id
    documents = [group[0].chunk.document_id for group in groups]

    def place(group: list[Unit]) -> tuple[bool, int, int]:
        chunk = group[0].chunk
        return chunk.id != best, documents.index(chunk.document_id), group[0].start

    return sorted(groups, key=place)


def _wants_list(question: str, unit: Unit, titles: dict[str, str]) -> bool:
    """Whether a question asks for all of the list or table that a unit belongs to: for what it announces or its steps,
    and not for what the unit alone says."""
    asked, own = set(terms(_ASKS_LIST.sub(" ", question))), set(terms(unit.text))
    announced = set(terms(f"{heading(unit.chunk, titles)} {unit.lead}"))
    about_all = bool(asked) and asked <= announced and not asked <= own and fits(question, unit.text) == ANY
    if unit.kind == "row":
        return about_all and bool(_ASKS_LIST.search(question))
    numbered = bool(_NUMBER.search(unit.chunk.text[: unit.start - unit.chunk.start]))
    return about_all or bool(_ASKS_LIST.search(question)) or (numbered and bool(_ASKS_HOW.search(question)))


def _opens_list(unit: Unit) -> bool:
    return unit.text.rstrip().endswith(INTRODUCES)


def _overlaps(group: list[Unit], groups: list[list[Unit]]) -> bool:
    start, end, document = group[0].start, group[-1].end, group[0].chunk.document_id
    return any(g[0].chunk.document_id == document and g[0].start < end and start < g[-1].end for g in groups)


def _whole_list(unit: Unit) -> list[Unit]:
    """The list or table a unit introduces or belongs to, a list's introduction first; where there is none, the unit."""
    around = units(unit.chunk)
    at = next((i for i, other in enumerate(around) if other.start == unit.start), None)
    kind = unit.kind if unit.kind == "row" else "item"
    if at is None or (unit.kind != kind and not _opens_list(unit)):
        return [unit]
    first = at
    while unit.kind == kind and first > 0 and around[first - 1].kind == kind:
        first -= 1
    if kind == "item" and first > 0 and unit.kind == kind and _opens_list(around[first - 1]):
        first -= 1
    last = at + 1
    while last < len(around) and around[last].kind == kind:
        last += 1
    return around[first:last] if 1 < last - first <= LONGEST_LIST else [unit]


def _citation(group: list[Unit]) -> Citation:
    chunk, start, end = group[0].chunk, group[0].start, group[-1].end
    quote = chunk.text[start - chunk.start : end - chunk.start]
    return Citation(chunk.document_id, chunk.document_id, chunk.section, start, end, quote)


def _lead(group: list[Unit]) -> str:
    """What introduces the list that a group begins within: an item may mean the opposite without it."""
    first = group[0]
    return one_line(first.lead) if first.kind == "item" and first.lead.rstrip().endswith(INTRODUCES) else ""


def _shown(group: list[Unit]) -> str:
    if len(group) == 1:
        return _plain(group[0])
    text = ""
    for before, unit in zip([None, *group], group, strict=False):
        runs_on = before is not None and before.kind == unit.kind == "sentence"
        gap = _gap(unit.text) if runs_on else "\n"
        text += gap + (f"- {_plain(unit)}" if unit.kind in ("item", "row") else _plain(unit))
    return text.strip()


def _plain(unit: Unit) -> str:
    """A unit as it reads in a sentence: one line, Markdown emphasis kept, code untouched."""
    if unit.kind == "code":
        return f"{unit.text}\n"
    text = said(unit)
    return re.sub(r"\s*\n\s*", _gap(text), text)


def _gap(text: str) -> str:
    """What stands between two sentences of a text's language."""
    return "" if is_cjk(text) else " "
