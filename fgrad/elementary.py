"""Functions of floats that neither Python's operators nor its math module have.

The first three are IEEE 754 arithmetic where Python raises. The slope of a function may be
infinite where the function itself is finite, so rules are evaluated with these: division by zero,
a power of zero and the logarithm of zero give the limit (an infinity, or nan where there is none).
"""

from __future__ import annotations

import math
import operator as op
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "left_to_right_dot",
    "left_to_right_sum",
    "logarithm",
    "logistic",
    "power",
    "quotient",
    "real_power",
    "rectifier",
    "signum",
    "soft_rectifier",
]


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


def real_power(x: float, y: float) -> float:
    """x ** y as Python has it, but a ValueError where Python's answer is complex."""
    z: float | complex = x**y
    if isinstance(z, complex):
        message = (
            f"pow: {x!r} ** {y!r} is complex: a negative base needs a whole exponent "
            "(for a real cube root write -(-x) ** (1 / 3))"
        )
        raise ValueError(message)  # noqa: TRY004 - the types are right, the numbers are not
    return z


def signum(x: float) -> float:
    """-1.0, 0.0 or 1.0 as x is below, at or above 0; nan stays nan."""
    return math.copysign(1.0, x) if x < 0 or x > 0 else x


def rectifier(x: float) -> float:
    """x above 0, else 0.0; nan stays nan."""
    return 0.0 if x <= 0 else x


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), exact to the last digits in both tails."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))


def soft_rectifier(x: float) -> float:
    """log(1 + exp(x)), exact to the last digits in both tails."""
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x  # noqa: PLR0124 - nan


def left_to_right_sum(*xs: float) -> float:
    """x_1 + x_2 + …, from the left: from Python 3.12 on the builtin compensates."""
    return reduce(op.add, xs)


def left_to_right_dot(*operands: float) -> float:
    """w_1 x_1 + w_2 x_2 + …, from the left; the w are the first half of the operands."""
    half = len(operands) // 2
    terms: Iterable[float] = map(op.mul, operands[:half], operands[half:])
    return reduce(op.add, terms)
