"""Rows that go by the number of their operands: a logarithm to a base, a hypotenuse of two."""

from __future__ import annotations

import math
import operator as op
from collections.abc import Sequence
from inspect import Parameter
from types import MethodType
from typing import Protocol, Self, TypeVar, overload

from attrs import frozen

from fgrad.description import OperandSignature
from fgrad.primitive import Binary, Operand, Unary, Variadic, told

__all__ = ["Hypot", "Logarithm"]

K = TypeVar("K", bound=Operand)
S = TypeVar("S", bound=Operand | float)


class Method(Protocol[S]):
    """The logarithm of one number, to a base if one is given."""

    def __call__(self, base: S | float = ..., /) -> S:
        """`x.log()`, or `x.log(base)`."""


class Logarithm(Unary):
    """A row of one operand that takes a base too: `log(x, base)` is `log(x) / log(base)`."""

    __slots__ = ()
    __signature__ = OperandSignature(Parameter("base", Parameter.POSITIONAL_ONLY, default=math.e))

    @overload
    def __call__(self, x: float, base: float = ..., /) -> float: ...
    @overload
    def __call__(self, x: S, /) -> S: ...
    @overload
    def __call__(self, x: float, base: S, /) -> S: ...
    @overload
    def __call__(self, x: S, base: S | float, /) -> S: ...
    def __call__(self, *xs: S) -> S | float:
        """The answer at `x`, over that at `base` if one is given: as Python's `math` divides.

        A TypeError if the operands are neither one nor two.
        """
        if len(xs) == 1:
            return super().__call__(*xs)
        if len(xs) == 2:  # noqa: PLR2004 - x and its base
            try:
                quotient: S | float = op.truediv(self(xs[0]), self(xs[1]))
            except TypeError as error:
                raise told(error, self.name, {"x": xs[0], "base": xs[1]}) from None
            return quotient
        raise self._miscounted(len(xs), "1 operand, and its base if that is not e")

    @overload
    def __get__(self, instance: None, owner: object) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: object) -> Method[S]: ...
    def __get__(self, instance: S | None, owner: object) -> Self | Method[S]:
        """As that of `Unary`."""
        return self if instance is None else MethodType(self, instance)


@frozen(eq=False, repr=False, kw_only=True)
class Hypot(Variadic):
    """A row of any number of operands; `of_two` is the row that takes its place where they are two.

    A rule of any number sees one operand and the answer, and in these alone a large operand hides
    the others. A rule of two sees both.
    """

    of_two: Binary

    def _bound(self, operand: K, operands: Sequence[object]) -> K:
        if len(operands) == 2:  # noqa: PLR2004 - x and y
            answer = operand.bind(self.of_two, operands)
            if answer is not NotImplemented:
                return answer
        return super()._bound(operand, operands)
