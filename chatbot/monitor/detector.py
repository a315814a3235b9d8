"""When there is more of something than usual: an exact test of a day's or hour's count against those before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

OVERALL = ""
"""The series of all items, whatever their topic."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A count that is higher than chance explains.

    Args:
        series: A topic, or `OVERALL`.
        expected: The mean of the bins that it was compared with.
        p: How likely any series of a bin is to show such a count by chance, at most: the test's p-value by
            the number of series (Bonferroni).
    """

    bin: int
    series: str
    count: int
    expected: float
    p: float


class Detector:
    """Judges bins (days or hours) in order, each by those before it alone.

    A bin's count is compared with the sum over the `baseline` bins before it by the exact conditional test of two
    Poisson rates (Przyborowski and Wilenski 1940, Biometrika 31): if nothing has changed, then of all x + y events in
    the bin and n others, x falls into the bin by the binomial distribution of x + y and 1 / (n + 1). How little is
    known of the usual level thus counts, also where it was 0. As a count only grows while its bin is open, testing it
    at every item is the same test as at the bin's end, only earlier.

    News come in clusters, which makes counts vary more than Poisson's. How much more, variance by mean of the bins
    before and at least 1, is what counts are divided by first (quasi-Poisson, as Farrington et al. 1996, J. R. Stat.
    Soc. A 159, do for outbreaks of diseases).

    - Half of `false_flags` goes to the sum of all topics, the other half is shared by the topics.
    - Bins that were flagged are no measure of the usual level and are left out, until too few others are left:
      what lasts is the new usual level.
    - A quarter of `baseline` must have been seen first, and again after a gap that is longer than it: then the source
      was silent, not the world.

    Args:
        topics: All that may come.
        baseline: Bins.
        false_flags: Most likely share of bins in which anything is flagged by chance.
    """

    def __init__(self, topics: Sequence[str], baseline: int, false_flags: float) -> None:
        self._shares = {OVERALL: 0.5, **{topic: 0.5 / len(topics) for topic in topics}} if topics else {OVERALL: 1.0}
        self._baseline, self._false_flags = baseline, false_flags
        self._least = max(1, baseline // 4)
        self._counts: dict[int, Counter[str]] = {}
        self._first = self._open = 0
        self._usual: Counter[str] = Counter()
        self._squares: Counter[str] = Counter()
        self._compared = 0
        self.flags: dict[str, Flag] = {}
        """Those of the open bin, by series."""
        self._flagged: set[int] = set()

    def turn(self, number: int) -> None:
        """Open a bin; bins that were left out had no items.

        Args:
            number: Later than that of the bin that is open.
        """
        if not self._counts or number - self._open > self._baseline:
            self._counts, self._flagged, self._first = {}, set(), number
        self._open, self.flags = number, {}
        begin = max(self._first, number - self._baseline)
        self._counts = {at: counts for at, counts in self._counts.items() if at >= begin} | {number: Counter()}
        self._flagged = {at for at in self._flagged if at >= begin}
        left_out = self._flagged if number - begin - len(self._flagged) >= self._least else set()
        self._compared = number - begin - len(left_out)
        self._usual, self._squares = Counter(), Counter()
        for at, counts in self._counts.items():
            if at not in left_out:
                self._usual.update(counts)
                self._squares.update({series: count**2 for series, count in counts.items()})

    def usual(self, series: str = OVERALL) -> float | None:
        """The mean that the open bin is compared with; None while too little was seen."""
        return self._usual[series] / self._compared if self._compared >= self._least else None

    def count(self, topic: str) -> None:
        """Count an item into the open bin, which may raise `flags`.

        Args:
            topic: `OVERALL` where it is not known.
        """
        for series in {OVERALL, topic}:
            self._counts[self._open][series] += 1
            self._judge(series)

    def _judge(self, series: str) -> None:
        from scipy.special import betainc

        expected = self.usual(series)
        if expected is None:
            return
        count, before = self._counts[self._open][series], self._usual[series]
        varied = self._dispersion(series)
        # The upper tail of the binomial distribution, as an incomplete beta function; it also takes parts of counts.
        tail = float(betainc(count / varied, before / varied + 1, 1 / (self._compared + 1)))
        p = tail / self._shares[series]
        if p <= self._false_flags:
            self.flags[series] = Flag(self._open, series, count, expected, p)
            self._flagged.add(self._open)

    def _dispersion(self, series: str) -> float:
        """Variance by mean of the bins that the open one is compared with; at least 1."""
        before, bins = self._usual[series], self._compared
        if before == 0 or bins < 2:
            return 1.0
        return max(1.0, (self._squares[series] - before**2 / bins) / (bins - 1) / (before / bins))
