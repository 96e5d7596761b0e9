"""The hypotenuse: the one row of any number of operands that is another row for two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from attrs import frozen

from fgrad.primitive import Binary, Operand, Variadic

__all__ = ["Hypot"]

S = TypeVar("S", bound=Operand | float)


@frozen(eq=False, repr=False, kw_only=True)
class Hypot(Variadic):
    """A row of any number of operands; `of_two` is the row that takes its place where they are two.

    A rule of any number sees one operand and the answer, and in these alone a large operand hides
    the others. A rule of two sees both.
    """

    of_two: Binary

    def apply(self, operands: Sequence[S | float]) -> S | float:
        """The answer to `operands`."""
        if len(operands) == 2:  # noqa: PLR2004 - x and y
            return self.of_two.apply(operands)
        return super().apply(operands)
