"""The hypotenuse: the one row of any number of operands that is another row for two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from attrs import frozen

from fgrad.primitive import Binary, Operand, Variadic

__all__ = ["Hypot"]

K = TypeVar("K", bound=Operand)


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
