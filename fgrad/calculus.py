"""The table: one row per primitive, and nowhere else is a derivative written.

A row reads like the back page of a calculus book: the name, the value, and the partial
derivative with respect to each operand, over the operands x, y and, last, the answer. To add a
primitive, add its row. Inside a rule `/`, `**` and `log` give limits where Python raises, a
choice is written `where(condition, a, b)`, and `ZERO` says that nothing flows.
"""

from __future__ import annotations

import math
import operator as op
from typing import TYPE_CHECKING, Final

from fgrad import elementary
from fgrad.primitive import (
    NONNEGATIVE,
    NONZERO,
    POSITIVE,
    REAL,
    ZERO,
    Pairing,
    Primitive,
    Reduction,
    Selection,
    Unary,
    binary,
    unary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# `quotient`, `power` and `logarithm` are what /, ** and log become inside a rule.
add = binary("add", op.add, lambda x, y, z: 1, lambda x, y, z: 1, spelling="({} + {})")
sub = binary("sub", op.sub, lambda x, y, z: 1, lambda x, y, z: -1, spelling="({} - {})")
mul = binary("mul", op.mul, lambda x, y, z: y, lambda x, y, z: x, spelling="({} * {})")

quotient = binary("quotient", elementary.quotient, lambda x, y, z: 1 / y, lambda x, y, z: -z / y)
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
    elementary.power,
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
    elementary.real_power,
    *power.partials,
    limit=power,
    domain=(NONNEGATIVE, REAL),
    convention=power.convention,
)

neg = unary("neg", op.neg, lambda x, y: -1, spelling="(-{})")
# y + 0 turns the -0.0 that sqrt(-0.0) is into 0.0: the slope there is inf, not -inf
sqrt = unary("sqrt", math.sqrt, lambda x, y: 0.5 / (y + 0), domain=NONNEGATIVE)
exp = unary("exp", math.exp, lambda x, y: y)
logarithm = unary("logarithm", elementary.logarithm, lambda x, y: 1 / x)
log: Unary = unary("log", math.log, *logarithm.partials, limit=logarithm, domain=POSITIVE)
sin = unary("sin", math.sin, lambda x, y: cos(x))
cos: Unary = unary("cos", math.cos, lambda x, y: -sin(x))
tanh = unary("tanh", math.tanh, lambda x, y: 1 - y * y)
sigmoid: Unary = unary("sigmoid", elementary.logistic, lambda x, y: y * sigmoid(-x))
softplus = unary("softplus", elementary.soft_rectifier, lambda x, y: sigmoid(x))

relu = unary(
    "relu",
    elementary.rectifier,
    lambda x, y: where(x <= 0, ZERO, where(x > 0, 1, x)),
    kinks=(0.0,),
    convention="slope 0 at 0",
)
fabs = unary("fabs", math.fabs, lambda x, y: sign(x), kinks=(0.0,), convention="slope 0 at 0")
sign: Unary = unary(
    "sign", elementary.signum, lambda x, y: ZERO, kinks=(0.0,), convention="slope 0 at 0"
)

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
    value=elementary.left_to_right_sum,
    partials=(lambda x, z: 1,),
    spelling="total({})",
    blocks=1,
    domain=(REAL,),
)
dot = Pairing(
    name="dot",
    value=elementary.left_to_right_dot,
    partials=(lambda w, x, z: x, lambda w, x, z: w),
    spelling="dot({}, {})",
    blocks=2,
    domain=(REAL, REAL),
)

TABLE: Final[Mapping[str, Primitive]] = {
    name: row for name, row in list(globals().items()) if isinstance(row, Primitive)
}
"""Every row by its name, in the order of the page."""
if not TYPE_CHECKING:
    __all__ = [*TABLE, "TABLE"]  # noqa: PLE0604 - the keys of the table are names
