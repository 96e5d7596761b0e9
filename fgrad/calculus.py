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
from fgrad.arity import Hypot, Logarithm
from fgrad.interval import NONNEGATIVE, NONZERO, POSITIVE, REAL, Interval
from fgrad.primitive import (
    ZERO,
    Binary,
    Pairing,
    Primitive,
    Reduction,
    Selection,
    Unary,
    binary,
    unary,
)
from fgrad.source import compile_sum

if TYPE_CHECKING:
    from collections.abc import Mapping

LN_2: Final = math.log(2.0)
LN_10: Final = math.log(10.0)
BELL: Final = 2.0 / math.sqrt(math.pi)
UNIT: Final = Interval(-1.0, 1.0)
SMALL: Final = 0.0625  # x ** SMALL is near 1 for every float x
STEPS: Final = "slope 0, at the steps too"
AT_ORIGIN: Final = "nan at the origin and where both are an infinity"

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


def power_slope(x: float, y: float) -> float:
    """y * x ** (y - 1); for a small y as y / x ** (1 - y), since the power may be too large."""
    small = (y < SMALL) & (y > -SMALL)
    factor: float = x ** where(small, 1 - y, y - 1)
    return where(small, where((y == 0) & (x == 0), ZERO, y / factor), y * factor)


power = binary(
    "power",
    elementary.power,
    lambda x, y, z: power_slope(x, y),
    lambda x, y, z: where(x == 0, ZERO, where((x == math.inf) & (y < 0), ZERO, z * log(x))),
    domain=(NONNEGATIVE, REAL),
    convention=(
        "x < 0 takes whole y only, and has no slope in y: nan; "
        "at x = 0 the slope in y is 0, and so is that in x for y = 0; "
        "where y is an infinity the slope in x may be nan"
    ),
)
pow = binary(  # noqa: A001 - the row is called what Python calls it
    "pow",
    elementary.real_power,
    *power.partials,
    spelling="({} ** {})",
    within="{0} >= 0.0",
    limit=power,
    domain=(NONNEGATIVE, REAL),
    convention=power.convention,
)

constant = unary(
    "constant", op.pos, lambda x, y: ZERO, convention="slope 0: what it is given is held fixed"
)
neg = unary("neg", op.neg, lambda x, y: -1, spelling="(-{})")
# y + 0 turns the -0.0 that sqrt(-0.0) is into 0.0: the slope there is inf, not -inf
sqrt = unary("sqrt", math.sqrt, lambda x, y: 0.5 / (y + 0), domain=NONNEGATIVE)
exp = unary("exp", math.exp, lambda x, y: y)
logarithm = unary("logarithm", elementary.logarithm, lambda x, y: 1 / x, domain=POSITIVE)
log: Logarithm = Logarithm(
    name="log",
    value=math.log,
    partials=logarithm.partials,
    spelling="log({})",
    limit=logarithm,
    domain=(POSITIVE,),
)
sin = unary("sin", math.sin, lambda x, y: cos(x))
cos: Unary = unary("cos", math.cos, lambda x, y: -sin(x))
tanh: Unary = unary("tanh", math.tanh, lambda x, y: sech_squared(x))
sinh = unary("sinh", math.sinh, lambda x, y: cosh(x))
cosh: Unary = unary("cosh", math.cosh, lambda x, y: sinh(x))
sech_squared: Unary = unary("sech_squared", elementary.sech_squared, lambda x, y: -2 * y * tanh(x))
tan = unary("tan", math.tan, lambda x, y: 1 + y * y)


def one_minus_square(x: float) -> float:
    """1 - x * x: its value is the product's, exact beside 1, its slope the difference's, beside 0.

    At 1 the product's would multiply the infinite slope of a root by 0.
    """
    difference = 1 - x * x
    return difference + constant((1 - x) * (1 + x) - difference)


asin = unary("asin", math.asin, lambda x, y: 1 / sqrt(one_minus_square(x)), domain=UNIT)
acos = unary("acos", math.acos, lambda x, y: -1 / sqrt(one_minus_square(x)), domain=UNIT)
atan = unary("atan", math.atan, lambda x, y: lorentzian(x))
# a row, since in a product of this order nothing is too small on the way, and in a quotient it is
lorentzian: Unary = unary(
    "lorentzian",
    elementary.lorentzian,
    lambda x, y: where(y == 0, ZERO, -2 * y * (x * y)),
)
asinh = unary("asinh", math.asinh, lambda x, y: 1 / hypotenuse(1, x))
acosh = unary(
    "acosh",
    math.acosh,
    lambda x, y: (x - 1) ** -0.5 * (x + 1) ** -0.5,
    domain=Interval(low=1.0),
)
atanh = unary(
    "atanh",
    math.atanh,
    lambda x, y: 1 / one_minus_square(x),
    domain=Interval(-1.0, 1.0, closed=False),
)
atan2 = binary(
    "atan2",
    math.atan2,
    lambda x, y, z: inversion(y, x),
    lambda x, y, z: -inversion(x, y),
    convention=AT_ORIGIN,
)
# x / (x * x + y * y); a row, since its slopes are products, in which nothing large cancels
inversion: Binary = binary(
    "inversion",
    elementary.inversion,
    lambda x, y, z: inversion(y, x) * inversion(y, x) - z * z,
    lambda x, y, z: -2 * z * inversion(y, x),
    convention=AT_ORIGIN,
)

exp2 = unary("exp2", math.exp2, lambda x, y: y * LN_2)
expm1 = unary("expm1", math.expm1, lambda x, y: exp(x))
log1p = unary("log1p", math.log1p, lambda x, y: 1 / (1 + x), domain=Interval(-1.0, closed=False))
log2 = unary("log2", math.log2, lambda x, y: 1 / LN_2 / x, domain=POSITIVE)
log10 = unary("log10", math.log10, lambda x, y: 1 / LN_10 / x, domain=POSITIVE)
cbrt = unary("cbrt", math.cbrt, lambda x, y: y**-2 / 3, convention="slope inf at 0")
erf = unary("erf", math.erf, lambda x, y: BELL * gaussian(x))
erfc = unary("erfc", math.erfc, lambda x, y: -BELL * gaussian(x))
gaussian: Unary = unary(
    "gaussian",
    elementary.gaussian,
    lambda x, y: where(y == 0, ZERO, -2 * (x * y)),
)
lgamma = unary(
    "lgamma",
    math.lgamma,
    lambda x, y: polygamma(0, x),
    domain=POSITIVE,
    convention="x < 0 too, but for whole numbers",
)
gamma = unary(
    "gamma",
    math.gamma,
    lambda x, y: y * polygamma(0, x),
    domain=POSITIVE,
    convention=(
        "x < 0 too, but for whole numbers; "
        "beyond the first derivative nan at infinity, and it may be far out"
    ),
)
polygamma: Binary = binary(
    "polygamma",
    elementary.polygamma,
    lambda n, x, y: ZERO,
    lambda n, x, y: polygamma(n + 1, x),
    domain=(NONNEGATIVE, POSITIVE),
    convention="the order is a whole number up to 150; nothing flows to it",
)
ldexp = binary(
    "ldexp",
    elementary.scaled_by_two,
    lambda x, y, z: 2**y,
    lambda x, y, z: ZERO,
    convention="the exponent is a whole number; nothing flows to it",
)
degrees = unary("degrees", math.degrees, lambda x, y: 180 / math.pi)
radians = unary("radians", math.radians, lambda x, y: math.pi / 180)

sigmoid = unary("sigmoid", elementary.logistic, lambda x, y: sech_squared(x / 2) / 4)
softplus = unary("softplus", elementary.soft_rectifier, lambda x, y: sigmoid(x))

# Not smooth: at a kink a row states its convention.
relu = unary(
    "relu",
    elementary.rectifier,
    lambda x, y: where(x <= 0, ZERO, where(x > 0, 1, math.nan)),
    kinks=(0.0,),
    convention="slope 0 at 0",
)
fabs = unary("fabs", math.fabs, lambda x, y: sign(x), kinks=(0.0,), convention="slope 0 at 0")
sign: Unary = unary(
    "sign", elementary.signum, lambda x, y: ZERO, kinks=(0.0,), convention="slope 0 at 0"
)
copysign: Binary = binary(
    "copysign",
    math.copysign,
    lambda x, y, z: copysign(1, x) * copysign(1, y),
    lambda x, y, z: ZERO,
    convention=(
        "at x = 0 the slope to the side of its sign, and a nan has one too; nothing flows to y"
    ),
)
maximum = binary(
    "maximum",
    elementary.larger,
    lambda x, y, z: where(x > y, 1, where(x == y, 0.5, where(x != x, 1, ZERO))),  # noqa: PLR0124 - nan
    lambda x, y, z: where(x < y, 1, where(x == y, 0.5, where((x == x) & (y != y), 1, ZERO))),  # noqa: PLR0124 - nan
    convention="half to each at a tie; all to the nan",
)
minimum = binary(
    "minimum",
    elementary.smaller,
    lambda x, y, z: where(x < y, 1, where(x == y, 0.5, where(x != x, 1, ZERO))),  # noqa: PLR0124 - nan
    lambda x, y, z: where(x > y, 1, where(x == y, 0.5, where((x == x) & (y != y), 1, ZERO))),  # noqa: PLR0124 - nan
    convention="half to each at a tie; all to the nan",
)
floor = unary("floor", elementary.to_floor, lambda x, y: ZERO, convention=STEPS)
ceil = unary("ceil", elementary.to_ceiling, lambda x, y: ZERO, convention=STEPS)
trunc = unary("trunc", elementary.to_zero, lambda x, y: ZERO, convention=STEPS)
round: Unary = unary(  # noqa: A001 - the row is called what Python calls it
    "round", elementary.to_nearest, lambda x, y: ZERO, convention=STEPS
)
floordiv: Binary = binary(
    "floordiv",
    op.floordiv,
    lambda x, y, z: ZERO,
    lambda x, y, z: ZERO,
    spelling="({} // {})",
    domain=(REAL, NONZERO),
    convention=STEPS,
)
mod = binary(
    "mod",
    op.mod,
    lambda x, y, z: 1,
    lambda x, y, z: -floordiv(x, y),
    spelling="({} % {})",
    domain=(REAL, NONZERO),
    convention="the slope beside the jump",
)


def minus_quotient(x: float, y: float, z: float) -> float:
    """(z - x) / y, what z = x - q * y changes by with y.

    The whole q is the floor of x / y, or 1 above it where z is on the other side of 0 than y.
    """
    divisor = y + (z - z)  # nan where z is, since there y may be 0
    return floordiv(sign(y) * sign(z), 2) - floordiv(x, divisor)


fmod = binary(
    "fmod",
    math.fmod,
    lambda x, y, z: 1,
    minus_quotient,
    domain=(REAL, NONZERO),
    convention="the slope beside the jump",
)
remainder = binary(
    "remainder",
    math.remainder,
    lambda x, y, z: 1,
    minus_quotient,
    domain=(REAL, NONZERO),
    convention="the slope beside the jump",
)

where: Selection = Selection(
    name="where",
    value=lambda condition, x, y: x if condition else y,
    partials=(
        lambda condition, x, y, z: ZERO,
        lambda condition, x, y, z: where(condition, 1, ZERO),
        lambda condition, x, y, z: where(condition, ZERO, 1),
    ),
    spelling="({1} if {0} else {2})",
    domain=(REAL, REAL, REAL),
    convention="nothing flows to the side not taken",
)
total = Reduction(
    name="total",
    value=compile_sum("{}", {}),
    term="{}",
    partials=(lambda x, z: 1,),
    spelling="total({})",
    blocks=1,
    domain=(REAL,),
)
fsum = Reduction(
    name="fsum",
    value=elementary.exact_sum,
    partials=(lambda x, z: 1,),
    spelling="fsum({})",
    blocks=1,
    domain=(REAL,),
)
dot = Pairing(
    name="dot",
    value=compile_sum("{} * {}", {}),
    term="{} * {}",
    partials=(lambda w, x, z: x, lambda w, x, z: w),
    spelling="dot({})",
    blocks=2,
    domain=(REAL, REAL),
)

hypotenuse: Binary = binary(
    "hypotenuse",
    math.hypot,
    lambda x, y, z: direction_cosine(x, y),
    lambda x, y, z: direction_cosine(y, x),
    convention=AT_ORIGIN,
)
# x / hypotenuse(x, y); a row, since the slope of a quotient would be a difference of large numbers
direction_cosine: Binary = binary(
    "direction_cosine",
    elementary.direction_cosine,
    lambda x, y, z: direction_cosine(y, x) * inversion(y, x),
    lambda x, y, z: -z * inversion(y, x),
    convention=AT_ORIGIN,
)
hypot: Hypot = Hypot(
    name="hypot",
    value=math.hypot,
    partials=(lambda x, z: x / z,),
    spelling="hypot({})",
    blocks=1,
    of_two=hypotenuse,
    domain=(REAL,),
    convention="of two operands as hypotenuse; of others nan at the origin and at infinity",
)
# by way of the difference, which has all its digits, and not exp(x - z), which has those of z
logaddexp = binary(
    "logaddexp",
    elementary.log_add_exp,
    lambda x, y, z: sigmoid(x - y),
    lambda x, y, z: sigmoid(y - x),
    convention="nan where x and y are the same infinity",
)

TABLE: Final[Mapping[str, Primitive]] = {
    name: row for name, row in list(globals().items()) if isinstance(row, Primitive)
}
"""Every row by its name, in the order of the page."""
NEVER_RAISE: Final = frozenset(
    [
        *(add, sub, mul, neg, quotient, power, logarithm, total, dot, where, constant, fabs, sign),
        *(relu, maximum, minimum, copysign, tanh, atan, asinh, erf, erfc, cbrt, atan2),
        *(sigmoid, softplus, sech_squared, lorentzian, gaussian, logaddexp),
        *(inversion, direction_cosine),
        *(degrees, radians),
    ]
)
"""Rows whose value is a number for all numbers; whoever applies another must reckon with errors."""
SYMMETRIC: Final = frozenset([add, mul, maximum, minimum, hypotenuse, logaddexp])
"""Rows of two operands whose value does not ask which is which, but for the sign of a zero."""
if not TYPE_CHECKING:
    __all__ = [*TABLE, "TABLE"]  # noqa: PLE0604 - the keys of the table are names
