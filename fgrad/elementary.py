"""Functions of floats that neither Python's operators nor its math module have.

The first three are IEEE 754 arithmetic where Python raises. The slope of a function may be
infinite where the function itself is finite, so rules are evaluated with these: division by zero,
a power of zero and the logarithm of zero give the limit (an infinity, or nan where there is none).
"""

from __future__ import annotations

import math
from functools import cache

__all__ = [
    "SPLITTER",
    "TINY",
    "VANISHED",
    "direction_cosine",
    "exact_sum",
    "gaussian",
    "inversion",
    "larger",
    "log_add_exp",
    "logarithm",
    "logistic",
    "lorentzian",
    "polygamma",
    "power",
    "quotient",
    "real_power",
    "rectifier",
    "scaled_by_two",
    "sech_squared",
    "signum",
    "smaller",
    "soft_rectifier",
    "to_ceiling",
    "to_floor",
    "to_nearest",
    "to_zero",
]


SPLITTER = 2.0**27 + 1.0
"""Times this, a float falls into two halves whose products are exact (Dekker 1971)."""
VANISHED = 800.0
"""exp(-VANISHED) is 0."""
TINY = 1e-280
"""Above this a sum of two squares has all its digits."""


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

    >>> power(0.0, -0.5), power(-0.0, -3.0), power(-8.0, 0.5)
    (inf, -inf, nan)
    >>> power(-1e200, 3.0), power(-1e200, 2.0)
    (-inf, inf)
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
    z: float = x**y
    if z.__class__ is complex:
        message = (
            f"pow: {x!r} ** {y!r} is complex: a negative base needs a whole exponent "
            "(for a real cube root write -(-x) ** (1 / 3))"
        )
        raise ValueError(message)
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


def sech_squared(x: float) -> float:
    """1 / cosh(x) ** 2, the slope of tanh: 1 - tanh(x) ** 2, but where that cancels its tails."""
    if -1.0 <= x <= 1.0:
        y = math.tanh(x)
        return 1.0 - y * y
    tail = math.exp(-2.0 * abs(x))
    return 4.0 * tail / ((1.0 + tail) * (1.0 + tail))


def gaussian(x: float) -> float:
    """exp(-x ** 2), exact to the last digits: what the square loses to rounding is made up for.

    It is the sum of the products of halves that are exact (Dekker 1971).
    """
    square = x * x
    if not square < VANISHED:
        return math.exp(-square)
    shifted = x * SPLITTER
    high = shifted - (shifted - x)
    low = x - high
    lost = (high * high - square + high * low * 2.0) + low * low
    return math.exp(-square) * (1.0 - lost)


def lorentzian(x: float) -> float:
    """1 / (1 + x ** 2), the slope of atan."""
    return 1.0 / (1.0 + x * x)


def inversion(x: float, y: float) -> float:
    """x / (x ** 2 + y ** 2), nan at the origin: by ratios where a square is too large or small."""
    square = x * x + y * y
    if TINY < square < math.inf:
        return x / square
    if abs(x) < abs(y):
        ratio = x / y
        return ratio / y / (1.0 + ratio * ratio)
    if x == 0:
        return math.nan
    ratio = y / x
    return 1.0 / x / (1.0 + ratio * ratio)


def direction_cosine(x: float, y: float) -> float:
    """x / hypot(x, y), the cosine of the angle between (x, y) and the first axis."""
    square = x * x + y * y
    if TINY < square < math.inf:
        return x / math.sqrt(square)
    if abs(x) < abs(y):
        ratio = x / abs(y)
        return ratio / math.sqrt(1.0 + ratio * ratio)
    if x == 0:
        return math.nan
    ratio = y / x
    return math.copysign(1.0, x) / math.sqrt(1.0 + ratio * ratio)


def soft_rectifier(x: float) -> float:
    """log(1 + exp(x)), exact to the last digits in both tails."""
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x  # noqa: PLR0124 - nan


def exact_sum(*xs: float) -> float:
    """x_1 + x_2 + …, rounded once, at the end."""
    return math.fsum(xs)


def larger(x: float, y: float) -> float:
    """The larger of x and y; nan if either is."""
    return x if x >= y or math.isnan(x) else y


def smaller(x: float, y: float) -> float:
    """The smaller of x and y; nan if either is."""
    return x if x <= y or math.isnan(x) else y


def to_floor(x: float) -> float:
    """The largest whole number up to x, as a float."""
    return float(math.floor(x))


def to_ceiling(x: float) -> float:
    """The smallest whole number from x on, as a float."""
    return float(math.ceil(x))


def to_zero(x: float) -> float:
    """The whole part of x, as a float."""
    return float(math.trunc(x))


def to_nearest(x: float) -> float:
    """The whole number nearest to x, the even one of two, as a float."""
    return float(round(x))


def scaled_by_two(x: float, exponent: float) -> float:
    """x * 2 ** exponent, exact where it is a float; a ValueError if the exponent is not whole."""
    if not exponent.is_integer():
        raise ValueError(f"ldexp: expected a whole exponent, got {exponent!r}")
    return math.ldexp(x, int(exponent))


def log_add_exp(x: float, y: float) -> float:
    """log(exp(x) + exp(y)), shifted by the larger so that nothing overflows."""
    top = larger(x, y)
    return top + math.log1p(math.exp(-abs(x - y))) if math.isfinite(top) else top


# The Bernoulli numbers B_2, B_4, …, of the expansion of polygamma at infinity.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
_FAR = 20.0
_ORDERS = range(151)  # beyond, factorials overflow
# The root of digamma above 0 in two parts; how near it the Taylor series is taken, and its powers.
_ROOT, _BEYOND = 1.4616321449683622, 9.549995429965697e-17
_NEAR = 0.25
_POWERS = range(22, 0, -1)


def polygamma(order: float, x: float) -> float:
    """The derivative of this order (a whole number up to 150) of digamma, the slope of lgamma.

    A ValueError at the poles 0, -1, -2, … and where the order is no such number; an infinity where
    the answer is too large. Carried up to x >= 20 by its recurrence, where the asymptotic series is
    exact to the last digits (Abramowitz and Stegun 6.4.6 and 6.4.11), but digamma beside its root
    by the Taylor series there. From far below 0 by the reflection formula (6.4.7), with the
    derivative of the cotangent from between 0 and 1, where it is the same.
    """
    if order not in _ORDERS:
        raise ValueError(f"polygamma: expected a whole order from 0 to 150, got {order!r}")
    n = int(order)
    if n == 0 and abs(x - _ROOT) < _NEAR:
        return _digamma_beside_root(x)
    if x == -math.inf:
        return math.nan
    if x <= 0 and x == math.floor(x):
        raise ValueError(f"polygamma: {x!r} is a pole")
    sign = -1.0 if n % 2 == 0 else 1.0
    if x < -_FAR:  # no long way up
        part = x - math.floor(x)
        cotangent = polygamma(n, part) + sign * polygamma(n, 1 - part)
        return cotangent - sign * polygamma(n, 1 - x)
    below = 0.0
    while x < _FAR + n:
        below += _over_power(math.factorial(n), x, n + 1)
        x += 1.0
    return sign * (_polygamma_series(n, x) + below)


@cache
def _taylor_at_root() -> tuple[float, ...]:
    """The coefficients of digamma, those of the high powers first."""
    return tuple([polygamma(n, _ROOT) / math.factorial(n) for n in _POWERS])


def _digamma_beside_root(x: float) -> float:
    distance = x - _ROOT - _BEYOND
    series = 0.0
    for coefficient in _taylor_at_root():
        series = series * distance + coefficient
    return series * distance


def _polygamma_series(n: int, x: float) -> float:
    lead = -math.log(x) if n == 0 else _over_power(math.factorial(n - 1), x, n)
    series = lead + _over_power(math.factorial(n) / 2, x, n + 1)
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        ratio = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        series += _over_power(bernoulli * ratio, x, 2 * k + n)
    return series


def _over_power(factor: float, x: float, n: int) -> float:
    """factor / x ** n, in two steps, since x ** n alone may be too large."""
    half = n // 2
    return factor * power(x, -half) * power(x, half - n)
