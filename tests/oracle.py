"""What each row means, in mpmath: a second opinion that shares nothing with the table's rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, cast

import mpmath
import pytest
from mpmath import mpf

Meaning: TypeAlias = Callable[..., mpf]


def nearest(x: mpf) -> mpf:
    """The whole number nearest to x, the even one of two."""
    below = mpmath.floor(x)
    odd = mpmath.floor(below / 2) * 2 != below
    return below + 1 if x - below > 0.5 or (x - below == mpf(0.5) and odd) else below


def truncated(x: mpf) -> mpf:
    return mpmath.floor(x) if x >= 0 else mpmath.ceil(x)


def dot(*operands: mpf) -> mpf:
    half = len(operands) // 2
    return sum((w * x for w, x in zip(operands[:half], operands[half:], strict=True)), mpf(0))


MEANINGS: Final[Mapping[str, Meaning]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": mpmath.power,
    "constant": lambda x: x,
    "neg": lambda x: -x,
    "exp2": lambda x: mpmath.power(2, x),
    "log2": lambda x: mpmath.log(x, 2),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "erfc": lambda x: 1 - mpmath.erf(x),
    "lgamma": mpmath.loggamma,
    "polygamma": lambda n, x: mpmath.psi(int(n), x),
    "gaussian": lambda x: mpmath.exp(-x * x),
    "lorentzian": lambda x: 1 / (1 + x * x),
    "sech_squared": lambda x: 1 / mpmath.cosh(x) ** 2,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "relu": lambda x: x if x > 0 else mpf(0),
    "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    "maximum": max,
    "minimum": min,
    "trunc": truncated,
    "round": nearest,
    "floordiv": lambda x, y: mpmath.floor(x / y),
    "mod": lambda x, y: x - y * mpmath.floor(x / y),
    "fmod": lambda x, y: x - y * truncated(x / y),
    "remainder": lambda x, y: x - y * nearest(x / y),
    "where": lambda condition, x, y: x if condition else y,
    "total": lambda *xs: sum(xs, mpf(0)),
    "fsum": lambda *xs: sum(xs, mpf(0)),
    "ldexp": lambda x, n: x * mpf(2) ** n,
    "dot": dot,
    "hypotenuse": mpmath.hypot,
    "direction_cosine": lambda x, y: x / mpmath.hypot(x, y),
    "inversion": lambda x, y: x / (x * x + y * y),
    "hypot": lambda *xs: mpmath.sqrt(sum((x * x for x in xs), mpf(0))),
    "logaddexp": lambda x, y: max(x, y) + mpmath.log1p(mpmath.exp(-abs(x - y))),
}
"""The rows that mpmath has no function for, or none of the same name for the same numbers."""


def meaning(name: str) -> Meaning:
    """The function of mpmath numbers that the row `name` stands for, over all its operands."""
    if name in MEANINGS:
        return MEANINGS[name]
    if not hasattr(mpmath, name):
        pytest.fail(f"the row {name!r} is new to mpmath: say in oracle.MEANINGS what it means")
    return cast("Meaning", getattr(mpmath, name))


class Slopes(NamedTuple):
    """The slopes to the two sides of a point."""

    left: mpf
    right: mpf

    @property
    def middle(self) -> mpf:
        return (self.left + self.right) / 2

    @property
    def smooth(self) -> bool:
        """Whether there is one slope: no kink, no jump."""
        size = abs(self.left) + abs(self.right)
        return bool(abs(self.left - self.right) <= mpf(2) ** -150 * (size + 1))


def spread(at: Sequence[float]) -> int:
    """How many bits lie between the smallest and the largest of these numbers and 1."""
    exponents = [math.frexp(x)[1] for x in at if x != 0]
    return max([0, *exponents]) - min([0, *exponents])


def evaluate(f: Meaning, at: Sequence[float]) -> mpf:
    with mpmath.workprec(200 + spread(at)):
        return f(*map(mpf, at))


def slopes(f: Meaning, at: Sequence[float], place: int) -> Slopes:
    """The slopes of `f` in one of its operands.

    A difference over a step so small that it is exact for every purpose: next to nothing beside
    the smallest of the operands and beside 1, and no jump lies within it.
    """
    with mpmath.workprec(1500 + 2 * spread(at)):
        step = mpf(min([1.0, *(abs(x) for x in at if x != 0)])) * mpf(2) ** -(300 + spread(at))
        middle = [mpf(x) for x in at]
        before, here, after = (
            f(*middle[:place], middle[place] + n * step, *middle[place + 1 :]) for n in (-1, 0, 1)
        )
        return Slopes((here - before) / step, (after - here) / step)


def derivative(f: Meaning, at: Sequence[float], orders: Sequence[int]) -> mpf:
    """The partial derivative of `f`, of middling operands: `orders` has one for each operand."""
    with mpmath.workprec(200):
        return mpmath.diff(f, [mpf(x) for x in at], orders)


def agrees(got: float, expected: mpf, relative: float, absolute: float = 0.0) -> bool:
    """Whether `got` is `expected` to this tolerance; beyond the floats, the infinity."""
    rounded = float(expected)
    if math.isnan(got) or math.isnan(rounded):
        return math.isnan(got) and math.isnan(rounded)
    if math.isinf(got) or math.isinf(rounded):
        return got == rounded
    return bool(abs(mpf(got) - expected) <= relative * abs(expected) + absolute)
