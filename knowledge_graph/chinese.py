"""Candidate entities of Chinese text: nouns and compounds by jieba's part-of-speech tags, and quoted names."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

_NOUN = re.compile(r"^(?:n[rstzl]?\w*|vn|an|eng|j|l|b)$")
_QUOTED = re.compile(r"[《「“]([^》」”\n]{2,20})[》」”]")
_GENERIC = frozenset(
    """
    时间 情况 方式 问题 内容 部分 信息 方面 原因 结果 要求 时候 地方 东西 样子 人员 工作 服务 客户
    本人 用户 方法 事项 相关 其他 左右 以上 以下 以内 期间 之间 前后 当日 次日 每日 每月
    每年 全部 具体 主要 一般 不同 需要 可以 如果 以及 或者 因此
    """.split()
)
_PLACES = frozenset("上下里内外中前后")
"""Where something is, "ATM上", which jieba takes for the end of a name after Latin letters."""


def names(text: str) -> Iterator[str]:
    """Nouns of two or more characters, and runs of adjacent nouns as compounds."""
    import jieba
    import jieba.posseg

    jieba.setLogLevel(logging.WARNING)
    yield from (match[1] for match in _QUOTED.finditer(text))
    run: list[str] = []
    counted = False
    for word, flag in jieba.posseg.cut(text):
        unit = counted and len(word) == 1  # "3天宽限期"
        if _NOUN.match(flag) and word.strip() and word not in _GENERIC and word not in _PLACES and not unit:
            run.append(word)
        else:
            yield from _compounds(run)
            run = []
        counted = flag == "m"
    yield from _compounds(run)


def _compounds(run: list[str]) -> Iterator[str]:
    yield from (word for word in run if len(word) > 1)
    if 1 < len(run) <= 4:
        compound = "".join(run)
        if 3 <= len(compound) <= 12:
            yield compound
