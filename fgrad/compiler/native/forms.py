"""How machine code computes each row: to the bits of the row's value, as LLVM writes it.

A row whose value would raise sets a floating-point flag here (or fails a check), whereupon Python
is asked. The functions of C's library are those that CPython's `math` calls, under names that LLVM
does not know: it would make other functions of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from fgrad import calculus

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

__all__ = ["BODIES", "DIVISIONS", "INSTRUCTIONS", "LIBRARY", "NOT_NATIVE", "WHOLE", "hexadecimal"]


def hexadecimal(x: float) -> str:
    """A double as LLVM writes it, to the last bit."""
    import struct

    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


INSTRUCTIONS: Final[Mapping[Primitive, str]] = {
    calculus.add: "fadd double {}, {}",
    calculus.sub: "fsub double {}, {}",
    calculus.mul: "fmul double {}, {}",
    calculus.div: "fdiv double {}, {}",
    calculus.quotient: "fdiv double {}, {}",
    calculus.neg: "fneg double {}",
    calculus.fabs: "call double @llvm.fabs.f64(double {})",
    calculus.sqrt: "call double @llvm.sqrt.f64(double {})",
    calculus.copysign: "call double @llvm.copysign.f64(double {}, double {})",
    calculus.degrees: f"fmul double {{}}, {hexadecimal(180.0 / math.pi)}",
    calculus.radians: f"fmul double {{}}, {hexadecimal(math.pi / 180.0)}",
}
"""Rows that are one instruction."""

LIBRARY: Final[Mapping[Primitive, str]] = {
    **{
        calculus.TABLE[name]: name
        for name in (
            *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
            *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
            *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p"),
            *("pow", "cbrt", "erf", "erfc", "fmod"),
        )
    },
    calculus.power: "pow",
    calculus.logarithm: "log",
}
"""Rows that are one function of C's mathematical library."""

WHOLE: Final[Mapping[Primitive, str]] = {
    calculus.floor: "floor",
    calculus.ceil: "ceil",
    calculus.trunc: "trunc",
    calculus.round: "rint",
}
"""Rows that give whole numbers. Python has none for an infinity or nan, and no negative zero."""

BODIES: Final[Mapping[Primitive, str]] = {
    calculus.relu: """\
    %below = fcmp ole double %x, 0.0
    %y = select i1 %below, double 0.0, double %x
""",
    calculus.sign: """\
    %one = call double @llvm.copysign.f64(double 1.0, double %x)
    %nonzero = fcmp one double %x, 0.0
    %y = select i1 %nonzero, double %one, double %x
""",
    calculus.maximum: """\
    %above = fcmp oge double %x, %z
    %nan = fcmp uno double %x, %x
    %first = or i1 %above, %nan
    %y = select i1 %first, double %x, double %z
""",
    calculus.minimum: """\
    %below = fcmp ole double %x, %z
    %nan = fcmp uno double %x, %x
    %first = or i1 %below, %nan
    %y = select i1 %first, double %x, double %z
""",
    calculus.where: """\
    %holds = fcmp une double %x, 0.0
    %y = select i1 %holds, double %z, double %u
""",
    calculus.sigmoid: """\
    %size = call double @llvm.fabs.f64(double %x)
    %minus = fneg double %size
    %power = call double @c_exp(double %minus)
    %whole = fadd double 1.0, %power
    %below = fcmp olt double %x, 0.0
    %part = select i1 %below, double %power, double 1.0
    %y = fdiv double %part, %whole
""",
    calculus.softplus: """\
    %size = call double @llvm.fabs.f64(double %x)
    %minus = fneg double %size
    %power = call double @c_exp(double %minus)
    %tail = call double @c_log1p(double %power)
    %above = fcmp ogt double %x, 0.0
    %line = select i1 %above, double %x, double 0.0
    %y = fadd double %line, %tail
""",
    calculus.mod: """\
    %rest = call double @c_fmod(double %x, double %z)
    %some = fcmp une double %rest, 0.0
    %negative = fcmp olt double %z, 0.0
    %under = fcmp olt double %rest, 0.0
    %differ = xor i1 %negative, %under
    %moved = fadd double %rest, %z
    %signed = select i1 %differ, double %moved, double %rest
    %zero = call double @llvm.copysign.f64(double 0.0, double %z)
    %y = select i1 %some, double %signed, double %zero
""",
    calculus.remainder: """\
    %left = call double @llvm.fabs.f64(double %x)
    %size = call double @llvm.fabs.f64(double %z)
    %below = call double @c_fmod(double %left, double %size)
    %above = fsub double %size, %below
    %whole = fsub double %left, %below
    %half = fmul double %whole, 0.5
    %odd = call double @c_fmod(double %half, double %size)
    %twice = fmul double %odd, 2.0
    %middle = fsub double %below, %twice
    %less = fcmp olt double %below, %above
    %more = fcmp ogt double %below, %above
    %minus = fneg double %above
    %other = select i1 %more, double %minus, double %middle
    %nearest = select i1 %less, double %below, double %other
    %sign = call double @llvm.copysign.f64(double 1.0, double %x)
    %y = fmul double %sign, %nearest
""",
    calculus.floordiv: """\
    %rest = call double @c_fmod(double %x, double %z)
    %some = fcmp une double %rest, 0.0
    %negative = fcmp olt double %z, 0.0
    %under = fcmp olt double %rest, 0.0
    %differ = xor i1 %negative, %under
    %down = and i1 %some, %differ
    %whole = fsub double %x, %rest
    %count = fdiv double %whole, %z
    %fewer = fsub double %count, 1.0
    %times = select i1 %down, double %fewer, double %count
    %floor = call double @llvm.floor.f64(double %times)
    %over = fsub double %times, %floor
    %up = fcmp ogt double %over, 0.5
    %next = fadd double %floor, 1.0
    %near = select i1 %up, double %next, double %floor
    %ratio = fdiv double %x, %z
    %zero = call double @llvm.copysign.f64(double 0.0, double %ratio)
    %any = fcmp une double %times, 0.0
    %y = select i1 %any, double %near, double %zero
""",
}
"""Rows that are a few instructions over %x, %z and %u, with the answer in %y.

Quotients and remainders are computed as CPython does, step for step.
"""

DIVISIONS: Final = frozenset({calculus.div, calculus.floordiv, calculus.mod})
"""Rows that raise where the second operand is zero, also for inf / 0, which raises no flag."""

NOT_NATIVE: Final[Mapping[Primitive, str]] = {
    calculus.gamma: "CPython has its own",
    calculus.lgamma: "CPython has its own",
    calculus.hypot: "CPython has its own, another in each version",
    calculus.polygamma: "a loop in Python",
    calculus.constant: "a program has none",
}
"""Rows that Python has to compute, and why: a program with one of them stays Python source."""
