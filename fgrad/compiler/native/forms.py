"""What each row of the table is in machine code: the bits of its value, wherever that has one.

A row without a form is called as Python has it (see `called`).

Where Python raises, a form is not `given`: the kernel gives up, and the function itself is asked,
which raises. Nothing is read from the processor's floating-point flags: a compiler may move, fold
or drop the operation that would have set one, but a branch it must keep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from operator import add, mul
from typing import TYPE_CHECKING, Final, TypeAlias

from fgrad import calculus as rows
from fgrad.compiler import lowering, selection
from fgrad.compiler.native.number import RELATIONS, Number, Truth, branch, call, select
from fgrad.elementary import SPLITTER, TINY, VANISHED

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

__all__ = ["CALLED", "FORMS", "LIBM"]

Form: TypeAlias = Callable[..., Number]
Inquiry: TypeAlias = Callable[[Number], Truth]

_UNARY = "acos acosh asin asinh atan atanh cbrt cos cosh erf erfc exp exp2 expm1"
_UNARY += " log log10 log1p log2 sin sinh tan tanh"
LIBM: Final[Mapping[str, int]] = {
    **dict.fromkeys(_UNARY.split(), 1),
    **dict.fromkeys(["atan2", "fmod", "pow"], 2),
}
"""The functions of the C library that forms call, with the number of their operands.

They are called as `@libm.exp` and the like: a call of a function that it knows by name, LLVM
rewrites.
"""


def libm(name: str) -> Form:
    """One of them."""
    return partial(call, "libm." + name)


exp, log, log1p, tanh = libm("exp"), libm("log"), libm("log1p"), libm("tanh")
fmod, power = libm("fmod"), libm("pow")
sqrt, floor = partial(call, "llvm.sqrt.f64"), partial(call, "llvm.floor.f64")
copysign = partial(call, "llvm.copysign.f64")


HALF: Final = 0.5


def finite(x: Number) -> Truth:
    """Whether x is neither infinite nor nan."""
    return abs(x) < math.inf


def infinite(x: Number) -> Truth:
    """Whether x is one of the infinities."""
    return abs(x).compare("==", math.inf)


def nan(x: Number) -> Truth:
    """Whether x is nan."""
    return x.compare("!=", x)


def zero(x: Number) -> Truth:
    """Whether x is 0.0 or -0.0."""
    return x.compare("==", 0.0)


def within(function: Form, domain: Inquiry) -> Form:
    """A function that raises outside its domain; nan is to belong to that."""
    return lambda x: function(x).given(domain(x))


def overflowing(function: Form) -> Form:
    """A function that raises where a finite number has an infinite answer."""

    def form(x: Number) -> Number:
        y = function(x)
        return y.given(~infinite(y) | infinite(x))

    return form


def whole(function: str) -> Form:
    """A function that goes through int: infinities and nan raise, and -0.0 becomes 0.0."""
    return lambda x: (call(function, x) + 0.0).given(finite(x))


def remaining(function: Form) -> Form:
    """A function that raises where numbers, not nan, have no answer."""

    def form(x: Number, y: Number) -> Number:
        z = function(x, y)
        return z.given(~nan(z) | nan(x) | nan(y))

    return form


def real_power(x: Number, y: Number) -> Number:
    """x ** y, which raises where finite numbers have no finite answer."""
    z = power(x, y)
    return z.given(finite(z) | ~finite(x) | ~finite(y))


def modulo(x: Number, y: Number) -> Number:
    """As CPython's `float_rem`, step for step."""
    z = fmod(x, y).given(~zero(y))
    turned = select((y < 0.0) ^ (z < 0.0), z + y, z)
    return select(zero(z), copysign(z, y), turned)


def floor_quotient(x: Number, y: Number) -> Number:
    """As CPython's `float_floor_div`, step for step."""
    z = fmod(x, y).given(~zero(y))
    whole = (x - z) / y
    whole = select(~zero(z) & ((y < 0.0) ^ (z < 0.0)), whole - 1.0, whole)
    below = floor(whole)
    nearest = select(whole - below > HALF, below + 1.0, below)
    return select(zero(whole), copysign(0.0, x / y), nearest)


def nearest_remainder(x: Number, y: Number) -> Number:
    """As CPython's `m_remainder`, step for step."""
    size = abs(y)
    below = fmod(abs(x), size)
    above = size - below
    middle = below - fmod((abs(x) - below) * 0.5, size) * 2.0
    nearest = select(below < above, below, select(below > above, -above, middle))
    return copysign(1.0, x) * nearest


def larger(x: Number, y: Number) -> Number:
    """The larger of x and y; nan if either is."""
    return select((x >= y) | nan(x), x, y)


def smaller(x: Number, y: Number) -> Number:
    """The smaller of x and y; nan if either is."""
    return select((x <= y) | nan(x), x, y)


def logistic(x: Number) -> Number:
    """1 / (1 + exp(-x)), by way of an exponential that cannot overflow."""
    tail = exp(-abs(x))
    return select(x >= 0.0, 1.0, tail) / (1.0 + tail)


def tanh_slope(x: Number, y: Number) -> Number:
    """1 / cosh(x) ** 2, of y = tanh(x), or by way of an exponential that cannot overflow."""

    def far_out() -> Number:
        tail = exp(abs(x) * -2.0)
        return tail * 4.0 / ((1.0 + tail) * (1.0 + tail))

    return branch(abs(x) <= 1.0, lambda: 1.0 - y * y, far_out)


def gaussian(x: Number) -> Number:
    """exp(-x ** 2), with what the square loses to rounding."""
    square = x * x

    def near() -> Number:
        shifted = x * SPLITTER
        high = shifted - (shifted - x)
        low = x - high
        lost = (high * high - square + high * low * 2.0) + low * low
        return exp(-square) * (1.0 - lost)

    return branch(square < VANISHED, near, lambda: exp(-square))


def inversion(x: Number, y: Number) -> Number:
    """x / (x ** 2 + y ** 2), by ratios where a square is too large or small."""
    square = x * x + y * y

    def by_ratios() -> Number:
        steep = abs(x) < abs(y)
        ratio = select(steep, x, y) / select(steep, y, x)
        return select(steep, ratio / y, 1.0 / x) / (1.0 + ratio * ratio)

    return branch((square > TINY) & (square < math.inf), lambda: x / square, by_ratios)


def direction_cosine(x: Number, y: Number) -> Number:
    """x / hypot(x, y), by ratios where a square is too large or small."""
    square = x * x + y * y

    def by_ratios() -> Number:
        steep = abs(x) < abs(y)
        ratio = select(steep, x, y) / select(steep, abs(y), x)
        return select(steep, ratio, copysign(1.0, x)) / sqrt(1.0 + ratio * ratio)

    return branch((square > TINY) & (square < math.inf), lambda: x / sqrt(square), by_ratios)


def log_add_exp(x: Number, y: Number) -> Number:
    """log(exp(x) + exp(y)), shifted by the larger."""
    top = larger(x, y)
    return select(finite(top), top + log1p(exp(-abs(x - y))), top)


def dot(*operands: Number) -> Number:
    """w_1 x_1 + w_2 x_2 + …, from the left; the w are the first half of the operands."""
    half = len(operands) // 2
    terms: Iterable[Number] = map(mul, operands[:half], operands[half:])
    return reduce(add, terms)


def relation(sign: str) -> Form:
    """A comparison, by Python's sign, as a number."""
    return lambda x, y: select(x.compare(sign, y), 1.0, 0.0)


FORMS: Final[Mapping[Primitive, Form]] = {
    rows.add: add,
    rows.sub: lambda x, y: x - y,
    rows.mul: mul,
    rows.quotient: lambda x, y: x / y,
    rows.div: lambda x, y: (x / y).given(~zero(y)),
    rows.power: power,
    rows.pow: real_power,
    rows.constant: lambda x: x,
    rows.neg: lambda x: -x,
    rows.sqrt: within(sqrt, lambda x: ~(x < 0.0)),
    rows.exp: overflowing(exp),
    rows.logarithm: log,
    rows.log: within(log, lambda x: ~(x <= 0.0)),
    rows.sin: within(libm("sin"), lambda x: ~infinite(x)),
    rows.cos: within(libm("cos"), lambda x: ~infinite(x)),
    rows.tanh: tanh,
    rows.sech_squared: lambda x: tanh_slope(x, tanh(x)),
    rows.sinh: overflowing(libm("sinh")),
    rows.cosh: overflowing(libm("cosh")),
    rows.tan: within(libm("tan"), lambda x: ~infinite(x)),
    rows.asin: within(libm("asin"), lambda x: ~(abs(x) > 1.0)),
    rows.acos: within(libm("acos"), lambda x: ~(abs(x) > 1.0)),
    rows.atan: libm("atan"),
    rows.lorentzian: lambda x: 1.0 / (1.0 + x * x),
    rows.asinh: libm("asinh"),
    rows.acosh: within(libm("acosh"), lambda x: ~(x < 1.0)),
    rows.atanh: within(libm("atanh"), lambda x: ~(abs(x) >= 1.0)),
    rows.atan2: libm("atan2"),
    rows.inversion: inversion,
    rows.direction_cosine: direction_cosine,
    rows.exp2: overflowing(libm("exp2")),
    rows.expm1: overflowing(libm("expm1")),
    rows.log1p: within(log1p, lambda x: ~(x <= -1.0)),
    rows.log2: within(libm("log2"), lambda x: ~(x <= 0.0)),
    rows.log10: within(libm("log10"), lambda x: ~(x <= 0.0)),
    rows.cbrt: libm("cbrt"),
    rows.erf: libm("erf"),
    rows.erfc: libm("erfc"),
    rows.gaussian: gaussian,
    rows.degrees: lambda x: x * (180.0 / math.pi),
    rows.radians: lambda x: x * (math.pi / 180.0),
    rows.sigmoid: logistic,
    rows.softplus: lambda x: select(x > 0.0, x, 0.0) + log1p(exp(-abs(x))),
    rows.relu: lambda x: select(x <= 0.0, 0.0, x),
    rows.fabs: abs,
    rows.sign: lambda x: select((x < 0.0) | (x > 0.0), copysign(1.0, x), x),
    rows.copysign: copysign,
    rows.maximum: larger,
    rows.minimum: smaller,
    rows.floor: whole("llvm.floor.f64"),
    rows.ceil: whole("llvm.ceil.f64"),
    rows.trunc: whole("llvm.trunc.f64"),
    rows.round: whole("llvm.rint.f64"),
    rows.floordiv: floor_quotient,
    rows.mod: modulo,
    rows.fmod: remaining(fmod),
    rows.remainder: remaining(nearest_remainder),
    rows.where: lambda c, x, y: select(~zero(c), x, y),
    rows.total: lambda *xs: reduce(add, xs),
    rows.dot: dot,
    rows.logaddexp: log_add_exp,
    lowering.tanh_slope: tanh_slope,
    **dict(zip(selection.RELATIONS, map(relation, RELATIONS), strict=True)),
}

CALLED: Final[Mapping[Primitive, str]] = {
    rows.gamma: "CPython's own series, not the C library's",
    rows.lgamma: "CPython's own series, not the C library's",
    rows.polygamma: "a loop of Python",
    rows.ldexp: "a whole exponent, of any size",
    rows.fsum: "CPython's own sum, exact inside",
    rows.hypot: "CPython's own sum, which differs between its versions",
    rows.hypotenuse: "the same",
}
"""The rows of the table without a form, and why: their value is called, as that of any other."""
