"""The table: one row per primitive, and nowhere else is a derivative written.

A row reads like the back page of a calculus book: the name, the value, and the partial
derivative with respect to each operand, over the operands x, y and, last, the answer. To add a
primitive, add its row. Inside a rule `/`, `**` and `log` give limits where Python raises, a
choice is written `where(condition, a, b)`, and `ZERO` says that nothing flows.
"""

from __future__ import annotations

import math
import operator as op
from functools import reduce
from typing import TYPE_CHECKING, Final

from fgrad import ieee
from fgrad.primitive import (
    REAL,
    ZERO,
    Interval,
    Pairing,
    Primitive,
    Reduction,
    Selection,
    Unary,
    binary,
    unary,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

POSITIVE: Final = Interval(low=0.0, closed=False)
NONNEGATIVE: Final = Interval(low=0.0)
NONZERO: Final = Interval(hole=0.0)


# How the answers are computed where neither Python's operators nor its math module say it.


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


# The rows. `quotient`, `power` and `logarithm` are what /, ** and log become inside a rule.

add = binary("add", op.add, lambda x, y, z: 1, lambda x, y, z: 1, spelling="({} + {})")
sub = binary("sub", op.sub, lambda x, y, z: 1, lambda x, y, z: -1, spelling="({} - {})")
mul = binary("mul", op.mul, lambda x, y, z: y, lambda x, y, z: x, spelling="({} * {})")

quotient = binary("quotient", ieee.quotient, lambda x, y, z: 1 / y, lambda x, y, z: -z / y)
div = binary(
    "div",
    op.truediv,
    *quotient.partials,
    spelling="({} / {})",
    limit=quotient,
    domain=(REAL, NONZERO),
)

power = binary(
    "power",
    ieee.power,
    lambda x, y, z: where((x == 0) & (y == 0), ZERO, y * x ** (y - 1)),
    lambda x, y, z: where(x == 0, ZERO, z * log(x)),
    domain=(NONNEGATIVE, REAL),
    convention=(
        "x < 0 takes whole y only, and has no slope in y: nan; "
        "at x = 0 the slope in y is 0, and so is that in x for y = 0"
    ),
)
pow = binary(  # noqa: A001 - the row is called what Python calls it
    "pow",
    real_power,
    *power.partials,
    limit=power,
    domain=(NONNEGATIVE, REAL),
    convention=power.convention,
)

neg = unary("neg", op.neg, lambda x, y: -1, spelling="(-{})")
# y + 0 turns the -0.0 that sqrt(-0.0) is into 0.0: the slope there is inf, not -inf
sqrt = unary("sqrt", math.sqrt, lambda x, y: 0.5 / (y + 0), domain=NONNEGATIVE)
exp = unary("exp", math.exp, lambda x, y: y)
logarithm = unary("logarithm", ieee.logarithm, lambda x, y: 1 / x)
log: Unary = unary("log", math.log, *logarithm.partials, limit=logarithm, domain=POSITIVE)
sin = unary("sin", math.sin, lambda x, y: cos(x))
cos: Unary = unary("cos", math.cos, lambda x, y: -sin(x))
tanh = unary("tanh", math.tanh, lambda x, y: 1 - y * y)
sigmoid: Unary = unary("sigmoid", logistic, lambda x, y: y * sigmoid(-x))
softplus = unary("softplus", soft_rectifier, lambda x, y: sigmoid(x))

relu = unary(
    "relu",
    rectifier,
    lambda x, y: where(x <= 0, ZERO, where(x > 0, 1, x)),
    kinks=(0.0,),
    convention="slope 0 at 0",
)
fabs = unary("fabs", math.fabs, lambda x, y: sign(x), kinks=(0.0,), convention="slope 0 at 0")
sign: Unary = unary("sign", signum, lambda x, y: ZERO, kinks=(0.0,), convention="slope 0 at 0")

where: Selection = Selection(
    name="where",
    value=lambda condition, x, y: x if condition else y,
    partials=(
        lambda c, x, y, z: ZERO,
        lambda c, x, y, z: where(c, 1, ZERO),
        lambda c, x, y, z: where(c, ZERO, 1),
    ),
    spelling="({1} if {0} else {2})",
    domain=(REAL, REAL, REAL),
    convention="nothing flows to the side not taken",
)
total = Reduction(
    name="total",
    value=left_to_right_sum,
    partials=(lambda x, z: 1,),
    spelling="total({})",
    blocks=1,
    domain=(REAL,),
)
dot = Pairing(
    name="dot",
    value=left_to_right_dot,
    partials=(lambda w, x, z: x, lambda w, x, z: w),
    spelling="dot({}, {})",
    blocks=2,
    domain=(REAL, REAL),
)

TABLE: Final[Mapping[str, Primitive]] = {
    name: row for name, row in list(globals().items()) if isinstance(row, Primitive)
}
"""Every row by its name, in the order of the page."""
