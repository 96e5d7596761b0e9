"""IEEE 754 arithmetic where Python raises.

The slope of a function may be infinite where the function itself is finite, so rules are
evaluated with these: division by zero, a power of zero and the logarithm of zero give the
limit (an infinity, or nan where there is none) and never an exception.
"""

from __future__ import annotations

import math

__all__ = ["logarithm", "power", "quotient"]


def quotient(x: float, y: float) -> float:
    """x / y, with x / 0 an infinity of the right sign and 0 / 0 nan.

    >>> quotient(-1.0, 0.0), quotient(0.0, 0.0)
    (-inf, nan)
    """
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0 or math.isnan(x):
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    """x ** y, with 0 to a negative power and overflow an infinity, and nan where it is complex.

    >>> power(0.0, -0.5), power(-8.0, 0.5)
    (inf, nan)
    """
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        if x != 0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf


def logarithm(x: float) -> float:
    """The natural logarithm, with -inf at 0 and nan below.

    >>> logarithm(0.0), logarithm(-1.0)
    (-inf, nan)
    """
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan
