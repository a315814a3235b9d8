"""Numbers and dates in the labels of nodes, so that they can be compared."""

from __future__ import annotations

import re

_SCALES = {
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "km": 1e3,
    "kilometre": 1e3,
    "kilometer": 1e3,
    "cm": 1e-2,
    "mm": 1e-3,
    "kg": 1e3,
    "tonne": 1e6,
    "ton": 1e6,
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ISO = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")
_WRITTEN = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th)? )?([A-Za-z]{3,9})\.?(?: (\d{1,2}),?)? (\d{4})")
_NUMBER = re.compile(r"[€$£¥]?\s?(-?\d+(?:[ ,]\d{3})*(?:\.\d+)?)\s*([A-Za-z]*)")
_ERA = re.compile(r"\b(?:BC|BCE)\b")


def amount(label: str) -> float | None:
    """What a label amounts to, in metres, grams or years where it says; None if it does not begin with a number."""
    label = label.strip()
    if match := _ISO.fullmatch(label):
        return int(match[1]) + (int(match[2]) - 1) / 12 + (int(match[3] or 1) - 1) / 366
    if (match := _WRITTEN.fullmatch(label)) and match[2][:3].lower() in _MONTHS:
        month = _MONTHS.index(match[2][:3].lower())
        return int(match[4]) + month / 12 + (int(match[1] or match[3] or 1) - 1) / 366
    if match := _NUMBER.match(label):
        number = float(re.sub(r"[ ,]", "", match[1])) * _SCALES.get(match[2].lower().removesuffix("s"), 1.0)
        return -number if _ERA.search(label) else number
    return None


def is_date(label: str) -> bool:
    """Whether a label is a year or a day."""
    label = label.strip()
    return bool(re.fullmatch(r"\d{4}", label) or _ISO.fullmatch(label) or _WRITTEN.fullmatch(label))
