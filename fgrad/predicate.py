"""Predicates: what kind of number a number is. Their answers are bools, as comparisons give."""

from __future__ import annotations

import math

from fgrad.calculus import fabs
from fgrad.graph import Node, Scalar
from fgrad.number import to_float

__all__ = ["isclose", "isfinite", "isinf", "isnan"]


def isnan(x: Scalar, /) -> bool:
    """Whether x is nan.

    >>> isnan(math.nan), isnan(1.0)
    (True, False)
    """
    number = _number(x, "isnan")
    return bool(number != number)  # noqa: PLR0124 - nan alone is not itself


def isinf(x: Scalar, /) -> bool:
    """Whether x is an infinity, of either sign.

    >>> isinf(-math.inf), isinf(math.nan)
    (True, False)
    """
    number = _number(x, "isinf")
    return bool(number == math.inf or number == -math.inf)  # noqa: PLR1714 - jit sees comparisons


def isfinite(x: Scalar, /) -> bool:
    """Whether x is neither an infinity nor nan.

    >>> isfinite(1e308), isfinite(math.inf), isfinite(math.nan)
    (True, False, False)
    """
    return -math.inf < _number(x, "isfinite") < math.inf


def isclose(a: Scalar, b: Scalar, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> bool:
    """Whether a and b differ by no more than a tolerance, as `math.isclose` has it.

    rel_tol: as a part of the larger of their sizes. abs_tol: as it is. A ValueError if one is
    negative. An infinity is close to itself alone, and nan to nothing.

    >>> isclose(1.0, 1.0 + 1e-10), isclose(0.0, 1e-10), isclose(0.0, 1e-10, abs_tol=1e-9)
    (True, False, True)
    """
    relative = _number(rel_tol, "rel_tol of isclose")
    absolute = _number(abs_tol, "abs_tol of isclose")
    if relative < 0 or absolute < 0:
        message = f"isclose: expected tolerances from 0 on, got {rel_tol!r} and {abs_tol!r}"
        raise ValueError(message)
    first, second = _number(a, "a of isclose"), _number(b, "b of isclose")
    if first == second:
        return True
    if isinf(first) or isinf(second):
        return False
    apart = fabs(first - second)
    allowed = (relative * fabs(first), relative * fabs(second), absolute)
    return any(apart <= tolerance for tolerance in allowed)


def _number(x: Scalar, name: str) -> Scalar:
    return x if isinstance(x, Node) else to_float(x, name)
