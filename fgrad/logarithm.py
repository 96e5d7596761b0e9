"""The logarithm: the one row that takes one number or two."""

from __future__ import annotations

import operator as op
from typing import TypeVar, overload

from fgrad.primitive import Operand, Unary, to_float

__all__ = ["Logarithm"]

S = TypeVar("S", bound=Operand | float)
K = TypeVar("K", bound=Operand)


class Logarithm(Unary):
    """A row of one operand that takes a base too: `log(x, base)` is `log(x) / log(base)`."""

    __slots__ = ()

    @overload
    def __call__(self, x: float, base: float = ..., /) -> float: ...
    @overload
    def __call__(self, x: S, /) -> S: ...
    @overload
    def __call__(self, x: K, base: K | float, /) -> K: ...
    @overload
    def __call__(self, x: float, base: K, /) -> K: ...
    @overload
    def __call__(self, x: S, base: S, /) -> S: ...
    def __call__(self, x: S, base: S | None = None, /) -> S | float:
        """The answer at `x`, over that at `base` if one is given: as Python's `math` divides."""
        if base is not None:
            quotient: S | float = op.truediv(self(x), self(base))
            return quotient
        if x.__class__ is float:  # as a Unary, which to call would take as long again
            return self.value(x)
        if isinstance(x, Operand):
            return x.bind(self, (x,))
        return self.value(to_float(x, self.name))
