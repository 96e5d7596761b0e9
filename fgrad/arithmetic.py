"""Python's operators, each bound to its row: what every kind of operand inherits."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from fgrad.calculus import add, div, fabs, floordiv, mod, mul, neg, pow, sub  # noqa: A004 - a row
from fgrad.number import is_number
from fgrad.primitive import Operand

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Arithmetic", "Number", "compare"]

Number: TypeAlias = "float | Fraction"
"""A real number that an operator takes beside an operand; NumPy's scalars are taken too."""


class Arithmetic(Operand):
    """An operand under `+ - * / // % **`, unary minus and plus, and `abs`.

    `bind` answers `NotImplemented` where it cannot take an operand, as Python's operators do.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        for kind in cls.__bases__:
            if hasattr(kind, "__final__"):
                name = kind.__name__
                message = (
                    f"class {cls.__name__}: {name} cannot have subclasses, whose gradients would "
                    f"be missed: write functions of {name}s instead"
                )
                raise TypeError(message)

    def __add__(self, other: Self | Number, /) -> Self:
        return self.bind(add, (self, other))

    def __radd__(self, other: Number, /) -> Self:
        return self.bind(add, (other, self))

    def __sub__(self, other: Self | Number, /) -> Self:
        return self.bind(sub, (self, other))

    def __rsub__(self, other: Number, /) -> Self:
        return self.bind(sub, (other, self))

    def __mul__(self, other: Self | Number, /) -> Self:
        return self.bind(mul, (self, other))

    def __rmul__(self, other: Number, /) -> Self:
        return self.bind(mul, (other, self))

    def __truediv__(self, other: Self | Number, /) -> Self:
        return self.bind(div, (self, other))

    def __rtruediv__(self, other: Number, /) -> Self:
        return self.bind(div, (other, self))

    def __pow__(self, other: Self | Number, /) -> Self:
        return self.bind(pow, (self, other))

    def __rpow__(self, other: Number, /) -> Self:
        return self.bind(pow, (other, self))

    def __floordiv__(self, other: Self | Number, /) -> Self:
        return self.bind(floordiv, (self, other))

    def __rfloordiv__(self, other: Number, /) -> Self:
        return self.bind(floordiv, (other, self))

    def __mod__(self, other: Self | Number, /) -> Self:
        return self.bind(mod, (self, other))

    def __rmod__(self, other: Number, /) -> Self:
        return self.bind(mod, (other, self))

    def __neg__(self) -> Self:
        return self.bind(neg, (self,))

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return self.bind(fabs, (self,))

    def __format__(self, spec: str, /) -> str:
        return format(float(self), spec) if spec else str(self)  # type: ignore[arg-type]  # it says no


_RELATIONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def compare(relation: str, number: float, other: object) -> bool:
    """As a float compares itself with `other`, but NotImplemented where the answer is no bool."""
    if not isinstance(other, Operand):
        try:
            outcome = _RELATIONS[relation](number, other)
        except TypeError:
            return NotImplemented  # type: ignore[no-any-return]  # and so Python's own error
        if is_number(outcome):
            return bool(outcome)  # NumPy has one of its own
    return NotImplemented  # type: ignore[no-any-return]  # as of an array
