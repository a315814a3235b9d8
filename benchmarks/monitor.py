"""How often surges are found, and how often days are flagged by chance.

    python -m benchmarks.monitor [--streams 200]

The finance bot's news, whose planted surges are known, judged by its own heads; then made-up streams of 90 days with
eight topics, as the bot's defaults judge them: Poisson counts without a surge, the same with half as many at weekends
and with twice the variance, and with two days of three or five times as many on days 61 and 62.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from apps import BUNDLED
from chatbot.config_file import load_config
from chatbot.monitor.detector import Detector
from chatbot.monitor.heads import Heads, settings_of
from chatbot.monitor.news import read_items
from chatbot.monitor.watch import Watch

DAYS, SURGE = 90, (60, 61)
TOPICS = tuple("abcdefgh")
RATES = (1, 3, 10)
"""Mean negative items a day."""
Counts = NDArray[np.int64]


def main(streams: int) -> None:
    """Measure and print."""
    planted()
    print(f"\n{streams} streams each, flagged by chance | days | streams of {DAYS} days")
    kinds: dict[str, Callable[[np.random.Generator, float], Counts]] = {
        "Poisson": lambda chance, rate: chance.poisson(rate, DAYS),
        "half as many at weekends": lambda chance, rate: chance.poisson(rate * weekdays(), DAYS),
        "twice the variance": lambda chance, rate: chance.negative_binomial(rate, 0.5, DAYS),
    }
    for name, kind in kinds.items():
        for rate in RATES:
            found = [flagged(kind, rate, seed) for seed in range(streams)]
            days = sum(map(len, found)) / (streams * (DAYS - 7))
            print(f"{name}, {rate} a day | {days:.4f} | {np.mean([bool(some) for some in found]):.3f}")
    print(f"\n{streams} streams each, a surge of two days | found | on its first day")
    for factor in (3, 5):
        for rate in RATES:
            found = [
                flagged(lambda chance, rate: chance.poisson(rate * surging(factor), DAYS), rate, seed)  # noqa: B023
                for seed in range(streams)
            ]
            both = np.mean([any(day in some for day in SURGE) for some in found])
            print(f"{factor} times {rate} a day | {both:.3f} | {np.mean([SURGE[0] in some for some in found]):.3f}")


def planted() -> None:
    """The bundled news: surges found, and flagged days that belong to none."""
    config = load_config(BUNDLED / "finance" / "bot.yaml")
    settings = settings_of(config)
    watch = Watch(settings, Heads(config))
    with config.path(str(settings.news)).open(encoding="utf8") as stream:
        list(watch.read(read_items(stream, "day"), live=True))
    report = watch.report()
    known = json.loads((config.folder / "news_surges.json").read_text(encoding="utf8"))
    days = {one["bin"] for one in report["bins"] if one["flagged"]}
    within = [{day for day in days if surge["first"] <= day <= surge["last"]} for surge in known]
    for surge, some in zip(known, within, strict=True):
        print(f"{surge['first']} to {surge['last']}, {surge['negative']} negative: flagged {sorted(some) or 'nothing'}")
    for surge in report["surges"]:
        print(f"found {surge['first']} to {surge['last']}: {len(surge['items'])} headlines")
    print(f"other days flagged: {len(days - set().union(*within))} of {len(report['bins'])}")


def flagged(counts: Callable[[np.random.Generator, float], Counts], rate: float, seed: int) -> set[int]:
    """The flagged days of one stream, the topics of its items drawn alike."""
    chance = np.random.default_rng(seed)
    detector = Detector(TOPICS, 28, 0.01)
    found = set()
    for day, count in enumerate(counts(chance, rate)):
        detector.turn(day)
        for topic in chance.choice(TOPICS, count):
            detector.count(str(topic))
        if detector.flags:
            found.add(day)
    return found


def weekdays() -> NDArray[np.float64]:
    """A factor by day, 1 on average, on weekends half that of other days."""
    factors = np.array([0.5 if day % 7 >= 5 else 1.0 for day in range(DAYS)])
    return factors / factors.mean()


def surging(factor: float) -> NDArray[np.float64]:
    """A factor by day, 1 but in the surge."""
    return np.array([factor if day in SURGE else 1.0 for day in range(DAYS)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200)
    main(parser.parse_args().streams)
