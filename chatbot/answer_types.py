"""What kind of answer a question asks for, and whether a text holds one: amounts, times, numbers, names, reasons."""

from __future__ import annotations

import re

from retrieval.text import CJK

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|twice|once)\b|[一二三四五六七八九十百千万]",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:(?-i:May|March)\b|seconds|minute|hour|day|week|month|year|january|february|april|june|july|august|september"
    r"|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|annual|daily|weekly|monthly|immediately"
    r"|\d{1,2}[:.]\d\d|\d{4}|century|noon|midnight|end of)\w*|[年月日天周]|小时|分钟|随时|立即",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[€$£¥]|\b(?:euro|dollar|pound|cent|fee|free|cost|price|per cent|percent)\w*\b|%|元|免费|费", re.IGNORECASE
)
_NAME = re.compile(rf"(?<![.!?] )(?<!^)\b[A-Z][a-z]+|[A-Z]{{2,}}|[{CJK}]{{2,}}(?:部|中心|行|人|组|科|室)")
_CAUSE = re.compile(
    r"\b(?:because|since|so that|due to|in order|therefore|reason|caus|prevent|to avoid|means)\w*"
    r"|因为|由于|以便|避免|为了",
    re.IGNORECASE,
)
_ASKED = (
    (r"how (?:much|expensive|dear)|\b(?:cost|price|fee|charge|pay)\b|多少钱|费用|收费|手续费|年费|几元", _MONEY),
    (
        r"how (?:long|soon|quickly|fast|often|old)|\bwhen\b|what (?:time|date|year|day)|until when|deadline"
        r"|多久|多长时间|几天|几个|什么时候|何时|几点|期限",
        _TIME,
    ),
    (
        r"how (?:many|far|big|large|high|tall|much)"
        r"|what (?:is the |are the )?(?:\w+ )?(?:number|percentage|share|rate|limit)"
        r"|多少|最高|最低|上限|限额|比例|利率",
        _NUMBER,
    ),
    (r"\b(?:who|whom|whose)\b|which (?:person|team|office|department|company)|谁|哪个部门|哪家|找哪", _NAME),
    (r"\bwhere\b|which (?:place|city|country|room)|哪里|在哪|哪儿", _NAME),
    (r"\bwhy\b|what (?:causes|is the reason)|为什么|为何|原因", _CAUSE),
)
_TYPES = tuple((re.compile(asked, re.IGNORECASE), answer) for asked, answer in _ASKED)


ANY = 0.5
"""How any text fits a question that asks for no kind in particular."""


def fits(question: str, text: str) -> float:
    """1 if the text holds the kind of answer asked for, 0 if not, `ANY` where no kind in particular is asked for."""
    for asked, answer in _TYPES:
        if asked.search(question):
            return float(bool(answer.search(text)))
    return ANY
