"""Intervals: where a row of the table has a value."""

from __future__ import annotations

import math
from typing import Final

from attrs import frozen

__all__ = ["NONNEGATIVE", "NONZERO", "POSITIVE", "REAL", "Interval"]


@frozen
class Interval:
    """The numbers between two ends, which belong to it if `closed`; `hole` is left out.

    A TypeError if an end is no number, a ValueError if the low one is above the high one.
    """

    low: float = -math.inf
    high: float = math.inf
    closed: bool = True
    hole: float | None = None

    def __attrs_post_init__(self) -> None:
        for name, x in (("low", self.low), ("high", self.high), ("hole", self.hole)):
            if not isinstance(x, (float, int)) and not (name == "hole" and x is None):
                message = f"{name} of Interval: expected a number, got {type(x).__name__} {x!r:.60}"
                raise TypeError(message)
        if not self.low <= self.high:
            message = f"Interval: expected low <= high, got low {self.low!r} and high {self.high!r}"
            raise ValueError(message)

    def __contains__(self, x: float) -> bool:
        """Whether `x` lies in the interval; nan lies in none."""
        inside = self.low <= x <= self.high if self.closed else self.low < x < self.high
        return inside and x != self.hole

    def points(self) -> tuple[float, ...]:
        """A few points well inside, of both signs and several sizes where there is room."""
        usual = (-7.5, -2.3, -0.9, -0.4, 0.15, 0.4, 0.9, 1.3, 2.3, 7.5, 40.0)
        end = self.low if math.isfinite(self.low) else self.high
        size = min(self.high - self.low, 1.0)
        beside = (end - 0.7 * size, end - 0.3 * size, end + 0.3 * size, end + 0.7 * size)
        return tuple(x for x in usual if x in self) or tuple(x for x in beside if x in self)

    def describe(self, name: str) -> str:
        """The interval as a condition on `name`, such as `x > 0`; empty for the whole line."""
        relation = "<=" if self.closed else "<"
        below, above = math.isfinite(self.low), math.isfinite(self.high)
        if below and above:
            return f"{self.low:g} {relation} {name} {relation} {self.high:g}"
        if below:
            return f"{name} {relation.replace('<', '>')} {self.low:g}"
        if above:
            return f"{name} {relation} {self.high:g}"
        return "" if self.hole is None else f"{name} != {self.hole:g}"


REAL: Final = Interval()
POSITIVE: Final = Interval(low=0.0, closed=False)
NONNEGATIVE: Final = Interval(low=0.0)
NONZERO: Final = Interval(hole=0.0)
